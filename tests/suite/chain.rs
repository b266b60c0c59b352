//! From a camera to a phone: a real FFmpeg publishes, the real binary encodes and stores, and what a player would fetch
//! is looked at.

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::harness::ffmpeg::{Ffmpeg, Picture, SMALL, probe};
use crate::harness::night::{self, KEY, SMALL_LADDER, door, event_that};
use crate::harness::playlist::{Playlist, playback, playlist_that, steps_back, stored_twice};
use crate::harness::s3::S3Server;
use crate::harness::s3_proxy::{Request, S3Proxy};
use crate::harness::server::TestServer;
use crate::harness::socket::Socket;
use crate::harness::{http, ports, program, signal, until_blocking};

const EVENT: &str = "island-fight";
/// From the publisher's start to a live picture; two cores are shared with other tests.
const LIVE_WITHIN: Duration = Duration::from_secs(45);
const PICTURE: Duration = Duration::from_secs(30);

async fn live(server: &TestServer) {
    event_that(server, EVENT, "the picture is live", LIVE_WITHIN, |event| event["stream"] == "live").await;
}

fn puts(requests: &[Request], ending: &str) -> Vec<Request> {
    requests.iter().filter(|put| put.method == "PUT" && put.key.ends_with(ending)).cloned().collect()
}

/// First and last second of a track over everything a playlist names.
fn span(list: &str, track: &str) -> (f64, f64) {
    let done = program("ffprobe", "FFmpeg")
        .args([
            "-v",
            "error",
            "-select_streams",
            track,
            "-show_entries",
            "packet=pts_time,duration_time",
            "-of",
            "csv=p=0",
        ])
        .arg(list)
        .output()
        .expect("ffprobe runs");
    assert!(done.status.success(), "{list}: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    let times: Vec<(f64, f64)> = text
        .lines()
        .filter_map(|line| line.split_once(','))
        .filter_map(|(at, long)| Some((at.parse().ok()?, long.trim_end_matches(',').parse().unwrap_or(0.0))))
        .collect();
    let first = times.iter().map(|(at, _)| *at).fold(f64::MAX, f64::min);
    let end = times.iter().map(|(at, long)| at + long).fold(f64::MIN, f64::max);
    (first, end)
}

fn stream<'a>(probed: &'a Value, kind: &str) -> &'a Value {
    let streams = probed["streams"].as_array().expect("streams");
    streams.iter().find(|stream| stream["codec_type"] == kind).unwrap_or_else(|| panic!("no {kind}: {probed}"))
}

/// What the contract says of the objects of an event, asked from the store itself.
async fn has_the_contracts_headers(store: &S3Server, requests: &[Request]) {
    let mut seen = HashSet::new();
    for put in requests.iter().filter(|put| put.method == "PUT") {
        let name = put.key.rsplit('/').next().expect("a name");
        let (kind, cache) = match name {
            "master.m3u8" | "live.m3u8" => ("application/vnd.apple.mpegurl", "public, max-age=1"),
            "dvr.m3u8" => ("application/vnd.apple.mpegurl", "public, max-age=2"),
            name if name.starts_with("replay-") => ("application/vnd.apple.mpegurl", "public, max-age=60"),
            name if name.ends_with(".ts") => ("video/mp2t", "public, max-age=31536000, immutable"),
            other => panic!("{other} has no business on the store"),
        };
        if !seen.insert(if name.ends_with(".ts") { "segment" } else { name }) {
            continue;
        }
        let answer = http::get(&store.public_url(&put.key)).await;
        assert_eq!(answer.status, 200, "{}", put.key);
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), (kind, cache), "{}", put.key);
    }
    assert_eq!(seen, HashSet::from(["master.m3u8", "live.m3u8", "dvr.m3u8", "replay-all.m3u8", "segment"]));
}

/// The whole evening with the ladder that is shipped, on S3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_from_obs_to_s3_with_the_shipped_ladder_from_offline_to_ended() {
    let store = S3Server::start().await;
    let proxy = S3Proxy::to(store.address());
    let (door, port) = door();
    let fast = "[encoder]\npreset = \"ultrafast\"\n";
    let server = night::serve(&format!("{door}{fast}{}", store.toml(proxy.address()))).await;
    let (mut socket, told) = Socket::join(&server, EVENT).await;
    assert_eq!(told["data"]["status"], "offline");

    let mut publisher = Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/live/{KEY}"), &Picture::default());
    live(&server).await;
    socket.hear_that("stream:status", LIVE_WITHIN, |told| told["data"]["status"] == "live").await;
    let first = playback(&server, EVENT).await;
    let master_url = first["master"].as_str().expect("an address");
    let master = http::get(master_url).await;
    assert_eq!(master.status, 200);
    assert_eq!(master.text().matches("#EXT-X-STREAM-INF").count(), 3, "{}", master.text());
    for word in ["RESOLUTION=1280x720", "RESOLUTION=854x480", "RESOLUTION=640x360", "CODECS=\"avc1.", "mp4a.40.2"] {
        assert!(master.text().contains(word), "{word} in {}", master.text());
    }
    let list = playlist_that(&server, (EVENT, "360p", "live"), "four segments", PICTURE, |list| list.end() >= 4).await;
    assert!(!list.ended && list.gaps() == 0 && list.segments.iter().any(|segment| segment.dated), "{list:?}");
    list.fetch_all().await;

    // Another address, while it goes on.
    server.cli_ok(&["event", "rotate-epoch", EVENT]);
    let told = socket.hear_that("epoch:update", PICTURE, |told| told["data"]["master"] != first["master"]).await;
    let second = playback(&server, EVENT).await;
    assert_eq!(told["data"]["master"], second["master"]);
    let end = list.end();
    let on = playlist_that(&server, (EVENT, "720p", "live"), "it goes on", PICTURE, |list| list.end() > end + 2).await;
    on.fetch_all().await;
    assert!(on.sequence >= list.sequence);
    let dvr =
        playlist_that(&server, (EVENT, "720p", "dvr"), "old and new", PICTURE, |list| list.end() >= on.end()).await;
    assert!(dvr.segments.first().is_some_and(|segment| segment.name.starts_with("../../")), "{dvr:?}");
    assert!(dvr.segments.last().is_some_and(|segment| !segment.name.contains('/')), "{dvr:?}");

    // The publisher leaves: interrupted, by itself, and nothing is ended.
    publisher.interrupt();
    event_that(&server, EVENT, "interrupted", PICTURE, |event| event["stream"] == "interrupted").await;
    socket.hear_that("stream:status", PICTURE, |told| told["data"]["status"] == "interrupted").await;
    let before_end = proxy.requests();
    assert!(puts(&before_end, ".m3u8").iter().all(|put| !String::from_utf8_lossy(&put.body).contains("ENDLIST")));
    server.cli_ok(&["event", "end", EVENT]);
    socket.hear_that("stream:status", PICTURE, |told| told["data"]["status"] == "ended").await;
    for rendition in ["720p", "480p", "360p"] {
        playlist_that(&server, (EVENT, rendition, "live"), "ENDLIST", PICTURE, |list| list.ended).await;
        let whole = playlist_that(&server, (EVENT, rendition, "dvr"), "ENDLIST", PICTURE, |list| list.ended).await;
        assert_eq!(whole.gaps(), 0);
        playlist_that(&server, (EVENT, rendition, "replay-all"), "the replay", PICTURE, |list| list.ended).await;
        is_whole(&whole, if rendition == "360p" { 30 } else { 31 });
    }
    drop(server);

    let requests = proxy.requests();
    assert_eq!(proxy.broken_promises(), Vec::<String>::new());
    assert_eq!(steps_back(&requests), Vec::<String>::new());
    assert_eq!(stored_twice(&requests), Vec::<String>::new());
    has_the_contracts_headers(&store, &requests).await;
}

/// Level, codecs, and picture and sound that begin and end together.
fn is_whole(list: &Playlist, level: i64) {
    let probed = probe(&list.url);
    let (video, audio) = (stream(&probed, "video"), stream(&probed, "audio"));
    assert_eq!((&video["codec_name"], video["level"].as_i64()), (&"h264".into(), Some(level)), "{}", list.url);
    assert_eq!((&audio["codec_name"], &audio["sample_rate"]), (&"aac".into(), &"48000".into()), "{}", list.url);
    let (video, audio) = (span(&list.url, "v:0"), span(&list.url, "a:0"));
    let lengths = (video.1 - video.0, audio.1 - audio.0);
    assert!((video.0 - audio.0).abs() < 0.1 && (lengths.0 - lengths.1).abs() < 0.2, "{video:?} {audio:?}");
    assert!((lengths.0 - list.seconds()).abs() < 0.2, "{lengths:?} of {} s listed", list.seconds());
}

/// The folder store: what a phone gets from the binary alone, and a drain that loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_in_the_folder_is_served_and_a_clean_restart_goes_on() {
    let (door, port) = door();
    let mut server = night::serve(&format!("{door}{SMALL_LADDER}")).await;
    let url = format!("rtmp://127.0.0.1:{port}/live/{KEY}");
    let publisher = Ffmpeg::publish_rtmp(&url, &SMALL);
    live(&server).await;
    let list = playlist_that(&server, (EVENT, "180p", "live"), "four segments", PICTURE, |list| list.end() >= 4).await;
    assert!(list.url.starts_with(&server.url("/media/island-fight/")));
    list.fetch_all().await;
    let watch = http::get(&server.url("/watch/island-fight")).await;
    assert!(watch.text().contains("data-phase=\"live\"") && watch.text().contains("master.m3u8"));
    assert!(http::get(&server.url("/")).await.text().contains("Island Fight"));
    assert_eq!(http::get(&server.url("/health")).await.json()["status"], "ok");
    let metrics = http::get(&server.url("/metrics")).await;
    for name in ["bakuhantam_ingest_publishers 1", "bakuhantam_http_requests_total"] {
        assert!(metrics.text().contains(name), "{name} in {}", metrics.text());
    }

    server.allow("publisher refused");
    server.stop();
    drop(publisher);
    let (before, text) = on_disk(&server, &list);
    // What FFmpeg had written when it was told to stop is listed.
    assert!(before.end() >= list.end(), "{text}");
    server.serve().await;
    let again = Ffmpeg::publish_rtmp(&url, &SMALL);
    let after = playlist_that(&server, (EVENT, "180p", "live"), "it goes on", LIVE_WITHIN, |after| {
        after.end() >= before.end() + 2
    })
    .await;
    assert!(after.sequence >= before.sequence && after.discontinuities >= before.discontinuities);
    after.fetch_all().await;
    let dvr = playlist_that(&server, (EVENT, "180p", "dvr"), "two runs", PICTURE, |dvr| dvr.runs().len() == 2).await;
    assert_eq!(dvr.segments.iter().filter(|segment| segment.discontinuity).count(), 1, "{dvr:?}");
    dvr.fetch_all().await;
    drop(again);
}

/// A playlist of the folder store without a server.
fn on_disk(server: &TestServer, list: &Playlist) -> (Playlist, String) {
    let key = list.url.split("/media/").nth(1).expect("a key");
    let text = std::fs::read_to_string(server.data().join("media").join(key)).expect("the playlist");
    (Playlist::read(&list.url, &text), text)
}

/// `bakuhantam transcode`, ended by TERM or with the test.
struct Transcode(Child);

impl Transcode {
    fn listen(server: &TestServer, input: &str) -> Self {
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", env!("CARGO_BIN_EXE_bakuhantam")])
            .args(["transcode", "--event", EVENT, "--input", input, "--config"])
            .arg(server.config())
            .stdin(Stdio::null())
            .spawn()
            .expect("setpriv runs (util-linux)");
        Self(child)
    }

    fn stop(mut self) {
        signal(self.0.id(), "TERM");
        let child = &mut self.0;
        let ended = until_blocking("transcode ends", Duration::from_secs(15), || child.try_wait().expect("a child"));
        assert_eq!(ended.code(), Some(0));
    }
}

impl Drop for Transcode {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_by_srt_through_transcode_is_published_and_outlives_the_server() {
    let mut server = night::serve(SMALL_LADDER).await;
    let port = ports::free();
    let transcode =
        Transcode::listen(&server, &format!("srt://127.0.0.1:{port}?mode=listener&passphrase=a-long-passphrase"));
    let url = |passphrase: &str| format!("srt://127.0.0.1:{port}?mode=caller&passphrase={passphrase}&pkt_size=1316");
    let publisher = publish_srt(&url("a-long-passphrase"));
    live(&server).await;
    let list = playlist_that(&server, (EVENT, "180p", "live"), "four segments", PICTURE, |list| list.end() >= 4).await;
    list.fetch_all().await;

    // The server restarts; the encoder does not, so it is the same run.
    server.sigkill();
    server.serve().await;
    let end = list.end();
    let after =
        playlist_that(&server, (EVENT, "180p", "live"), "it goes on", PICTURE, |after| after.end() >= end + 3).await;
    assert_eq!(after.gaps(), 0, "{after:?}");
    let dvr =
        playlist_that(&server, (EVENT, "180p", "dvr"), "all of it", PICTURE, |dvr| dvr.end() >= after.end()).await;
    assert_eq!(dvr.runs().len(), 1, "{dvr:?}");
    assert!(dvr.segments.iter().skip(1).all(|segment| !segment.discontinuity), "{dvr:?}");
    dvr.fetch_all().await;
    drop(publisher);
    transcode.stop();
}

/// Publishes by SRT; tried again until the listener is there, as cameras do.
fn publish_srt(url: &str) -> Ffmpeg {
    until_blocking("SRT connects", LIVE_WITHIN, || {
        let mut publisher = Ffmpeg::publish_srt(url, &SMALL);
        std::thread::sleep(Duration::from_millis(1_500));
        publisher.is_running().then_some(publisher)
    })
}
