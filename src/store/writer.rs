//! `SQLite`'s one writer: a thread that commits queued jobs in groups.
//!
//! One COMMIT with synchronous=FULL costs a disk flush; a group shares it. Each job has a savepoint, so that one that
//! fails takes back only its own rows. A job may have seen rows of an earlier job of its group, so everyone, refused
//! or not, is answered after the COMMIT.
//!
//! A group takes what is queued. Callers who were answered together ask again together, so one that has fewer jobs
//! than the last waits a moment for the rest of them: shorter than a flush takes. A caller alone never waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::open::{Mode, Opener};
use super::transaction;
use super::turn::Turn;
use super::{Commits, Conn, StoreError};

/// Jobs waiting; the next one is told that the database is busy.
const QUEUE_LEN_MAX: usize = 2_048;
/// Jobs in one COMMIT.
const GROUP_LEN_MAX: usize = 256;
/// A group takes no further job after this.
const GROUP_TIME_MAX: Duration = Duration::from_millis(10);

/// How long a group that is smaller than the last one waits for more, altogether.
const LINGER: Duration = Duration::from_micros(400);

/// The way to the writer thread, which ends when this is dropped.
pub(super) struct SqliteWriter(SyncSender<Box<dyn Job>>);

trait Job: Send {
    /// Whether nobody waits for the answer any more; such a job is not begun.
    fn is_abandoned(&self) -> bool;
    /// Runs the closure; tells whether its rows stay.
    fn run(&mut self, conn: &mut Conn) -> bool;
    /// Answers after COMMIT, or with why there was none.
    fn answer(self: Box<Self>, committed: Result<(), &str>);
}

struct Closure<T, E, F> {
    f: F,
    /// `None`: not run, or it panicked.
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Closure<T, E, F>
where
    F: Fn(&mut Conn) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, conn: &mut Conn) -> bool {
        // A panic is a bug of one room; its savepoint is taken back and the writer goes on.
        self.result = catch_unwind(AssertUnwindSafe(|| (self.f)(conn))).ok();
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), &str>) {
        let answer = match (committed, self.result) {
            (Err(reason), _) => Err(StoreError::Unavailable(reason.to_owned()).into()),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Panicked.into()),
        };
        // The caller may be gone; what it asked is done all the same.
        drop(self.reply.send(answer));
    }
}

impl SqliteWriter {
    pub(super) fn start(opener: Arc<Opener>, commits: Arc<Commits>) -> Result<Self, StoreError> {
        let (jobs, queue) = sync_channel(QUEUE_LEN_MAX);
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(&queue, &opener, &commits))
            .map_err(|error| StoreError::Unavailable(format!("the writer thread did not start: {error}")))?;
        Ok(Self(jobs))
    }

    /// Queues a write. Never waits.
    pub(super) fn submit<T, E, F>(&self, f: F) -> Result<oneshot::Receiver<Result<T, E>>, StoreError>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Box::new(Closure { f, result: None, reply })).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Unavailable("too many writes are waiting".into()),
            TrySendError::Disconnected(_) => StoreError::Unavailable("the writer has stopped".into()),
        })?;
        Ok(answer)
    }
}

fn work(queue: &Receiver<Box<dyn Job>>, opener: &Opener, commits: &Commits) {
    let mut kept = None;
    let mut last_len = 0;
    while let Ok(first) = queue.recv() {
        let found = kept.take().map_or_else(|| opener.open(Mode::Write).map(|conn| (conn, opener.turn())), Ok);
        let (mut conn, turn) = match found {
            Ok(pair) => pair,
            Err(error) => {
                first.answer(Err(&reason(&error)));
                continue;
            }
        };
        let mut group = vec![first];
        let done = run_group((&mut conn, &turn), queue, &mut group, last_len);
        last_len = group.len();
        match done {
            Ok(()) => {
                commits.bump();
                kept = Some((conn, turn));
                for job in group {
                    job.answer(Ok(()));
                }
            }
            Err(error) => {
                // The connection is dropped, which takes back whatever was open.
                drop(conn);
                let reason = reason(&StoreError::from(error));
                for job in group {
                    job.answer(Err(&reason));
                }
            }
        }
    }
}

fn reason(error: &StoreError) -> String {
    match error {
        StoreError::Unavailable(reason) => reason.clone(),
        other => other.to_string(),
    }
}

/// Runs the first job of `group` and those that wait behind it in one transaction; they are put into `group`. Waits a
/// little while there are fewer than `wanted`.
fn run_group(
    (conn, turn): (&mut Conn, &Turn),
    queue: &Receiver<Box<dyn Job>>,
    group: &mut Vec<Box<dyn Job>>,
    wanted: usize,
) -> diesel::QueryResult<()> {
    turn.begin_write(conn)?;
    let began = Instant::now();
    if let Some(first) = group.first_mut() {
        run_job(conn, first)?;
    }
    let mut patience = LINGER;
    while group.len() < GROUP_LEN_MAX && began.elapsed() < GROUP_TIME_MAX {
        let Some(mut job) = next(queue, group.len() < wanted, &mut patience) else { break };
        let ran = run_job(conn, &mut job);
        group.push(job);
        ran?;
    }
    transaction::commit(conn)
}

/// The next job that is queued. When `wait`, also one that comes while there is patience, which gets less by waiting.
fn next(queue: &Receiver<Box<dyn Job>>, wait: bool, patience: &mut Duration) -> Option<Box<dyn Job>> {
    let queued = queue.try_recv().ok();
    if queued.is_some() || !wait || patience.is_zero() {
        return queued;
    }
    let began = Instant::now();
    let came = queue.recv_timeout(*patience).ok();
    *patience = patience.saturating_sub(began.elapsed());
    came
}

fn run_job(conn: &mut Conn, job: &mut Box<dyn Job>) -> diesel::QueryResult<()> {
    if job.is_abandoned() {
        return Ok(());
    }
    transaction::savepoint(conn)?;
    if job.run(conn) { transaction::release(conn) } else { transaction::take_back(conn) }
}
