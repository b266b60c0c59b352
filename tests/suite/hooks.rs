//! `POST /api/v1/hooks/ingest` by the real binary, and a real nginx-rtmp in front of it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use hyper::Method;
use serde_json::json;

use crate::harness::ffmpeg::{Ffmpeg, Picture, SMALL};
use crate::harness::http::{self, Answer};
use crate::harness::night::{self, KEY, OTHER_KEY, SMALL_LADDER, event_that};
use crate::harness::playlist::playlist_that;
use crate::harness::processes::descendants;
use crate::harness::server::TestServer;
use crate::harness::{ports, program, until};

const FORM: &str = "application/x-www-form-urlencoded";

async fn ask(server: &TestServer, content_type: &str, body: String) -> Answer {
    http::send(Method::POST, &server.url("/api/v1/hooks/ingest"), &[("content-type", content_type)], body).await
}

/// MediaMTX's question; every field it documents.
async fn mediamtx(server: &TestServer, action: &str, path: &str, password: &str, query: &str, ip: &str) -> u16 {
    let body = json!({
        "user": "", "password": password, "token": "", "ip": ip, "action": action, "path": path, "protocol": "srt",
        "id": "7b9c4e2a-0000-4000-8000-000000000000", "query": query, "userAgent": "x",
    });
    ask(server, "application/json", body.to_string()).await.status.as_u16()
}

async fn nginx_rtmp(server: &TestServer, name: &str, more: &str) -> Answer {
    let body = format!(
        "app=live&flashver=FMLE/3.0&tcurl=rtmp://x/live&addr=198.51.100.7&clientid=1&call=publish&name={name}{more}"
    );
    ask(server, FORM, body).await
}

#[tokio::test]
async fn both_media_servers_are_understood_with_a_right_key_and_refused_with_a_wrong_one() {
    let server = night::serve("").await;
    let ip = "198.51.100.7";
    for (path, password, query, status) in [
        ("live/island-fight", KEY, "", 200),
        ("live/island-fight", "", &*format!("user=u&pass={KEY}"), 200),
        ("live/island-fight", "", &*format!("token={KEY}"), 200),
        (&*format!("live/{KEY}"), "", "", 200),
        (&*format!("publish:live/island-fight:x:{KEY}"), "", "", 200),
        (&*format!("#!::m=publish,r=live/island-fight,u=x,s={KEY}"), "", "", 200),
        ("live/island-fight", "wrong", "", 401),
        ("live/island-fight", "", "", 401),
        ("live/second-night", KEY, "", 401),
        ("live/island-fight", OTHER_KEY, "", 401),
        ("live/nobody", KEY, "", 401),
    ] {
        assert_eq!(mediamtx(&server, "publish", path, password, query, ip).await, status, "{path} {password} {query}");
    }
    for (name, more, status) in [
        (KEY, "", 200),
        ("island-fight", &*format!("&pass={KEY}"), 200),
        (&*format!("island-fight%3Fpass={KEY}"), "", 200),
        ("wrong", "", 401),
        ("island-fight", "&pass=wrong", 401),
        ("second-night", &*format!("&pass={KEY}"), 401),
        // The publisher's own arguments stand behind the server's and change nothing.
        ("wrong", &*format!("&name={KEY}"), 401),
    ] {
        let answer = nginx_rtmp(&server, name, more).await;
        assert_eq!(answer.status, status, "{name}{more}");
        if status == 401 {
            // The same answer whatever is wrong.
            let told = answer.json();
            assert_eq!(told["error"]["code"], "ingest.denied");
            assert_eq!(told["error"]["message"], "No right to publish.");
        }
    }
    // Reading is for this machine alone.
    assert_eq!(mediamtx(&server, "read", "live/island-fight", "", "", "127.0.0.1").await, 200);
    assert_eq!(mediamtx(&server, "read", "live/island-fight", KEY, "", ip).await, 401);
    assert!(server.log().iter().all(|line| !line.contains(KEY)), "a key stands in the log");
}

#[tokio::test]
async fn what_no_media_server_sends_is_refused_in_words() {
    let server = night::serve("").await;
    for (content_type, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "{\"action\":\"fly\"}", 400),
        (FORM, "name=x", 400),
        (FORM, "", 400),
        ("text/plain", "call=publish&name=x", 400),
        (FORM, &*format!("call=publish&name={}", "x".repeat(17_000)), 400),
        (FORM, &*format!("call=publish&name={}", "x".repeat(300_000)), 413),
    ] {
        let answer = ask(&server, content_type, body.to_owned()).await;
        assert_eq!(answer.status, status, "{content_type} {body:.40}");
        assert!(answer.json()["error"]["message"].as_str().is_some_and(|why| why.len() > 10), "{}", answer.text());
    }
    assert_eq!(nginx_rtmp(&server, KEY, "").await.status, 200);
}

#[tokio::test]
async fn wrong_keys_are_limited_by_the_reported_address_and_a_right_key_always_passes() {
    let server = night::serve("").await;
    let mut seen = Vec::new();
    for n in 0..40 {
        seen.push(nginx_rtmp(&server, &format!("wrong-{n}"), "").await.status.as_u16());
    }
    assert!(seen.starts_with(&[401; 20]), "{seen:?}");
    assert!(seen.ends_with(&[429; 10]), "{seen:?}");
    let late = nginx_rtmp(&server, "wrong", "").await;
    assert_eq!((late.status.as_u16(), late.json()["error"]["code"].as_str()), (429, Some("ingest.too_many")));
    assert!(late.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(nginx_rtmp(&server, KEY, "").await.status, 200);
    assert_eq!(mediamtx(&server, "publish", "live/island-fight", KEY, "", "198.51.100.7").await, 200);
    assert_eq!(
        mediamtx(&server, "publish", "live/island-fight", "wrong", "", "198.51.100.8").await,
        401,
        "another address"
    );
}

/// nginx with the shipped configuration; killed when dropped.
struct Nginx {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Nginx {
    fn before(server: &TestServer) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().display().to_string();
        // nginx drops its rights, and what it starts must reach the configuration all the same.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("rights");
        let port = ports::free();
        let mut text = include_str!("../../deploy/nginx-rtmp.conf").to_owned();
        for (from, to) in [
            ("listen 1935", format!("listen 127.0.0.1:{port}")),
            ("127.0.0.1:1935", format!("127.0.0.1:{port}")),
            ("127.0.0.1:8080", server.url("").trim_start_matches("http://").to_owned()),
            ("user bakuhantam;", String::new()),
            ("modules/ngx_rtmp_module.so", "/usr/lib/nginx/modules/ngx_rtmp_module.so".to_owned()),
            ("/run/nginx-rtmp.pid", format!("{home}/pid")),
            ("/var/log/nginx/rtmp-error.log", format!("{home}/error.log")),
            ("/usr/local/bin/bakuhantam", env!("CARGO_BIN_EXE_bakuhantam").to_owned()),
            ("/etc/bakuhantam/bakuhantam.toml", server.config().display().to_string()),
        ] {
            assert!(text.contains(from), "deploy/nginx-rtmp.conf has \"{from}\"");
            text = text.replace(from, &to);
        }
        std::fs::write(folder.path().join("nginx.conf"), text).expect("a configuration");
        let child = program("nginx", "nginx")
            .args(["-p", &home, "-e", &format!("{home}/error.log"), "-c", &format!("{home}/nginx.conf")])
            .args(["-g", "daemon off; master_process off;"])
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx starts");
        Self { child, port, folder }
    }

    fn url(&self, stream: &str) -> String {
        format!("rtmp://127.0.0.1:{}/live/{stream}", self.port)
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_through_nginx_rtmp_is_published_with_the_right_key_and_refused_with_a_wrong_one() {
    let server = night::serve(SMALL_LADDER).await;
    let nginx = Nginx::before(&server);
    until("nginx listens", Duration::from_secs(10), async || {
        std::net::TcpStream::connect(("127.0.0.1", nginx.port)).ok()
    })
    .await;
    for wrong in ["wrong", "island-fight?pass=wrong", &format!("second-night?pass={KEY}")] {
        let mut publisher = Ffmpeg::publish_rtmp(&nginx.url(wrong), &Picture { seconds: Some(4), ..SMALL });
        assert!(!publisher.wait(Duration::from_secs(20)), "{wrong} was let in: {}", nginx.errors());
    }
    assert!(descendants(nginx.child.id(), "bakuhantam").is_empty(), "nothing was started for them");
    assert_eq!(night::event(&server, "island-fight").await["stream"], "offline");

    let mut publisher = Ffmpeg::publish_rtmp(&nginx.url(&format!("island-fight?pass={KEY}")), &SMALL);
    event_that(&server, "island-fight", "the picture is live", Duration::from_secs(40), |event| {
        event["stream"] == "live"
    })
    .await;
    let list =
        playlist_that(&server, ("island-fight", "180p", "live"), "four segments", Duration::from_secs(20), |list| {
            list.end() >= 4
        })
        .await;
    assert!(list.fetch_all().await > 10_000);
    assert_eq!(descendants(nginx.child.id(), "bakuhantam").len(), 1);
    publisher.interrupt();
    until("transcode ends with its publisher", Duration::from_secs(20), async || {
        descendants(nginx.child.id(), "bakuhantam").is_empty().then_some(())
    })
    .await;
}
