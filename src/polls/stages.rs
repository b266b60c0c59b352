//! What the producers' buttons do: open, close, settle.

use serde_json::{Value, json};

use super::records::{self, Stored};
use super::{PollError, PollStatus};
use crate::events::{self, Act, EventStatus};
use crate::ids::EventSlug;
use crate::store::audit::{self, Actor};
use crate::store::{Conn, Store, outbox};

/// Lets votes in.
///
/// # Errors
/// `polls.event_not_on`, `polls.not_found`, `polls.wrong_step`, or the database.
pub async fn open(store: &Store, act: &Act, slug: &EventSlug, code: &str) -> Result<(), PollError> {
    step(store, act, slug, code, &Step::Open).await.map(drop)
}

/// Lets no more votes in: those that were let in are through when this returns, and none comes after.
///
/// # Errors
/// `polls.event_not_on`, `polls.not_found`, `polls.wrong_step`, or the database.
pub async fn close(store: &Store, act: &Act, slug: &EventSlug, code: &str) -> Result<(), PollError> {
    step(store, act, slug, code, &Step::Close).await.map(drop)
}

/// Records the result of a closed poll: the answer that proved right, by its number in the list or its words, or that
/// none can. Returns the answer's words. Events that are over are settled too: results are often known later.
///
/// # Errors
/// `polls.event_not_on`, `polls.not_found`, `polls.no_such_option`, `polls.wrong_step`, or the database.
pub async fn settle(
    store: &Store,
    act: &Act,
    slug: &EventSlug,
    code: &str,
    winner: Option<&str>,
) -> Result<Option<String>, PollError> {
    step(store, act, slug, code, &Step::Settle(winner.map(ToOwned::to_owned))).await
}

#[derive(Clone, Debug)]
enum Step {
    Open,
    Close,
    Settle(Option<String>),
}

impl Step {
    const fn way(&self) -> (PollStatus, PollStatus, &'static str) {
        match self {
            Self::Open => (PollStatus::Draft, PollStatus::Open, "polls.open"),
            Self::Close => (PollStatus::Open, PollStatus::Closed, "polls.close"),
            Self::Settle(_) => (PollStatus::Closed, PollStatus::Settled, "polls.settle"),
        }
    }
}

async fn step(
    store: &Store,
    act: &Act,
    slug: &EventSlug,
    code: &str,
    step: &Step,
) -> Result<Option<String>, PollError> {
    let (slug, code, step) = (slug.clone(), code.to_owned(), step.clone());
    let (actor, audit_id) = (act.actor.clone(), act.new_id());
    let work = move |conn: &mut Conn| {
        let (from, to, what) = step.way();
        let event = events::hold_event(conn, &slug)?.ok_or_else(|| PollError::NoSuchEvent(slug.clone()))?;
        let missing = || PollError::NoSuchPoll { slug: slug.clone(), code: code.clone() };
        let poll = records::find_stored(conn, &slug, &code)?.ok_or_else(missing)?;
        if poll.status != from {
            return Err(PollError::wrong_step(&code, poll.status, to));
        }
        if to == PollStatus::Open && event != EventStatus::Published {
            return Err(PollError::EventNotOn(slug.clone()));
        }
        records::set_status(conn, &poll.id, to)?;
        let mut after = json!({ "code": code, "status": to });
        let mut winner = None;
        if let Step::Settle(asked) = &step {
            let found = asked.as_deref().map(|asked| find_winner(&poll, &code, asked)).transpose()?;
            records::insert_result(conn, &poll.id, found.map(|(id, _)| id), actor.at)?;
            winner = found.map(|(_, label)| label.clone());
            after = json!({ "code": code, "status": to, "winner": winner });
        }
        let change = (json!({ "code": code, "status": from }), after);
        tell(conn, &actor, &slug, what, &change, &audit_id)?;
        Ok(winner)
    };
    store.write(work).await
}

fn find_winner<'a>(
    poll: &'a Stored,
    code: &str,
    asked: &str,
) -> Result<(&'a crate::ids::RowId, &'a String), PollError> {
    let by_words = poll.options.iter().find(|(_, label)| label == asked);
    let number = asked.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let found = by_words.or_else(|| number.and_then(|at| poll.options.get(at)));
    found.map(|(id, label)| (id, label)).ok_or_else(|| PollError::NoSuchWinner {
        code: code.to_owned(),
        asked: asked.to_owned(),
        known: poll.options.iter().map(|(_, label)| format!("\"{label}\"")).collect::<Vec<_>>().join(", "),
    })
}

fn tell(
    conn: &mut Conn,
    actor: &Actor,
    slug: &EventSlug,
    what: &'static str,
    (before, after): &(Value, Value),
    audit_id: &crate::ids::RowId,
) -> Result<(), PollError> {
    outbox::append(conn, actor.at, Some(slug), "poll:update", after)?;
    let entry = audit::Entry { what, room: Some(slug), before: Some(before.clone()), after: Some(after.clone()) };
    Ok(audit::append(conn, audit_id, actor, &entry)?)
}
