//! Calls of other systems: no session, no CSRF; each proves itself in its own way.

pub mod ingest;
pub mod payments;
