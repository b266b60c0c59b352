//! The RTMP session and the FLV writer, taken from the program's sources: they depend on nothing else of it, so that
//! a fuzzer's build takes seconds.

#[path = "../../src/ingest/flv.rs"]
pub mod flv;
#[path = "../../src/ingest/session/mod.rs"]
pub mod session;
