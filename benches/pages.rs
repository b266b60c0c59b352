//! The watch page's requests per second beside a bare actix + askama page of the same size, in one run.
//!
//! `cargo bench --bench pages` (or `make bench`). Needs `wrk`. Both servers run with the same number of workers on
//! this machine's cores, which `wrk` shares; rounds alternate and medians are compared.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops where it cannot measure"
)]

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use askama::Template;

const ROUNDS: usize = 5;
const SECONDS: u32 = 5;

#[derive(Template)]
#[template(
    source = "<!doctype html><html lang=\"id\"><head><title>{{ title }}</title></head><body>{% for line in lines %}<p>{{ line }}</p>{% endfor %}</body></html>",
    ext = "html"
)]
struct Bare<'a> {
    title: &'a str,
    lines: &'a [String],
}

async fn bare(lines: web::Data<Vec<String>>) -> HttpResponse {
    let page = Bare { title: "bare", lines: &lines }.render().unwrap_or_default();
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

/// The real program on a free port, ended when dropped.
struct Ours {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Ours {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_or(18080, |a| a.port())
}

fn run_ours(args: &[&str], config: &std::path::Path) {
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
    let port = free_port();
    let config = folder.path().join("bakuhantam.toml");
    let url = format!("http://127.0.0.1:{port}");
    std::fs::write(&config, format!("[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"{url}\"\n")).unwrap();
    let night = folder.path().join("night.toml");
    let text = include_str!("../src/cli/demo_night.toml")
        .replace("{starts_at}", "2026-12-05T19:00:00+07:00")
        .replace("{next_starts_at}", "2026-12-12T19:00:00+07:00");
    std::fs::write(&night, text).unwrap();
    run_ours(&["migrate", "up"], &config);
    run_ours(&["apply", &night.display().to_string()], &config);
    let child = Command::new(env!("CARGO_BIN_EXE_bakuhantam"))
        .args(["serve", "--config"])
        .arg(&config)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ours = Ours { child, url, _folder: folder };
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if page_bytes(&format!("{}/watch/demo", ours.url)).is_some_and(|bytes| bytes > 2_000) {
            return ours;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the server did not show the watch page");
}

/// Body size of a page by a plain GET, uncompressed.
fn page_bytes(url: &str) -> Option<usize> {
    use std::io::{Read as _, Write as _};
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/')?;
    let mut stream = std::net::TcpStream::connect(host).ok()?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).ok()?;
    if !text.starts_with(b"HTTP/1.1 200") {
        return None;
    }
    let head = text.windows(4).position(|w| w == b"\r\n\r\n")?;
    Some(text.len() - head - 4)
}

/// Requests per second by `wrk`.
fn wrk(url: &str) -> f64 {
    let out = Command::new("wrk")
        .args(["-t1", "-c64", &format!("-d{SECONDS}s"), url])
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
    let watch = format!("{}/watch/demo", ours.url);
    let size = page_bytes(&watch).expect("the watch page answers");

    let line = "Ronde pertama dimulai <segera> & penonton sudah siap di tempat duduk masing-masing.".to_owned();
    let per_line = Bare { title: "bare", lines: std::slice::from_ref(&line) }.render().unwrap().len()
        - Bare { title: "bare", lines: &[] }.render().unwrap().len();
    let lines = web::Data::new(vec![line; size / per_line]);
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || App::new().app_data(lines.clone()).route("/", web::get().to(bare)))
                .bind("127.0.0.1:0")
                .unwrap();
            tell.send(server.addrs()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    let peer = format!("http://{}/", told.recv().unwrap());
    let peer_size = page_bytes(&peer).unwrap();

    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        a.push(wrk(&watch));
        b.push(wrk(&peer));
        println!("round {round}: watch page {:.0}/s, bare page {:.0}/s", a[round - 1], b[round - 1]);
    }
    let (a, b) = (median(a), median(b));
    println!(
        "watch page {size} bytes: {a:.0} requests/s; bare actix + askama page {peer_size} bytes: {b:.0} requests/s"
    );
    println!("ratio {:.2} (goal: at least 0.50)", a / b);
}
