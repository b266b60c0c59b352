//! Who may watch.

use super::{Answer, Asked, Operation, PLAIN};
use crate::web::api::openapi::shapes;
use crate::web::api::{beacons, lease};

/// The routes of this part.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/keys/{id}",
        id: "getKey",
        tag: "playback",
        summary: "The key of what is sold",
        words: "16 bytes for the session, by its cookie alone. A session without a place among the account's devices takes \
                one that is free. A key is given from a minute before its turn begins.",
        answers: (200, Answer::Bytes),
        more: &[
            (403, "playback.locked"),
            (403, "playback.lease_lost"),
            (404, "playback.no_such_key"),
            (503, "playback.too_early"),
        ],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/events/{slug}/lease",
        id: "holdLease",
        tag: "playback",
        summary: "The press of play, and the heartbeat of a device that plays",
        words: "With `take` the device takes the place of the one that has had its own for longest. Without it the device \
                keeps its place, or takes one that is free.",
        asked: Asked::MaybeJson(shapes::<lease::Asked>),
        answers: (200, Answer::Json(shapes::<lease::Told>)),
        more: &[(404, "events.not_found")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/beacons",
        id: "sendBeacon",
        tag: "playback",
        summary: "How it has played since the last beacon",
        words: "No cookie is read, and nothing is kept of who sent it.",
        asked: Asked::Json(shapes::<beacons::Beacon>),
        answers: (204, Answer::Nothing),
        ..PLAIN
    },
];
