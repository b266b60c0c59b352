//! How long replays, the DVR and their objects stay.

use super::shows::{beats, names, night, rest};
use super::world::*;
use super::*;
use crate::stream::facts::StreamStatus;

const DAY_MS: u64 = 86_400_000;

fn ended_for_a_day() -> World {
    let mut world = night();
    world.facts.keep_remote_ms = Some(DAY_MS);
    world.tell_facts();
    world.apply(Op::End);
    rest(&mut world);
    assert_eq!(names(&world), ["1", "2", "all"]);
    world.wall += i64::try_from(DAY_MS).unwrap() * 1_000 - 60_000_000;
    rest(&mut world);
    assert!(world.withdrawn.is_empty(), "not before its time");
    world.wall += 60_000_000;
    world.wait(100);
    world
}

#[test]
fn when_its_time_is_over_masters_go_first_then_playlists_and_a_while_later_the_segments() {
    let mut world = ended_for_a_day();
    let last = world.reports.last().unwrap().clone();
    assert_eq!((last.status, last.epoch, last.replays), (StreamStatus::Ended, None, vec![]));
    world.wait(100);
    let depth = |key: &String| key.matches('/').count();
    assert_eq!(world.withdrawn.len(), 5 + 2 * 5);
    assert!(world.withdrawn.is_sorted_by_key(depth), "{:?}", world.withdrawn);
    assert!(world.removed.is_empty());
    world.restart();
    for _ in 0..700 {
        world.wait(1_000);
    }
    assert_eq!(world.removed.len(), 18, "nine indices in two renditions");
    assert_eq!(world.plan.timeline().base(), 9);
    let withdrawn = world.withdrawn.len();
    world.restart();
    let puts = world.put_count;
    for _ in 0..700 {
        world.wait(1_000);
    }
    assert_eq!(
        (world.removed.len(), world.withdrawn.len(), world.put_count),
        (18, withdrawn, puts),
        "and that was all"
    );
    assert!(world.reports.last().unwrap().replays.is_empty());
}

#[test]
fn a_longer_time_set_before_the_segments_are_gone_brings_everything_back() {
    let mut world = ended_for_a_day();
    for _ in 0..100 {
        world.wait(1_000);
    }
    world.facts.keep_remote_ms = None;
    world.tell_facts();
    rest(&mut world);
    for _ in 0..700 {
        world.wait(1_000);
    }
    rest(&mut world);
    assert_eq!(names(&world), ["1", "2", "all"]);
    assert!(world.removed.is_empty());
}

#[test]
fn what_a_fight_has_stays_while_the_dvr_rolls() {
    let mut world = World::new();
    world.plan = Plan::restore("night".parse().unwrap(), ladder(), Rules { keep_remote_ms: 20_000, ..rules() }, &[]);
    world.tell_facts();
    beats(&mut world, 3);
    world.put_on_air(Some(1), false);
    beats(&mut world, 3);
    world.put_on_air(None, false);
    beats(&mut world, 20);
    // Two removals, ten minutes apart.
    for _ in 0..1_400 {
        world.apply(Op::ListAll);
        world.wait(1_000);
    }
    assert_eq!(world.removed.len(), 6, "what lies before the fight, in two renditions");
    let dvr = &world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }];
    assert!(dvr.media_sequence > 6, "the DVR has left the fight behind");
    rest(&mut world);
    assert_eq!(names(&world), ["1"]);
}
