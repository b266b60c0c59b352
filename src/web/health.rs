//! `GET /health`: answered from memory, without touching anything slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use arc_swap::ArcSwap;
use serde::Serialize;

/// A node's state as browsers and operators read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NodeStatus {
    /// Everything answers.
    Ok,
    /// Serves from memory: database or store away, or the picture late.
    Degraded,
    /// Not ready yet, or about to stop.
    #[default]
    Draining,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Check {
    /// `ok` or `failing`.
    pub status: &'static str,
    /// Age of what it tells, in milliseconds, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
}

impl Check {
    /// A check that is `ok` or `failing`.
    #[must_use]
    pub const fn of(ok: bool) -> Self {
        Self { status: if ok { "ok" } else { "failing" }, age_ms: None }
    }
}

/// The checks of a node.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Checks {
    /// The database answered lately, and is one to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<Check>,
    /// The journal is written; age of the newest listed segment of the latest live event; only on the node that
    /// publishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploader: Option<Check>,
    /// The object store takes what the publisher sends; only on the node that publishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<Check>,
}

/// What `/health` says now.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// The node's name.
    pub node: String,
    /// The program's version.
    pub version: &'static str,
    /// The node's state.
    pub status: NodeStatus,
    /// What it is made of.
    pub checks: Checks,
}

/// Holds the last state; refreshed by the app each second.
#[derive(Debug)]
pub struct HealthBoard {
    health: ArcSwap<Health>,
    drains: AtomicBool,
}

impl HealthBoard {
    /// A board of a node that is not ready yet.
    #[must_use]
    pub fn new(node: String) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let health = Health { node, version, status: NodeStatus::Draining, checks: Checks::default() };
        Self { health: ArcSwap::from_pointee(health), drains: AtomicBool::new(false) }
    }

    /// Sets state and checks.
    pub fn set(&self, status: NodeStatus, checks: Checks) {
        let last = self.health.load();
        self.health.store(Arc::new(Health { node: last.node.clone(), version: last.version, status, checks }));
    }

    /// The node is about to stop: whatever is set from now on, it says so.
    pub fn drain(&self) {
        self.drains.store(true, Ordering::SeqCst);
    }

    /// The last state.
    #[must_use]
    pub fn get(&self) -> Arc<Health> {
        let last = self.health.load_full();
        if !self.drains.load(Ordering::SeqCst) {
            return last;
        }
        Arc::new(Health { status: NodeStatus::Draining, ..Health::clone(&last) })
    }
}

/// 200 for `ok` and `degraded`, 503 for `draining`; open to every origin, since browsers choose their node by it.
pub async fn health(board: web::Data<HealthBoard>) -> HttpResponse {
    let health = board.get();
    let mut response = match health.status {
        NodeStatus::Ok | NodeStatus::Degraded => HttpResponse::Ok(),
        NodeStatus::Draining => HttpResponse::ServiceUnavailable(),
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(&*health)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_drains_says_so_whatever_is_found_meanwhile() {
        let board = HealthBoard::new("a".into());
        board.set(NodeStatus::Ok, Checks::default());
        assert_eq!(board.get().status, NodeStatus::Ok);
        board.drain();
        board.set(NodeStatus::Ok, Checks::default());
        assert_eq!(board.get().status, NodeStatus::Draining);
    }
}
