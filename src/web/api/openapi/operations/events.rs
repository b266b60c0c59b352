//! Events as they are shown.

use super::{Answer, Operation, PLAIN};
use crate::web::api::events;
use crate::web::api::openapi::shapes;
use crate::web::site::Playback;

/// The routes of this part.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/events",
        id: "listEvents",
        summary: "Events that are shown",
        words: "Newest start first. `unlocked` is about the caller when somebody is signed in; the answer is then private.",
        knows_viewer: true,
        answers: (200, Answer::Json(shapes::<events::Events<'_>>)),
        more: &[(503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/events/{slug}",
        id: "getEvent",
        summary: "One event",
        words: "`unlocked` is about the caller when somebody is signed in; the answer is then private.",
        knows_viewer: true,
        answers: (200, Answer::Json(shapes::<events::EventJson<'_>>)),
        more: &[(404, "events.not_found"), (503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/events/{slug}/playback",
        id: "getPlayback",
        summary: "Where an event's playlists are",
        words: "Addresses only: what is sold needs its key.",
        answers: (200, Answer::Json(shapes::<Playback>)),
        more: &[(404, "events.not_found")],
        ..PLAIN
    },
];
