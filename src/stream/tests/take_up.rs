//! How an event is taken up where the journal knows less than the store.

use std::sync::atomic::Ordering;

use super::stage::{Stage, epoch};
use super::witness::sequence;
use crate::clock::Micros;
use crate::stream::facts::AirRange;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_after_a_rotation_goes_on_where_the_old_epoch_stood() {
    let mut stage = Stage::open_with(8).await;
    stage.kill();
    std::fs::remove_dir_all(stage.folder.path().join("uploader")).unwrap();
    stage.facts.0.lock().unwrap().as_mut().unwrap().epoch = epoch('b');
    *stage.facts.2.lock().unwrap() = Some(epoch('a'));
    stage.start().await;
    stage.close(1, 8);
    stage.until("it goes on", |s| s.live('b', "720p").is_some()).await;
    assert_eq!(sequence(&stage.live('b', "720p").unwrap()).1, 9, "{}", stage.live('b', "720p").unwrap());
    assert!(stage.live('b', "720p").unwrap().contains(&format!("../../{}/720p/", epoch('a'))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_never_got_a_segment_waits_for_the_store_as_a_lost_one_does() {
    let mut stage = Stage::open_with(3).await;
    stage.kill();
    let journals = stage.folder.path().join("uploader");
    std::fs::remove_dir_all(&journals).unwrap();
    std::fs::create_dir(&journals).unwrap();
    let begun = r#"{"version":1,"generation":1,"records":[{"k":"base","i":0,"breaks":0}]}"#;
    std::fs::write(journals.join("state.fight-night.json"), begun).unwrap();
    stage.store.down.store(true, Ordering::SeqCst);
    stage.start().await;
    // A newer run: its numbers say nothing of what another node has published meanwhile.
    stage.close(2, 0);
    stage.until("it waits for the store", |s| s.health().is_some_and(|h| h.waits_for_store)).await;
    stage.store.down.store(false, Ordering::SeqCst);
    stage.until("four are listed", |s| s.is_listed_until('a', 4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_panics_is_replaced_and_nothing_is_lost() {
    let mut stage = Stage::open_with(2).await;
    stage.store.down.store(true, Ordering::SeqCst);
    stage.close(1, 2);
    stage.until("it is on its way", |s| s.health().is_some_and(|h| h.queue_len == 2)).await;
    stage.facts.3.store(true, Ordering::SeqCst);
    stage.until("the desk has panicked", |s| !s.facts.3.load(Ordering::SeqCst)).await;
    stage.store.down.store(false, Ordering::SeqCst);
    stage.close(1, 3);
    stage.until("four are listed", |s| s.is_listed_until('a', 4)).await;
    assert!(!stage.live('a', "720p").unwrap().contains("GAP"), "{}", stage.live('a', "720p").unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_leaves_replays_to_the_times_when_fights_were_on_air() {
    let mut stage = Stage::open_with(6).await;
    let dvr = stage.dvr('a', "720p").unwrap();
    let first = dvr.lines().find_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:")).unwrap();
    let first = first.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    // Of the third and the fourth second.
    let at = |seconds: i64| Micros(first + seconds * 1_000_000 - 100_000);
    stage.set(|facts| facts.cuts.ranges = vec![AirRange { fight: 7, from: at(2), until: Some(at(4)) }]);
    stage.set(|facts| facts.ended = true);
    let told =
        |stage: &Stage| stage.last_report().map(|r| r.replays.iter().map(ToString::to_string).collect::<Vec<_>>());
    stage.until("all is told", |s| told(s) == Some(vec!["all".to_owned()])).await;
    assert!(stage.store.text("720p/replay-7.m3u8").is_none(), "the journal knows that no fight was on air");
    let before = stage.store.puts_of(".ts");
    stage.kill();
    std::fs::remove_dir_all(stage.folder.path().join("uploader")).unwrap();
    stage.start().await;
    stage.until("the fight is told too", |s| told(s) == Some(vec!["7".to_owned(), "all".to_owned()])).await;
    let replay = stage.store.text("720p/replay-7.m3u8").unwrap();
    let named: Vec<&str> = replay.lines().filter(|line| !line.starts_with('#')).collect();
    let second = |n: u64| stage.names[&("720p".to_owned(), n)].as_str();
    assert_eq!(named, [second(2), second(3)], "{replay}");
    assert!(replay.contains("#EXT-X-PLAYLIST-TYPE:VOD") && replay.contains("#EXT-X-ENDLIST"));
    assert_eq!(stage.store.puts_of(".ts"), before);
}
