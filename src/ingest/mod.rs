//! Who may send a picture: the RTMP door, and the hook of a media server in front.
//!
//! Verbs: [`door::Door::start`] opens the door and [`door::Door::drain`] closes it; [`hook::decide`] answers a media
//! server. Inside, [`session`] is RTMP without I/O (bytes in, events and bytes out), [`flv`] turns its media into what
//! FFmpeg reads, and the door puts the socket around the one and an encoder's feed around the other.
//!
//! Invariants
//! - The stream key decides the event. It is looked up in the disk mirror: a database that is down changes nothing.
//!   Keys never reach a log, a metric or an answer.
//! - One publisher per event at a time. A second one is refused while the first has sent bytes within three seconds,
//!   and takes over otherwise (`ingest.takeover = "always"`: at once).
//! - Each publishing session is a run of its own: a publisher that drops and comes back gets a new FFmpeg. So does one
//!   whose FFmpeg has ended, whose clock has jumped, or to which a track has come, without being disconnected.
//! - Every byte before a right key is bounded: time (5 s), connections (64, 8 of one address), message length,
//!   memory, nesting.
//!
//! On a crash or restart nothing needs repair: publishers connect again and begin new runs.

pub mod door;
mod error;
mod failures;
pub mod flv;
pub mod hook;
pub mod session;
#[cfg(test)]
mod tests;

pub use error::Refused;
