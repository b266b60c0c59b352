//! The publisher on real FFmpeg output, a real disk and a store in memory that looks at every PUT.

mod sold;
mod stage;
mod take_up;
mod witness;

use std::sync::atomic::Ordering;
use std::time::Duration;

use self::stage::*;
use self::witness::sequence;
use super::facts::StreamStatus;
use crate::clock::Micros;

#[tokio::test(flavor = "multi_thread")]
async fn ffmpegs_picture_is_on_the_store_while_it_is_made() {
    let stage = Stage::open().await;
    let folder = stage.config.hls_dir.join(event().as_str()).join(run_id(1).as_str());
    let mut ffmpeg = ffmpeg(&folder, 5, true);
    stage.until("the picture is live", |s| s.last_report().is_some_and(|r| r.status == StreamStatus::Live)).await;
    assert!(ffmpeg.try_wait().unwrap().is_none(), "live before FFmpeg is done");
    stage.until("all five are listed", |s| s.is_listed_until('a', 5)).await;
    ffmpeg.wait().unwrap();
    let report = stage.last_report().unwrap();
    assert_eq!(report.epoch, Some(epoch('a')));
    let live = stage.live('a', "720p").unwrap();
    assert!(!live.contains("ENDLIST"), "FFmpeg's end is not the event's");
    assert_eq!(live.matches("#EXT-X-PROGRAM-DATE-TIME").count(), 5);
    let master = stage.store.text("master.m3u8").unwrap();
    assert!(master.contains("720p/live.m3u8") && master.contains("360p/live.m3u8"));
    let puts = stage.store.puts_of("m3u8");
    let at = |name: &str| puts.iter().position(|key| key.ends_with(name)).unwrap();
    assert!(at("master.m3u8") > at("720p/live.m3u8").max(at("360p/live.m3u8")));
    stage.until("it stands still", |s| s.last_report().unwrap().status == StreamStatus::Interrupted).await;
    assert_eq!(stage.store.puts_of(".ts").len(), 10, "each segment once");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_it_goes_on_and_sends_nothing_twice() {
    let mut stage = Stage::open().await;
    for n in 0..3 {
        stage.close(1, n);
    }
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    stage.kill();
    for n in 3..5 {
        stage.close(1, n);
    }
    stage.start().await;
    stage.until("five are listed", |s| s.is_listed_until('a', 5)).await;
    for n in 5..9 {
        stage.close(1, n);
    }
    stage.until("nine are listed", |s| s.is_listed_until('a', 9)).await;
    let live = stage.live('a', "360p").unwrap();
    assert_eq!(sequence(&live), (3, 9));
    assert!(!live.contains("DISCONTINUITY") && !live.contains("GAP"));
    let mut sent = stage.store.puts_of(".ts");
    sent.sort();
    let count = sent.len();
    sent.dedup();
    assert_eq!((count, sent.len()), (18, 18));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_is_asked_about_and_not_sent_again() {
    let mut stage = Stage::open().await;
    stage.store.lose_replies.store(2, Ordering::SeqCst);
    stage.close(1, 0);
    stage.until("it is listed", |s| s.is_listed_until('a', 1)).await;
    assert_eq!(stage.store.puts_of(".ts").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_is_never_answered_is_tried_again_in_time() {
    let mut stage = Stage::open().await;
    stage.store.stalls.store(2, Ordering::SeqCst);
    stage.close(1, 0);
    stage.until("it is listed", |s| s.is_listed_until('a', 1)).await;
    assert!(!stage.live('a', "720p").unwrap().contains("GAP"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_restart_is_a_discontinuity_and_the_old_run_is_over() {
    let mut stage = Stage::open().await;
    for n in 0..2 {
        stage.close(1, n);
    }
    stage.until("two are listed", |s| s.is_listed_until('a', 2)).await;
    for n in 0..2 {
        stage.close(2, n);
    }
    stage.until("four are listed", |s| s.is_listed_until('a', 4)).await;
    stage.close(1, 2);
    stage.close(2, 2);
    stage.until("five are listed", |s| s.is_listed_until('a', 5)).await;
    let live = stage.live('a', "720p").unwrap();
    let names: Vec<_> = live.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)].map(|(run, n)| format!("{}-{n:08}.ts", run_id(run)));
    assert_eq!(names, expected);
    assert_eq!(live.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    assert!(stage.store.puts_of(&expected[0].replace("00000000", "00000002")).is_empty(), "not even stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_is_rebuilt_from_the_store() {
    let mut stage = Stage::open_with(8).await;
    stage.kill();
    std::fs::remove_dir_all(stage.folder.path().join("uploader")).unwrap();
    stage.store.down.store(true, Ordering::SeqCst);
    stage.start().await;
    stage.close(1, 8);
    stage.until("it waits for the store", |s| s.health().is_some_and(|h| h.waits_for_store)).await;
    stage.store.down.store(false, Ordering::SeqCst);
    stage.until("nine are listed", |s| s.is_listed_until('a', 9)).await;
    assert_eq!(sequence(&stage.live('a', "720p").unwrap()), (3, 9));
    assert_eq!(stage.store.puts_of(".ts").len(), 18, "what the playlists name is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_never_comes_is_a_gap_and_the_picture_goes_on() {
    let mut stage = Stage::open().await;
    stage.close(1, 0);
    let whole = std::fs::read(recorded().join("360p/000001.ts")).unwrap();
    stage.close_as(1, "720p", 1, Some(&whole[..whole.len() - 100]));
    stage.close_as(1, "360p", 1, Some(&whole));
    stage.close(1, 2);
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    let live = stage.live('a', "720p").unwrap();
    let gap = live.find("#EXT-X-GAP\n#EXTINF").unwrap();
    assert!(live[gap..].contains("-00000001.ts") && !live[..gap].contains("-00000001.ts"));
    assert!(!stage.live('a', "360p").unwrap().contains("GAP"));
    assert!(stage.store.puts_of("720p").iter().all(|key| !key.ends_with("-00000001.ts")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_epoch_starts_with_the_next_segment() {
    let mut stage = Stage::open().await;
    for n in 0..2 {
        stage.close(1, n);
    }
    stage.until("two are listed", |s| s.is_listed_until('a', 2)).await;
    stage.set(|facts| facts.epoch = epoch('b'));
    stage.close(1, 2);
    stage.until("the new epoch is told", |s| s.last_report().unwrap().epoch == Some(epoch('b'))).await;
    let live = stage.live('b', "720p").unwrap();
    let names: Vec<_> = live.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(names[0].starts_with(&format!("../../{}/720p/", epoch('a'))));
    assert_eq!(names[2], stage.names[&("720p".to_owned(), 2)]);
    assert_eq!(sequence(&stage.live('a', "720p").unwrap()).1, 2, "the old word gets nothing new");
    let text = stage.store.text(&format!("{}/master.m3u8", epoch('b'))).unwrap();
    assert!(text.contains("360p/live.m3u8"));
    // A restart finds its way back, journal or not.
    stage.kill();
    std::fs::remove_dir_all(stage.folder.path().join("uploader")).unwrap();
    stage.start().await;
    stage.close(1, 3);
    stage.until("four are listed", |s| s.is_listed_until('b', 4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_writes_endlist_and_lists_nothing_after() {
    let mut stage = Stage::open().await;
    for n in 0..3 {
        stage.close(1, n);
    }
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    stage.set(|facts| facts.ended = true);
    stage
        .until("all lists have ended", |s| {
            RUNGS.iter().all(|rung| {
                let ended = |text: Option<String>| text.is_some_and(|text| text.ends_with("#EXT-X-ENDLIST\n"));
                ended(s.live('a', rung)) && ended(s.dvr('a', rung))
            })
        })
        .await;
    stage.close(1, 3);
    stage.kill();
    stage.start().await;
    stage.until("it is told again", |s| s.health().is_some_and(|h| h.status == StreamStatus::Ended)).await;
    stage.publisher.as_ref().unwrap().drain(Duration::from_secs(5)).await;
    assert_eq!(sequence(&stage.live('a', "720p").unwrap()), (0, 3));
    assert_eq!(stage.store.puts_of(".ts").len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_nothing_is_lost() {
    let mut stage = Stage::open().await;
    stage.close(1, 0);
    stage.until("it is live", |s| s.last_report().is_some_and(|r| r.status == StreamStatus::Live)).await;
    stage.store.down.store(true, Ordering::SeqCst);
    for n in 1..11 {
        stage.close(1, n);
    }
    stage
        .until("it is noticed", |s| s.health().is_some_and(|h| h.store_failing_since.is_some() && h.queue_len == 20))
        .await;
    stage.until("it is told", |s| s.last_report().unwrap().status == StreamStatus::Interrupted).await;
    stage.store.down.store(false, Ordering::SeqCst);
    stage.until("all are listed", |s| s.is_listed_until('a', 11)).await;
    assert!(!stage.live('a', "720p").unwrap().contains("GAP"), "the window is whole");
    stage
        .until("the DVR is whole", |s| {
            RUNGS.iter().all(|rung| s.dvr('a', rung).is_some_and(|t| sequence(&t) == (0, 11) && !t.contains("GAP")))
        })
        .await;
    assert_eq!(stage.last_report().unwrap().status, StreamStatus::Live);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_segment_is_left_alone() {
    let mut stage = Stage::open().await;
    let folder = stage.spot(1, "720p");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("000000.ts"), b"").unwrap();
    std::fs::write(folder.join("000001.ts"), vec![0_u8; 188]).unwrap();
    std::fs::write(folder.join("secret.txt"), b"x").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.join("000003.ts")).unwrap();
    std::fs::create_dir_all(stage.spot(1, "1080p")).unwrap();
    let segment = std::fs::read(recorded().join("720p/000000.ts")).unwrap();
    std::fs::write(stage.spot(1, "1080p").join("000000.ts"), &segment).unwrap();
    std::fs::write(stage.config.hls_dir.join("000000.ts"), &segment).unwrap();
    stage.close_as(1, "720p", 4, Some(&std::fs::read(recorded().join("720p/000004.ts")).unwrap()));
    stage.until("the whole one is listed", |s| s.live('a', "720p").is_some()).await;
    let keys = stage.store.puts_of(".ts");
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(keys[0].ends_with("-00000004.ts"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_found_by_scan_must_stand_still() {
    let mut stage = Stage::open().await;
    stage.kill();
    stage.close(1, 0);
    stage.start().await;
    stage.until("what was there is listed", |s| s.is_listed_until('a', 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_event_waits_until_it_is_known() {
    let mut stage = Stage::open().await;
    let facts = stage.facts.0.lock().unwrap().take();
    stage.close(1, 0);
    stage.until("it was asked for", |s| s.facts.1.load(Ordering::SeqCst) > 1).await;
    assert!(stage.store.puts.lock().unwrap().is_empty());
    *stage.facts.0.lock().unwrap() = facts;
    stage.until("it is listed", |s| s.is_listed_until('a', 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_files_leave_the_local_disk_and_a_drain_finishes_what_is_on_its_way() {
    let mut stage = Stage::open().await;
    stage.kill();
    stage.config.keep_local_ms = 300;
    stage.start().await;
    for n in 0..3 {
        stage.close(1, n);
    }
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    stage.until("the files are gone", |s| !s.spot(1, "720p").join("000002.ts").exists()).await;
    assert!(stage.spot(1, "720p").join("index.m3u8").exists(), "the newest run's playlist stays");
    stage.close(1, 3);
    stage.until("it is stored", |s| s.store.puts_of(".ts").len() == 8).await;
    stage.publisher.as_ref().unwrap().drain(Duration::from_secs(5)).await;
    assert!(stage.is_listed_until('a', 4), "listed before the drain ends");
    stage.kill();
    let before = stage.told.0.lock().unwrap().len();
    stage.start().await;
    stage.until("it is told again", |s| s.told.0.lock().unwrap().len() > before).await;
    assert_eq!(stage.told.0.lock().unwrap()[before].epoch, Some(epoch('a')));
    assert!(stage.told.0.lock().unwrap()[before].since > Micros(0));
}
