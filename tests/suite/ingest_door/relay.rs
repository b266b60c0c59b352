//! What goes in comes out: times, runs, restarts.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;

use bakuhantam::config::Takeover;

use super::client::{AAC_FRAME, AVC_HEADER, AVC_KEY, Client, blocking, message};
use super::house::{House, KEY, until, words};

/// First and last time of a track in a file, in seconds, with the last packet's duration.
fn span(file: &Path, track: &str) -> f64 {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", track, "-show_entries", "packet=pts_time,duration_time"])
        .args(["-of", "csv=p=0"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut first, mut end) = (f64::MAX, f64::MIN);
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let mut fields = line.split(',').map(|field| field.parse::<f64>().unwrap_or(0.0));
        let (at, lasts) = (fields.next().unwrap(), fields.next().unwrap_or(0.0));
        first = first.min(at);
        end = end.max(at + lasts);
    }
    assert!(first < 0.2, "a run begins at 0: {first}");
    end - first
}

fn assert_30_seconds(file: &Path) {
    for track in ["v", "a"] {
        let lasts = span(file, track);
        assert!((lasts - 30.0).abs() <= 0.05, "{track} of {} lasts {lasts} s", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_seconds_in_are_thirty_seconds_out() {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"];
    let codecs = ["-t", "30", "-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-c:a", "aac"];
    let stereo_48 = ["-f", "lavfi", "-i", "sine=sample_rate=48000"];
    let silence_44 = ["-f", "lavfi", "-i", "anullsrc=r=44100"];
    // 24 bits of milliseconds end 0.2 s after 16,777 s.
    let late = ["-output_ts_offset", "16777"];
    let house = House::open();
    let cases: [(&[&str], &[&str]); 4] =
        [(&stereo_48, &[]), (&silence_44, &[]), (&silence_44, &late), (&stereo_48, &["-bf", "2", "-ar", "44100"])];
    for (run, (sound, more)) in cases.into_iter().enumerate() {
        let ffmpeg = house.ffmpeg(&format!("live/{KEY}"), &[&picture[..], sound, &codecs, more].concat());
        let output = words(ffmpeg).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        until("the run is finished", || house.recorder.finished() == run + 1).await;
        assert_eq!(house.recorder.opened(), run + 1, "one run for each session");
        assert_30_seconds(&house.recorder.run(run));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn picture_alone_and_sound_alone_are_whole_files() {
    let house = House::open();
    let output = words(house.ffmpeg(
        &format!("live/{KEY}?user=x"),
        &["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15", "-t", "5", "-c:v", "libx264", "-preset", "ultrafast"],
    ))
    .await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = words(house.ffmpeg(
        "live/key-of-rehearsal",
        &["-f", "lavfi", "-i", "sine", "-t", "5", "-c:a", "libmp3lame", "-ar", "44100"],
    ))
    .await;
    assert!(output.status.success(), "a draft may rehearse: {}", String::from_utf8_lossy(&output.stderr));
    until("both are finished", || house.recorder.finished() == 2).await;
    assert!((span(&house.recorder.run(0), "v") - 5.0).abs() < 0.1);
    assert!((span(&house.recorder.run(1), "a") - 5.0).abs() < 0.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_killed_and_back_goes_on_with_a_new_run() {
    let house = House::open();
    let mut first = house.live(KEY);
    until("the first run grows", || house.recorder.len(0) > 20_000).await;
    first.kill().await.unwrap();
    let mut second = house.live(KEY);
    until("the second run grows", || house.recorder.len(1) > 20_000).await;
    second.kill().await.unwrap();
    until("both are finished", || house.recorder.finished() == 2).await;
    for run in 0..2 {
        assert!(span(&house.recorder.run(run), "v") > 0.2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_ends_is_replaced_and_the_publisher_stays() {
    let house = House::open();
    *house.recorder.ends_after.lock().unwrap() = vec![40_000, 30_000];
    let mut publisher = house.live(KEY);
    until("the third run grows", || house.recorder.len(2) > 20_000).await;
    assert!(publisher.try_wait().unwrap().is_none(), "FFmpeg is still publishing");
    publisher.kill().await.unwrap();
    until("the last run is finished", || house.recorder.finished() == 1).await;
    assert_eq!(house.recorder.opened(), 3);
    for run in 0..3 {
        // ffprobe names what it cannot decode: each run begins with headers and a keyframe.
        assert!(span(&house.recorder.run(run), "v") > 0.2 && span(&house.recorder.run(run), "a") > 0.2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_encoder_cuts_its_publisher_in_words() {
    let house = House::open();
    house.recorder.stuck.store(true, Ordering::SeqCst);
    let output = words(house.live(KEY)).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("encoder cannot keep up"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn interleaved_chunk_streams_keep_their_times() {
    let house = House::open();
    let port = house.port();
    blocking(move || {
        let mut client = Client::publishing(port, KEY);
        client.send(&[message(6, 9, 0, AVC_HEADER), message(6, 9, 0, AVC_KEY), message(4, 8, 0, AAC_FRAME)].concat());
        let long_sound = message(4, 8, 40, &[&[0xaf, 1][..], &[0; 198]].concat());
        let long_picture = message(6, 9, 33, &[&[0x27, 1, 0, 0, 0][..], &[0; 195]].concat());
        // Chunks of 128 bytes, woven: header 12, then 128, then a one-byte header and the rest.
        for part in
            [&long_sound[..140], &long_picture[..140], &[0xc4], &long_sound[140..], &[0xc6], &long_picture[140..]]
        {
            client.send(part);
        }
    })
    .await;
    until("the run is finished", || house.recorder.finished() == 1).await;
    let bytes = std::fs::read(house.recorder.run(0)).unwrap();
    let tags: Vec<(u8, usize, u8)> = {
        let mut tags = Vec::new();
        let mut rest = &bytes[13..];
        while !rest.is_empty() {
            let len = usize::from(rest[2]) << 8 | usize::from(rest[3]);
            tags.push((rest[0], len, rest[6]));
            rest = &rest[15 + len..];
        }
        tags
    };
    assert_eq!(tags, [(9, 9, 0), (9, 11, 0), (8, 4, 0), (8, 200, 40), (9, 200, 33)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_publisher_is_refused_while_the_first_sends_and_takes_over_when_it_is_silent() {
    let house = House::open();
    let port = house.port();
    let mut first = house.live(KEY);
    until("the first run grows", || house.recorder.len(0) > 20_000).await;
    let refused = words(house.live(KEY)).await;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("already live"), "{said}");
    assert!(first.try_wait().unwrap().is_none());
    first.kill().await.unwrap();
    until("the first run is finished", || house.recorder.finished() == 1).await;

    let mut silent = blocking(move || Client::publishing(port, KEY)).await;
    let mut refusals = 0;
    let mut second = loop {
        // Refused until three seconds have passed.
        let mut publisher = house.live(KEY);
        let runs = house.recorder.opened();
        let mut ended = None;
        until("refused or let in", || {
            ended = publisher.try_wait().unwrap();
            ended.is_some() || house.recorder.opened() > runs
        })
        .await;
        if ended.is_none() {
            break publisher;
        }
        refusals += 1;
    };
    assert!(refusals > 0);
    blocking(move || silent.hears("taken over")).await;
    second.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_publisher_wins_where_the_operator_says_so() {
    let house = House::open_with(|ingest, _| ingest.takeover = Takeover::Always);
    let first = house.live(KEY);
    until("the first run grows", || house.recorder.len(0) > 20_000).await;
    let mut second = house.live(KEY);
    let output = words(first).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("taken over"), "{said}");
    until("the second run grows", || house.recorder.len(1) > 20_000).await;
    second.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_tells_the_publisher_and_waits_for_the_last_segment() {
    let mut house = House::open();
    let publisher = house.live(KEY);
    until("the run grows", || house.recorder.len(0) > 20_000).await;
    house.door.take().unwrap().drain().await;
    assert_eq!(house.recorder.finished(), 1);
    let said = words(publisher).await;
    let said = String::from_utf8_lossy(&said.stderr);
    assert!(said.contains("the server is restarting"), "{said}");
}
