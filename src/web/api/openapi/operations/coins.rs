//! Coins: packages, orders, the ledger, and what coins open.

use super::{Answer, Asked, Operation, PLAIN};
use crate::web::api::openapi::shapes;
use crate::web::api::{orders, packages, unlock};

/// The routes of this part.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/coin-packages",
        id: "listPackages",
        tag: "coins",
        summary: "What is sold",
        words: "In the order of the shop; nothing when coins are not sold.",
        answers: (200, Answer::Json(shapes::<packages::Packages>)),
        more: &[(503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/coin-orders",
        id: "orderCoins",
        tag: "coins",
        summary: "Orders coins",
        words: "The order is paid at its `payment_url`. After a 503 the same request again finishes it.",
        keyed: true,
        asked: Asked::Json(shapes::<orders::NewOrder>),
        answers: (201, Answer::Json(shapes::<orders::OrderJson>)),
        more: &[
            (404, "till.not_found"),
            (409, "payments.not_selling"),
            (409, "payments.provider_refused"),
            (429, "payments.too_many_open"),
            (503, "payments.provider_away"),
        ],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/coin-orders",
        id: "listOrders",
        tag: "coins",
        summary: "The caller's orders",
        words: "Newest first.",
        queries: &[
            ("before", "`next_before` of the page before this one."),
            ("limit", "Rows wanted, 1 to 100; 50 without it."),
        ],
        answers: (200, Answer::Json(shapes::<orders::Orders>)),
        ..PLAIN
    },
    Operation {
        path: "/api/v1/coin-orders/{invoice}",
        id: "getOrder",
        tag: "coins",
        summary: "One order of the caller's",
        words: "As it stands: it changes by itself when the provider tells what became of it.",
        answers: (200, Answer::Json(shapes::<orders::OrderJson>)),
        more: &[(404, "till.not_found")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/coin-orders/{invoice}/recheck",
        id: "recheckOrder",
        tag: "coins",
        summary: "Asks the provider now how an order stands",
        words: "For whoever has paid and sees nothing of it.",
        answers: (200, Answer::Json(shapes::<orders::OrderJson>)),
        more: &[(404, "till.not_found"), (429, "payments.too_often"), (503, "payments.provider_away")],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/account/ledger",
        id: "listMovements",
        tag: "coins",
        summary: "Every movement of the caller's coins",
        words: "Newest first, each with the balance after it.",
        queries: &[
            ("before", "`next_before` of the page before this one."),
            ("limit", "Rows wanted, 1 to 100; 50 without it."),
        ],
        answers: (200, Answer::Json(shapes::<orders::Ledger>)),
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
];
