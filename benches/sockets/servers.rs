//! The two servers, each a process of its own: the real program, and a bare actix-ws broadcast.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::Message;
use bytestring::ByteString;
use tokio::sync::broadcast;

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

/// One rung for every length, so that a post costs a coin.
const SUPERCHAT: &str = r##"
[superchat]
supports_per_minute = 1000000
[[superchat.tiers]]
name = "one"
from_coins = 1
color = "#1e88e5"
max_chars = 350
hold_ms = 5000
pin_ms = 0
"##;

/// The real program on a free port with one viewer who has coins, ended when dropped.
pub struct Ours {
    child: Child,
    pub host: String,
    pub cookie: String,
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

impl Ours {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.path().join("bakuhantam.toml");
        let host = format!("127.0.0.1:{port}");
        let written = format!(
            "[server]\nlisten = \"{host}\"\npublic_url = \"http://{host}\"\nsockets_per_address = 20000\n{SUPERCHAT}"
        );
        std::fs::write(&config, written).unwrap();
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
        let mut ours = Self { child, host, cookie: String::new(), _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !ask(&ours.host, "GET", "/api/v1/events/night", "").is_some_and(|answer| answer.contains("\"fights\"")) {
            assert!(Instant::now() < deadline, "the server did not show the night");
            std::thread::sleep(Duration::from_millis(50));
        }
        let body = r#"{"phone":"081200000001","password":"kuda-nil terbang 77","name":"Penonton"}"#;
        let registered = ask(&ours.host, "POST", "/api/v1/register", body).expect("an account");
        let session = registered.split("bh_session=").nth(1).and_then(|rest| rest.split(';').next());
        ours.cookie = format!("bh_session={}", session.unwrap_or_else(|| panic!("no session in {registered}")));
        let grant = ["coins", "grant", "--phone", "081200000001", "--coins", "100000", "--reason", "bench"];
        run_ours(&grant, &config);
        ours
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// An answer as it came, head and body.
fn ask(host: &str, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(host).ok()?;
    let length = body.len();
    let asked = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(asked.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// The yardstick in a process of its own, ended when dropped.
pub struct Bare {
    child: Child,
    pub host: String,
}

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Bare {
    pub fn start() -> Self {
        let mut child =
            Command::new(std::env::current_exe().unwrap()).arg("bare").stdout(Stdio::piped()).spawn().unwrap();
        let mut host = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut host).unwrap();
        Self { child, host: host.trim().to_owned() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

type Room = web::Data<broadcast::Sender<ByteString>>;

async fn listen(req: HttpRequest, body: web::Payload, room: Room) -> actix_web::Result<HttpResponse> {
    let mut frames = room.subscribe();
    let (response, mut session, mut stream) = actix_ws::handle(&req, body)?;
    rt::spawn(async move {
        loop {
            let step = tokio::select! {
                said = stream.recv() => match said {
                    Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await.is_ok(),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    Some(Ok(_)) => true,
                },
                frame = frames.recv() => match frame {
                    Ok(frame) => session.text(frame).await.is_ok(),
                    Err(_) => false,
                },
            };
            if !step {
                break;
            }
        }
    });
    Ok(response)
}

async fn say(body: String, room: Room) -> HttpResponse {
    drop(room.send(body.into()));
    HttpResponse::NoContent().finish()
}

/// Serves until the process is ended; prints its address.
pub fn serve_bare() {
    actix_web::rt::System::new().block_on(async {
        let room = Room::new(broadcast::channel(256).0);
        let server = HttpServer::new(move || {
            App::new().app_data(room.clone()).route("/ws", web::get().to(listen)).route("/say", web::post().to(say))
        })
        .backlog(4096)
        .bind("127.0.0.1:0")
        .unwrap();
        println!("{}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}
