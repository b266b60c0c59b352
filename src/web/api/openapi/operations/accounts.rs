//! Accounts and sessions.

use super::{Answer, Asked, Operation, PLAIN};
use crate::web::api::accounts;
use crate::web::api::openapi::{Shape, shapes};

/// The routes of this part.
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
        method: "POST",
        path: "/api/v1/password-reset",
        id: "beginReset",
        tag: "accounts",
        summary: "Sends a code for a new password",
        words: "If the number has an account. The answer is the same if it has none.",
        asked: Asked::Json(shapes::<accounts::BeginReset>),
        answers: (204, Answer::Nothing),
        more: &[(422, "accounts.bad_phone"), (429, "accounts.too_many_tries"), (503, "web.unavailable")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/password-reset/finish",
        id: "finishReset",
        tag: "accounts",
        summary: "Sets a new password by a code",
        words: "Every session of the account ends. A viewer is signed in anew; an account with a role is not (204).",
        asked: Asked::Json(shapes::<accounts::FinishReset>),
        answers: (200, Answer::Json(shapes::<accounts::Me<'_>>)),
        or_answers: Some(204),
        more: &[
            (422, "accounts.bad_phone"),
            (422, "accounts.weak_password"),
            (422, "accounts.wrong_code"),
            (429, "accounts.too_many_tries"),
            (503, "accounts.busy"),
        ],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/account/sessions",
        id: "listSessions",
        tag: "accounts",
        summary: "Where the account is signed in",
        words: "The one last used first.",
        answers: (200, Answer::Json(shapes::<accounts::Devices>)),
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/account/sessions/end-others",
        id: "endOtherSessions",
        tag: "accounts",
        summary: "Ends every other session",
        words: "The caller's own stays.",
        answers: (204, Answer::Nothing),
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/account/sessions/{id}/end",
        id: "endSession",
        tag: "accounts",
        summary: "Ends one session",
        words: "The caller's own too.",
        answers: (204, Answer::Nothing),
        more: &[(404, "accounts.no_session")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/account/name",
        id: "changeName",
        tag: "accounts",
        summary: "Changes the display name",
        words: "1 to 40 characters.",
        asked: Asked::Json(shapes::<accounts::NewName>),
        answers: (204, Answer::Nothing),
        more: &[(422, "accounts.bad_name")],
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/account/locale",
        id: "changeLocale",
        tag: "accounts",
        summary: "Chooses the language",
        words: "Of pages and messages.",
        asked: Asked::Json(shapes::<accounts::NewLocale>),
        answers: (204, Answer::Nothing),
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/account/password",
        id: "changePassword",
        tag: "accounts",
        summary: "Changes the password",
        words: "Every other session of the account ends.",
        asked: Asked::Json(shapes::<accounts::NewPassword>),
        answers: (204, Answer::Nothing),
        more: &[
            (401, "accounts.wrong_credentials"),
            (422, "accounts.weak_password"),
            (429, "accounts.too_many_tries"),
            (503, "accounts.busy"),
        ],
        ..PLAIN
    },
    Operation {
        path: "/api/v1/account/export",
        id: "exportAccount",
        tag: "accounts",
        summary: "Everything that is kept of the caller",
        words: "As one file: the account with what belongs to it, and its whole ledger.",
        answers: (200, Answer::Json(|_| Shape::anything())),
        ..PLAIN
    },
    Operation {
        method: "POST",
        path: "/api/v1/account/delete",
        id: "deleteAccount",
        tag: "accounts",
        summary: "Deletes the account",
        words: "Its profile is gone for ever; its ledger is kept without a name.",
        asked: Asked::Json(shapes::<accounts::Leaving>),
        answers: (204, Answer::Nothing),
        more: &[
            (401, "accounts.wrong_credentials"),
            (409, "accounts.last_owner"),
            (429, "accounts.too_many_tries"),
            (503, "accounts.busy"),
        ],
        ..PLAIN
    },
];
