//! Tests of the room's parts without sockets, and of the session against a real publisher's bytes, mutated.

mod client;
mod flv;
mod hook;
mod limits;
mod mutations;
mod session;
