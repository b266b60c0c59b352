//! The hook with a media server that really asks: nginx-rtmp with the shipped configuration, FFmpeg as its publisher.
//! What answers here is the room's own decision behind the smallest of HTTP servers.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bakuhantam::config::SecretKey;
use bakuhantam::events::{EventStatus, Mirror, StreamKeys};
use bakuhantam::ingest::hook::{HookLimits, Verdict, decide};

use crate::harness::night::bare_event;

const KEY: &str = "key-of-island";
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends the process it holds when the test does.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn keys(folder: &Path) -> StreamKeys {
    let secret = SecretKey::new([9; 32]);
    let mirror = Arc::new(Mirror::open(folder.join("mirror.json")));
    let event = |slug, key, status| bare_event(&secret, slug, key, status);
    mirror.replace(vec![
        event("island", KEY, EventStatus::Published),
        event("other", "key-of-other", EventStatus::Published),
        event("over", "key-of-over", EventStatus::Ended),
    ]);
    StreamKeys::new(&secret, mirror)
}

/// Answers one request; gives what was decided.
fn answer(mut socket: TcpStream, keys: &StreamKeys, limits: &HookLimits) -> Option<(Verdict, String)> {
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    let (head, body_at) = loop {
        let len = socket.read(&mut buffer).ok().filter(|len| *len > 0)?;
        request.extend(&buffer[..len]);
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&request[..end]).into_owned(), end + 4);
        }
    };
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let len: usize = header("content-length").parse().unwrap_or(0);
    while request.len() < body_at + len {
        let more = socket.read(&mut buffer).ok().filter(|len| *len > 0)?;
        request.extend(&buffer[..more]);
    }
    let peer: IpAddr = socket.peer_addr().ok()?.ip();
    let body = &request[body_at..];
    let verdict = decide(keys, limits, peer, &[], &header("content-type"), None, body);
    let status = match verdict {
        Verdict::Allow { .. } => "200 OK",
        Verdict::Deny => "401 Unauthorized",
        Verdict::NotTrusted => "403 Forbidden",
        Verdict::TooMany => "429 Too Many Requests",
        Verdict::BadRequest(_) => "400 Bad Request",
    };
    write!(socket, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
    Some((verdict, String::from_utf8_lossy(body).into_owned()))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// FFmpeg publishing `path` for two seconds.
fn publish(port: u16, path: &str) -> Output {
    Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15", "-t", "2"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-f", "flv"])
        .arg(format!("rtmp://127.0.0.1:{port}/{path}"))
        .output()
        .expect("FFmpeg is missing: run the tests by `make test`, which installs it")
}

#[test]
fn nginx_rtmp_with_the_shipped_configuration_lets_in_by_the_hook_alone_and_starts_transcode() {
    let folder = tempfile::tempdir().unwrap();
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook_port = hook.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (keys, heard) = (keys(folder.path()), Arc::clone(&asked));
    std::thread::spawn(move || {
        let limits = HookLimits::default();
        for socket in hook.incoming().flatten() {
            heard.lock().unwrap().extend(answer(socket, &keys, &limits));
        }
    });

    // Stands for the program: writes down how it was started and stays, as transcode does.
    let program = folder.path().join("bakuhantam");
    let started = folder.path().join("started");
    std::fs::write(&program, format!("#!/bin/sh\necho \"$@\" >> {}\nexec sleep 30\n", started.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();

    let port = free_port();
    let shipped = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/nginx-rtmp.conf")).unwrap();
    let config = shipped
        .replace("listen 1935", &format!("listen 127.0.0.1:{port}"))
        .replace("127.0.0.1:1935", &format!("127.0.0.1:{port}"))
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{hook_port}"))
        .replace("user bakuhantam;", "user root;")
        .replace("modules/ngx_rtmp_module.so", "/usr/lib/nginx/modules/ngx_rtmp_module.so")
        .replace("/run/nginx-rtmp.pid", &folder.path().join("pid").display().to_string())
        .replace("/var/log/nginx/rtmp-error.log", &folder.path().join("error.log").display().to_string())
        .replace("/usr/local/bin/bakuhantam", &program.display().to_string());
    let path = folder.path().join("nginx.conf");
    std::fs::write(&path, config).unwrap();
    let nginx = Command::new("nginx")
        .arg("-c")
        .arg(&path)
        .arg("-e")
        .arg(folder.path().join("error.log"))
        .args(["-g", "daemon off; master_process off;"])
        .stdin(Stdio::null())
        .spawn()
        .expect("nginx is missing: run the tests by `make test`, which installs it");
    let _nginx = Ends(nginx);
    until("nginx listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());

    let log = || std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
    for wrong in ["live/wrong", "live/island?pass=wrong", "live/other?pass=key-of-island", "live/over?pass=key-of-over"]
    {
        let output = publish(port, wrong);
        assert!(!output.status.success(), "{wrong} was let in: {}", log());
    }
    assert!(!started.exists(), "nothing was started for them");
    let output = publish(port, &format!("live/island?pass={KEY}"));
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stderr), log());
    until("transcode is started", || started.exists());
    let arguments = std::fs::read_to_string(&started).unwrap();
    let input = format!("transcode --event island --input rtmp://127.0.0.1:{port}/live/island");
    assert!(arguments.contains(&input), "{arguments}");
    assert!(!arguments.contains(KEY));

    let asked = asked.lock().unwrap();
    let allowed = asked.iter().filter(|(verdict, _)| matches!(verdict, Verdict::Allow { event: Some(_) })).count();
    let denied = asked.iter().filter(|(verdict, _)| *verdict == Verdict::Deny).count();
    assert_eq!((allowed, denied), (1, 4), "{asked:?}");
}
