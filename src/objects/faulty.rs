//! A store that fails on demand, around a real one. For tests: it stands beside what it fakes.
//!
//! It keeps a log of every call in the order things happened, from which [`FaultyStore::broken_promises`] finds each
//! playlist that was put before a segment it names was confirmed.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::task::TaskTracker;

use super::{ObjectError, ObjectKey, ObjectKind, ObjectMeta, ObjectStore, PutDone, PutIf, SharedObjects};

const STORE: &str = "faulty";

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails and nothing happened. Passing.
    Fail,
    /// Happens, but the reply is lost. Passing.
    ReplyLost,
    /// Happens after this time.
    Delay(Duration),
    /// Happens at once, the answer comes after this time.
    AnswerLate(Duration),
    /// Fails at once, and happens all the same after this time, when the caller may have put something newer. Passing.
    LandLater(Duration),
    /// Nothing happens and no answer ever comes.
    Stall,
    /// Nothing happens: too many requests. Passing.
    TooMany,
    /// Nothing happens: refused for good.
    Permanent,
}

/// A method of [`ObjectStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `put`
    Put,
    /// `get`
    Get,
    /// `head`
    Head,
    /// `delete`
    Delete,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The caller was told that it is done.
    Confirmed,
    /// The caller was told that something else was there.
    AlreadyThere,
    /// The caller was told that nothing is there.
    Missing,
    /// The caller got an error.
    Failed,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number, from 0, in the order calls came in.
    pub number: usize,
    /// The method.
    pub op: Op,
    /// The key.
    pub key: ObjectKey,
    /// What was to be stored.
    pub body: Option<Bytes>,
    /// Position on the common line of beginnings and ends.
    pub begun_at: u64,
    /// The end on the same line; `None` while under way or given up by the caller.
    pub ended: Option<(u64, Outcome)>,
    /// What went wrong by plan.
    pub fault: Option<Fault>,
}

type Plan = Box<dyn FnMut(Op, &ObjectKey, usize) -> Option<Fault> + Send>;

#[derive(Default)]
struct State {
    line: u64,
    calls: Vec<Call>,
    next: VecDeque<Option<Fault>>,
    plan: Option<Plan>,
}

/// A store with faults. Without a plan it does what the inner one does.
pub struct FaultyStore {
    inner: SharedObjects,
    state: Mutex<State>,
    landing: TaskTracker,
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl FaultyStore {
    /// Wraps a store.
    #[must_use]
    pub fn new(inner: SharedObjects) -> Self {
        Self { inner, state: Mutex::default(), landing: TaskTracker::new() }
    }

    /// The store inside, without faults and without the log.
    #[must_use]
    pub fn inner(&self) -> &SharedObjects {
        &self.inner
    }

    /// Asked for each call (method, key, the call's number) that [`FaultyStore::next_calls`] does not decide.
    pub fn plan(&self, plan: impl FnMut(Op, &ObjectKey, usize) -> Option<Fault> + Send + 'static) {
        self.state().plan = Some(Box::new(plan));
    }

    /// No plan any more: every call works.
    pub fn heal(&self) {
        let mut state = self.state();
        state.plan = None;
        state.next.clear();
    }

    /// What happens to the next calls, one entry each, before the plan is asked again.
    pub fn next_calls(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().next.extend(faults);
    }

    /// Every call so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Waits until everything that lands later has landed.
    pub async fn settle(&self) {
        self.landing.close();
        self.landing.wait().await;
        self.landing.reopen();
    }

    /// One sentence for each playlist whose PUT began before every segment it names was confirmed stored. Names after
    /// `#EXT-X-GAP` are not promises. Empty is right.
    #[must_use]
    pub fn broken_promises(&self) -> Vec<String> {
        broken_promises(&self.state().calls)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, op: Op, key: &ObjectKey, body: Option<&Bytes>) -> (usize, Option<Fault>) {
        let mut state = self.state();
        let number = state.calls.len();
        let fault = match state.next.pop_front() {
            Some(planned) => planned,
            None => state.plan.as_mut().and_then(|plan| plan(op, key, number)),
        };
        let begun_at = state.line;
        state.line = state.line.saturating_add(1);
        state.calls.push(Call { number, op, key: key.clone(), body: body.cloned(), begun_at, ended: None, fault });
        (number, fault)
    }

    fn end(&self, number: usize, outcome: Outcome) {
        let mut state = self.state();
        let at = state.line;
        state.line = state.line.saturating_add(1);
        if let Some(call) = state.calls.get_mut(number) {
            call.ended = Some((at, outcome));
        }
    }

    async fn run<T, F, G>(&self, op: Op, key: &ObjectKey, body: Option<&Bytes>, work: F) -> Result<T, ObjectError>
    where
        F: FnOnce(SharedObjects, ObjectKey) -> G,
        G: Future<Output = Result<T, ObjectError>> + Send + 'static,
        T: Answer,
    {
        let (number, fault) = self.begin(op, key, body);
        let work = work(self.inner.clone(), key.clone());
        let result = match fault {
            None => work.await,
            Some(Fault::Fail) => Err(passing(op, key, "failed by plan")),
            Some(Fault::TooMany) => Err(passing(op, key, "too many requests by plan (HTTP 429)")),
            Some(Fault::Permanent) => {
                Err(ObjectError::Permanent { store: STORE, what: format!("{op:?} {key}: refused by plan") })
            }
            Some(Fault::ReplyLost) => work.await.and_then(|_| Err(passing(op, key, "reply lost by plan"))),
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                work.await
            }
            Some(Fault::AnswerLate(time)) => {
                let done = work.await;
                tokio::time::sleep(time).await;
                done
            }
            Some(Fault::LandLater(time)) => {
                self.landing.spawn(async move {
                    tokio::time::sleep(time).await;
                    drop(work.await);
                });
                Err(passing(op, key, "lands later by plan"))
            }
            Some(Fault::Stall) => std::future::pending().await,
        };
        self.end(number, result.as_ref().map_or(Outcome::Failed, Answer::outcome));
        result
    }
}

/// What a caller is told by a result.
trait Answer: Send + 'static {
    fn outcome(&self) -> Outcome;
}

impl Answer for PutDone {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Stored => Outcome::Confirmed,
            Self::AlreadyThere => Outcome::AlreadyThere,
        }
    }
}

impl<T: Send + 'static> Answer for Option<T> {
    fn outcome(&self) -> Outcome {
        if self.is_some() { Outcome::Confirmed } else { Outcome::Missing }
    }
}

impl Answer for () {
    fn outcome(&self) -> Outcome {
        Outcome::Confirmed
    }
}

fn passing(op: Op, key: &ObjectKey, what: &str) -> ObjectError {
    ObjectError::Passing { store: STORE, what: format!("{op:?} {key}: {what}") }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put(&self, key: &ObjectKey, body: Bytes, when: PutIf) -> Result<PutDone, ObjectError> {
        let sent = body.clone();
        self.run(Op::Put, key, Some(&body), move |inner, key| async move { inner.put(&key, sent, when).await }).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        self.run(Op::Get, key, None, |inner, key| async move { inner.get(&key).await }).await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        self.run(Op::Head, key, None, |inner, key| async move { inner.head(&key).await }).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        self.run(Op::Delete, key, None, |inner, key| async move { inner.delete(&key).await }).await
    }
}

/// See [`FaultyStore::broken_promises`]. What was there before the log began must have been seen by GET or HEAD; what
/// was ever deleted is not there, since names are not used twice.
fn broken_promises(calls: &[Call]) -> Vec<String> {
    let mut wrong = Vec::new();
    for playlist in calls.iter().filter(|call| call.op == Op::Put && call.key.kind() != ObjectKind::Segment) {
        let Some(body) = &playlist.body else { continue };
        let before = |at: u64| at < playlist.begun_at;
        let deleted: HashSet<&str> = calls
            .iter()
            .filter(|call| call.op == Op::Delete && before(call.begun_at))
            .map(|call| call.key.as_str())
            .collect();
        let stored: HashSet<&str> = calls
            .iter()
            .filter(|call| call.op != Op::Delete)
            .filter(|call| {
                call.ended.is_some_and(|(at, outcome)| {
                    before(at) && matches!(outcome, Outcome::Confirmed | Outcome::AlreadyThere)
                })
            })
            .map(|call| call.key.as_str())
            .filter(|key| !deleted.contains(key))
            .collect();
        for name in promised(&String::from_utf8_lossy(body)) {
            match resolve(playlist.key.as_str(), name) {
                Some(key) if stored.contains(key.as_str()) => {}
                _ => wrong.push(format!("call {}: {} names {name}, not stored", playlist.number, playlist.key)),
            }
        }
    }
    wrong
}

/// The names a playlist promises: its URI lines, but not those marked as gaps.
fn promised(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut gap = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "#EXT-X-GAP" {
            gap = true;
        } else if !line.starts_with('#') {
            if !gap {
                names.push(line);
            }
            gap = false;
        }
    }
    names
}

/// The key a relative name means, seen from a playlist's key.
fn resolve(playlist: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = playlist.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}
