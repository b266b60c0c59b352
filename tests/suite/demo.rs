//! `bakuhantam demo`: one command shows everything, and leaves nothing.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::harness::ffmpeg::{Ffmpeg, SMALL};
use crate::harness::processes::{descendants, is_alive};
use crate::harness::viewers::JSON;
use crate::harness::{http, signal, until, until_blocking};

/// A demo with a temporary folder of its own to make its folder in.
struct Demo {
    child: Child,
    said: Receiver<String>,
    heard: Vec<String>,
}

impl Demo {
    fn start(temporary: &Path, more: &[&str]) -> Self {
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", env!("CARGO_BIN_EXE_bakuhantam"), "demo"])
            .args(["--listen", "127.0.0.1:0", "--rtmp", "127.0.0.1:0"])
            .args(more)
            .current_dir(temporary)
            .env("TMPDIR", temporary)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("setpriv runs (util-linux)");
        let out = child.stdout.take().expect("stdout is piped");
        let (tell, said) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // The test may have ended.
                drop(tell.send(line));
            }
        });
        Self { child, said, heard: Vec::new() }
    }

    /// The last word of the line with `text`.
    fn told(&mut self, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(line) = self.heard.iter().find(|line| line.contains(text)) {
                return line.split_whitespace().last().expect("a word").to_owned();
            }
            let left = until.saturating_duration_since(Instant::now());
            self.heard
                .push(self.said.recv_timeout(left).unwrap_or_else(|_| panic!("no \"{text}\" in {:?}", self.heard)));
        }
    }

    /// TERM: it must end with exit code 0 in time.
    fn stop(mut self) {
        signal(self.child.id(), "TERM");
        let child = &mut self.child;
        let ended = until_blocking("the demo ends", Duration::from_secs(15), || child.try_wait().expect("a child"));
        assert_eq!(ended.code(), Some(0));
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

async fn stream(home: &str) -> String {
    let event = http::get(&format!("{home}api/v1/events/demo")).await.json();
    event["stream"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_of_the_demo_plays_gives_way_to_obs_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::start(temporary.path(), &[]);
    let home = demo.told("Halaman");
    let (watch, health) = (demo.told("Tonton"), demo.told("Kesehatan"));
    let (door, key) = (demo.told("Server"), demo.told("Stream Key"));
    let (phone, password) = (demo.told("Viewer phone"), demo.told("Viewer password"));
    let (admin, admin_password) = (demo.told("Admin phone"), demo.told("Admin password"));
    assert!(demo.told("Authenticator").starts_with("otpauth://totp/"));
    demo.told("removes everything");
    let sign_in = async |phone: &str, password: &str| {
        let body = serde_json::json!({"phone": phone, "password": password}).to_string();
        http::send(hyper::Method::POST, &format!("{home}api/v1/login"), &[JSON], body).await
    };
    let viewer = sign_in(&phone, &password).await;
    assert_eq!((viewer.status.as_u16(), viewer.json()["coins"].as_i64()), (200, Some(200)));
    // Whoever runs the night needs the code of their authenticator too.
    let owner = sign_in(&admin, &admin_password).await;
    assert_eq!(owner.json()["error"]["code"], "accounts.totp_required");
    let shelf = http::get(&format!("{home}api/v1/coin-packages")).await.json();
    assert_eq!(shelf["packages"].as_array().map(Vec::len), Some(3));
    assert_eq!(http::get(&health).await.status, 200);
    for page in [&home, &watch, &watch.replace("/watch/", "/events/")] {
        let answer = http::get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(answer.text().contains("Malam Baku Hantam"), "{page}");
    }
    until("the test picture is live", Duration::from_secs(60), async || (stream(&home).await == "live").then_some(()))
        .await;
    let playback = http::get(&format!("{home}api/v1/events/demo/playback")).await.json();
    let master = http::get(playback["master"].as_str().expect("an address")).await;
    assert_eq!(master.text().matches("#EXT-X-STREAM-INF").count(), 3);
    let pid = demo.child.id();
    assert_eq!(descendants(pid, "ffmpeg").len(), 1);

    // What OBS would send takes its place, and it comes back.
    let mut publisher = Ffmpeg::publish_rtmp(&format!("{door}/{key}"), &SMALL);
    let own = descendants(pid, "ffmpeg");
    until("the test picture gives way", Duration::from_secs(20), async || {
        let now = descendants(pid, "ffmpeg");
        (now.len() == 1 && now != own).then_some(())
    })
    .await;
    assert!(publisher.is_running());
    publisher.interrupt();
    until("the test picture is back", Duration::from_secs(20), async || descendants(pid, "ffmpeg").first().copied())
        .await;

    let pids = descendants(pid, "ffmpeg");
    assert!(left_in(temporary.path()).iter().any(|name| name.starts_with("bakuhantam-demo-")));
    demo.stop();
    assert_eq!(left_in(temporary.path()), Vec::<String>::new());
    assert!(!pids.into_iter().any(is_alive), "FFmpeg goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_is_stopped_while_it_starts_leaves_nothing_either() {
    let temporary = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(temporary.path(), &["--no-picture"]);
    until("it has made its folder", Duration::from_secs(20), async || {
        (!left_in(temporary.path()).is_empty()).then_some(())
    })
    .await;
    demo.stop();
    assert_eq!(left_in(temporary.path()), Vec::<String>::new());
}
