//! What can happen to the world, at random.

use proptest::prelude::*;

use super::world::*;
use crate::stream::plan::*;
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Wait(u64),
    /// FFmpeg closes and names the next segment of a rendition; `whole`: its file can be read.
    Close {
        rung: usize,
        whole: bool,
    },
    /// Both renditions, as FFmpeg does.
    CloseBoth,
    /// The run before the newest closes one more.
    CloseOld,
    NewRun,
    Store(usize),
    Lose(usize),
    StoreAll,
    ListOk(usize),
    ListFail(usize),
    ListAll,
    Rotate,
    OnAir {
        number: i32,
        sold: bool,
    },
    OffAir,
    Interrupt(bool),
    End,
    /// The process dies after so many actions of the next step.
    Crash(usize),
    /// The wall clock jumps.
    Jump(i64),
}

pub fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0_u64..2_500).prop_map(Op::Wait),
        1 => Just(Op::Wait(9_000)),
        4 => (0_usize..2, prop::bool::weighted(0.9)).prop_map(|(rung, whole)| Op::Close { rung, whole }),
        10 => Just(Op::CloseBoth),
        1 => Just(Op::CloseOld),
        2 => Just(Op::NewRun),
        6 => (0_usize..9).prop_map(Op::Store),
        1 => (0_usize..9).prop_map(Op::Lose),
        6 => Just(Op::StoreAll),
        6 => (0_usize..9).prop_map(Op::ListOk),
        2 => (0_usize..9).prop_map(Op::ListFail),
        6 => Just(Op::ListAll),
        1 => Just(Op::Rotate),
        2 => (1..4, prop::bool::weighted(0.7)).prop_map(|(number, sold)| Op::OnAir { number, sold }),
        2 => Just(Op::OffAir),
        1 => any::<bool>().prop_map(Op::Interrupt),
        1 => prop::bool::weighted(0.3).prop_map(|end| if end { Op::End } else { Op::Wait(100) }),
        2 => (0_usize..6).prop_map(Op::Crash),
        1 => (-40_000_i64..40_000).prop_map(Op::Jump),
    ]
}

impl World {
    pub fn apply(&mut self, op: Op) {
        match op {
            Op::Wait(ms) => self.wait(ms),
            Op::Close { rung, whole } => {
                let events = self.close(self.run, rung, whole);
                self.naive_tick();
                self.feed(events);
            }
            Op::CloseBoth => {
                let mut events = self.close(self.run, 0, true);
                events.extend(self.close(self.run, 1, true));
                self.naive_tick();
                self.feed(events);
            }
            Op::CloseOld => {
                if let Some(run) = self.run.checked_sub(1) {
                    let events = self.close(run, 0, true);
                    self.naive_tick();
                    self.feed(events);
                }
            }
            Op::NewRun => self.run += 1,
            Op::Store(k) => {
                if let Some(upload) = self.take_upload(k) {
                    let event = self.confirm(&upload);
                    self.naive_tick();
                    self.feed(vec![event]);
                }
            }
            Op::StoreAll => {
                let uploads = std::mem::take(&mut self.uploads);
                let events = uploads.iter().map(|upload| self.confirm(upload)).collect();
                self.naive_tick();
                self.feed(events);
            }
            Op::Lose(k) => {
                if let Some(upload) = self.take_upload(k) {
                    self.naive.lost.insert((upload.rung, upload.index));
                    self.naive_tick();
                    self.feed(vec![Event::Lost { index: upload.index, rung: upload.rung }]);
                }
            }
            Op::ListOk(k) | Op::ListFail(k) => {
                let ok = matches!(op, Op::ListOk(_));
                if let Some(listing) = self.take_list(k) {
                    let event = self.list_done(listing, ok);
                    self.feed(vec![event]);
                }
            }
            Op::ListAll => {
                let lists = std::mem::take(&mut self.lists);
                let events = lists.into_iter().map(|(listing, _)| self.list_done(listing, true)).collect();
                self.feed(events);
            }
            told => self.hear(told),
        }
    }

    /// What an operator or the world does.
    fn hear(&mut self, op: Op) {
        match op {
            Op::Rotate => {
                self.epochs += 1;
                self.facts.epoch = epoch(self.epochs);
                self.tell_facts();
            }
            Op::OnAir { number, sold } => self.air(Some(number), sold),
            Op::OffAir => self.air(None, false),
            Op::Interrupt(interrupted) => {
                self.facts.interrupted = interrupted;
                self.tell_facts();
            }
            Op::End => {
                self.facts.ended = true;
                self.tell_facts();
            }
            Op::Crash(after) => self.crash_after = Some(after),
            Op::Jump(ms) => self.wall += ms * 1_000,
            // The rest is done by `apply`.
            done => unreachable!("{done:?}"),
        }
    }

    /// The store is well again: everything that can be listed is, and nothing is left over.
    pub fn settle(&mut self) {
        self.crash_after = None;
        for _ in 0..40 {
            self.apply(Op::StoreAll);
            self.apply(Op::ListAll);
            self.wait(500);
        }
        let top = self.plan.timeline().top();
        let newest = self.naive.stored.keys().map(|(_, i)| *i).max();
        for rung in 0..2 {
            let track = &self.plan.timeline().tracks[rung];
            if track.begin.is_none() {
                continue;
            }
            if newest == top.checked_sub(1) && !track.sealed {
                assert_eq!(track.next, top, "rung {rung} stands still");
            }
            if track.next > track.begin.unwrap() && !(self.facts.ended && self.lists.is_empty()) {
                assert_eq!(self.edge[rung], track.next, "rung {rung} is not published");
            }
            assert!(!self.facts.ended || track.sealed, "rung {rung} never ends");
        }
        assert!(!self.plan.lists_behind());
    }
}
