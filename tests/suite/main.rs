//! The process-level tests: one binary, so that they link once. Each file tests one part by its public door, on real
//! parts. A part that is missing is a failure whose sentence names `make test`, which installs it.
#![cfg(test)]

mod apply;
mod cdn;
mod cli;
mod config;
mod doctor;
mod encoder;
mod event_commands;
mod harness;
mod hosts;
mod ingest_door;
mod ingest_hook;
mod media;
mod night;
mod objects;
mod postgres;
mod returning_database;
mod schema;
mod sockets;
mod store;
mod tidy;
mod web;
