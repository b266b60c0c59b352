//! Nodes: the cross-node bus (the outbox tail); later heartbeat and health.
