//! The plan against a naive oracle, under random closings, faults, rotations, restarts and crashes between actions.

mod air;
mod keeping;
mod naive;
mod ops;
mod shows;
mod world;

use proptest::prelude::*;

use self::ops::*;
use self::world::*;
use super::*;
use crate::stream::facts::StreamStatus;
use crate::stream::record::Protection;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_playlist_names_what_is_not_stored_and_no_sequence_goes_back(ops in prop::collection::vec(op(), 1..120)) {
        let mut world = World::new();
        for op in ops {
            world.apply(op);
        }
        world.settle();
    }
}

fn play(ops: impl IntoIterator<Item = Op>) -> World {
    let mut world = World::new();
    for op in ops {
        world.apply(op);
    }
    world
}

fn last_live(world: &World, rung: usize, epoch_number: usize) -> &MediaList {
    &world.last[&ListId { epoch: epoch(epoch_number), kind: ListKind::Live(rung) }]
}

fn beats(count: usize) -> impl Iterator<Item = Op> {
    (0..count).flat_map(|_| {
        [Op::CloseBoth, Op::StoreAll, Op::ListAll, Op::ListAll, Op::Wait(1_000), Op::ListAll, Op::Wait(1_000)]
    })
}

#[test]
fn a_segment_is_live_when_its_playlists_and_masters_are_confirmed() {
    let world = play(beats(3));
    let states: Vec<_> = world.reports.iter().map(|r| r.status).collect();
    assert_eq!(states, [StreamStatus::Offline, StreamStatus::Live]);
    assert_eq!(world.reports[1].epoch, Some(epoch(0)));
    assert_eq!(world.masters[&ListId { epoch: epoch(0), kind: ListKind::Master }], [0, 1]);
}

#[test]
fn a_missing_segment_becomes_a_gap_only_after_its_deadline() {
    let mut world = play(beats(2));
    world.apply(Op::Close { rung: 0, whole: false });
    world.apply(Op::Close { rung: 1, whole: true });
    for op in beats(3) {
        world.apply(op);
    }
    assert_eq!(world.plan.timeline().tracks[0].next, 2, "it is waited for until the deadline");
    for op in beats(3) {
        world.apply(op);
    }
    let live = last_live(&world, 0, 0);
    assert_eq!(live.lines.iter().filter(|line| line.gap).count(), 0, "the gap has left the window already");
    let dvr = &world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }];
    assert_eq!(dvr.lines.iter().map(|line| line.gap).take(4).collect::<Vec<_>>(), [false, false, true, false]);
}

#[test]
fn while_the_store_is_away_nothing_becomes_a_gap() {
    let mut world = play(beats(3));
    for _ in 0..20 {
        world.apply(Op::CloseBoth);
        world.apply(Op::Wait(2_000));
    }
    assert!(world.naive.gaps.is_empty() && world.live_gap.values().all(|gap| !gap));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted);
    // Back: the newest four are stored first, the others later.
    let from = world.plan.window_from();
    let (window, backlog): (Vec<_>, Vec<_>) =
        std::mem::take(&mut world.uploads).into_iter().partition(|upload| upload.index >= from);
    let events = window.iter().map(|upload| world.confirm(upload)).collect();
    world.feed(events);
    world.apply(Op::Wait(1_000));
    assert!(last_live(&world, 0, 0).lines.iter().all(|line| !line.gap), "the window is whole at once");
    assert_eq!(last_live(&world, 0, 0).media_sequence, from);
    world.uploads = backlog;
    world.settle();
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted, "nothing new was closed since");
    let dvr = &world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }];
    assert!(dvr.lines.iter().all(|line| !line.gap), "the DVR has gained what came late");
}

#[test]
fn an_encoder_restart_is_a_discontinuity_and_an_old_run_is_never_listed() {
    let mut world = play(beats(2));
    world.apply(Op::NewRun);
    for op in beats(2) {
        world.apply(op);
    }
    world.apply(Op::CloseOld);
    for op in beats(1) {
        world.apply(op);
    }
    let live = last_live(&world, 0, 0);
    let shape: Vec<_> = live.lines.iter().map(|line| (line.run == run_id(1), line.n, line.breaks)).collect();
    assert_eq!(shape, [(false, 1, false), (true, 0, true), (true, 1, false), (true, 2, false)]);
    assert_eq!(live.discontinuity_sequence, 0);
    for op in beats(4) {
        world.apply(op);
    }
    assert_eq!(last_live(&world, 0, 0).discontinuity_sequence, 1);
}

#[test]
fn a_rotated_epoch_starts_with_the_next_segment_and_names_the_old_ones_where_they_are() {
    let mut world = play(beats(3));
    world.apply(Op::Rotate);
    world.apply(Op::Wait(2_000));
    assert_eq!(world.reports.last().unwrap().epoch, Some(epoch(0)));
    for op in beats(2) {
        world.apply(op);
    }
    let live = last_live(&world, 1, 1);
    let elsewhere: Vec<_> = live.lines.iter().map(|line| line.elsewhere.is_some()).collect();
    assert_eq!(elsewhere, [true, true, false, false]);
    assert_eq!(world.reports.last().unwrap().epoch, Some(epoch(1)));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Live);
}

#[test]
fn ended_writes_endlist_once_and_lists_nothing_after() {
    let mut world = play(beats(3));
    world.apply(Op::End);
    world.apply(Op::CloseBoth);
    world.settle();
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Ended);
    for rung in 0..2 {
        let live = last_live(&world, rung, 0);
        assert!(live.ended);
        assert_eq!(live.media_sequence + 3, 3);
    }
    assert!(world.journal.contains(&Record::Finished));
    let before = world.last.len();
    world.restart();
    world.settle();
    assert_eq!(world.last.len(), before);
}

#[test]
fn interrupted_by_command_ends_by_command_only() {
    let mut world = play(beats(2));
    world.apply(Op::Interrupt(true));
    for op in beats(2) {
        world.apply(op);
    }
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted);
    world.apply(Op::Interrupt(false));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Live);
    world.apply(Op::Wait(6_000));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted);
    for op in beats(1) {
        world.apply(op);
    }
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Live);
}

#[test]
fn a_restart_keeps_a_live_picture_live() {
    let mut world = play(beats(4));
    let since = world.reports.last().unwrap().since;
    world.restart();
    for op in beats(1) {
        world.apply(op);
    }
    let last = world.reports.last().unwrap();
    assert_eq!((last.status, last.since), (StreamStatus::Live, since));
    assert!(world.uploads.is_empty(), "nothing is uploaded again");
}

/// By index, the turn of its key in a rendition's DVR, counted from the first; `None`: free.
fn turns(world: &World, rung: usize) -> Vec<Option<u64>> {
    let dvr = &world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(rung) }];
    let from = |line: &Line| match &line.protection {
        Protection::Free => None,
        Protection::Key { id } => Some(id.from_s()),
    };
    let all: Vec<_> = dvr.lines.iter().map(from).collect();
    let first = all.iter().flatten().min().copied().unwrap_or_default();
    all.into_iter().map(|turn| turn.map(|turn| (turn - first) * 1_000 / ROTATION_MS)).collect()
}

#[test]
fn a_sold_fight_is_sold_from_the_next_segment_on_in_all_renditions_and_keys_take_turns() {
    let mut world = play(beats(2));
    world.apply(Op::OnAir { number: 1, sold: true });
    for op in beats(6) {
        world.apply(op);
    }
    world.apply(Op::OffAir);
    for op in beats(1) {
        world.apply(op);
    }
    world.apply(Op::OnAir { number: 2, sold: false });
    for op in beats(2) {
        world.apply(op);
    }
    world.settle();
    let told = turns(&world, 0);
    assert_eq!(told, turns(&world, 1));
    let sold: Vec<_> = told.iter().flatten().copied().collect();
    assert!(sold.is_sorted() && *sold.last().unwrap() >= 1, "{told:?}");
    assert_eq!(told.iter().take_while(|turn| turn.is_none()).count(), 2, "{told:?}");
    // The one that was being recorded as the fight ended is the last one sold.
    assert!(told[2..8].iter().all(Option::is_some) && told[9..].iter().all(Option::is_none), "{told:?}");
}

#[test]
fn what_was_recorded_in_a_fight_is_sold_though_it_is_taken_up_after_its_end() {
    let mut world = play(beats(2));
    world.apply(Op::OnAir { number: 1, sold: true });
    for op in beats(2) {
        world.apply(op);
    }
    // Two more are closed while the publisher is not there, and the fight ends meanwhile.
    let events: Vec<_> = (0..2).flat_map(|_| [world.close(0, 0, true), world.close(0, 1, true)]).flatten().collect();
    let after_fight = world.wall + 10_000_000;
    world.wall = after_fight;
    world.air(None, false);
    world.feed(events);
    world.settle();
    assert!(turns(&world, 0)[2..6].iter().all(Option::is_some), "{:?}", turns(&world, 0));
}

#[test]
fn nothing_is_sold_where_nothing_is_to_be_encrypted() {
    let mut world = World::new();
    let rules = Rules { encrypt: false, ..rules() };
    world.plan = Plan::restore("night".parse().unwrap(), ladder(), rules, &[]);
    world.tell_facts();
    world.air(Some(1), true);
    // The oracle is asked for what nobody pays.
    world.air.sold.clear();
    for op in beats(3) {
        world.apply(op);
    }
    world.settle();
    assert_eq!(turns(&world, 0), [None; 3]);
}

#[test]
fn a_key_is_never_of_a_turn_to_come_though_the_clock_was_set_back() {
    let mut world = play(beats(3));
    world.apply(Op::Jump(-40_000));
    world.apply(Op::NewRun);
    world.apply(Op::OnAir { number: 1, sold: true });
    for op in beats(3) {
        world.apply(op);
        let now = u64::try_from(world.wall / 1_000_000).unwrap();
        for record in &world.journal {
            if let Record::Index { protection: Protection::Key { id }, .. } = record {
                assert!(id.from_s() <= now, "{id} at {now}");
            }
        }
    }
    world.settle();
    assert!(turns(&world, 0)[3..].iter().all(Option::is_some));
}

#[test]
fn old_objects_leave_the_dvr_first_and_the_store_later() {
    let mut world = World::new();
    world.plan = Plan::restore("night".parse().unwrap(), ladder(), Rules { keep_remote_ms: 20_000, ..rules() }, &[]);
    world.tell_facts();
    for op in beats(20) {
        world.apply(op);
    }
    let dvr = world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }].clone();
    assert!(dvr.media_sequence > 0 && dvr.lines.len() < 20);
    let mut removed = Vec::new();
    for _ in 0..700 {
        world.ms += 1_000;
        world.total_ms += 1_000;
        let now = world.now();
        for action in world.plan.step(now, Event::Tick) {
            if let Action::Remove { until, keys } = action {
                removed.push((until, keys.len()));
            } else {
                world.act(action);
            }
        }
        let lists = std::mem::take(&mut world.lists);
        for (listing, _) in lists {
            let event = world.list_done(listing, true);
            let now = world.now();
            world.plan.step(now, event);
        }
    }
    assert_eq!(removed.len(), 1, "one removal at a time");
    let (until, keys) = removed[0];
    assert_eq!(u64::try_from(keys).unwrap(), until * 2);
    let now = world.now();
    world.plan.step(now, Event::Removed(until));
    assert_eq!(world.plan.timeline().base(), until);
    let snapshot = world.plan.records();
    let again = Plan::restore("night".parse().unwrap(), ladder(), rules(), &snapshot);
    assert_eq!(again.records(), snapshot);
}
