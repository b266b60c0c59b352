//! How what was on its way ended, and what follows.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Desk;
use crate::ids::EventSlug;
use crate::objects::PutIf;
use crate::stream::meters;
use crate::stream::plan::{Action, Event, ListId, Listing};
use crate::stream::playlist;
use crate::stream::publisher::Shared;
use crate::stream::record::Protection;
use crate::stream::spool::Ignored;
use crate::stream::uploader::{Job, Outcome, PutError, backoff_ms, jittered};

/// Deadline of a playlist's PUT, milliseconds.
const LIST_TRY_MS: u64 = 4_000;

/// Longest wait after a failed playlist, milliseconds.
const LIST_WAIT_MS_MAX: u64 = 4_000;

/// Wait of a playlist after an error that does not pass by itself, milliseconds.
const LIST_PERMANENT_WAIT_MS: u64 = 10_000;

/// How something that was on its way ended.
pub enum Done {
    Segment(Job, Outcome),
    List(ListId, Result<u64, ListError>, Duration),
    Removed(u64),
    Withdrawn,
}

#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error(transparent)]
    Put(#[from] PutError),
    #[error(transparent)]
    Bad(#[from] playlist::BadPlaylist),
}

impl Desk {
    /// Takes in how something ended.
    pub(super) fn landed(&mut self, done: Done) -> Vec<Action> {
        let event = match done {
            Done::Segment(job, outcome) => match self.segment_landed(job, outcome) {
                Some(event) => event,
                None => return Vec::new(),
            },
            Done::List(id, Ok(bytes), took) => {
                self.list_failures.remove(&id);
                self.trouble.well(&self.event);
                meters::put("playlist", took, bytes);
                Event::ListStored(id)
            }
            Done::List(id, Err(error), _) => {
                let wait_ms = self.list_failed(&id, &error);
                Event::ListFailed { id, wait_ms }
            }
            Done::Removed(until) => Event::Removed(until),
            Done::Withdrawn => Event::Withdrawn,
        };
        // The plan counts whole milliseconds; rounded up, a second between two PUTs is a whole one.
        let mut now = self.now();
        now.ms = now.ms.saturating_add(1);
        self.plan.step(now, event)
    }

    fn segment_landed(&mut self, job: Job, outcome: Outcome) -> Option<Event> {
        let now = Instant::now();
        let (index, rung) = (job.upload.index, job.upload.rung);
        match outcome {
            Outcome::Stored { bytes, asked, took } => {
                self.queue.done(&job, now);
                self.trouble.well(&self.event);
                if job.upload.protection != Protection::Free {
                    self.trouble.has_keys(&self.event);
                }
                meters::put("segment", took, if asked { 0 } else { bytes });
                self.spares.push(job.path, now);
                Some(Event::Stored { index, rung })
            }
            Outcome::Lost(why) => {
                self.queue.done(&job, now);
                tracing::warn!(event = %self.event, path = %job.path.display(), why, "a segment is lost");
                meters::ignored(Ignored::Broken);
                Some(Event::Lost { index, rung })
            }
            Outcome::Failed(error) => {
                if let PutError::NoKey(id) = &error {
                    self.trouble.lacks_key(&self.event, id);
                } else {
                    self.trouble.failed(&self.event, &error, self.shared.clock.now());
                }
                meters::retried("segment");
                self.queue.put_back(job, &error, self.shared.random.as_ref(), now);
                None
            }
        }
    }

    fn list_failed(&mut self, id: &ListId, error: &ListError) -> u64 {
        meters::retried("playlist");
        let failures = self.list_failures.entry(id.clone()).or_default();
        let wait = match error {
            ListError::Put(PutError::Store(store)) if !store.is_passing() => LIST_PERMANENT_WAIT_MS,
            ListError::Put(_) => backoff_ms(*failures, LIST_WAIT_MS_MAX),
            ListError::Bad(_) => LIST_PERMANENT_WAIT_MS,
        };
        *failures = failures.saturating_add(1);
        match error {
            ListError::Put(error) => self.trouble.failed(&self.event, error, self.shared.clock.now()),
            ListError::Bad(error) => tracing::error!(event = %self.event, ?id, %error, "a playlist is not stored"),
        }
        jittered(wait, self.shared.random.as_ref())
    }
}

/// Writes a playlist and stores it.
pub async fn put_list(shared: &Arc<Shared>, event: EventSlug, listing: Listing) -> Result<u64, ListError> {
    let ladder = Arc::clone(shared);
    // A long DVR takes milliseconds.
    let write = move || {
        let key = playlist::key(&event, &ladder.ladder, &listing);
        playlist::render(&listing, &ladder.ladder, &ladder.key_address).map(|text| (key, text))
    };
    let written = tokio::task::spawn_blocking(write).await;
    let (key, text) = written.map_err(|error| PutError::Disk(std::io::Error::other(error)))??;
    let Some(key) = key else { return Err(PutError::Disk(std::io::Error::other("a playlist without a key")).into()) };
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let put = shared.objects.put(&key, text.into(), PutIf::Always);
    match timeout(Duration::from_millis(LIST_TRY_MS), put).await {
        Ok(Ok(_)) => Ok(bytes),
        Ok(Err(error)) => Err(PutError::Store(error).into()),
        Err(_) => Err(PutError::Timeout(LIST_TRY_MS).into()),
    }
}
