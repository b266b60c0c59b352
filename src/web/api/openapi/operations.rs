//! What each route for programs does, takes, answers and refuses.

use utoipa::openapi::{RefOr, Schema};

use super::{Shapes, shapes};
use crate::web::api::{accounts, events, unlock};
use crate::web::health::Health;
use crate::web::routes::Access;
use crate::web::site::Playback;

/// Makes a shape, with what it refers to.
type MakeShape = fn(&mut Shapes) -> RefOr<Schema>;

/// What is sent.
pub(super) enum Asked {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(MakeShape),
    /// JSON, or nothing.
    MaybeJson(MakeShape),
    /// Something else of this type.
    Raw(&'static str),
}

/// What is answered.
pub(super) enum Answer {
    /// JSON.
    Json(MakeShape),
    /// Text of this type.
    Text(&'static str),
    /// Nothing.
    Nothing,
}

/// One route.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Its name among all.
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    /// One line.
    pub(super) summary: &'static str,
    /// What the line does not say.
    pub(super) words: &'static str,
    /// Names after the question mark, all of them optional.
    pub(super) queries: &'static [(&'static str, &'static str)],
    /// Whether it needs an `Idempotency-Key`.
    pub(super) keyed: bool,
    /// Whether it tells a viewer more than others.
    pub(super) knows_viewer: bool,
    pub(super) asked: Asked,
    /// Status and body when all is well.
    pub(super) answers: (u16, Answer),
    /// Refusals that its kind does not have anyway.
    pub(super) more: &'static [(u16, &'static str)],
}

/// What most routes are: the rest is written out.
const PLAIN: Operation = Operation {
    method: "GET",
    path: "",
    id: "",
    tag: "events",
    summary: "",
    words: "",
    queries: &[],
    keyed: false,
    knows_viewer: false,
    asked: Asked::Nothing,
    answers: (200, Answer::Nothing),
    more: &[],
};

impl Operation {
    /// Names of the places in the path.
    pub(super) fn places(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
    }

    /// Statuses with the codes each comes with: of its kind, and its own.
    pub(super) fn refusals(&self, access: Access) -> Vec<(u16, Vec<&'static str>)> {
        let mut all: Vec<(u16, &str)> = Vec::new();
        if access == Access::Viewer {
            all.extend([(401, "accounts.signed_out"), (503, "web.unavailable")]);
        }
        if self.method == "POST" {
            all.push((403, "web.foreign_origin"));
        }
        if matches!(self.asked, Asked::Json(_) | Asked::MaybeJson(_)) {
            all.extend([(400, "web.bad_json"), (400, "web.not_json"), (413, "web.too_large")]);
        }
        if !self.queries.is_empty() {
            all.push((400, "web.bad_query"));
        }
        if self.keyed {
            all.extend([(400, "idempotency.key_missing"), (409, "idempotency.mismatch")]);
        }
        all.extend(self.more);
        let mut told: Vec<(u16, Vec<&str>)> = Vec::new();
        for (status, code) in all {
            match told.iter_mut().find(|(known, _)| *known == status) {
                Some((_, codes)) => codes.push(code),
                None => told.push((status, vec![code])),
            }
        }
        told.sort_by_key(|(status, _)| *status);
        told
    }
}

/// The parts of the document, in its order.
pub(super) const TAGS: &[(&str, &str)] = &[
    ("accounts", "Who is here."),
    ("events", "What is on, and what of it the caller may watch."),
    ("unlocks", "Opening fights and nights for coins."),
    ("hooks", "Told by machines: media servers and payment providers."),
    ("house", "The node itself."),
];

/// Every route for programs.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/api/v1/register",
        id: "register",
        tag: "accounts",
        summary: "Makes an account and signs it in",
        words: "The answer sets the session's cookie.",
        asked: Asked::Json(shapes::<accounts::Registration>),
        answers: (201, Answer::Json(shapes::<accounts::Me<'_>>)),
        more: &[
            (409, "accounts.phone_taken"),
            (422, "accounts.bad_phone"),
            (422, "accounts.bad_name"),
            (422, "accounts.weak_password"),
            (429, "accounts.too_many_tries"),
            (503, "accounts.busy"),
        ],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/login",
        id: "logIn",
        tag: "accounts",
        summary: "Signs in",
        words: "The answer sets the session's cookie. It never tells whether a number exists.",
        asked: Asked::Json(shapes::<accounts::LogIn>),
        answers: (200, Answer::Json(shapes::<accounts::Me<'_>>)),
        more: &[
            (401, "accounts.wrong_credentials"),
            (401, "accounts.totp_required"),
            (403, "accounts.banned"),
            (429, "accounts.too_many_tries"),
            (503, "accounts.busy"),
        ],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/logout",
        id: "logOut",
        tag: "accounts",
        summary: "Ends the session",
        words: "Its cookie opens nothing any more, on every node.",
        answers: (204, Answer::Nothing),
        ..PLAIN
    },
    Operation {
        path: "/api/v1/me",
        id: "me",
        tag: "accounts",
        summary: "The caller's own account",
        words: "With its balance.",
        answers: (200, Answer::Json(shapes::<accounts::Me<'_>>)),
        ..PLAIN
    },
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
    Operation {
        path: "/api/v1/events/{slug}/milestones",
        id: "listMilestones",
        summary: "An event's donation ladder",
        words: "With what is reached.",
        answers: (200, Answer::Json(shapes::<events::Milestones<'_>>)),
        more: &[(404, "events.not_found")],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/events/{slug}/polls",
        id: "listPolls",
        summary: "An event's questions",
        words: "Drafts are not among them.",
        answers: (200, Answer::Json(shapes::<events::Polls<'_>>)),
        more: &[(404, "events.not_found")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/events/{slug}/unlock",
        id: "unlockEvent",
        tag: "unlocks",
        summary: "Opens a whole night",
        words: "Coins that its fights have cost already are taken off its price. What is open already costs nothing.",
        keyed: true,
        asked: Asked::MaybeJson(shapes::<unlock::Consent>),
        answers: (200, Answer::Json(shapes::<crate::flows::Unlocked>)),
        more: &[
            (404, "till.not_found"),
            (409, "ledger.insufficient_coins"),
            (409, "events.pass_not_sold"),
            (409, "events.price_changed"),
        ],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/fights/{id}/unlock",
        id: "unlockFight",
        tag: "unlocks",
        summary: "Opens one fight",
        words: "What is free, bought before or part of a bought night costs nothing.",
        keyed: true,
        asked: Asked::MaybeJson(shapes::<unlock::Consent>),
        answers: (200, Answer::Json(shapes::<crate::flows::Unlocked>)),
        more: &[(404, "till.not_found"), (409, "ledger.insufficient_coins"), (409, "events.price_changed")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/hooks/ingest",
        id: "mayPublish",
        tag: "hooks",
        summary: "A media server asks who may publish",
        words: "MediaMTX's JSON or nginx-rtmp's form, from loopback or `ingest.hook_trusted`. 200 lets in, 401 does not.",
        asked: Asked::Raw("application/x-www-form-urlencoded"),
        more: &[
            (400, "ingest.bad_request"),
            (401, "ingest.denied"),
            (403, "ingest.not_trusted"),
            (413, "ingest.too_large"),
            (429, "ingest.too_many"),
        ],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/openapi.json",
        id: "openapi",
        tag: "house",
        summary: "This document",
        words: "OpenAPI 3.1.",
        answers: (200, Answer::Json(|_| super::Shape::anything())),
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
        answers: (101, Answer::Nothing),
        more: &[(400, "socket.handshake"), (403, "web.foreign_origin"), (503, "web.draining")],
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
