//! A door with three events in its mirror, and an encoder that writes what it is fed to files.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bakuhantam::config::{self, SecretKey};
use bakuhantam::events::{EventStatus, Mirror, SharedMirror, StreamKeys};
use bakuhantam::ids::EventSlug;
use bakuhantam::ingest::door::{Door, FeedOpener, FeedSink, Parts};
use bakuhantam::stream::encoder::FeedError;
use bytes::Bytes;
use tokio::process::{Child, Command};

use crate::harness::night::bare_event;

/// Key of the published event `island`.
pub const KEY: &str = "key-of-island";

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Writes each feed to `run-<n>.flv`.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    opened: AtomicUsize,
    finished: AtomicUsize,
    /// Feeds end, as if FFmpeg had died, once they have taken this many bytes. Each is used up by one feed.
    pub ends_after: Mutex<Vec<usize>>,
    /// Feeds take nothing: as an FFmpeg that hangs.
    pub stuck: AtomicBool,
}

struct Recording {
    recorder: Arc<Recorder>,
    file: File,
    taken: usize,
    ends_after: usize,
}

#[derive(Debug)]
struct Opener(Arc<Recorder>);

#[async_trait]
impl FeedOpener for Opener {
    async fn open_feed(&self, _event: &EventSlug) -> Result<Box<dyn FeedSink>, FeedError> {
        let n = self.0.opened.fetch_add(1, Ordering::SeqCst);
        let file = File::create(self.0.run(n)).unwrap();
        let ends_after = self.0.ends_after.lock().unwrap().pop().unwrap_or(usize::MAX);
        Ok(Box::new(Recording { recorder: Arc::clone(&self.0), file, taken: 0, ends_after }))
    }
}

#[async_trait]
impl FeedSink for Recording {
    async fn push(&mut self, bytes: Bytes) -> Result<(), FeedError> {
        if self.recorder.stuck.load(Ordering::SeqCst) {
            return Err(FeedError::Stuck);
        }
        self.taken += bytes.len();
        if self.taken > self.ends_after {
            return Err(FeedError::Ended);
        }
        self.file.write_all(&bytes).unwrap();
        Ok(())
    }

    async fn finish(self: Box<Self>) {
        self.recorder.finished.fetch_add(1, Ordering::SeqCst);
    }
}

impl Recorder {
    pub fn run(&self, n: usize) -> PathBuf {
        self.folder.join(format!("run-{n}.flv"))
    }

    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    pub fn finished(&self) -> usize {
        self.finished.load(Ordering::SeqCst)
    }

    pub fn len(&self, n: usize) -> u64 {
        std::fs::metadata(self.run(n)).map_or(0, |file| file.len())
    }
}

pub struct House {
    pub door: Option<Door>,
    pub recorder: Arc<Recorder>,
    pub mirror: SharedMirror,
    pub folder: tempfile::TempDir,
    secret: SecretKey,
    scheme: &'static str,
    port: u16,
}

impl House {
    pub fn open() -> Self {
        Self::open_with(|_, _| {})
    }

    /// A house whose `[ingest]` is changed by `set`, which also gets the folder.
    pub fn open_with(set: impl FnOnce(&mut config::Ingest, &std::path::Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Arc::new(Mirror::open(folder.path().join("mirror.json")));
        let recorder = Arc::new(Recorder {
            folder: folder.path().to_owned(),
            opened: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            ends_after: Mutex::default(),
            stuck: AtomicBool::new(false),
        });
        let secret = SecretKey::new([3; 32]);
        let mut ingest = config::Ingest { listen: ([127, 0, 0, 1], 0).into(), ..config::Ingest::default() };
        set(&mut ingest, folder.path());
        let door = Door::start(Parts {
            config: ingest,
            keys: StreamKeys::new(&secret, Arc::clone(&mirror)),
            mirror: Arc::clone(&mirror),
            feeds: Arc::new(Opener(Arc::clone(&recorder))),
        })
        .unwrap();
        let scheme = if door.is_encrypted() { "rtmps" } else { "rtmp" };
        let port = door.local_addr().port();
        let house = Self { door: Some(door), recorder, mirror, folder, secret, scheme, port };
        house.know(&[
            ("island", KEY, EventStatus::Published),
            ("rehearsal", "key-of-rehearsal", EventStatus::Draft),
            ("over", "key-of-over", EventStatus::Ended),
        ]);
        house
    }

    /// Replaces the events in the mirror.
    pub fn know(&self, events: &[(&str, &str, EventStatus)]) {
        let facts = |(slug, key, status): &(&str, &str, EventStatus)| bare_event(&self.secret, slug, key, *status);
        self.mirror.replace(events.iter().map(facts).collect());
    }

    /// Another opener of the same recorder.
    pub fn opener(&self) -> Arc<dyn FeedOpener> {
        Arc::new(Opener(Arc::clone(&self.recorder)))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}/{path}", self.scheme, self.port)
    }

    /// FFmpeg publishing to `path`: a picture and what `more` says.
    pub fn ffmpeg(&self, path: &str, more: &[&str]) -> Child {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-nostdin", "-v", "error"])
            .args(more)
            .args(["-f", "flv", &self.url(path)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().expect("FFmpeg is missing: run the tests by `make test`, which installs it")
    }

    /// FFmpeg publishing a picture and a beep in real time until it is stopped.
    pub fn live(&self, key: &str) -> Child {
        self.ffmpeg(
            &format!("live/{key}"),
            &[
                "-re",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=160x90:rate=15",
                "-re",
                "-f",
                "lavfi",
                "-i",
                "sine",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-tune",
                "zerolatency",
                "-g",
                "15",
                "-c:a",
                "aac",
            ],
        )
    }
}

/// What FFmpeg, which must end by itself, has said.
pub async fn words(ffmpeg: Child) -> Output {
    tokio::time::timeout(PATIENCE, ffmpeg.wait_with_output()).await.expect("FFmpeg ends").unwrap()
}

/// Waits for a condition.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
