//! What is counted. The counters of keys are looked up once: at a rotation each player asks.

use metrics::Counter;

use super::GateError;

/// Keys by outcome.
pub(super) struct Meters {
    given: Counter,
    signed_out: Counter,
    locked: Counter,
    lost: Counter,
    no_such_key: Counter,
    too_early: Counter,
    away: Counter,
}

impl Meters {
    pub(super) fn new() -> Self {
        let of = |outcome: &'static str| metrics::counter!("bakuhantam_keys_total", "outcome" => outcome);
        Self {
            given: of("given"),
            signed_out: of("signed_out"),
            locked: of("locked"),
            lost: of("lease_lost"),
            no_such_key: of("no_such_key"),
            too_early: of("too_early"),
            away: of("away"),
        }
    }

    /// Counts how a question for a key was answered.
    pub(super) fn count<T>(&self, answer: &Result<T, GateError>) {
        let counter = match answer {
            Ok(_) => &self.given,
            Err(GateError::SignedOut) => &self.signed_out,
            Err(GateError::Locked) => &self.locked,
            Err(GateError::LeaseLost) => &self.lost,
            Err(GateError::NoSuchKey | GateError::NoSuchEvent) => &self.no_such_key,
            Err(GateError::TooEarly { .. }) => &self.too_early,
            Err(GateError::Away | GateError::Fault(_)) => &self.away,
        };
        counter.increment(1);
    }
}

/// Counts a batch that was sent to the database: what it asked for, and how many waited for it.
pub(super) fn batch(kind: &'static str, questions: usize) {
    metrics::counter!("bakuhantam_gate_batches_total", "kind" => kind).increment(1);
    let questions = u64::try_from(questions).unwrap_or(u64::MAX);
    metrics::counter!("bakuhantam_gate_questions_total", "kind" => kind).increment(questions);
}

/// Counts what became of claims.
pub(super) fn claims(outcome: &'static str, many: usize) {
    if many > 0 {
        let many = u64::try_from(many).unwrap_or(u64::MAX);
        metrics::counter!("bakuhantam_lease_claims_total", "outcome" => outcome).increment(many);
    }
}

/// Tells how many places are in use here.
pub(super) fn held(places: usize) {
    let places = f64::from(u32::try_from(places).unwrap_or(u32::MAX));
    metrics::gauge!("bakuhantam_leases_held").set(places);
}
