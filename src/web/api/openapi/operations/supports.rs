//! Support with coins.

use super::{Answer, Asked, Operation, PLAIN};
use crate::web::api::openapi::shapes;
use crate::web::api::{overlay, supports};

/// How the lists are paged.
const PAGED: &[(&str, &str)] = &[
    ("after", "`next_after` of the page before this one; the newest without it."),
    ("limit", "Rows wanted, 1 to 100; 50 without it."),
];

/// The routes of this part.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/api/v1/events/{slug}/supports",
        id: "sendSupport",
        tag: "crowd",
        summary: "Gives coins to a fighter or an event",
        words: "With a message it is a superchat, without one a donation. Links are taken out of messages, bad words \
                masked. Where the event holds its supports it waits for an approval, and has no number yet.",
        keyed: true,
        asked: Asked::Json(shapes::<supports::SupportBody>),
        answers: (200, Answer::Json(shapes::<supports::Support>)),
        more: &[
            (404, "events.not_found"),
            (409, "superchat.closed"),
            (409, "ledger.insufficient_coins"),
            (422, "superchat.bad_amount"),
            (422, "ledger.bad_amount"),
            (422, "superchat.no_such_fighter"),
            (422, "superchat.message_too_long"),
            (422, "superchat.message_empty"),
            (429, "superchat.too_often"),
        ],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/events/{slug}/superchats",
        id: "listSuperchats",
        tag: "crowd",
        summary: "Supports with a message",
        words: "In the order of the numbers of their last public facts. One that was hidden comes with its id alone.",
        queries: PAGED,
        answers: (200, Answer::Json(shapes::<supports::Supports>)),
        more: &[(404, "events.not_found"), (503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/events/{slug}/donations",
        id: "listDonations",
        tag: "crowd",
        summary: "Supports without a message",
        words: "In the order of the numbers of their last public facts. One that was hidden comes with its id alone.",
        queries: PAGED,
        answers: (200, Answer::Json(shapes::<supports::Supports>)),
        more: &[(404, "events.not_found"), (503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/events/{slug}/milestones",
        id: "listMilestones",
        tag: "crowd",
        summary: "An event's donation ladder",
        words: "With what is reached, and what each fighter was given. All coins count, those of held and hidden \
                supports too.",
        answers: (200, Answer::Json(shapes::<supports::LadderJson>)),
        more: &[(404, "events.not_found"), (503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/events/{slug}/leaderboard",
        id: "listLeaderboard",
        tag: "crowd",
        summary: "Who has given most to an event",
        words: "Under the names that are shown: who gave anonymously is not on it.",
        answers: (200, Answer::Json(shapes::<supports::Leaderboard>)),
        more: &[(404, "events.not_found"), (503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/events/{slug}/overlay/shown",
        id: "noteShownAlert",
        tag: "crowd",
        summary: "An alert was on the broadcast",
        words: "Sent by the overlay pages that carry the event's overlay key. Saying it again changes nothing.",
        asked: Asked::Json(shapes::<overlay::Shown>),
        answers: (204, Answer::Nothing),
        more: &[
            (401, "superchat.not_the_overlay"),
            (404, "events.not_found"),
            (422, "superchat.no_such_number"),
            (503, "web.unavailable"),
        ],
        ..PLAIN
    },
];
