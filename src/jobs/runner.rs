//! The task that does what is due.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::queue::{self, Job};
use crate::clock::{Micros, SharedClock};
use crate::ids::{RowId, SharedRandom};
use crate::store::{Store, StoreError};

/// Jobs done at once by one node.
const AT_ONCE: usize = 8;
/// A job that takes longer is broken off, so that it never runs beside its next taker.
const LONGEST: Duration = Duration::from_secs(30);
/// A database that is away is asked again after this.
const LOOK_AWAY: Duration = Duration::from_secs(1);
/// A job that was broken off, or whose outcome is not known, is tried again after this.
const BROKEN_OFF_MS: i64 = 5_000;

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is done.
    Done,
    /// It is to be done again then.
    At(Micros),
}

/// A job that is always there: made at the start where it is missing, and due at once then.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Its kind.
    pub kind: &'static str,
    /// Its reference.
    pub reference: &'static str,
}

/// What does jobs.
#[async_trait]
pub trait Work: Send + Sync + std::fmt::Debug {
    /// The kinds it does.
    fn kinds(&self) -> Vec<&'static str>;

    /// The jobs that are always there.
    fn standing(&self) -> Vec<Standing>;

    /// Does one. It may be done twice, and it may be dropped at any await.
    async fn run(&self, job: &Job) -> Next;
}

/// Does jobs in the background.
#[derive(Debug)]
pub struct Runner {
    store: Store,
    clock: SharedClock,
    random: SharedRandom,
    work: Arc<dyn Work>,
    look_every: Duration,
}

impl Runner {
    /// A runner that looks for what is due each `look_every`.
    #[must_use]
    pub fn new(
        store: &Store,
        clock: &SharedClock,
        random: &SharedRandom,
        work: Arc<dyn Work>,
        look_every: Duration,
    ) -> Self {
        Self { store: store.clone(), clock: clock.clone(), random: random.clone(), work, look_every }
    }

    /// Starts once `ready` is; ends with `stopping`. What is being done then is given back, due at once.
    pub fn start(
        self,
        ready: impl Future<Output = ()> + Send + 'static,
        tracker: &TaskTracker,
        stopping: CancellationToken,
    ) {
        tracker.spawn(async move {
            if stopping.run_until_cancelled(ready).await.is_some()
                && stopping.run_until_cancelled(self.plant()).await.is_some()
            {
                self.run(&stopping).await;
            }
        });
    }

    /// Makes the standing jobs, as soon as the database lets.
    async fn plant(&self) {
        let now = self.clock.now();
        let standing: Vec<(RowId, Standing)> =
            self.work.standing().into_iter().map(|job| (RowId::new(now, self.random.as_ref()), job)).collect();
        loop {
            let standing = standing.clone();
            let planted = self.store.write(move |conn| {
                for (id, job) in &standing {
                    queue::enqueue(conn, id, job.kind, job.reference, now)?;
                }
                Ok::<_, StoreError>(())
            });
            match planted.await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "the standing jobs are not made yet"),
            }
            sleep(LOOK_AWAY).await;
        }
    }

    async fn run(&self, stopping: &CancellationToken) {
        let mut doing = FuturesUnordered::new();
        let mut taken: Vec<Job> = Vec::new();
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => break,
                Some((job, next)) = doing.next() => {
                    self.finish(&job, next).await;
                    taken.retain(|other| other.id != job.id);
                    pause = Duration::ZERO;
                    continue;
                }
                () = sleep(pause) => {}
            }
            let free = AT_ONCE.saturating_sub(taken.len());
            pause = match self.take(free).await {
                Ok(jobs) => {
                    let pause = if jobs.is_empty() { self.look_every } else { Duration::ZERO };
                    for job in jobs {
                        taken.push(job.clone());
                        doing.push(self.one(job));
                    }
                    pause
                }
                Err(error) => {
                    tracing::debug!(%error, "jobs wait for the database");
                    LOOK_AWAY
                }
            };
        }
        drop(doing);
        for job in &taken {
            self.finish(job, Next::At(self.clock.now())).await;
        }
    }

    async fn one(&self, job: Job) -> (Job, Next) {
        let broken_off = || Next::At(self.clock.now().plus_ms(BROKEN_OFF_MS));
        // A panic is a bug of one job; the others, and this one's next try, must not end with it.
        let work = AssertUnwindSafe(self.work.run(&job)).catch_unwind();
        let next = match tokio::time::timeout(LONGEST, work).await {
            Ok(Ok(next)) => next,
            Ok(Err(_panic)) => {
                tracing::error!(kind = job.kind, reference = job.reference, "a job failed inside the program");
                broken_off()
            }
            Err(_late) => {
                tracing::warn!(kind = job.kind, reference = job.reference, "a job took too long and was broken off");
                broken_off()
            }
        };
        (job, next)
    }

    async fn take(&self, limit: usize) -> Result<Vec<Job>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (kinds, now) = (self.work.kinds(), self.clock.now());
        let looked = kinds.clone();
        // Most looks find nothing, and a read disturbs nobody.
        if !self.store.read(move |conn| queue::is_due(conn, &looked, now)).await? {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(limit).unwrap_or(1);
        self.store.write(move |conn| queue::take(conn, &kinds, now, limit)).await
    }

    /// Writes what became of a job. Where that fails the job is due again when its lease ends.
    async fn finish(&self, job: &Job, next: Next) {
        let written = job.clone();
        let finished = self.store.write(move |conn| match next {
            Next::Done => queue::done(conn, &written),
            Next::At(at) => queue::again_at(conn, &written, at),
        });
        if let Err(error) = finished.await {
            tracing::debug!(%error, kind = job.kind, "a job's end is not recorded: it is done again");
        }
    }
}
