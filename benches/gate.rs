//! Requests per second of the key endpoint beside a bare actix-web route that answers 16 bytes, in one run.
//!
//! `cargo bench --bench gate` (or `make bench`). Needs `wrk`. The real program answers a viewer who has bought the fight:
//! session, unlock and place are looked at for each request. Both servers run with the same number of workers on this
//! machine's cores, which `wrk` shares; rounds alternate and medians are compared.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops where it cannot measure"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use bakuhantam::clock::{Clock as _, SystemClock};

const ROUNDS: usize = 5;
const SECONDS: u32 = 5;

const NIGHT: &str = r#"
[[events]]
slug = "night"
title = "Night"
starts_at = "2026-12-05T19:00:00+07:00"
status = "published"
  [[events.fights]]
  number = 1
  red = "Ari"
  blue = "Budi"
  price_coins = 30
"#;

async fn bare() -> HttpResponse {
    HttpResponse::Ok().content_type("application/octet-stream").body(web::Bytes::from_static(&[7; 16]))
}

/// The real program on a free port, ended when dropped.
struct Ours {
    child: Child,
    host: String,
    config: PathBuf,
    _folder: tempfile::TempDir,
}

impl Drop for Ours {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn run_ours(args: &[&str], config: &Path) {
    let done = Command::new(env!("CARGO_BIN_EXE_bakuhantam"))
        .args(args)
        .arg("--config")
        .arg(config)
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("bakuhantam {args:?}: {error}"));
    assert!(done.success(), "bakuhantam {args:?} failed");
}

fn start_ours() -> Ours {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = folder.path().join("bakuhantam.toml");
    let host = format!("127.0.0.1:{port}");
    std::fs::write(&config, format!("[server]\nlisten = \"{host}\"\npublic_url = \"http://{host}\"\n")).unwrap();
    let night = folder.path().join("night.toml");
    std::fs::write(&night, NIGHT).unwrap();
    run_ours(&["migrate", "up"], &config);
    run_ours(&["apply", &night.display().to_string()], &config);
    let child = Command::new(env!("CARGO_BIN_EXE_bakuhantam"))
        .args(["serve", "--config"])
        .arg(&config)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ours = Ours { child, host, config, _folder: folder };
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if ask(&ours.host, "GET", "/api/v1/events/night", "", "").is_some_and(|answer| answer.contains("\"fights\"")) {
            return ours;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the server did not show the night");
}

/// An answer as it came, head and body.
fn ask(host: &str, method: &str, path: &str, headers: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(host).ok()?;
    let length = body.len();
    let asked = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(asked.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split(before).nth(1).and_then(|rest| rest.split(after).next()).unwrap_or_else(|| panic!("{before} in {text}"))
}

/// A viewer who has bought the fight and plays it: the cookie, and the path of the key.
fn buyer(ours: &Ours) -> (String, String) {
    let body = r#"{"phone":"081200000001","password":"kuda-nil terbang 77","name":"Penonton"}"#;
    let registered = ask(&ours.host, "POST", "/api/v1/register", "", body).expect("an account");
    let cookie = format!("bh_session={}", between(&registered, "bh_session=", ";"));
    run_ours(&["coins", "grant", "--phone", "081200000001", "--coins", "30", "--reason", "bench"], &ours.config);
    let event = ask(&ours.host, "GET", "/api/v1/events/night", "", "").expect("the night");
    let fight = between(&event, "\"fights\":[{\"id\":\"", "\"").to_owned();
    let headers = format!("Cookie: {cookie}\r\nIdempotency-Key: bench\r\n");
    let bought = ask(&ours.host, "POST", &format!("/api/v1/fights/{fight}/unlock"), &headers, "{}").expect("an answer");
    assert!(bought.contains("\"charged_coins\":30"), "{bought}");
    let turn = SystemClock.now().0 / 1_000_000 / 300 * 300;
    (cookie, format!("/api/v1/keys/{fight}-{turn}"))
}

/// Requests per second by `wrk`, as a browser asks.
fn wrk(url: &str, cookie: &str) -> f64 {
    let out = Command::new("wrk")
        .args(["-t1", "-c64", &format!("-d{SECONDS}s"), "-H", &format!("Cookie: {cookie}")])
        .args(["-H", "Accept-Encoding: gzip, deflate, br", url])
        .output()
        .expect("wrk is needed: apt-get install wrk");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(!text.contains("Non-2xx"), "{url} did not answer 200:\n{text}");
    text.lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or_else(|| panic!("wrk said:\n{text}"))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let ours = start_ours();
    let (cookie, path) = buyer(&ours);
    let first = ask(&ours.host, "GET", &path, &format!("Cookie: {cookie}\r\n"), "").expect("a key");
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    let head = first.find("\r\n\r\n").expect("a head");

    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(|| App::new().route("/key", web::get().to(bare))).bind("127.0.0.1:0").unwrap();
            tell.send(server.addrs()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    let peer = format!("http://{}/key", told.recv().unwrap());
    let key = format!("http://{}{path}", ours.host);

    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        a.push(wrk(&key, &cookie));
        b.push(wrk(&peer, &cookie));
        println!("round {round}: key {:.0}/s, bare route {:.0}/s", a[round - 1], b[round - 1]);
    }
    let (a, b) = (median(a), median(b));
    println!(
        "key endpoint ({head} bytes of head): {a:.0} requests/s; bare actix-web route of 16 bytes: {b:.0} requests/s"
    );
    println!("ratio {:.2} (goal: at least 0.60)", a / b);
}
