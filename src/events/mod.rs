//! A show: event, fights, fighters, milestones and polls as stored, its on-air state, and the disk mirror.

mod facts;
mod mirror;

pub use facts::*;
pub use mirror::{Mirror, SharedMirror};
