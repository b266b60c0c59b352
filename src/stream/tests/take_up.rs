//! How an event is taken up where the journal knows less than the store.

use std::sync::atomic::Ordering;

use super::stage::{Stage, epoch};
use super::witness::sequence;

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
