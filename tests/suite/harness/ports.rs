//! Free ports that two test processes never share: each is held by a locked file while the process lives.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};

/// Below the range the kernel gives to outgoing connections.
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port on 127.0.0.1 nobody uses, for a program that must be told its port.
pub fn free() -> u16 {
    let folder = std::env::temp_dir().join(format!("bakuhantam-test-ports-{}", uid()));
    std::fs::create_dir_all(&folder).expect("a folder for port locks");
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let start = FIRST + u16::try_from(std::process::id() % u32::from(LAST - FIRST)).expect("small");
    for port in (start..=LAST).chain(FIRST..start) {
        let path = folder.join(port.to_string());
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).expect("a port lock");
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
            && TcpListener::bind(("127.0.0.1", port)).is_ok()
        {
            held.push(file);
            return port;
        }
    }
    panic!("no port is free between {FIRST} and {LAST}");
}

/// Whose locks these are: another user's files could not be opened.
fn uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").expect("/proc is mounted").uid()
}
