//! The encoder on a real FFmpeg: feeds and the test picture by the library's door, `transcode` by the binary's.

mod media;
mod transcode;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bakuhantam::clock::SystemClock;
use bakuhantam::config;
use bakuhantam::ids::{EventSlug, SystemRandom};
use bakuhantam::stream::encoder::{Encoders, Feed, FeedError, FindingState, TestPicture, examine};
use bytes::Bytes;
use tempfile::TempDir;

use crate::harness::{signal, until};
use media::{durations, ffmpegs_of, make, runs, segments, spans, starts_with_a_keyframe, stream};

/// Two cores may be shared by several tests: deadlines only end what hangs.
const LONG: Duration = Duration::from_secs(60);

fn event() -> EventSlug {
    "malam-juara".parse().unwrap()
}

/// Two small rungs, encoded as fast as x264 can.
fn small_ladder() -> config::Encoder {
    let mut encoder = config::Encoder { preset: "ultrafast".into(), ..config::Encoder::default() };
    encoder.renditions.truncate(2);
    for (rung, (name, height)) in encoder.renditions.iter_mut().zip([("180p", 180), ("90p", 90)]) {
        (rung.name, rung.height) = (name.parse().unwrap(), height);
        (rung.bitrate_kbps, rung.maxrate_kbps, rung.bufsize_kbps) = (300, 400, 600);
    }
    encoder
}

fn encoders(config: config::Encoder, dir: &TempDir) -> Encoders {
    let random = Arc::new(SystemRandom::default());
    Encoders::new(config, dir.path().join("hls"), Arc::new(SystemClock), random)
}

async fn push_file(feed: &mut Feed, file: &Path) -> Result<(), FeedError> {
    let bytes = Bytes::from(std::fs::read(file).unwrap());
    let mut rest = bytes;
    while !rest.is_empty() {
        feed.push(rest.split_to(rest.len().min(4_096))).await?;
    }
    Ok(())
}

/// Encodes an FLV file through a feed; gives the run's folder.
async fn encode(config: config::Encoder, dir: &TempDir, flv: &Path) -> PathBuf {
    let encoders = encoders(config, dir);
    let mut feed = encoders.open_feed(&event()).await.unwrap();
    let folder = encoders.hls_dir().join(event().as_str()).join(feed.run().as_str());
    push_file(&mut feed, flv).await.unwrap();
    feed.finish().await;
    folder
}

#[tokio::test]
async fn default_ladder_has_its_levels_and_aligned_keyframes() {
    let dir = tempfile::tempdir().unwrap();
    let flv = make(&dir, "in.flv", &["testsrc2=s=1280x720:r=30:d=6.5", "sine=f=440:d=6.5"], &[]);
    let config = config::Encoder { preset: "ultrafast".into(), ..config::Encoder::default() };
    let run = encode(config, &dir, &flv).await;
    let mut lengths = Vec::new();
    for (name, size, level) in [("720p", (1280, 720), 31), ("480p", (854, 480), 31), ("360p", (640, 360), 30)] {
        let rung = run.join(name);
        let files = segments(&rung);
        assert_eq!(files.len(), 4, "{name}");
        for file in &files {
            assert!(starts_with_a_keyframe(file), "{}", file.display());
        }
        let video = stream(&files[0], "video");
        assert_eq!(video["level"], level, "{name}");
        assert_eq!((video["width"].as_u64(), video["height"].as_u64()), (Some(size.0), Some(size.1)));
        assert_eq!(video["sample_aspect_ratio"], "1:1");
        let audio = stream(&files[0], "audio");
        assert_eq!((audio["sample_rate"].as_str(), audio["channels"].as_u64()), (Some("48000"), Some(2)));
        lengths.push(durations(&rung));
    }
    assert!(lengths[0][..3].iter().all(|length| (length - 2.0).abs() < 0.001), "{lengths:?}");
    assert!(lengths.iter().all(|rung| *rung == lengths[0]), "{lengths:?}");
    assert!(ffmpegs_of(dir.path()).is_empty());
}

#[tokio::test]
async fn what_goes_in_comes_out_as_long_with_sound_and_picture_together() {
    let long = crate::harness::find_variable("BAKUHANTAM_TEST_LONG").is_some();
    let seconds: f64 = if long { 30.0 } else { 10.0 };
    let picture = format!("testsrc2=s=320x180:r=30:d={seconds}");
    let sine = format!("sine=f=440:r=48000:d={seconds}");
    let still = format!("anullsrc=r=44100:cl=stereo:d={seconds}");
    for (name, sound, more) in [
        ("plain", &sine, &[][..]),
        ("silence at 44.1 kHz", &still, &[]),
        ("over 0xFFFFFF ms", &sine, &["-output_ts_offset", "16772.216"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let flv = make(&dir, "in.flv", &[&picture, sound], more);
        let run = encode(small_ladder(), &dir, &flv).await;
        for rung in ["180p", "90p"] {
            let (video, audio) = spans(&segments(&run.join(rung)));
            // AAC adds a packet at the start and fills the last one: the two may differ from the input by as much.
            assert!((video.length() - audio.length()).abs() < 0.05, "{name}: {video:?} {audio:?}");
            assert!((video.length() - seconds).abs() < 0.05, "{name}: {video:?} {audio:?}");
            assert!((video.first - audio.first).abs() < 0.05, "{name}: {video:?} {audio:?}");
        }
    }
}

#[tokio::test]
async fn late_sound_begins_with_the_picture() {
    let dir = tempfile::tempdir().unwrap();
    let flv =
        make(&dir, "in.flv", &["testsrc2=s=320x180:r=30:d=8[out0];sine=f=440:d=6.5,asetpts=PTS+1.5/TB[out1]"], &[]);
    let run = encode(small_ladder(), &dir, &flv).await;
    let (video, audio) = spans(&segments(&run.join("180p")));
    assert!((video.first - audio.first).abs() < 0.05, "{video:?} {audio:?}");
    assert!((video.length() - 8.0).abs() < 0.05 && (audio.length() - 8.0).abs() < 0.05, "{video:?} {audio:?}");
}

#[tokio::test]
async fn a_feed_without_sound_has_silence_until_sound_comes() {
    let dir = tempfile::tempdir().unwrap();
    let flv = make(&dir, "in.flv", &["testsrc2=s=320x180:r=30:d=6"], &[]);
    let run = encode(small_ladder(), &dir, &flv).await;
    let (video, audio) = spans(&segments(&run.join("90p")));
    assert!((video.length() - 6.0).abs() < 0.05, "{video:?}");
    assert!((audio.length() - 6.0).abs() < 0.1, "{audio:?}");

    // Sound after five seconds: the silent run ends, so that the pusher opens one with sound.
    let later =
        make(&dir, "later.flv", &["testsrc2=s=320x180:r=30:d=8[out0];sine=f=440:d=3,asetpts=PTS+5/TB[out1]"], &[]);
    let encoders = encoders(small_ladder(), &dir);
    let mut feed = encoders.open_feed(&event()).await.unwrap();
    let folder = encoders.hls_dir().join(event().as_str()).join(feed.run().as_str());
    let pushed = push_file(&mut feed, &later).await.err();
    let next = async |feed: &mut Feed| feed.push(Bytes::from_static(&[0])).await.err();
    let ended = match pushed {
        Some(error) => error,
        None => until("the silent run ends", LONG, async || next(&mut feed).await).await,
    };
    assert_eq!(ended, FeedError::Ended);
    feed.finish().await;
    until("FFmpeg has ended", LONG, async || ffmpegs_of(dir.path()).is_empty().then_some(())).await;
    let (video, audio) = spans(&segments(&folder.join("180p")));
    assert!((video.length() - 5.0).abs() < 0.2 && (audio.length() - 5.0).abs() < 0.2, "{video:?} {audio:?}");
    encoders.stop_all().await;
}

#[tokio::test]
async fn a_feed_without_a_picture_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let flv = make(&dir, "in.flv", &["sine=f=440:d=8"], &[]);
    let encoders = encoders(small_ladder(), &dir);
    let mut feed = encoders.open_feed(&event()).await.unwrap();
    let refused = until("the refusal", LONG, async || push_file(&mut feed, &flv).await.err()).await;
    let FeedError::NotStarted(words) = refused else { panic!("{refused:?}") };
    assert!(words.contains("no picture"), "{words}");
    feed.finish().await;
    assert!(runs(&dir, &event()).is_empty(), "an empty run leaves no folder");
}

#[tokio::test]
async fn a_blocked_ffmpeg_pushes_back_is_stuck_and_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let flv = make(&dir, "in.flv", &["testsrc2=s=320x180:r=30:d=10", "sine=f=440:d=10"], &[]);
    let encoders = encoders(small_ladder(), &dir);
    let mut feed = encoders.open_feed(&event()).await.unwrap();
    push_file(&mut feed, &flv).await.unwrap();
    let pid = until("FFmpeg runs", LONG, async || ffmpegs_of(dir.path()).first().copied()).await;
    signal(pid, "STOP");
    let begun = Instant::now();
    let piece = Bytes::from(vec![0_u8; 1024 * 1024]);
    let mut taken = 0;
    let stuck = loop {
        match feed.push(piece.clone()).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(stuck, FeedError::Stuck | FeedError::Ended), "{stuck:?}");
    assert!((7..=8).contains(&taken), "eight MiB may wait, {taken} were taken");
    assert!(begun.elapsed() >= Duration::from_secs(9), "{:?}", begun.elapsed());
    // TERM does not reach a stopped process, KILL does.
    tokio::time::timeout(Duration::from_secs(15), encoders.stop_all()).await.expect("a blocked FFmpeg is killed");
    assert!(ffmpegs_of(dir.path()).is_empty());
    assert!(matches!(feed.push(piece).await, Err(FeedError::Draining | FeedError::Ended)));
}

#[tokio::test]
async fn an_ffmpeg_that_dies_ends_its_feed_and_the_next_feed_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let flv = make(&dir, "in.flv", &["testsrc2=s=320x180:r=30:d=6", "sine=f=440:d=6"], &[]);
    let encoders = encoders(small_ladder(), &dir);
    let mut feed = encoders.open_feed(&event()).await.unwrap();
    push_file(&mut feed, &flv).await.unwrap();
    let pid = until("FFmpeg runs", LONG, async || ffmpegs_of(dir.path()).first().copied()).await;
    signal(pid, "KILL");
    let ended = until("the feed ends", LONG, async || feed.push(Bytes::from_static(&[0; 64])).await.err()).await;
    assert_eq!(ended, FeedError::Ended);
    let mut next = encoders.open_feed(&event()).await.unwrap();
    assert!(next.run() > feed.run());
    push_file(&mut next, &flv).await.unwrap();
    let folder = encoders.hls_dir().join(event().as_str()).join(next.run().as_str());
    next.finish().await;
    assert!(segments(&folder.join("180p")).len() >= 3);
    encoders.stop_all().await;
}

#[tokio::test]
async fn the_test_picture_survives_its_ffmpeg_and_stops_with_the_encoders() {
    let dir = tempfile::tempdir().unwrap();
    let encoders = encoders(small_ladder(), &dir);
    let picture = TestPicture::start(&encoders, &event(), "Malam Juara: 'Final', 100%").await.unwrap();
    let has_segments = |nth: usize| {
        let run = runs(&dir, &event()).into_iter().nth(nth)?;
        segments(&run.join("180p")).into_iter().next()
    };
    let first = until("a segment", LONG, async || has_segments(0)).await;
    assert!(starts_with_a_keyframe(&first));
    signal(ffmpegs_of(dir.path())[0], "KILL");
    until("a segment of a second run", LONG, async || has_segments(1)).await;
    encoders.stop_all().await;
    assert!(ffmpegs_of(dir.path()).is_empty());
    drop(picture);
}

#[test]
fn a_complete_ffmpeg_is_found_fit_and_a_wrong_level_is_not() {
    let mut config = small_ladder();
    let findings = examine(&config);
    assert!(findings.iter().all(|finding| finding.state == FindingState::Ok), "{findings:?}");
    config.preset = "no-such-preset".into();
    let findings = examine(&config);
    let failing: Vec<_> = findings.iter().filter(|finding| finding.state == FindingState::Failing).collect();
    assert!(failing.len() == 1 && failing[0].advice.contains("no-such-preset"), "{findings:?}");
}
