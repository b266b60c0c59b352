//! What is sold is stored encrypted, whatever happens on the way.

use std::sync::atomic::Ordering;

use openssl::symm::{Cipher, decrypt};

use super::stage::{RUNGS, Stage, epoch, event, recorded, run_id};
use super::witness::sequence;
use crate::clock::Micros;
use crate::ids::KeyId;
use crate::stream::encoder_list;
use crate::stream::facts::{AirRange, FightOnAir, KeySource as _};
use crate::stream::playlist::{self, protection_of};
use crate::stream::record::Protection;

fn fight() -> FightOnAir {
    FightOnAir { id: "01ARZ3NDEKTSV4RRFFQ69G5FAW".parse().unwrap(), number: 1, sold: true }
}

/// The key of each segment a playlist lists, `None` where it is free.
fn keys(text: &str) -> Vec<Option<KeyId>> {
    let read = playlist::parse(text).unwrap();
    let key = |protection| match protection {
        Protection::Free => None,
        Protection::Key { id } => Some(id),
    };
    read.segments.values().map(|segment| key(protection_of(segment).unwrap())).collect()
}

/// F for each free segment, S for each sold one.
fn pattern(text: &str) -> String {
    keys(text).iter().map(|key| if key.is_some() { 'S' } else { 'F' }).collect()
}

impl Stage {
    fn air(&self, on_air: Option<FightOnAir>) {
        self.set(|facts| facts.on_air = on_air);
    }

    async fn dvr_until(&self, count: usize) {
        let whole = |s: &Self, rung| s.dvr('a', rung).is_some_and(|text| sequence(&text).1 == count);
        self.until("the DVR lists them", |s| RUNGS.iter().all(|rung| whole(s, rung))).await;
    }

    /// Everything that the DVR lists is FFmpeg's, as it is or under the key that the DVR names; both renditions are sold
    /// at the same indices.
    fn opens_by_the_dvr(&self, letter: char) -> String {
        let texts = RUNGS.map(|rung| self.dvr(letter, rung).unwrap());
        assert_eq!(keys(&texts[0]), keys(&texts[1]), "{} {}", texts[0], texts[1]);
        for (rung, text) in RUNGS.iter().zip(&texts) {
            let read = playlist::parse(text).unwrap();
            for (n, (segment, key)) in read.segments.values().zip(keys(text)).enumerate() {
                let whole = std::fs::read(recorded().join(rung).join(format!("{n:06}.ts"))).unwrap();
                let name = format!("{}/{rung}/{}", epoch(letter), segment.uri());
                let objects = self.store.objects.lock().unwrap();
                let Some((_, stored)) = objects.iter().find(|(key, _)| key.ends_with(&name)) else { continue };
                let clear = match key {
                    None => stored.to_vec(),
                    Some(id) => {
                        assert_ne!(stored[..], whole[..], "{name} is sold and lies there in clear");
                        let key = self.keys.content_key(&event(), &id).unwrap();
                        decrypt(Cipher::aes_128_cbc(), &key.0, Some(&id.iv()), stored).unwrap()
                    }
                };
                assert!(clear == whole, "{name} is not what FFmpeg wrote");
            }
        }
        pattern(&texts[0])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sold_fight_is_encrypted_from_the_next_segment_on_and_what_is_around_it_is_free() {
    let mut stage = Stage::open_with(2).await;
    stage.air(Some(fight()));
    for n in 2..5 {
        stage.close(1, n);
    }
    stage.until("five are listed", |s| s.is_listed_until('a', 5)).await;
    stage.air(None);
    for n in 5..7 {
        stage.close(1, n);
    }
    stage.until("seven are listed", |s| s.is_listed_until('a', 7)).await;
    stage.dvr_until(7).await;
    assert_eq!(stage.opens_by_the_dvr('a'), "FFSSSFF");
    let live = stage.live('a', "720p").unwrap();
    assert_eq!(pattern(&live), "FSSSFF");
    assert_eq!(live.matches("#EXT-X-KEY:METHOD=NONE\n").count(), 1);
    assert!(live.contains("URI=\"https://api.example/api/v1/keys/01ARZ3NDEKTSV4RRFFQ69G5FAW-"), "{live}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_fight_and_one_where_nothing_is_to_be_encrypted_lie_there_in_clear() {
    let mut stage = Stage::open_with(1).await;
    stage.air(Some(FightOnAir { sold: false, ..fight() }));
    stage.close(1, 1);
    stage.until("two are listed", |s| s.is_listed_until('a', 2)).await;
    stage.kill();
    stage.playback.encrypt = false;
    stage.air(Some(fight()));
    stage.start().await;
    stage.close(1, 2);
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    stage.dvr_until(3).await;
    assert_eq!(stage.opens_by_the_dvr('a'), "FFF");
    assert_eq!(stage.keys.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_of_a_sold_segment_is_asked_about_by_what_is_stored() {
    let mut stage = Stage::open_with(1).await;
    stage.air(Some(fight()));
    stage.store.lose_replies.store(2, Ordering::SeqCst);
    stage.close(1, 1);
    stage.until("it is listed", |s| s.is_listed_until('a', 2)).await;
    stage.dvr_until(2).await;
    assert_eq!(stage.store.puts_of(".ts").len(), 4, "each once: the stored bytes are compared, not the file's");
    assert_eq!(stage.opens_by_the_dvr('a'), "FS");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_on_its_way_when_the_server_died_is_sold_though_the_fight_is_over_when_it_is_back() {
    // Killed before the PUT, while it hangs, and after it with the reply lost.
    for step in 0..3 {
        let mut stage = Stage::open_with(1).await;
        stage.air(Some(fight()));
        match step {
            0 => stage.store.down.store(true, Ordering::SeqCst),
            1 => stage.store.stalls.store(2, Ordering::SeqCst),
            _ => stage.store.lose_replies.store(1_000, Ordering::SeqCst),
        }
        stage.close(1, 1);
        stage.until("it is on its way", |s| s.health().is_some_and(|h| h.queue_len == 2)).await;
        if step == 2 {
            stage.until("it is stored", |s| s.store.puts_of(".ts").len() == 4).await;
        }
        stage.kill();
        stage.store.down.store(false, Ordering::SeqCst);
        stage.store.stalls.store(0, Ordering::SeqCst);
        stage.store.lose_replies.store(0, Ordering::SeqCst);
        stage.air(None);
        stage.start().await;
        stage.close(1, 2);
        stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
        stage.dvr_until(3).await;
        assert_eq!(stage.opens_by_the_dvr('a'), "FSF", "step {step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_in_a_fight_is_sold_though_nobody_was_there_to_take_it_up() {
    let mut stage = Stage::open_with(1).await;
    stage.air(Some(fight()));
    stage.close(1, 1);
    stage.until("two are listed", |s| s.is_listed_until('a', 2)).await;
    stage.kill();
    // The fight is from the second segment to within the fourth; when the server is back, it is over.
    let text = std::fs::read_to_string(recorded().join("720p/index.m3u8")).unwrap();
    let starts = encoder_list::read(&text, None).unwrap();
    let start = |n: usize| starts[n].start.unwrap();
    stage.set(|facts| {
        facts.on_air = None;
        facts.card = vec![fight()];
        let until = Some(Micros(start(3).0 + 100_000));
        facts.cuts.ranges = vec![AirRange { fight: 1, from: start(1), until }];
    });
    for n in 2..6 {
        stage.close(1, n);
    }
    stage.start().await;
    stage.until("six are listed", |s| s.is_listed_until('a', 6)).await;
    stage.dvr_until(6).await;
    assert_eq!(stage.opens_by_the_dvr('a'), "FSSSFF");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_leaves_what_is_sold_sold_and_sends_nothing_again() {
    let mut stage = Stage::open_with(1).await;
    stage.air(Some(fight()));
    for n in 1..4 {
        stage.close(1, n);
    }
    stage.until("four are listed", |s| s.is_listed_until('a', 4)).await;
    stage.dvr_until(4).await;
    let before = keys(&stage.dvr('a', "720p").unwrap());
    stage.kill();
    std::fs::remove_dir_all(stage.folder.path().join("uploader")).unwrap();
    stage.key_address = "http://elsewhere.example:8080/".into();
    stage.air(None);
    stage.start().await;
    stage.close(1, 4);
    stage.until("five are listed", |s| s.is_listed_until('a', 5)).await;
    stage.dvr_until(5).await;
    assert_eq!(stage.opens_by_the_dvr('a'), "FSSSF");
    let dvr = stage.dvr('a', "720p").unwrap();
    assert_eq!(keys(&dvr)[..4], before[..]);
    assert!(dvr.contains("\"http://elsewhere.example:8080/api/v1/keys/"), "{dvr}");
    assert_eq!(stage.store.puts_of(".ts").len(), 10, "nothing is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_a_sold_segment_waits_and_is_never_stored_in_clear() {
    let mut stage = Stage::open_with(1).await;
    stage.keys.away.store(true, Ordering::SeqCst);
    stage.air(Some(fight()));
    stage.close(1, 1);
    stage.until("it is tried again and again", |s| s.keys.asked.load(Ordering::SeqCst) > 4).await;
    assert!(stage.health().unwrap().lacks_keys);
    assert_eq!(stage.health().unwrap().store_failing_since, None, "the store is not to blame");
    // The free part goes on, and what waits is a gap.
    stage.air(None);
    stage.close(1, 2);
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    let name = format!("{}-{:08}.ts", run_id(1), 1);
    assert!(stage.store.puts_of(&name).is_empty());
    assert_eq!(stage.live('a', "720p").unwrap().matches("#EXT-X-GAP\n").count(), 1);
    assert_eq!(pattern(&stage.live('a', "720p").unwrap()), "FSF");

    stage.keys.away.store(false, Ordering::SeqCst);
    stage.until("it is stored", |s| s.store.puts_of(&name).len() == 2).await;
    let whole = |s: &Stage, rung| s.dvr('a', rung).is_some_and(|t| sequence(&t).1 == 3 && !t.contains("GAP"));
    stage.until("the DVR gains it", |s| RUNGS.iter().all(|rung| whole(s, rung))).await;
    assert_eq!(stage.opens_by_the_dvr('a'), "FSF");
    stage.until("it is well again", |s| !s.health().unwrap().lacks_keys).await;
}
