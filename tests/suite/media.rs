//! The folder store over HTTP, as players and caches see it.

use bytes::Bytes;
use hyper::Method;

use crate::harness::http::{self, Answer};
use crate::harness::media::Media;

const SEGMENT: &str = "night/abc/720p/01ARZ3NDEKTSV4RRFFQ69G5FAV-1.ts";

impl Media {
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        http::send(method, &format!("http://{}/media/{path}", self.address()), headers, "").await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers).await
    }
}

fn bytes() -> Bytes {
    (0..400_000_u32).map(|n| u8::try_from(n % 253).expect("small")).collect()
}

fn is_open(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn each_kind_has_the_headers_of_the_contract() {
    let media = Media::start();
    for (key, content_type, cache_control) in [
        (SEGMENT, "video/mp2t", "public, max-age=31536000, immutable"),
        ("night/abc/master.m3u8", "application/vnd.apple.mpegurl", "public, max-age=1"),
        ("night/abc/720p/live.m3u8", "application/vnd.apple.mpegurl", "public, max-age=1"),
        ("night/abc/dvr.m3u8", "application/vnd.apple.mpegurl", "public, max-age=2"),
        ("night/abc/replay-all.m3u8", "application/vnd.apple.mpegurl", "public, max-age=60"),
    ] {
        media.put(key, bytes()).await;
        let seen = media.get(key, &[]).await;
        assert_eq!(seen.status, 200, "{key}");
        assert_eq!(seen.body, bytes(), "{key}");
        assert_eq!(seen.header("content-type"), content_type, "{key}");
        assert_eq!(seen.header("cache-control"), cache_control, "{key}");
        assert_eq!(seen.header("content-length"), "400000", "{key}");
        assert_eq!(seen.header("accept-ranges"), "bytes", "{key}");
        is_open(&seen);
        let head = media.ask(Method::HEAD, key, &[]).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{key}");
        assert_eq!(head.header("content-length"), "400000", "{key}");
        assert_eq!(head.header("etag"), seen.header("etag"), "{key}");
    }
}

#[tokio::test]
async fn a_range_is_given_and_one_outside_is_refused() {
    let media = Media::start();
    media.put(SEGMENT, bytes()).await;
    let part = media.get(SEGMENT, &[("Range", "bytes=131070-262150")]).await;
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), "bytes 131070-262150/400000");
    assert_eq!(part.body, bytes().slice(131_070..=262_150));
    is_open(&part);
    let tail = media.get(SEGMENT, &[("Range", "bytes=-5")]).await;
    assert_eq!((tail.status.as_u16(), tail.body), (206, bytes().slice(399_995..)));

    let outside = media.get(SEGMENT, &[("Range", "bytes=400000-")]).await;
    assert_eq!(outside.status, 416);
    assert_eq!(outside.header("content-range"), "bytes */400000");
    assert_eq!(outside.header("cache-control"), "no-store");
    let several = media.get(SEGMENT, &[("Range", "bytes=0-1,5-6")]).await;
    assert_eq!((several.status.as_u16(), several.body.len()), (200, 400_000));
}

#[tokio::test]
async fn a_tag_tells_new_bytes_from_old_ones() {
    let media = Media::start();
    let live = "night/abc/720p/live.m3u8";
    media.put(live, Bytes::from_static(b"#EXTM3U one")).await;
    let first = media.get(live, &[]).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"'), "a strong tag: {tag}");

    let same = media.get(live, &[("If-None-Match", &tag)]).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    assert_eq!(same.header("cache-control"), "public, max-age=1");
    is_open(&same);
    let part = media.get(live, &[("If-Range", &tag), ("Range", "bytes=0-6")]).await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "#EXTM3U"));

    // The same length within the same tick of the clock is another file all the same.
    media.put(live, Bytes::from_static(b"#EXTM3U two")).await;
    let changed = media.get(live, &[("If-None-Match", &tag)]).await;
    assert_eq!((changed.status.as_u16(), changed.text()), (200, "#EXTM3U two"));
    let whole = media.get(live, &[("If-Range", &tag), ("Range", "bytes=0-6")]).await;
    assert_eq!((whole.status.as_u16(), whole.text()), (200, "#EXTM3U two"));
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let media = Media::start();
    media.put(SEGMENT, bytes()).await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let refused = media.ask(method.clone(), SEGMENT, &[]).await;
        assert_eq!(refused.status, 405, "{method}");
        assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS");
        assert_eq!(refused.header("cache-control"), "no-store");
    }
    let asked = [("Origin", "https://other.example"), ("Access-Control-Request-Headers", "range")];
    let preflight = media.ask(Method::OPTIONS, SEGMENT, &asked).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    is_open(&preflight);
    assert_eq!(media.get(SEGMENT, &[]).await.status, 200);
}

#[tokio::test]
async fn what_is_no_object_does_not_exist() {
    let media = Media::start();
    media.put(SEGMENT, bytes()).await;
    let root = media.folder().join("media");
    std::fs::write(media.folder().join("secret.ts"), "secret").expect("a file");
    std::fs::write(root.join("night/.hidden.ts"), "secret").expect("a file");
    std::fs::write(root.join("night/page.html"), "<script>").expect("a file");
    std::fs::create_dir(root.join("night/folder.ts")).expect("a folder");
    std::os::unix::fs::symlink("../../secret.ts", root.join("night/link.ts")).expect("a link");
    for path in [
        "",
        "night",
        "night/",
        "night/abc/720p/",
        "night/missing.ts",
        "night/.hidden.ts",
        "night/page.html",
        "night/folder.ts",
        "night/link.ts",
        "../secret.ts",
        "%2e%2e/secret.ts",
        "night/..%2f..%2f..%2fsecret.ts",
        "night//abc/720p/x.ts",
        "night/abc%00.ts",
    ] {
        let missing = media.get(path, &[]).await;
        assert_eq!(missing.status, 404, "{path}");
        assert!(!missing.text().contains("secret"), "{path}");
        if !path.starts_with("..") {
            assert_eq!(missing.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn a_reader_of_a_replaced_object_gets_one_of_them_whole() {
    let media = Media::start();
    let live = "night/abc/720p/live.m3u8";
    let texts: Vec<Bytes> = (0..8_u8).map(|n| Bytes::from(vec![b'a' + n; 300_000])).collect();
    media.put(live, texts[0].clone()).await;
    let writing = async {
        for text in &texts {
            media.put(live, text.clone()).await;
        }
    };
    let reading = async {
        for _ in 0..20 {
            let seen = media.get(live, &[]).await.body;
            assert_eq!(seen.len(), 300_000);
            assert!(seen.iter().all(|byte| *byte == seen[0]), "two objects in one answer");
        }
    };
    futures_util::future::join(writing, reading).await;
}
