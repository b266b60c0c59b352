//! bakuhantam: a pay-per-view live event in one process.
//!
//! # Who may import whom
//!
//! | layer | may import |
//! |---|---|
//! | app, cli | everything below |
//! | web | flows, rooms, objects, hub, cluster, config, clock, ids, money |
//! | flows | rooms, store, hub, jobs, clock, ids, money |
//! | rooms (events, payments, ingest, stream, playback, superchat, polls) | store, objects, hub, jobs, config, clock, ids, money; sideways only ingest→events, ingest→stream, playback→accounts, playback→events, playback→stream, polls→events, superchat→events, superchat→ledger |
//! | jobs, cluster | store, hub, config, clock, ids, money |
//! | store, objects, hub | config, clock, ids, money |
//!
//! `stream` imports no other room: facts reach it through the traits of [`stream::facts`], wired in [`app`].
//! `diesel` appears only in `store` and in `records.rs` files (and in `cluster`, `jobs`); `actix_web` and `askama`
//! only in `web`; RTMP bytes only in `ingest`; the S3 client only in `objects`; environment variables only in
//! `config`. `tests/suite/tidy.rs` reads the sources and enforces all of it.

pub mod accounts;
pub mod app;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod events;
pub mod flows;
pub mod hub;
pub mod ids;
pub mod ingest;
pub mod jobs;
pub mod ledger;
pub mod money;
pub mod objects;
pub mod payments;
pub mod playback;
pub mod polls;
pub mod store;
pub mod stream;
pub mod superchat;
pub mod web;
