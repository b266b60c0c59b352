//! Tests of what needs no server: keys, the configuration's sentences, the faulty store.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::dispatch::Addressing;
use super::{
    Fault, FaultyStore, FolderStore, ObjectKey, ObjectKind, ObjectStore as _, Op, Outcome, PutDone, PutIf, S3Store,
};
use crate::config;

fn key(text: &str) -> ObjectKey {
    text.parse().unwrap()
}

fn body(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn faulty() -> (tempfile::TempDir, FaultyStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FaultyStore::new(Arc::new(FolderStore::new(folder.path().to_owned())));
    (folder, store)
}

#[test]
fn a_keys_kind_follows_from_its_name() {
    for (text, kind) in [
        ("e/x/720p/run-1.ts", ObjectKind::Segment),
        ("e/x/master.m3u8", ObjectKind::LivePlaylist),
        ("e/x/720p/live.m3u8", ObjectKind::LivePlaylist),
        ("e/x/dvr.m3u8", ObjectKind::DvrPlaylist),
        ("e/x/720p/dvr.m3u8", ObjectKind::DvrPlaylist),
        ("e/x/replay-all.m3u8", ObjectKind::ReplayPlaylist),
        ("e/x/replay-3.m3u8", ObjectKind::ReplayPlaylist),
    ] {
        assert_eq!(key(text).kind(), kind, "{text}");
    }
    for bad in ["", "/", "a", "a/", "/a.ts", "a//b.ts", "a/../b.ts", "./b.ts", ".b.ts", "a/.b.ts", "a b.ts", "ä.ts"] {
        assert!(bad.parse::<ObjectKey>().is_err(), "{bad}");
    }
}

#[test]
fn what_is_wrong_with_the_bucket_is_said_with_the_keys_name() {
    let right = config::S3 {
        endpoint: "http://127.0.0.1:9000".into(),
        bucket: "night".into(),
        access_key_id: config::Secret::new("id"),
        secret_access_key: config::Secret::new("secret"),
        ..config::S3::default()
    };
    S3Store::open(&right).unwrap();
    let with = |change: fn(&mut config::S3)| {
        let mut section = right.clone();
        change(&mut section);
        section
    };
    for (section, named) in [
        (with(|s| s.endpoint.clear()), "objects.s3.endpoint"),
        (with(|s| s.endpoint = "account.r2.cloudflarestorage.com".into()), "objects.s3.endpoint"),
        (with(|s| s.endpoint = "ftp://store".into()), "objects.s3.endpoint"),
        (with(|s| s.endpoint = "http://id:secret@store".into()), "objects.s3.endpoint"),
        (with(|s| s.endpoint = "http://store/?a=b".into()), "objects.s3.endpoint"),
        (with(|s| s.region.clear()), "objects.s3.region"),
        (with(|s| s.bucket.clear()), "objects.s3.bucket"),
        (with(|s| s.bucket = "a/b".into()), "objects.s3.bucket"),
        (with(|s| s.access_key_id = config::Secret::default()), "objects.s3.access_key_id"),
        (with(|s| s.secret_access_key = config::Secret::new("secret\n")), "objects.s3.secret_access_key"),
        (with(|s| s.path_style = false), "objects.s3.path_style"),
    ] {
        let said = S3Store::open(&section).unwrap_err();
        assert!(said.starts_with(named), "{said}");
        assert!(!said.contains("secret\n"), "{said}");
    }
    S3Store::open(&with(|s| {
        s.path_style = false;
        s.endpoint = "http://store.example:9000".into();
    }))
    .unwrap();
}

#[test]
fn a_bucket_in_the_host_leaves_the_path() {
    let region = rusoto_core::Region::Custom { name: "auto".into(), endpoint: "https://store.example:9000".into() };
    let place = |addressing: Addressing| {
        let mut request = rusoto_core::signature::SignedRequest::new("PUT", "s3", &region, "/night/night/1.ts");
        addressing.place(&mut request);
        request.sign(&rusoto_credential::AwsCredentials::new("id", "secret", None, None));
        let host = request.headers().get("host").map(|values| String::from_utf8(values.concat()).unwrap());
        (host.unwrap_or_default(), request.canonical_path())
    };
    let in_host = Addressing::Host { bucket: "night".into(), host: "night.store.example:9000".into() };
    assert_eq!(place(in_host), ("night.store.example:9000".into(), "/night/1.ts".into()));
    assert_eq!(place(Addressing::Path), ("store.example:9000".into(), "/night/night/1.ts".into()));
}

#[tokio::test]
async fn each_fault_does_what_its_name_says() {
    let (_folder, store) = faulty();
    let segment = key("e/x/720p/1.ts");
    for fault in [Fault::Fail, Fault::TooMany] {
        store.next_calls([Some(fault)]);
        assert!(store.put(&segment, body("1"), PutIf::Always).await.unwrap_err().is_passing());
        assert_eq!(store.get(&segment).await.unwrap(), None, "{fault:?}");
    }
    store.next_calls([Some(Fault::Permanent)]);
    assert!(!store.put(&segment, body("1"), PutIf::Always).await.unwrap_err().is_passing());

    store.next_calls([Some(Fault::ReplyLost)]);
    assert!(store.put(&segment, body("1"), PutIf::Always).await.unwrap_err().is_passing());
    assert_eq!(store.get(&segment).await.unwrap(), Some(body("1")));

    store.next_calls([Some(Fault::Stall)]);
    let stalled = tokio::time::timeout(Duration::from_millis(20), store.get(&segment)).await;
    assert!(stalled.is_err());

    let live = key("e/x/720p/live.m3u8");
    store.next_calls([Some(Fault::LandLater(Duration::from_millis(5)))]);
    assert!(store.put(&live, body("old"), PutIf::Always).await.unwrap_err().is_passing());
    store.put(&live, body("new"), PutIf::Always).await.unwrap();
    store.settle().await;
    assert_eq!(store.get(&live).await.unwrap(), Some(body("old")), "the late one won");

    for fault in [Fault::Delay(Duration::from_millis(1)), Fault::AnswerLate(Duration::from_millis(1))] {
        store.next_calls([Some(fault)]);
        assert_eq!(store.put(&live, body("new"), PutIf::Absent).await.unwrap(), PutDone::AlreadyThere);
    }
    let calls = store.calls();
    assert_eq!(calls.first().map(|call| (call.op, call.ended)), Some((Op::Put, Some((1, Outcome::Failed)))));
    assert!(calls.iter().any(|call| call.fault == Some(Fault::Stall) && call.ended.is_none()));
}

#[tokio::test]
async fn a_playlist_before_its_segment_is_a_broken_promise_and_after_it_is_none() {
    let (_folder, store) = faulty();
    let live = key("e/new/720p/live.m3u8");
    let text = "#EXTM3U\n#EXTINF:2,\n1.ts\n#EXT-X-GAP\n#EXTINF:2,\n2.ts\n#EXTINF:2,\n../../old/720p/3.ts\n";
    store.put(&key("e/new/720p/1.ts"), body("1"), PutIf::Always).await.unwrap();
    store.put(&live, body(text), PutIf::Always).await.unwrap();
    let broken = store.broken_promises();
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].contains("../../old/720p/3.ts"), "{broken:?}");

    let (_folder, store) = faulty();
    for stored in ["e/new/720p/1.ts", "e/old/720p/3.ts"] {
        store.put(&key(stored), body("x"), PutIf::Always).await.unwrap();
    }
    store.put(&live, body(text), PutIf::Always).await.unwrap();
    assert_eq!(store.broken_promises(), Vec::<String>::new());
    // A segment whose PUT failed, or that was deleted, is not there.
    store.delete(&key("e/new/720p/1.ts")).await.unwrap();
    store.put(&live, body(text), PutIf::Always).await.unwrap();
    assert_eq!(store.broken_promises().len(), 1);
}
