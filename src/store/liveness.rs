//! Whether the database answers, told without waiting for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::RunQueryDsl as _;
use tokio::sync::oneshot;

use super::open::{Mode, Opener};
use super::{StoreError, each_dialect};

/// How old an answer may be before the database is asked again.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// After this an unanswered question counts as no.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the database answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Not asked yet.
    Unknown,
    /// It answered.
    Up,
    /// It did not: why.
    Down(String),
}

#[derive(Debug, Default)]
pub(super) struct Probe(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    asked: Option<Instant>,
    answered: Option<(Instant, Result<(), String>)>,
}

impl Probe {
    /// The last answer; asks again in the background when it is old.
    pub(super) fn last(&self, opener: &Arc<Opener>) -> Liveness {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = state.answered.as_ref().is_none_or(|(at, _)| at.elapsed() > FRESH_FOR);
        if old && state.asked.is_none() {
            state.asked = self.ask(opener, None).then(Instant::now);
        }
        if state.asked.is_some_and(|asked| asked.elapsed() > PATIENCE) {
            return Liveness::Down("no answer".into());
        }
        match &state.answered {
            None => Liveness::Unknown,
            Some((_, Ok(()))) => Liveness::Up,
            Some((_, Err(reason))) => Liveness::Down(reason.clone()),
        }
    }

    /// Asks now and waits for the answer.
    pub(super) async fn check(&self, opener: &Arc<Opener>) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        // Without a thread the reply's end is dropped, which counts as no answer.
        self.ask(opener, Some(reply));
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer.map_err(StoreError::Unavailable),
            _ => Err(StoreError::Unavailable("no answer".into())),
        }
    }

    /// Asks on a thread of its own; tells whether one could be started.
    fn ask(&self, opener: &Arc<Opener>, reply: Option<oneshot::Sender<Result<(), String>>>) -> bool {
        let (state, opener) = (Arc::clone(&self.0), Arc::clone(opener));
        let begun = std::thread::Builder::new().name("store-probe".into()).spawn(move || {
            let answer = ask_now(&opener).map_err(|error| error.to_string());
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.asked = None;
            state.answered = Some((Instant::now(), answer.clone()));
            drop(state);
            // Whoever asked may have stopped waiting.
            reply.map(|reply| reply.send(answer))
        });
        if begun.is_err() {
            tracing::warn!("no thread could be started to ask the database whether it is there");
        }
        begun.is_ok()
    }
}

fn ask_now(opener: &Opener) -> Result<(), StoreError> {
    let mut conn = opener.open(Mode::Read)?;
    each_dialect!(&mut conn, c => diesel::sql_query("SELECT 1").execute(c))?;
    Ok(())
}
