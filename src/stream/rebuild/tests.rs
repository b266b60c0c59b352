//! Timelines read back from the store.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;

use super::*;
use crate::config;
use crate::ids::KeyId;
use crate::objects::{ObjectMeta, PutDone, PutIf};
use crate::stream::plan::{Line, ListBody, ListId, ListKind, Listing, MediaList, Plan, Rules};
use crate::stream::playlist;

#[derive(Debug, Default)]
struct Shelf(Mutex<HashMap<ObjectKey, Bytes>>);

#[async_trait]
impl ObjectStore for Shelf {
    async fn put(&self, key: &ObjectKey, body: Bytes, _: PutIf) -> Result<PutDone, ObjectError> {
        self.0.lock().unwrap().insert(key.clone(), body);
        Ok(PutDone::Stored)
    }
    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }
    async fn head(&self, _: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        Ok(None)
    }
    async fn delete(&self, _: &ObjectKey) -> Result<(), ObjectError> {
        Ok(())
    }
}

const FIRST: &str = "01ARZ3NDEKTSV4RRFFQ6900001";
const SECOND: &str = "01ARZ3NDEKTSV4RRFFQ6900002";

fn epoch() -> Epoch {
    "abcdefghijkmnpqrstuvwxyz23".parse().unwrap()
}

const FIGHT: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

fn card() -> Vec<FightOnAir> {
    vec![FightOnAir { id: FIGHT.parse().unwrap(), number: 3, sold: true }]
}

/// A fight from 8 to 13 under two keys, and another one, no more on the card, from 16 on.
fn sold(i: u64) -> Option<KeyId> {
    let key = |fight: &str, turn| KeyId::new(&fight.parse().unwrap(), turn);
    match i {
        8..11 => Some(key(FIGHT, 300)),
        11..14 => Some(key(FIGHT, 600)),
        16.. => Some(key("01ARZ3NDEKTSV4RRFFQ69G5FAX", 600)),
        _ => None,
    }
}

/// Indices 0 to 9 of a first run, then a second one.
fn lines(from: u64, until: u64, gaps: &[u64]) -> Vec<Line> {
    (from..until)
        .map(|i| Line {
            run: if i < 10 { FIRST } else { SECOND }.parse().unwrap(),
            n: if i < 10 { i } else { i - 10 },
            elsewhere: (i < 5).then(|| "zzzzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap()),
            start: Micros(1_790_000_000_000_000 + i64::try_from(i).unwrap() * 2_000_000),
            duration_us: 2_000_000,
            breaks: i == 10,
            gap: gaps.contains(&i),
            protection: sold(i).map_or(Protection::Free, |id| Protection::Key { id }),
        })
        .collect()
}

async fn shelf(lists: &[(ListKind, u64, u64, &[u64])]) -> Shelf {
    let shelf = Shelf::default();
    let ladder = config::Encoder::default().renditions;
    for (kind, from, until, gaps) in lists {
        let list = MediaList {
            media_sequence: *from,
            discontinuity_sequence: u64::from(*from > 10),
            target_seconds: 2,
            ended: false,
            lines: lines(*from, *until, gaps),
        };
        let listing = Listing { id: ListId { epoch: epoch(), kind: *kind }, body: ListBody::Media(list) };
        let key = playlist::key(&event(), &ladder, &listing).unwrap();
        shelf
            .put(&key, playlist::render(&listing, &ladder, "https://api.example").unwrap().into(), PutIf::Always)
            .await
            .unwrap();
    }
    shelf
}

fn event() -> EventSlug {
    "fight-night".parse().unwrap()
}

fn plan(records: &[Record]) -> Plan {
    let rules = Rules {
        deadline_ms: 8_000,
        window: 6,
        segment_seconds: 2,
        keep_remote_ms: 0,
        encrypt: true,
        rotation_ms: 300_000,
    };
    let ladder = config::Encoder::default().renditions.into_iter().map(|rendition| rendition.name).collect();
    Plan::restore(event(), ladder, rules, records)
}

async fn rebuilt(shelf: &Shelf, known: &[Record]) -> Plan {
    let before = plan(known);
    let on_store = look(shelf, &event(), &epoch(), &before.timeline().ladder, true).await.unwrap();
    let added = differences(before.timeline(), &on_store, &card(), Micros(0));
    let all: Vec<_> = known.iter().cloned().chain(added).collect();
    let plan = plan(&all);
    let again = look(shelf, &event(), &epoch(), &plan.timeline().ladder, true).await.unwrap();
    assert_eq!(differences(plan.timeline(), &again, &card(), Micros(0)), [], "a second look changes nothing");
    plan
}

#[tokio::test]
async fn a_lost_journal_is_rebuilt_from_dvr_and_live_playlists() {
    // The DVR is behind; of 13 and 14 nothing is known but that they were listed.
    let lists: &[(ListKind, u64, u64, &[u64])] = &[
        (ListKind::Dvr(0), 0, 13, &[3]),
        (ListKind::Live(0), 15, 21, &[16]),
        (ListKind::Dvr(1), 2, 13, &[]),
        (ListKind::Live(1), 14, 20, &[]),
    ];
    let plan = rebuilt(&shelf(lists).await, &[]).await;
    let timeline = plan.timeline();
    assert_eq!((timeline.base(), timeline.top()), (0, 21));
    assert_eq!(timeline.tracks[0].next, 21);
    assert_eq!((timeline.tracks[1].begin, timeline.tracks[1].next), (Some(2), 20));
    assert_eq!(timeline.tracks[2].begin, None);
    assert_eq!(timeline.find(&SECOND.parse().unwrap(), 3), Some(13), "the hole has its place");
    assert!(timeline.slot(13, 0).unwrap().gap && timeline.slot(16, 0).unwrap().gap);
    assert_eq!(timeline.entry(20).unwrap().breaks_before, 1);
    assert_eq!(timeline.key(&event(), 4, 0).unwrap().as_str().split('/').nth(1), Some("zzzzzzzzzzzzzzzzzzzzzzzzzz"));
    assert_eq!(plan.reported().unwrap().epoch, Some(epoch()));
}

#[tokio::test]
async fn what_is_sold_is_read_back_with_its_key_and_its_fight() {
    let lists: &[(ListKind, u64, u64, &[u64])] = &[(ListKind::Dvr(0), 0, 13, &[9]), (ListKind::Live(0), 15, 21, &[])];
    let plan = rebuilt(&shelf(lists).await, &[]).await;
    let entry = |i| plan.timeline().entry(i).unwrap();
    let key = |i| match &entry(i).protection {
        Protection::Free => None,
        Protection::Key { id } => Some(id.clone()),
    };
    for i in (0..13).chain(15..21) {
        assert_eq!(key(i), sold(i), "{i}");
        assert_eq!(entry(i).fight, (8..13).contains(&i).then_some(3), "{i}");
    }
    // Nobody knows of 13 and 14: what was sold before them is not given away.
    assert_eq!([key(13), key(14)], [sold(12), sold(12)]);
}

#[tokio::test]
async fn a_live_window_alone_keeps_the_sequences() {
    let plan = rebuilt(&shelf(&[(ListKind::Live(0), 15, 21, &[])]).await, &[]).await;
    assert_eq!((plan.timeline().base(), plan.timeline().top()), (15, 21));
    assert_eq!(plan.timeline().entry(15).unwrap().breaks_before, 1);
}

#[tokio::test]
async fn an_older_journal_goes_on_where_the_store_is() {
    let early: &[(ListKind, u64, u64, &[u64])] = &[(ListKind::Dvr(0), 0, 8, &[]), (ListKind::Live(0), 2, 8, &[])];
    let known = rebuilt(&shelf(early).await, &[]).await.records();
    let late: &[(ListKind, u64, u64, &[u64])] = &[(ListKind::Dvr(0), 0, 18, &[]), (ListKind::Live(0), 14, 20, &[])];
    let plan = rebuilt(&shelf(late).await, &known).await;
    assert_eq!(plan.timeline().tracks[0].next, 20);
    // A journal that says otherwise gives way from the first difference on.
    let other: Vec<Record> = known
        .iter()
        .cloned()
        .map(|record| match record {
            Record::Index { i, n, start, dur, epoch, fight, protection, .. } if i >= 6 => {
                let run = "01ARZ3NDEKTSV4RRFFQ69ZZZZZ".parse().unwrap();
                Record::Index { i, run, n, start, dur, epoch, fight, protection }
            }
            other => other,
        })
        .collect();
    let plan = rebuilt(&shelf(late).await, &other).await;
    assert_eq!(plan.timeline().tracks[0].next, 20);
    assert_eq!(plan.timeline().find(&FIRST.parse().unwrap(), 6), Some(6));
}
