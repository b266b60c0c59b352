//! What each route for programs does, takes, answers and refuses, part by part.

mod accounts;
mod coins;
mod events;
mod hooks;
mod house;
mod playback;
mod polls;
mod supports;

use utoipa::openapi::{RefOr, Schema};

use super::Shapes;
use crate::web::routes::Access;

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
    /// Bytes.
    Bytes,
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
    /// Another status without a body when all is well too.
    pub(super) or_answers: Option<u16>,
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
    or_answers: None,
    more: &[],
};

impl Operation {
    /// Names of the places in the path.
    pub(super) fn places(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
    }

    /// Whether the request must say that it is JSON: it does where a cookie comes along, whatever it asks.
    pub(super) fn asks_for_json(&self, access: Access) -> bool {
        let is_json = matches!(self.asked, Asked::Json(_) | Asked::MaybeJson(_));
        is_json || (self.method == "POST" && access == Access::Viewer)
    }

    /// Statuses with the codes each comes with: of its kind, and its own.
    pub(super) fn refusals(&self, access: Access) -> Vec<(u16, Vec<&'static str>)> {
        let mut all: Vec<(u16, &str)> = Vec::new();
        if access == Access::Viewer {
            all.extend([(401, "accounts.signed_out"), (503, "web.unavailable")]);
        }
        if self.asks_for_json(access) {
            all.push((400, "web.not_json"));
        }
        if self.method == "POST" {
            all.push((403, "web.foreign_origin"));
        }
        if matches!(self.asked, Asked::Json(_) | Asked::MaybeJson(_)) {
            all.extend([(400, "web.bad_json"), (413, "web.too_large")]);
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
    ("coins", "Buying coins, and where they went."),
    ("unlocks", "Opening fights and nights for coins."),
    ("crowd", "Support with coins: superchats, donations, milestones."),
    ("polls", "Coin-backed questions."),
    ("playback", "Who may watch, on how many devices, and how it plays."),
    ("hooks", "Told by machines: media servers and payment providers."),
    ("house", "The node itself."),
];

/// Every route for programs.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        accounts::OPERATIONS,
        events::OPERATIONS,
        coins::OPERATIONS,
        supports::OPERATIONS,
        polls::OPERATIONS,
        playback::OPERATIONS,
        hooks::OPERATIONS,
        house::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
