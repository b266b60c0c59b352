//! The object stores by their one door: the folder, and S3 on a real server.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bakuhantam::config;
use bakuhantam::ids::SystemRandom;
use bakuhantam::objects::{
    FolderStore, ObjectError, ObjectKey, ObjectStore, PutDone, PutIf, S3Store, SharedObjects, Timeouts, round_trip,
};
use bytes::Bytes;

use crate::harness::http;
use crate::harness::s3::S3Server;
use crate::harness::s3_proxy::{HttpFault, S3Proxy};
use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::until;

/// A segment's usual size: larger than any socket buffer on the way.
const SEGMENT_BYTES: usize = 750_000;

fn key(text: &str) -> ObjectKey {
    text.parse().expect("a key")
}

fn body(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn segment_bytes() -> Bytes {
    (0..SEGMENT_BYTES).map(|n| u8::try_from(n % 251).expect("small")).collect()
}

fn short() -> Timeouts {
    Timeouts { connect: Duration::from_millis(500), idle: Duration::from_millis(1_500), total: Duration::from_secs(15) }
}

fn s3(section: &config::S3) -> SharedObjects {
    Arc::new(S3Store::open_with(section, short()).expect("a store"))
}

async fn whole_life(store: &dyn ObjectStore) {
    let segment = key("night/abc/720p/01ARZ3NDEKTSV4RRFFQ69G5FAV-000001.ts");
    assert_eq!(store.get(&segment).await.expect("get"), None);
    assert_eq!(store.head(&segment).await.expect("head"), None);

    let bytes = segment_bytes();
    assert_eq!(store.put(&segment, bytes.clone(), PutIf::Always).await.expect("put"), PutDone::Stored);
    assert_eq!(store.get(&segment).await.expect("get"), Some(bytes.clone()));
    let meta = store.head(&segment).await.expect("head").expect("there");
    assert_eq!(meta.size, u64::try_from(bytes.len()).expect("small"));
    assert_eq!(meta.content_type.as_deref(), Some("video/mp2t"));
    assert_eq!(meta.cache_control.as_deref(), Some("public, max-age=31536000, immutable"));

    // Replaced whole, and what is there is kept by a conditional PUT.
    let live = key("night/abc/720p/live.m3u8");
    for text in ["#EXTM3U\nfirst, the longer one", "#EXTM3U\nsecond"] {
        store.put(&live, body(text), PutIf::Always).await.expect("put");
        assert_eq!(store.get(&live).await.expect("get"), Some(body(text)));
    }
    assert_eq!(store.put(&live, body("third"), PutIf::Absent).await.expect("put"), PutDone::AlreadyThere);
    assert_eq!(store.get(&live).await.expect("get"), Some(body("#EXTM3U\nsecond")));
    assert_eq!(
        store.head(&live).await.expect("head").expect("there").cache_control.as_deref(),
        Some("public, max-age=1")
    );

    store.put(&key("night/empty.ts"), Bytes::new(), PutIf::Always).await.expect("put");
    assert_eq!(store.get(&key("night/empty.ts")).await.expect("get"), Some(Bytes::new()));

    store.delete(&segment).await.expect("delete");
    store.delete(&segment).await.expect("one that is not there is fine");
    store.delete(&key("never/was/there.ts")).await.expect("one that is not there is fine");
    assert_eq!(store.head(&segment).await.expect("head"), None);
}

async fn odd_keys(store: &dyn ObjectStore) {
    for text in ["a-_.b/c...ts".to_owned(), "UPPER/lower/0.ts".to_owned(), format!("{}.ts", "x".repeat(120))] {
        let odd = key(&text);
        store.put(&odd, body(&text), PutIf::Absent).await.expect("put");
        assert_eq!(store.get(&odd).await.expect("get"), Some(body(&text)));
    }
}

async fn race(store: &SharedObjects) {
    let raced = key("night/race/720p/one.ts");
    let runners: Vec<_> = (0..16)
        .map(|n| {
            let (store, raced) = (store.clone(), raced.clone());
            async move {
                // Another conditional PUT under way may be answered with a conflict that passes.
                loop {
                    match store.put(&raced, Bytes::from(vec![n; 1_000]), PutIf::Absent).await {
                        Err(error) if error.is_passing() => tokio::task::yield_now().await,
                        done => return (n, done.expect("put")),
                    }
                }
            }
        })
        .collect();
    let done = futures_util::future::join_all(runners).await;
    let winners: Vec<u8> = done.iter().filter(|(_, done)| *done == PutDone::Stored).map(|(n, _)| *n).collect();
    assert_eq!(winners.len(), 1, "{done:?}");
    assert_eq!(store.get(&raced).await.expect("get"), Some(Bytes::from(vec![winners[0]; 1_000])));
}

fn folder() -> (tempfile::TempDir, SharedObjects) {
    let folder = tempfile::tempdir().expect("a folder");
    let store: SharedObjects = Arc::new(FolderStore::new(folder.path().join("media")));
    (folder, store)
}

fn names(under: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![under.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            if entry.file_type().expect("a type").is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.file_name().into_string().expect("UTF-8"));
            }
        }
    }
    found
}

#[tokio::test]
async fn folder_keeps_an_object_through_its_whole_life() {
    let (folder, store) = folder();
    whole_life(&*store).await;
    odd_keys(&*store).await;
    let left: Vec<String> = names(folder.path()).into_iter().filter(|name| name.starts_with('.')).collect();
    assert!(left.is_empty(), "temporary files stay behind: {left:?}");
}

#[tokio::test]
async fn of_sixteen_conditional_puts_into_the_folder_one_wins() {
    let (folder, store) = folder();
    race(&store).await;
    assert_eq!(names(folder.path()), ["one.ts"]);
}

#[tokio::test]
async fn folder_does_not_follow_links() {
    let (outside, store) = folder();
    let media = outside.path().join("media");
    std::fs::create_dir_all(media.join("night")).expect("a folder");
    std::fs::write(outside.path().join("secret.ts"), "secret").expect("a file");
    std::os::unix::fs::symlink("../../secret.ts", media.join("night/link.ts")).expect("a link");
    std::os::unix::fs::symlink("..", media.join("up")).expect("a link");

    assert_eq!(store.get(&key("night/link.ts")).await.expect("get"), None);
    assert_eq!(store.get(&key("up/secret.ts")).await.expect("get"), None);
    assert_eq!(store.head(&key("up/secret.ts")).await.expect("head"), None);
    let refused = store.put(&key("up/new.ts"), body("x"), PutIf::Always).await.expect_err("a link in the way");
    assert!(!refused.is_passing(), "{refused}");
    assert!(!outside.path().join("new.ts").exists());
    // Its twin beside the links is let in, and a link is replaced, not written through.
    store.put(&key("night/new.ts"), body("x"), PutIf::Always).await.expect("put");
    store.put(&key("night/link.ts"), body("y"), PutIf::Always).await.expect("put");
    assert_eq!(std::fs::read_to_string(outside.path().join("secret.ts")).expect("read"), "secret");
}

#[tokio::test]
async fn folder_removes_what_a_killed_process_left() {
    let (folder, store) = folder();
    let night = folder.path().join("media/night");
    std::fs::create_dir_all(&night).expect("a folder");
    std::fs::write(night.join(".1.ts.0.part"), "half").expect("a file");
    std::fs::write(night.join(".keep"), "not ours").expect("a file");
    store.put(&key("night/1.ts"), body("whole"), PutIf::Always).await.expect("put");
    let mut left = names(folder.path());
    left.sort();
    assert_eq!(left, [".keep", "1.ts"]);
}

#[tokio::test]
async fn a_file_in_the_folders_way_is_permanent_and_its_removal_cures_it() {
    let (folder, store) = folder();
    std::fs::write(folder.path().join("media"), "a file").expect("a file");
    let refused = store.put(&key("night/1.ts"), body("x"), PutIf::Always).await.expect_err("not a folder");
    assert!(matches!(refused, ObjectError::Permanent { .. }), "{refused:?}");
    std::fs::remove_file(folder.path().join("media")).expect("removed");
    store.put(&key("night/1.ts"), body("x"), PutIf::Always).await.expect("put");
}

#[tokio::test]
async fn s3_keeps_an_object_through_its_whole_life() {
    let server = S3Server::start().await;
    let store = s3(&server.section(server.address()));
    whole_life(&*store).await;
    odd_keys(&*store).await;
    let live = key("night/abc/720p/live.m3u8");
    let seen = http::get(&server.public_url(live.as_str())).await;
    assert_eq!(seen.header("cache-control"), "public, max-age=1");
    assert_eq!(seen.header("content-type"), "application/vnd.apple.mpegurl");
    assert_eq!(seen.text(), "#EXTM3U\nsecond");
}

#[tokio::test]
async fn of_sixteen_conditional_puts_to_s3_one_wins() {
    let server = S3Server::start().await;
    race(&s3(&server.section(server.address()))).await;
}

#[tokio::test]
async fn the_doctors_round_trip_finds_both_stores_well() {
    let random = SystemRandom::default();
    let (folder, store) = folder();
    let found = round_trip(&*store, &random).await.expect("a round trip");
    assert!(found.warnings.is_empty(), "{found:?}");
    assert!(names(folder.path()).is_empty());

    let server = S3Server::start().await;
    let found = round_trip(&*s3(&server.section(server.address())), &random).await.expect("a round trip");
    assert!(found.warnings.is_empty(), "{found:?}");
}

#[tokio::test]
async fn wrong_credentials_and_a_missing_bucket_are_permanent() {
    let server = S3Server::start().await;
    let right = server.section(server.address());
    s3(&right).put(&key("a/b.ts"), segment_bytes(), PutIf::Always).await.expect("the right ones are let in");

    let secret = config::S3 { secret_access_key: config::Secret::new("wrong"), ..right.clone() };
    let access = config::S3 { access_key_id: config::Secret::new("nobody"), ..right.clone() };
    let bucket = config::S3 { bucket: "no-such-bucket".to_owned(), ..right };
    for (section, named) in [(secret, "secret_access_key"), (access, "access_key_id"), (bucket, "objects.s3.bucket")] {
        let store = s3(&section);
        for when in [PutIf::Always, PutIf::Absent] {
            let refused = store.put(&key("a/b.ts"), segment_bytes(), when).await.expect_err("refused");
            assert!(!refused.is_passing(), "{refused}");
            assert!(refused.to_string().contains(named), "{refused}");
            assert!(!refused.to_string().contains("wrong") && !format!("{section:?}").contains("wrong"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_body_damaged_on_the_way_is_refused_and_the_next_try_stores_it() {
    let server = S3Server::start().await;
    let proxy = S3Proxy::to(server.address());
    let store = s3(&server.section(proxy.address()));
    proxy.plan(|_, _, number| (number < 2).then_some(HttpFault::Damage));
    for when in [PutIf::Always, PutIf::Absent] {
        let refused = store.put(&key("a/b.ts"), segment_bytes(), when).await.expect_err("damaged");
        assert!(refused.is_passing() && refused.to_string().contains("BadDigest"), "{refused}");
    }
    assert_eq!(store.head(&key("a/b.ts")).await.expect("head"), None);
    store.put(&key("a/b.ts"), segment_bytes(), PutIf::Absent).await.expect("whole");
    assert_eq!(store.get(&key("a/b.ts")).await.expect("get"), Some(segment_bytes()));
}

#[tokio::test]
async fn too_many_requests_and_server_errors_pass() {
    let server = S3Server::start().await;
    let proxy = S3Proxy::to(server.address());
    let store = s3(&server.section(proxy.address()));
    for status in [408, 429, 500, 502, 503, 504] {
        proxy.plan(move |_, _, _| Some(HttpFault::Status(status)));
        for when in [PutIf::Always, PutIf::Absent] {
            let refused = store.put(&key("a/b.ts"), body("x"), when).await.expect_err("injected");
            assert!(refused.is_passing() && refused.to_string().contains(&status.to_string()), "{refused}");
        }
        assert!(store.get(&key("a/b.ts")).await.expect_err("injected").is_passing());
        assert!(store.head(&key("a/b.ts")).await.expect_err("injected").is_passing());
        assert!(store.delete(&key("a/b.ts")).await.expect_err("injected").is_passing());
    }
    for status in [301, 400, 401, 403] {
        proxy.plan(move |_, _, _| Some(HttpFault::Status(status)));
        assert!(!store.put(&key("a/b.ts"), body("x"), PutIf::Always).await.expect_err("injected").is_passing());
        assert!(!store.get(&key("a/b.ts")).await.expect_err("injected").is_passing());
    }
    proxy.heal();
    proxy.limit_writes(Duration::from_secs(60));
    store.put(&key("a/live.m3u8"), body("x"), PutIf::Always).await.expect("the first of a minute");
    assert!(store.put(&key("a/live.m3u8"), body("y"), PutIf::Always).await.expect_err("too soon").is_passing());
    store.put(&key("a/dvr.m3u8"), body("x"), PutIf::Always).await.expect("another key");
}

#[tokio::test]
async fn a_lost_reply_passes_and_the_object_is_there() {
    let server = S3Server::start().await;
    let proxy = S3Proxy::to(server.address());
    let store = s3(&server.section(proxy.address()));
    proxy.plan(|method, _, _| (method == "PUT").then_some(HttpFault::ReplyLost));
    assert!(store.put(&key("a/b.ts"), body("x"), PutIf::Always).await.expect_err("lost").is_passing());
    assert_eq!(store.get(&key("a/b.ts")).await.expect("get"), Some(body("x")));
}

#[tokio::test]
async fn a_stalled_server_is_left_in_time() {
    let server = S3Server::start().await;
    let proxy = TcpProxy::to(server.address());
    let store = s3(&server.section(proxy.address()));
    store.put(&key("a/b.ts"), segment_bytes(), PutIf::Always).await.expect("before the stall");
    proxy.stall(true);
    for when in [PutIf::Always, PutIf::Absent] {
        let begun = Instant::now();
        let late = store.put(&key("a/c.ts"), segment_bytes(), when).await.expect_err("stalled");
        assert!(late.is_passing() && late.to_string().contains("no byte moved"), "{late}");
        assert!(begun.elapsed() < Duration::from_secs(5), "after {} ms", begun.elapsed().as_millis());
    }
    proxy.stall(false);
    store.put(&key("a/c.ts"), segment_bytes(), PutIf::Always).await.expect("after the stall");
}

#[tokio::test]
async fn a_cut_connection_passes_and_a_new_one_is_opened() {
    let server = S3Server::start().await;
    let proxy = TcpProxy::to(server.address());
    let store = s3(&server.section(proxy.address()));
    store.put(&key("a/b.ts"), segment_bytes(), PutIf::Always).await.expect("before the cut");
    proxy.cut();
    until("a new connection is opened", Duration::from_secs(5), async || {
        match store.put(&key("a/c.ts"), segment_bytes(), PutIf::Always).await {
            Ok(done) => Some(done),
            Err(error) => {
                assert!(error.is_passing(), "{error}");
                None
            }
        }
    })
    .await;
    proxy.refuse(true);
    proxy.cut();
    assert!(store.put(&key("a/d.ts"), body("x"), PutIf::Always).await.expect_err("refused").is_passing());
}

#[tokio::test]
async fn a_slow_upload_that_moves_is_not_cut_before_the_whole_time_is_up() {
    let server = S3Server::start().await;
    let proxy = TcpProxy::to(server.address());
    let store = s3(&server.section(proxy.address()));
    // 64 kB each 80 ms: longer than the idle time in all, never idle.
    proxy.latency(Duration::from_millis(80));
    let begun = Instant::now();
    let long = Bytes::from(segment_bytes().repeat(4));
    store.put(&key("a/slow.ts"), long, PutIf::Always).await.expect("slow, but moving");
    assert!(begun.elapsed() > short().idle, "the proxy did not slow it down");
}

#[tokio::test]
async fn odd_response_headers_do_not_panic() {
    let server = S3Server::start().await;
    let proxy = S3Proxy::to(server.address());
    let store = s3(&server.section(proxy.address()));
    proxy.plan(|_, _, _| Some(HttpFault::OddHeaders));
    store.put(&key("a/b.ts"), body("x"), PutIf::Always).await.expect("put");
    assert_eq!(store.put(&key("a/b.ts"), body("y"), PutIf::Absent).await.expect("put"), PutDone::AlreadyThere);
    assert_eq!(store.get(&key("a/b.ts")).await.expect("get"), Some(body("x")));
    assert_eq!(store.head(&key("a/b.ts")).await.expect("head").expect("there").size, 1);
    store.delete(&key("a/b.ts")).await.expect("delete");
}

#[tokio::test]
async fn nobody_at_the_address_passes() {
    let section = config::S3 {
        endpoint: format!("http://127.0.0.1:{}", crate::harness::ports::free()),
        bucket: "bucket".to_owned(),
        access_key_id: config::Secret::new("a"),
        secret_access_key: config::Secret::new("b"),
        ..config::S3::default()
    };
    let refused = s3(&section).get(&key("a/b.ts")).await.expect_err("nobody there");
    assert!(refused.is_passing() && refused.to_string().contains("refused"), "{refused}");
}
