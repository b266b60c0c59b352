//! Nodes: the cross-node bus (the outbox tail), and who is in the rooms of each ([`presence`]); later heartbeat and health.
//!
//! Verbs: [`Bus::start`], [`Bus::subscribe`]. A process announces each fact exactly once, its own right after COMMIT,
//! those of other processes when the tail sees them. After a crash nothing is announced again: who missed a fact
//! reads the state it is about.

mod bus;
pub mod presence;
#[cfg(test)]
mod tests;
mod window;

pub use bus::Bus;
