//! The command line by the real binary: exit codes, words, `health`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::thread::JoinHandle;

/// The binary in a folder, with nothing in its environment but a path to FFmpeg.
pub fn bakuhantam(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bakuhantam"));
    command.current_dir(dir).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

/// Runs it: exit code, standard output, standard error.
pub fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Answers one request with a status and a body, then ends. Returns its address.
fn node(status: &'static str, body: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = read_head(&mut stream);
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
            .unwrap();
        request
    });
    (address, thread)
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn version_and_help_are_told_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, _) = run(bakuhantam(dir.path()).arg("--version"));
    assert_eq!((code, out.as_str()), (0, concat!("bakuhantam ", env!("CARGO_PKG_VERSION"), "\n")));
    let (code, out, _) = run(bakuhantam(dir.path()).arg("--help"));
    assert_eq!(code, 0);
    for command in ["serve", "migrate", "health", "transcode", "apply", "event", "replay", "config", "demo", "doctor"] {
        assert!(out.contains(&format!("\n  {command} ")), "{command} in\n{out}");
        let (code, help, _) = run(bakuhantam(dir.path()).args([command, "--help"]));
        assert_eq!(code, 0, "{command}");
        assert!(help.contains("--config <PATH>"), "{help}");
    }
}

#[test]
fn usage_errors_exit_with_2() {
    let dir = tempfile::tempdir().unwrap();
    for args in
        [&["srve"][..], &["config"], &["config", "chek"], &["health", "--url", "nowhere"], &["--confg", "x", "serve"]]
    {
        let (code, out, error) = run(bakuhantam(dir.path()).args(args));
        assert_eq!(code, 2, "{args:?}: {error}");
        assert_eq!(out, "");
        assert!(!error.is_empty());
    }
}

#[test]
fn health_asks_all_nodes_and_takes_degraded_for_healthy() {
    let dir = tempfile::tempdir().unwrap();
    let (one, asked) = node("200 OK", r#"{"node":"n1","version":"0.1.0","status":"ok","checks":{}}"#);
    let checks = r#"{"node":"n2","version":"0.1.0","status":"degraded","checks":{"database":{"status":"failing"}}}"#;
    let (two, _) = node("200 OK", checks);
    let (code, out, error) = run(bakuhantam(dir.path()).args(["health", "--url", &one, "--url", &two]));
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    assert!(asked.join().unwrap().starts_with("GET /health HTTP/1.1\r\n"));
    let row = out.lines().find(|line| line.starts_with(&two)).unwrap();
    assert!(row.contains("degraded") && row.contains("n2") && row.ends_with("database: failing"), "{out}");
}

#[test]
fn health_tells_a_draining_node_a_silent_one_and_a_stranger_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (draining, _) = node("503 Service Unavailable", r#"{"node":"n1","version":"0.1.0","status":"draining"}"#);
    let (stranger, _) = node("200 OK", "<html>");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://{gone}");
    let urls = [&draining, &stranger, &silent_url, &gone].map(|url| ["--url", url]);
    let (code, out, _) =
        run(bakuhantam(dir.path()).args(["health", "--json", "--timeout-ms", "500"]).args(urls.as_flattened()));
    assert_eq!(code, 1, "{out}");
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["healthy"], false);
    let word = |index: usize, field: &str| told["nodes"][index][field].as_str().unwrap_or_default().to_owned();
    assert_eq!([0, 1, 2, 3].map(|index| word(index, "status")), ["draining", "unknown", "unreachable", "unreachable"]);
    assert_eq!(word(2, "error"), "no answer within 500 ms");
    assert!(word(3, "error").contains("refused"), "{out}");
}

#[test]
fn health_takes_the_nodes_of_the_configuration_else_its_own_port() {
    let dir = tempfile::tempdir().unwrap();
    let (one, asked) = node("200 OK", r#"{"node":"n1","version":"0.1.0","status":"ok"}"#);
    let listen = one.trim_start_matches("http://");
    let (code, out, _) = run(bakuhantam(dir.path()).arg("health").env("BAKUHANTAM__SERVER__LISTEN", listen));
    assert_eq!(code, 0, "{out}");
    asked.join().unwrap();

    let (two, asked) = node("200 OK", r#"{"node":"n2","version":"0.1.0","status":"ok"}"#);
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let text = format!("[server]\nsecret_key = \"{key}\"\n[cluster]\nnodes = [\"{two}\"]");
    std::fs::write(dir.path().join("bakuhantam.toml"), text).unwrap();
    let (code, out, _) = run(bakuhantam(dir.path()).arg("health"));
    assert_eq!(code, 0, "{out}");
    asked.join().unwrap();
}

#[test]
fn health_of_given_nodes_needs_no_right_configuration_and_of_configured_ones_does() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bakuhantam.toml"), "wrong = 1").unwrap();
    let (one, _) = node("200 OK", r#"{"node":"n1","version":"0.1.0","status":"ok"}"#);
    let (code, out, _) = run(bakuhantam(dir.path()).args(["health", "--url", &one]));
    assert_eq!(code, 0, "{out}");
    let (code, out, error) = run(bakuhantam(dir.path()).arg("health"));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.starts_with("error: wrong (bakuhantam.toml:1) is not a setting"), "{error}");
}
