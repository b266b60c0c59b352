//! The node itself.

use super::{Answer, Operation, PLAIN};
use crate::web::api::openapi::{Shape, shapes};
use crate::web::health::Health;

/// The routes of this part.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/openapi.json",
        id: "openapi",
        tag: "house",
        summary: "This document",
        words: "OpenAPI 3.1.",
        answers: (200, Answer::Json(|_| Shape::anything())),
        ..PLAIN
    },
    Operation {
        path: "/health",
        id: "health",
        tag: "house",
        summary: "How this node is",
        words: "200 `ok`, 200 `degraded`: it serves from memory, 503: it is stopping or not ready.",
        answers: (200, Answer::Json(shapes::<Health>)),
        ..PLAIN
    },
    Operation {
        path: "/ws",
        id: "socket",
        tag: "house",
        summary: "Opens the socket",
        words: "A WebSocket handshake (RFC 6455). The client may send `superchat:join` and `ping`.",
        queries: &[
            ("overlay", "Which overlay page opens it: it does not count as a viewer."),
            ("key", "The event's overlay key: the page is the broadcast's own."),
        ],
        answers: (101, Answer::Nothing),
        more: &[
            (400, "socket.handshake"),
            (400, "socket.no_such_overlay"),
            (403, "web.foreign_origin"),
            (429, "socket.too_many"),
            (503, "web.draining"),
        ],
        ..PLAIN
    },
    Operation {
        path: "/metrics",
        id: "metrics",
        tag: "house",
        summary: "Numbers of this node",
        words: "Prometheus text, for the holder of `metrics.token`, or a loopback peer without forwarding headers.",
        answers: (200, Answer::Text("text/plain; version=0.0.4; charset=utf-8")),
        more: &[(403, "metrics.forbidden")],
        ..PLAIN
    },
];
