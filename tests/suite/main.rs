//! The process-level tests: one binary, so that they link once. Each file tests one part by its public door, on real
//! parts. A part that is missing is a failure whose sentence names `make test`, which installs it.
#![cfg(test)]

mod accounts;
mod apply;
mod beacons;
mod cdn;
mod chain;
mod cli;
mod config;
mod crowd_storm;
mod demo;
mod doctor;
mod doku;
mod encoder;
mod encryption;
mod event_commands;
mod faults;
mod harness;
mod hooks;
mod hosts;
mod ingest_door;
mod ingest_hook;
mod jobs;
mod key_storm;
mod keys;
mod leases;
mod ledger;
mod logins;
#[cfg(feature = "long")]
mod long;
mod media;
mod metrics;
mod money_storm;
mod night;
mod objects;
mod openapi;
mod orders;
mod pages;
mod phones;
mod polls;
mod postgres;
mod presence;
mod replays;
mod returning_database;
mod schema;
mod selling;
mod sessions;
mod shop;
mod sockets;
mod start;
mod store;
mod supports;
mod tidy;
mod unlocks;
mod web;
