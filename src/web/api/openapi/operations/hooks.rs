//! What machines tell.

use super::{Answer, Asked, Operation, PLAIN};
use crate::web::api::openapi::shapes;
use crate::web::hooks::payments;

/// The routes of this part.
pub(super) const OPERATIONS: &[Operation] = &[
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
        method: "POST",
        path: "/api/v1/hooks/doku",
        id: "dokuNotice",
        tag: "hooks",
        summary: "DOKU tells what became of a payment",
        words: "Signed over the raw body (`Client-Id`, `Request-Id`, `Request-Timestamp`, `Signature`). Stored before it is answered.",
        asked: Asked::Raw("application/json"),
        answers: (200, Answer::Json(shapes::<payments::Taken>)),
        more: &[
            (400, "payments.stale"),
            (400, "payments.broken_body"),
            (401, "payments.not_ours"),
            (404, "payments.no_gateway"),
            (413, "payments.too_large"),
            (503, "web.unavailable"),
        ],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/hooks/sandbox",
        id: "sandboxNotice",
        tag: "hooks",
        summary: "The sandbox tells what became of a payment",
        words: "Signed as DOKU signs, with a secret of this house.",
        asked: Asked::Raw("application/json"),
        answers: (200, Answer::Json(shapes::<payments::Taken>)),
        more: &[
            (400, "payments.stale"),
            (400, "payments.broken_body"),
            (401, "payments.not_ours"),
            (404, "payments.no_gateway"),
            (413, "payments.too_large"),
            (503, "web.unavailable"),
        ],
        ..PLAIN
    },
];
