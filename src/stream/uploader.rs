//! Stores segments: the live window first, then the backlog, each until it is stored.
//!
//! A try has a deadline. After a failure the store may have the segment all the same (the reply was lost), so the
//! next try asks first; it sends the file anew from its beginning, under the same key, which no other bytes ever
//! have. What is sold is encrypted before, under the key that its index was given: the same bytes on every try, and never
//! without: while the key is missing it waits. Passing errors come back after a short, jittered wait; permanent ones after a long one, for ever: only an
//! operator can say that it is over.
//!
//! While nothing succeeds the backlog rests but for one try at a time; the first success wakes everything.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::time::{Instant, timeout};

use super::cipher;
use super::facts::{ContentKey, KeySource};
use super::plan::Upload;
use super::record::Protection;
use super::spool;
use crate::ids::{EventSlug, KeyId, Random};
use crate::objects::{ObjectError, ObjectStore, PutDone, PutIf};

/// First wait after a failure, milliseconds; it doubles with each.
const WAIT_MS: u64 = 250;

/// Longest wait of a segment of the live window after a passing error.
const WINDOW_WAIT_MS_MAX: u64 = 2_000;

/// Longest wait of an older one.
const BACKLOG_WAIT_MS_MAX: u64 = 30_000;

/// Wait after an error that does not pass by itself.
const PERMANENT_WAIT_MS: u64 = 10_000;

/// Longest deadline of one try: slow links get more time with each that ran out.
const TRY_MS_MAX: u64 = 30_000;

/// Deadline of a question to the store.
const ASK: Duration = Duration::from_secs(3);

/// Failures in a row after which the store counts as away.
const AWAY_AFTER: u32 = 3;

/// A segment on its way.
#[derive(Clone, Debug)]
pub struct Job {
    /// What and where to.
    pub upload: Upload,
    /// Where from.
    pub path: PathBuf,
    /// Cheaper renditions first when the link is narrow: their place in that order.
    rank: usize,
    tries: u32,
    timeouts: u32,
    ready_at: Instant,
    backlog: bool,
}

/// Segments that wait, and how many are on their way.
#[derive(Debug)]
pub struct Queue {
    waiting: BTreeMap<(u64, usize), Job>,
    in_flight: usize,
    backlog_in_flight: usize,
    backlog_max: usize,
    failures: u32,
}

impl Queue {
    /// A queue for so many PUTs at once. The backlog gets half of them, so that a new segment need not wait.
    #[must_use]
    pub fn new(concurrency: usize) -> Self {
        let backlog_max = (concurrency / 2).max(1);
        Self { waiting: BTreeMap::new(), in_flight: 0, backlog_in_flight: 0, backlog_max, failures: 0 }
    }

    /// Takes a segment in.
    pub fn push(&mut self, upload: Upload, path: PathBuf, rank: usize) {
        let key = (upload.index, rank);
        let job = Job { upload, path, rank, tries: 0, timeouts: 0, ready_at: Instant::now(), backlog: false };
        self.waiting.insert(key, job);
    }

    /// Segments not stored yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len() + self.in_flight
    }

    /// Segments on their way.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The next segment to send: of the live window the oldest, the cheapest rendition first; else of the backlog the
    /// newest, since that is what is rewound to.
    pub fn next(&mut self, now: Instant, window_from: u64) -> Option<Job> {
        let ready = |job: &&Job| job.ready_at <= now;
        let of_window = self.waiting.range((window_from, 0)..).map(|(_, job)| job).find(ready);
        let backlog_max = if self.failures >= AWAY_AFTER { 1 } else { self.backlog_max };
        let job = match of_window {
            Some(job) => job,
            None if self.backlog_in_flight < backlog_max => {
                self.waiting.range(..(window_from, 0)).rev().map(|(_, job)| job).find(ready)?
            }
            None => return None,
        };
        let key = (job.upload.index, job.rank);
        let mut job = self.waiting.remove(&key)?;
        job.backlog = job.upload.index < window_from;
        self.in_flight += 1;
        self.backlog_in_flight += usize::from(job.backlog);
        Some(job)
    }

    fn landed(&mut self, job: &Job) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.backlog_in_flight = self.backlog_in_flight.saturating_sub(usize::from(job.backlog));
    }

    /// A segment is stored, or lost. After a time without success everything that waits is ready at once.
    pub fn done(&mut self, job: &Job, now: Instant) {
        self.landed(job);
        if std::mem::take(&mut self.failures) >= AWAY_AFTER {
            for waiting in self.waiting.values_mut() {
                waiting.ready_at = now;
            }
        }
    }

    /// A try failed: the segment waits and is tried again.
    pub fn put_back(&mut self, mut job: Job, error: &PutError, random: &dyn Random, now: Instant) {
        self.landed(&job);
        // Nothing was sent: it says nothing of the store.
        let was_sent = !matches!(error, PutError::NoKey(_));
        self.failures = self.failures.saturating_add(u32::from(was_sent));
        let max = if job.backlog { BACKLOG_WAIT_MS_MAX } else { WINDOW_WAIT_MS_MAX };
        let wait = match error {
            PutError::Store(error) if !error.is_passing() => PERMANENT_WAIT_MS,
            _ => backoff_ms(job.tries, max),
        };
        job.tries = job.tries.saturating_add(1);
        job.timeouts += u32::from(matches!(error, PutError::Timeout(_)));
        job.upload.uncertain |= was_sent;
        job.ready_at = now + Duration::from_millis(jittered(wait, random));
        self.waiting.insert((job.upload.index, job.rank), job);
    }
}

/// The wait after so many failures.
#[must_use]
pub fn backoff_ms(failures: u32, max_ms: u64) -> u64 {
    WAIT_MS.saturating_mul(1_u64.checked_shl(failures.min(16)).unwrap_or(u64::MAX)).min(max_ms)
}

/// Between half of the wait and all of it, so that many do not come back at once.
#[must_use]
pub fn jittered(wait_ms: u64, random: &dyn Random) -> u64 {
    let mut byte = [0_u8; 1];
    random.fill(&mut byte);
    let [byte] = byte;
    wait_ms / 2 + wait_ms.saturating_mul(u64::from(byte)) / 510
}

/// Why a try failed.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The store said so.
    #[error(transparent)]
    Store(#[from] ObjectError),
    /// No answer in time.
    #[error("no answer from the object store within {0} ms")]
    Timeout(u64),
    /// The local disk, for now.
    #[error("the segment's file cannot be read: {0}")]
    Disk(std::io::Error),
    /// It is sold, and there is no key to encrypt it with.
    #[error("there is no key {0}")]
    NoKey(KeyId),
    /// OpenSSL refuses.
    #[error("the segment cannot be encrypted: {0}")]
    Cipher(#[from] openssl::error::ErrorStack),
}

/// How a try ended.
#[derive(Debug)]
pub enum Outcome {
    /// Stored. `asked`: it was there already.
    Stored {
        /// Its length.
        bytes: u64,
        /// Nothing was sent.
        asked: bool,
        /// How long it took.
        took: Duration,
    },
    /// Its file is gone or broken.
    Lost(&'static str),
    /// To be tried again.
    Failed(PutError),
}

/// One try.
pub async fn try_once(
    objects: &dyn ObjectStore,
    keys: &dyn KeySource,
    event: &EventSlug,
    job: &Job,
    deadline_ms: u64,
) -> Outcome {
    let began = Instant::now();
    let lock = match &job.upload.protection {
        Protection::Free => None,
        Protection::Key { id } => match keys.content_key(event, id) {
            Some(key) => Some((key, id.iv())),
            None => return Outcome::Failed(PutError::NoKey(id.clone())),
        },
    };
    let (path, len) = (job.path.clone(), job.upload.bytes);
    let ready = tokio::task::spawn_blocking(move || body(&path, len, lock.as_ref())).await;
    let body = match ready.unwrap_or_else(|error| Err(Outcome::Failed(PutError::Disk(std::io::Error::other(error))))) {
        Ok(body) => body,
        Err(outcome) => return outcome,
    };
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    if job.upload.uncertain && is_there(objects, job, &body).await {
        return Outcome::Stored { bytes, asked: true, took: began.elapsed() };
    }
    // Half the segment deadline leaves time for a second try before the segment is a gap.
    let base = (deadline_ms / 2).clamp(500, TRY_MS_MAX);
    let try_ms = base.saturating_mul(1_u64.checked_shl(job.timeouts.min(8)).unwrap_or(1)).min(TRY_MS_MAX);
    let put = objects.put(&job.upload.key, body, PutIf::Always);
    match timeout(Duration::from_millis(try_ms), put).await {
        Ok(Ok(PutDone::Stored | PutDone::AlreadyThere)) => {
            Outcome::Stored { bytes, asked: false, took: began.elapsed() }
        }
        Ok(Err(error)) => Outcome::Failed(error.into()),
        Err(_) => Outcome::Failed(PutError::Timeout(try_ms)),
    }
}

/// What is stored of a file: its bytes, or what they become under a key. Blocking.
fn body(path: &Path, len: u64, lock: Option<&(ContentKey, [u8; 16])>) -> Result<Bytes, Outcome> {
    let mut body = match read(path, len) {
        Ok(body) => body,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Outcome::Lost("its file is gone")),
        Err(error) => return Err(Outcome::Failed(PutError::Disk(error))),
    };
    if u64::try_from(body.len()) != Ok(len) {
        return Err(Outcome::Lost("its file has changed since it was closed"));
    }
    if !spool::is_whole(&body) {
        return Err(Outcome::Lost("its file is not whole MPEG-TS"));
    }
    if let Some((key, iv)) = lock {
        cipher::encrypt(&mut body, key, iv).map_err(|error| Outcome::Failed(error.into()))?;
    }
    Ok(Bytes::from(body))
}

/// Reads a file into a buffer with room for its padding.
fn read(path: &Path, len: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut body = Vec::with_capacity(usize::try_from(len).unwrap_or(0) + cipher::BLOCK);
    file.read_to_end(&mut body)?;
    Ok(body)
}

/// Whether the store has the segment, whole. Where it cannot say, it is sent.
async fn is_there(objects: &dyn ObjectStore, job: &Job, body: &Bytes) -> bool {
    let Ok(Ok(Some(meta))) = timeout(ASK, objects.head(&job.upload.key)).await else { return false };
    if u64::try_from(body.len()) != Ok(meta.size) {
        return false;
    }
    let Some(stored) = meta.md5 else { return true };
    format!("{:x}", Md5::digest(body)) == stored
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SystemRandom;

    fn upload(index: u64, rung: usize) -> Upload {
        let run: crate::ids::RunId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let key = format!("e/abcdefghijkmnpqrstuvwxyz23/720p/{run}-{index:08}.ts").parse().unwrap();
        let protection = Protection::Free;
        Upload { index, rung, run, file: "x.ts".into(), bytes: 188, key, protection, uncertain: false }
    }

    fn queue(indices: impl IntoIterator<Item = u64>) -> Queue {
        let mut queue = Queue::new(8);
        for index in indices {
            for (rung, rank) in [(0, 1), (1, 0)] {
                queue.push(upload(index, rung), PathBuf::new(), rank);
            }
        }
        queue
    }

    #[tokio::test]
    async fn the_live_window_goes_first_cheap_renditions_ahead() {
        let mut queue = queue(0..10);
        let now = Instant::now();
        let order: Vec<_> =
            std::iter::from_fn(|| queue.next(now, 8)).map(|job| (job.upload.index, job.upload.rung)).collect();
        assert_eq!(order, [(8, 1), (8, 0), (9, 1), (9, 0), (7, 0), (7, 1), (6, 0), (6, 1)], "half for the backlog");
    }

    #[tokio::test]
    async fn while_the_store_is_away_the_backlog_rests_and_a_success_wakes_it() {
        let mut queue = queue(0..10);
        let random = SystemRandom::default();
        let now = Instant::now();
        let away = PutError::Timeout(1);
        for job in std::iter::from_fn(|| queue.next(now, 8)).take(4).collect::<Vec<_>>() {
            queue.put_back(job, &away, &random, now);
        }
        let later = now + Duration::from_millis(1);
        let probe = queue.next(later, 8).unwrap();
        assert_eq!(probe.upload.index, 7);
        assert!(queue.next(later, 8).is_none(), "one of the backlog at a time");
        queue.done(&probe, later);
        let woken: Vec<_> = std::iter::from_fn(|| queue.next(later, 8)).map(|job| job.upload.index).collect();
        assert_eq!(woken, [8, 8, 9, 9, 7, 6, 6, 5]);
    }

    #[test]
    fn waits_double_up_to_their_bound_and_are_jittered() {
        let random = SystemRandom::default();
        assert_eq!([0, 1, 2, 3, 9].map(|n| backoff_ms(n, 2_000)), [250, 500, 1_000, 2_000, 2_000]);
        for _ in 0..100 {
            assert!((500..=1_000).contains(&jittered(1_000, &random)));
        }
    }
}
