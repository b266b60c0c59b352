//! Work that must be done, whatever crashes: durable rows and the task that does them.
//!
//! Verbs, in the caller's transaction: [`enqueue`], [`take`], [`take_one`], [`done`], [`again_at`], [`forget`],
//! [`find_run_at`]. [`Runner::start`] does what is due, by the [`Work`] it is given.
//!
//! Invariants:
//! - A kind has one job for a reference. Asking for it again keeps the earlier time.
//! - A job belongs to one taker at a time, until its lease ends: of several nodes one gets it.
//! - Who asks for a job while it is being done gets it done once more: [`done`] and [`again_at`] see that the row was
//!   asked for since.
//!
//! A taker that crashes keeps the job until its lease ends; then another one takes it. So a job can be done twice, and
//! must bear it.

mod queue;
mod runner;

pub use queue::{Job, again_at, done, enqueue, find_run_at, forget, take, take_one};
pub use runner::{Next, Runner, Standing, Work};

/// How long a taker has a job to itself, in milliseconds: longer than any job takes.
pub const LEASE_MS: i64 = 40_000;
