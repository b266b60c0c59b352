//! A show: event, fights, fighters, milestones and polls as stored, its on-air state, and the disk mirror.

mod facts;
mod mirror;
mod stream_key;

pub use facts::*;
pub use mirror::{Mirror, SharedMirror};
pub use stream_key::StreamKeys;
