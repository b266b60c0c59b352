//! Starts the real parts the tests need: the binary itself, an S3 server, FFmpeg, proxies that break things.
//!
//! Nothing sleeps to wait for something: [`until`] asks for a condition until a deadline.
#![expect(dead_code, reason = "a harness offers what some test files need and others do not")]

pub mod database;
pub mod doku;
pub mod ffmpeg;
pub mod gate;
pub mod http;
pub mod media;
pub mod nginx;
pub mod night;
pub mod playlist;
pub mod ports;
pub mod private_postgres;
pub mod processes;
pub mod s3;
pub mod s3_proxy;
pub mod server;
pub mod socket;
pub mod staff;
pub mod tcp_proxy;
pub mod viewers;

use std::process::Command;
use std::time::{Duration, Instant};

/// Time between two looks at a condition.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `look` finds something; panics with `what` when the deadline has passed.
pub async fn until<T>(what: &str, deadline: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < deadline, "not within {} ms: {what}", deadline.as_millis());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// [`until`] without async.
pub fn until_blocking<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < deadline, "not within {} ms: {what}", deadline.as_millis());
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A program the tests need, by name; panics with the way to get it.
pub fn program(name: &str, what: &str) -> Command {
    // A user's PATH has no sbin, where nginx is.
    let look = "PATH=\"$PATH:/usr/sbin\" command -v \"$0\"";
    let found = Command::new("sh").args(["-c", look, name]).output().expect("sh runs");
    assert!(
        found.status.success(),
        "{what} is missing ({name} is not on PATH): run the tests by `make test`, which installs it"
    );
    let path = String::from_utf8(found.stdout).expect("a path in UTF-8");
    // Dies with the test process, also when that is killed.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", path.trim_end()]);
    command
}

/// A variable set by `make test`; panics with the way to get it.
pub fn from_make_test(variable: &str, what: &str) -> String {
    find_variable(variable).unwrap_or_else(|| {
        panic!("{what} is missing ({variable} is not set): run the tests by `make test`, which starts it")
    })
}

#[expect(clippy::disallowed_methods, reason = "the harness is told by `make test` what it has started")]
pub fn find_variable(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// Sends a signal to one process we started.
pub fn signal(pid: u32, name: &str) {
    let sent =
        Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", name, &pid.to_string()]).output().expect("sh runs");
    drop(sent);
}
