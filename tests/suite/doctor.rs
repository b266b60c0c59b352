//! `doctor` by the real binary: on a fresh machine, with what does not work, and in front of a CDN.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::cli::{bakuhantam, run};
use crate::harness::s3::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::harness::{http, ports, program, until};

/// The state word of a part in doctor's report.
fn state_of<'a>(report: &'a str, part: &str) -> Option<&'a str> {
    let line = report.lines().find(|line| line.get(9..).is_some_and(|rest| rest.starts_with(part)))?;
    line.split_whitespace().next()
}

#[test]
fn doctor_tells_what_is_fine_on_a_fresh_machine_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (_, out, error) = run(bakuhantam(dir.path()).arg("doctor").env("BAKUHANTAM__SERVER__LISTEN", "127.0.0.1:0"));
    assert_eq!(error, "");
    for part in ["configuration", "data folder", "server port", "object store", "clock"] {
        assert_eq!(state_of(&out, part), Some("ok"), "{part} in\n{out}");
    }
    assert_eq!(state_of(&out, "public media"), Some("warning"), "serve does not run:\n{out}");
    let media = dir.path().join("data/media");
    let left = walk(&media);
    assert!(left.is_empty(), "{left:?}");
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn doctor_fails_by_what_does_not_work_and_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = format!(
        "[server]\nlisten = \"{port}\"\npublic_url = \"http://{port}\"\n[objects]\nkind = \"s3\"\n\
         public_base_url = \"http://{gone}\"\n[objects.s3]\nendpoint = \"http://{gone}\"\nbucket = \"bh1\"\n\
         access_key_id = \"a\"\nsecret_access_key = \"hush\""
    );
    let file = dir.path().join("bakuhantam.toml");
    std::fs::write(&file, text).unwrap();
    let (code, out, _) = run(bakuhantam(dir.path()).arg("doctor").env("BAKUHANTAM__CLUSTER__PROBE_TIMEOUT_MS", "300"));
    assert_eq!(code, 1, "{out}");
    for part in ["server port", "object store", "public media"] {
        assert_eq!(state_of(&out, part), Some("failing"), "{part} in\n{out}");
    }
    assert!(out.contains("another program has it: end that, or write another port to server.listen"), "{out}");
    assert!(!out.contains("hush"), "{out}");
    std::fs::write(&file, "[server]\nlisten = 1").unwrap();
    let (code, out, _) = run(bakuhantam(dir.path()).arg("doctor"));
    assert_eq!(code, 1);
    assert!(
        out.starts_with("failing  configuration           server.listen (bakuhantam.toml:2) is the number 1"),
        "{out}"
    );
}

/// nginx as a CDN in front of a bucket.
struct Cdn {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Cdn {
    /// `rules` are lines of its one location.
    async fn start(s3: &S3Server, rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (dir, port, origin, bucket) = (folder.path().display(), ports::free(), s3.address(), s3.bucket());
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {dir}/{name};"))
            .join(" ");
        let text = format!(
            "daemon off; pid {dir}/pid; error_log {dir}/error.log; events {{}}\n\
             http {{ access_log off; {temporary} proxy_cache_path {dir}/cache keys_zone=z:1m;\n\
             server {{ listen 127.0.0.1:{port};\n\
             location / {{ proxy_pass http://{origin}/{bucket}/; proxy_cache z; {rules} }} }} }}"
        );
        let conf = folder.path().join("nginx.conf");
        std::fs::write(&conf, text).unwrap();
        let child = program("nginx", "nginx").arg("-c").arg(&conf).stderr(Stdio::null()).spawn().unwrap();
        let cdn = Self { child, port, _folder: folder };
        until("nginx answers", Duration::from_secs(10), async || {
            http::try_send(hyper::Method::GET, &cdn.url(), &[], "").await.ok()
        })
        .await;
        cdn
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Cdn {
    fn drop(&mut self) {
        // nginx's workers end with their master, which ends by TERM.
        crate::harness::signal(self.child.id(), "TERM");
        drop(self.child.wait());
    }
}

/// What doctor says with a bucket behind a CDN.
fn examine(s3: &S3Server, cdn: &Cdn) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[objects]\nkind = \"s3\"\npublic_base_url = \"{}\"\n[objects.s3]\n\
         endpoint = \"http://{}\"\nbucket = \"{}\"\naccess_key_id = \"{ACCESS_KEY}\"\nsecret_access_key = \"{SECRET_KEY}\"",
        cdn.url(),
        s3.address(),
        s3.bucket()
    );
    std::fs::write(dir.path().join("bakuhantam.toml"), text).unwrap();
    assert!(run(bakuhantam(dir.path()).arg("migrate")).0 == 0);
    let (code, out, error) = run(bakuhantam(dir.path()).arg("doctor"));
    assert_eq!(error, "");
    (code, out)
}

#[tokio::test]
async fn doctor_finds_a_cdn_that_keeps_404s_and_lets_a_right_one_pass() {
    let s3 = S3Server::start().await;
    let cors = "add_header Access-Control-Allow-Origin * always;";
    let right = Cdn::start(&s3, cors).await;
    let (code, out) = examine(&s3, &right);
    assert_eq!(state_of(&out, "public media"), Some("ok"), "{out}");
    assert_eq!(state_of(&out, "object store"), Some("ok"), "{out}");
    assert_eq!(state_of(&out, "clock"), Some("ok"), "{out}");
    assert_eq!(code, 0, "{out}");

    let keeps = Cdn::start(&s3, &format!("{cors} proxy_cache_valid 404 3m;")).await;
    let (code, out) = examine(&s3, &keeps);
    assert!(out.contains("the CDN keeps the 404 of an object that came a moment later"), "{out}");
    assert_eq!((code, state_of(&out, "public media")), (1, Some("failing")), "{out}");
}

#[tokio::test]
async fn doctor_finds_missing_cors_and_changed_headers() {
    let s3 = S3Server::start().await;
    let rules = "proxy_hide_header Access-Control-Allow-Origin; proxy_hide_header Cache-Control; \
                 add_header Cache-Control no-cache always;";
    let cdn = Cdn::start(&s3, rules).await;
    let (code, out) = examine(&s3, &cdn);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("segment.ts has no access-control-allow-origin, so browsers refuse it"), "{out}");
    let header = "live.m3u8 has cache-control \"no-cache\" instead of \"public, max-age=1\"";
    assert!(out.contains(header), "{out}");
}
