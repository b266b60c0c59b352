//! Who may watch: content keys for whoever has a session, an unlock and a place among the account's devices.
//!
//! Verbs of [`Gate`]: `key`, the key of a turn for a session; `hold`, the press of play and the heartbeat of a device;
//! `hear` and `doubt`, for facts of the bus; `keep`, the work in the background.
//!
//! - **Yes from memory.** What the database has said of a session, of its unlocks and of its place is kept ([`players`]).
//!   When all three say yes, no database is asked and no lock is waited for. The database being away changes nothing for
//!   whoever is known.
//! - **No from the database.** Signed out, locked and lost are never answered from memory, and never because the
//!   database is away: that is [`GateError::Away`]. Whoever is not known is asked for together with everyone else who is
//!   just being asked for ([`asks`]): a crowd makes tens of queries.
//! - **Places.** An account has `playback.devices_per_account` of them, one for a session ([`leases`]). The press of play
//!   takes one from the device that has had its own for longest; a heartbeat or a key takes a free one only. A place
//!   that is not used for `playback.lease_ttl_ms` is free. Rows in the database decide, in transactions that hold the
//!   account; a node writes down every few seconds which of its places were used, and finds out then which are gone.
//! - **Loss.** `lease:lost` and `account:revoked` drop what is kept, on every node within a second; forgetting is always
//!   safe, since the database is asked then.
//!
//! Crash before COMMIT: no place was taken. After it: the device finds its place at the next request, on whichever node.
//! A claim that is made twice finds its own place.

mod asks;
mod claims;
mod content_keys;
mod error;
mod gate;
mod leases;
mod meters;
mod players;
mod records;
#[cfg(test)]
mod tests;
mod upkeep;

pub use content_keys::EARLY_S;
pub use error::GateError;
pub use gate::{Gate, Held, Parts};
