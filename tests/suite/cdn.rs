//! The shipped nginx cache in front of `/media/`, by what reaches the origin.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;

use crate::harness::http;
use crate::harness::media::Media;
use crate::harness::nginx::NginxCdn;
use crate::harness::s3_proxy::{HttpFault, S3Proxy};
use crate::harness::until;

const SEGMENT: &str = "night/abc/720p/01ARZ3NDEKTSV4RRFFQ69G5FAV-1.ts";
const LIVE: &str = "night/abc/720p/live.m3u8";

async fn cdn() -> (Media, S3Proxy, NginxCdn) {
    let media = Media::start();
    // Between them, to write down what reaches the origin.
    let counted = S3Proxy::to(media.address());
    let nginx = NginxCdn::before(counted.address()).await;
    (media, counted, nginx)
}

fn reached(counted: &S3Proxy) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for request in counted.requests() {
        *found.entry(request.key).or_default() += 1;
    }
    found
}

#[tokio::test]
async fn a_hundred_readers_of_a_new_segment_are_one_request() {
    let (media, counted, nginx) = cdn().await;
    let bytes = Bytes::from(vec![7; 750_000]);
    media.put(SEGMENT, bytes.clone()).await;
    // Slow enough that all of them wait for the first.
    counted.plan(|_, _, _| Some(HttpFault::Delay(Duration::from_millis(300))));
    let url = nginx.url(SEGMENT);
    let readers = (0..100).map(|n| {
        let url = format!("{url}?reader={n}");
        async move { http::get(&url).await }
    });
    for answer in futures_util::future::join_all(readers).await {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, bytes);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("content-type"), "video/mp2t");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let part = http::send(Method::GET, &url, &[("Range", "bytes=10-19")], "").await;
    assert_eq!((part.status.as_u16(), part.body.len()), (206, 10));
    assert_eq!(reached(&counted), HashMap::from([(SEGMENT.to_owned(), 1)]));
}

#[tokio::test]
async fn a_playlist_is_asked_for_once_a_second_and_never_given_old_after_a_pause() {
    let (media, counted, nginx) = cdn().await;
    media.put(LIVE, Bytes::from_static(b"#EXTM3U\none")).await;
    let url = nginx.url(LIVE);
    let begun = Instant::now();
    let mut asked = 0;
    while begun.elapsed() < Duration::from_millis(3_500) {
        let answers = futures_util::future::join_all((0..20).map(|_| http::get(&url))).await;
        assert!(answers.iter().all(|answer| answer.text() == "#EXTM3U\none"));
        asked += answers.len();
    }
    // The seconds are the clock's, which has one more begin than have passed.
    let seconds = usize::try_from(begun.elapsed().as_secs()).expect("small") + 2;
    let fetched = reached(&counted)[LIVE];
    assert!((2..=seconds).contains(&fetched), "{fetched} requests in {seconds} s reached the origin, of {asked}");

    // Once it has expired, the first reader already gets the new one.
    media.put(LIVE, Bytes::from_static(b"#EXTM3U\ntwo")).await;
    let before = reached(&counted)[LIVE];
    let seen = until("the playlist has expired", Duration::from_secs(5), async || {
        let answer = http::get(&url).await;
        (reached(&counted)[LIVE] > before).then_some(answer)
    })
    .await;
    assert_eq!(seen.text(), "#EXTM3U\ntwo");
}

#[tokio::test]
async fn a_404_is_not_kept_and_the_object_is_seen_when_it_comes() {
    let (media, counted, nginx) = cdn().await;
    let url = nginx.url(SEGMENT);
    for _ in 0..2 {
        let missing = http::get(&url).await;
        assert_eq!(missing.status, 404);
        assert!(missing.header("cache-control").contains("no-store"));
        assert_eq!(missing.header("access-control-allow-origin"), "*");
    }
    media.put(SEGMENT, Bytes::from_static(b"here")).await;
    assert_eq!(http::get(&url).await.text(), "here");

    // An origin that fails is not remembered either.
    counted.plan(|_, _, _| Some(HttpFault::Status(503)));
    let url = nginx.url(LIVE);
    assert_eq!(http::get(&url).await.status, 503);
    counted.heal();
    media.put(LIVE, Bytes::from_static(b"#EXTM3U")).await;
    assert_eq!(http::get(&url).await.status, 200);
}

#[tokio::test]
async fn the_cache_only_reads() {
    let (media, counted, nginx) = cdn().await;
    media.put(SEGMENT, Bytes::from_static(b"here")).await;
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(http::send(method, &nginx.url(SEGMENT), &[], "x").await.status, 405);
    }
    assert!(reached(&counted).is_empty());
    assert_eq!(http::send(Method::OPTIONS, &nginx.url(SEGMENT), &[], "").await.status, 204);
    let head = http::send(Method::HEAD, &nginx.url(SEGMENT), &[], "").await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "4"));
    assert_eq!(http::get(&nginx.url(SEGMENT)).await.text(), "here");
}
