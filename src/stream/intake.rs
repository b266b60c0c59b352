//! Joins what the watch sees (files, FFmpeg's playlists) into what the plan is told: a segment has a place once
//! FFmpeg's playlist names it, and can be sent once its file is whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::encoder_list::NamedSegment;
use super::plan::Event;
use super::watch::{FileState, Found};
use crate::ids::RunId;

#[derive(Debug, Default)]
struct Files {
    seen: BTreeMap<u64, (Arc<str>, FileState)>,
    named: BTreeMap<u64, NamedSegment>,
    /// Named to the plan, file not whole yet.
    placed: BTreeSet<u64>,
    /// The run's first segment has been found.
    begun: bool,
}

/// Joins files and names, per run and rendition.
#[derive(Debug, Default)]
pub struct Intake {
    files: HashMap<(RunId, usize), Files>,
}

impl Intake {
    /// Takes in what was found; returns what the plan must hear. `is_known`: the run has a place in the timeline.
    pub fn take(&mut self, found: Found, rung: usize, is_known: bool) -> Vec<Event> {
        let (spot, segment) = match found {
            Found::Named { spot, segments } => {
                let files = self.files.entry((spot.run.clone(), rung)).or_default();
                files.named.extend(segments.into_iter().map(|segment| (segment.n, segment)));
                (spot, None)
            }
            Found::Segment { spot, n, file, state } => (spot, Some((n, file, state))),
        };
        let files = self.files.entry((spot.run.clone(), rung)).or_default();
        files.begun |= is_known;
        if let Some((n, file, state)) = segment {
            files.seen.insert(n, (file, state));
        }
        let mut events = Vec::new();
        files.place(&spot.run, rung, &mut events);
        files.close(&spot.run, rung, &mut events);
        events
    }
}

impl Files {
    /// Tells the plan of named segments in order. A run begins with its first segment that is whole: what FFmpeg's
    /// playlist names before it and is not on the disk was cleared away long ago.
    fn place(&mut self, run: &RunId, rung: usize, events: &mut Vec<Event>) {
        while let Some((n, _)) = self.named.first_key_value() {
            let n = *n;
            let mut age_ms = 0;
            match self.seen.get(&n).map(|(_, state)| *state) {
                Some(FileState::Unsettled) => return,
                Some(FileState::Whole { age_ms: age, .. }) => {
                    age_ms = age;
                    self.begun = true;
                }
                Some(FileState::Broken) | None if self.begun => {}
                Some(FileState::Broken) | None => {
                    let is_ahead =
                        |m: &u64| self.seen.get(m).is_some_and(|(_, state)| !matches!(state, FileState::Broken));
                    if !self.named.keys().skip(1).any(is_ahead) {
                        return;
                    }
                    self.named.remove(&n);
                    continue;
                }
            }
            let Some(segment) = self.named.remove(&n) else { return };
            self.placed.insert(n);
            let NamedSegment { duration_us, start, .. } = segment;
            events.push(Event::Named { run: run.clone(), rung, n, duration_us, start, age_ms });
        }
    }

    /// Tells the plan of whole files that have a place.
    fn close(&mut self, run: &RunId, rung: usize, events: &mut Vec<Event>) {
        let whole = |n: &u64| match self.seen.get(n) {
            Some((file, FileState::Whole { bytes, .. })) => Some((*n, file.clone(), *bytes)),
            _ => None,
        };
        let ready: Vec<_> = self.placed.iter().filter_map(whole).collect();
        for (n, file, bytes) in ready {
            self.placed.remove(&n);
            self.seen.remove(&n);
            events.push(Event::Closed { run: run.clone(), rung, n, file, bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::spool::Spot;

    fn spot() -> Spot {
        Spot {
            event: "night".parse().unwrap(),
            run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            rendition: "720p".parse().unwrap(),
        }
    }

    fn named(range: std::ops::Range<u64>) -> Found {
        let segments = range
            .map(|n| NamedSegment { n, file: format!("{n:06}.ts").into(), duration_us: 2_000_000, start: None })
            .collect();
        Found::Named { spot: spot(), segments }
    }

    fn file(n: u64, state: FileState) -> Found {
        Found::Segment { spot: spot(), n, file: format!("{n:06}.ts").into(), state }
    }

    const WHOLE: FileState = FileState::Whole { bytes: 188, age_ms: 0 };

    fn words(events: &[Event]) -> Vec<String> {
        let word = |event: &Event| match event {
            Event::Named { n, age_ms, .. } => format!("named {n} {age_ms}"),
            Event::Closed { n, .. } => format!("closed {n}"),
            _ => unreachable!(),
        };
        events.iter().map(word).collect()
    }

    #[test]
    fn a_segment_closes_before_its_playlist_names_it() {
        let mut intake = Intake::default();
        assert!(intake.take(file(0, WHOLE), 0, false).is_empty());
        assert_eq!(words(&intake.take(named(0..1), 0, false)), ["named 0 0", "closed 0"]);
        assert_eq!(words(&intake.take(named(1..2), 0, true)), ["named 1 0"]);
        assert_eq!(words(&intake.take(file(1, WHOLE), 0, true)), ["closed 1"]);
    }

    #[test]
    fn a_run_begins_with_the_first_segment_that_is_there() {
        let mut intake = Intake::default();
        assert!(intake.take(file(0, FileState::Broken), 0, false).is_empty());
        assert!(intake.take(named(0..4), 0, false).is_empty());
        assert!(intake.take(file(2, FileState::Unsettled), 0, false).is_empty());
        assert!(intake.take(file(3, WHOLE), 0, false).is_empty(), "2 comes first");
        let events = intake.take(file(2, FileState::Whole { bytes: 188, age_ms: 9_000 }), 0, false);
        assert_eq!(words(&events), ["named 2 9000", "named 3 0", "closed 2", "closed 3"]);
    }

    #[test]
    fn a_missing_file_inside_a_run_has_its_place() {
        let mut intake = Intake::default();
        intake.take(file(0, WHOLE), 0, false);
        intake.take(file(2, WHOLE), 0, false);
        let events = intake.take(named(0..3), 0, false);
        assert_eq!(words(&events), ["named 0 0", "named 1 0", "named 2 0", "closed 0", "closed 2"]);
    }
}
