//! Pages, JSON, hooks and sockets: the only code that knows actix-web and askama.
//!
//! Pages of a signed-out viewer are rendered from the in-memory mirror; no request of theirs reaches the database.

pub mod admin;
mod answered;
pub mod api;
pub mod assets;
pub mod client;
pub mod cors;
pub mod csrf;
pub mod error;
mod frames;
pub mod headers;
pub mod health;
pub mod hooks;
pub mod i18n;
pub mod idempotency;
pub mod inputs;
pub mod media;
pub mod metrics;
pub mod overlay;
pub mod pages;
mod refusals;
mod request_ids;
pub mod routes;
pub mod sandbox;
mod server;
pub mod session;
pub mod shelf;
pub mod site;
pub mod socket;
pub mod turnstile;
pub mod viewer;

pub use health::{Check, Checks, HealthBoard, NodeStatus};
pub use server::{Parts, Server};
pub use site::{Site, StreamBoard};
