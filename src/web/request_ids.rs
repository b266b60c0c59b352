//! Ids of requests: ULIDs, unique and no secret. Random bytes are taken from the system for many at once, since asking for
//! them costs more than many an answer.

use std::cell::RefCell;

use crate::clock::Micros;
use crate::ids::{Random, RowId, SystemRandom};

/// Bytes taken at once.
const TAKEN: usize = 4_096;

/// Random bytes of one worker: each is given once.
#[derive(Debug)]
struct Drawn {
    bytes: Vec<u8>,
    source: SystemRandom,
}

/// A worker's bytes, as a source for an id.
#[derive(Debug)]
struct OfWorker;

thread_local! {
    static DRAWN: RefCell<Drawn> = RefCell::new(Drawn { bytes: Vec::new(), source: SystemRandom::default() });
}

impl Random for OfWorker {
    fn fill(&self, bytes: &mut [u8]) {
        DRAWN.with_borrow_mut(|drawn| {
            if drawn.bytes.len() < bytes.len() {
                drawn.bytes.resize(TAKEN.max(bytes.len()), 0);
                drawn.source.fill(&mut drawn.bytes);
            }
            let rest = drawn.bytes.len().saturating_sub(bytes.len());
            for (byte, random) in bytes.iter_mut().zip(drawn.bytes.drain(rest..)) {
                *byte = random;
            }
        });
    }
}

/// The id of a request that came at `at`.
pub(super) fn next(at: Micros) -> RowId {
    RowId::new(at, &OfWorker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_id_comes_twice() {
        let all: HashSet<RowId> = (0..10_000).map(|_| next(Micros(1_790_000_000_000_000))).collect();
        assert_eq!(all.len(), 10_000);
    }
}
