//! Coin-backed questions.

use super::{Answer, Asked, Operation, PLAIN};
use crate::flows::Voted;
use crate::web::api::openapi::shapes;
use crate::web::api::polls;

/// The routes of this part.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/api/v1/events/{slug}/polls",
        id: "listPolls",
        tag: "polls",
        summary: "An event's questions",
        words: "How each stands now; drafts are not among them. `my_votes` is about the caller when somebody is signed \
                in; the answer is then private. The room is told of changes by `poll:update`, which carries a poll.",
        knows_viewer: true,
        answers: (200, Answer::Json(shapes::<polls::Polls<'_>>)),
        more: &[(404, "events.not_found"), (503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/polls/{id}/votes",
        id: "vote",
        tag: "polls",
        summary: "Vote for an answer with coins",
        words: "`coins` is a multiple of the poll's `coins_per_vote`. The maximum counts a viewer's votes over the \
                whole poll. Coins are never paid out, whatever the result.",
        keyed: true,
        asked: Asked::Json(shapes::<polls::VoteBody>),
        answers: (200, Answer::Json(shapes::<Voted>)),
        more: &[
            (404, "polls.not_found"),
            (409, "polls.closed"),
            (409, "polls.too_many_votes"),
            (409, "ledger.insufficient_coins"),
            (422, "polls.no_such_option"),
            (422, "polls.bad_coins"),
        ],
        ..PLAIN
    },
];
