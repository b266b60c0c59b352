//! Segment closed → listed, on a folder and on SeaweedFS, beside two yardsticks in the same run: the same two PUTs
//! back to back with the same client, and an uploader that polls (a scan every 2 s, 200 ms of standing still).
//!
//! `cargo bench --bench publish` (or `make bench`). Needs `weed` (SeaweedFS).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a benchmark stops where it cannot measure"
)]

#[path = "../tests/suite/harness/mod.rs"]
mod harness;

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bakuhantam::clock::{Clock as _, SystemClock};
use bakuhantam::config;
use bakuhantam::ids::{Epoch, EventSlug, KeyId, Random as _, RunId, SharedRandom, SystemRandom};
use bakuhantam::objects::{
    FolderStore, ObjectError, ObjectKey, ObjectMeta, ObjectStore, PutDone, PutIf, S3Store, SharedObjects,
};
use bakuhantam::stream::facts::{
    ContentKey, Cuts, FactsSource, FightOnAir, KeySource, ReportSink, StreamFacts, StreamReport,
};
use bakuhantam::stream::{Publisher, PublisherParts};
use bytes::Bytes;

const SEGMENTS: usize = 40;
const SEGMENT_BYTES: usize = 188 * 4_000; // 752 kB: two seconds at 3 Mbit/s
const SPACING: Duration = Duration::from_millis(1_200);

/// An event, and the fight that is on air all the time.
#[derive(Debug)]
struct Facts(Epoch, Option<FightOnAir>);

impl FactsSource for Facts {
    fn stream_facts(&self, _event: &EventSlug) -> Option<StreamFacts> {
        Some(StreamFacts {
            epoch: self.0.clone(),
            on_air: self.1.clone(),
            interrupted: false,
            ended: false,
            card: Vec::new(),
            cuts: Cuts::default(),
            keep_remote_ms: None,
        })
    }
}

impl KeySource for Facts {
    fn content_key(&self, _event: &EventSlug, _id: &KeyId) -> Option<ContentKey> {
        Some(ContentKey([7; 16]))
    }
}

impl ReportSink for Facts {
    fn report(&self, _event: &EventSlug, _report: StreamReport) {}
}

/// Notes when a live playlist that names a segment was first stored.
#[derive(Debug)]
struct Listed {
    inner: SharedObjects,
    at: Mutex<HashMap<String, Instant>>,
}

#[async_trait]
impl ObjectStore for Listed {
    async fn put(&self, key: &ObjectKey, body: Bytes, when: PutIf) -> Result<PutDone, ObjectError> {
        let done = self.inner.put(key, body.clone(), when).await?;
        if key.as_str().ends_with("/live.m3u8") {
            let now = Instant::now();
            let text = String::from_utf8_lossy(&body).into_owned();
            let mut at = self.at.lock().unwrap();
            for name in text.lines().filter(|line| line.ends_with(".ts")) {
                at.entry(name.to_owned()).or_insert(now);
            }
        }
        Ok(done)
    }
    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        self.inner.get(key).await
    }
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        self.inner.head(key).await
    }
    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        self.inner.delete(key).await
    }
}

fn segment_body() -> Vec<u8> {
    let mut body = vec![0_u8; SEGMENT_BYTES];
    SystemRandom::default().fill(&mut body);
    for packet in body.chunks_mut(188) {
        packet[0] = 0x47;
    }
    body
}

/// Closes a segment as FFmpeg does: rename, then the playlist by rename. Gives the moment of closing.
fn close_segment(folder: &Path, number: usize, body: &[u8], started: jiff::Timestamp) -> Instant {
    let name = format!("{number:06}.ts");
    let temp = folder.join(format!("{name}.tmp"));
    std::fs::write(&temp, body).unwrap();
    std::fs::rename(&temp, folder.join(&name)).unwrap();
    let closed = Instant::now();
    let mut text = String::from(
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-INDEPENDENT-SEGMENTS\n",
    );
    for n in 0..=number {
        let at = started + jiff::SignedDuration::from_secs(2 * i64::try_from(n).unwrap());
        let date = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000");
        writeln!(text, "#EXTINF:2.000000,\n#EXT-X-PROGRAM-DATE-TIME:{date}\n{n:06}.ts").unwrap();
    }
    let temp = folder.join("index.m3u8.tmp");
    std::fs::write(&temp, text).unwrap();
    std::fs::rename(temp, folder.join("index.m3u8")).unwrap();
    closed
}

/// The value below which `percent` of them lie.
fn percentile(values: &[Duration], percent: usize) -> Duration {
    let mut values = values.to_vec();
    values.sort();
    values[(values.len() - 1) * percent / 100]
}

fn show(what: &str, values: &[Duration]) -> f64 {
    let ms = |percent| percentile(values, percent).as_secs_f64() * 1_000.0;
    println!("{what:44} p50 {:8.1} ms   p90 {:8.1} ms   max {:8.1} ms   n {}", ms(50), ms(90), ms(100), values.len());
    ms(50)
}

async fn back_to_back(store: &dyn ObjectStore, number: usize, body: &Bytes) -> Duration {
    let segment: ObjectKey = format!("yardstick/back-to-back/720p/{number:08}.ts").parse().unwrap();
    let playlist: ObjectKey = format!("yardstick/back-to-back/720p/live{number}.m3u8").parse().unwrap();
    let started = Instant::now();
    store.put(&segment, body.clone(), PutIf::Always).await.unwrap();
    store.put(&playlist, Bytes::from_static(b"#EXTM3U\n"), PutIf::Always).await.unwrap();
    started.elapsed()
}

/// An uploader that polls: what most scripts do.
async fn polling(store: SharedObjects, folder: PathBuf, body: Arc<Vec<u8>>, segments: usize) -> Vec<Duration> {
    std::fs::create_dir_all(&folder).unwrap();
    let closed: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let writer = tokio::task::spawn_blocking({
        let (folder, closed, body) = (folder.clone(), closed.clone(), body);
        move || {
            for number in 0..segments {
                let at = close_segment(&folder, number, &body, jiff::Timestamp::UNIX_EPOCH);
                closed.lock().unwrap().insert(format!("{number:06}.ts"), at);
                std::thread::sleep(SPACING);
            }
        }
    });
    let (mut done, mut took) = (HashSet::new(), Vec::new());
    while took.len() < segments {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".ts") && !done.contains(name))
            .collect();
        if names.is_empty() {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        for name in names {
            let bytes = Bytes::from(tokio::fs::read(folder.join(&name)).await.unwrap());
            let key: ObjectKey = format!("yardstick/polling/720p/{name}").parse().unwrap();
            store.put(&key, bytes, PutIf::Always).await.unwrap();
            let playlist: ObjectKey = "yardstick/polling/720p/live.m3u8".parse().unwrap();
            store.put(&playlist, Bytes::from_static(b"#EXTM3U\n"), PutIf::Always).await.unwrap();
            let at = closed.lock().unwrap()[&name];
            took.push(at.elapsed());
            done.insert(name);
        }
    }
    writer.await.unwrap();
    took
}

/// A publisher of one rendition, and where FFmpeg would write for it.
struct House {
    listed: Arc<Listed>,
    rendition: PathBuf,
    publisher: Publisher,
}

impl House {
    /// `sold`: the fight on air costs coins, and every segment is encrypted.
    async fn open(folder: &Path, store: SharedObjects, sold: bool) -> Self {
        let random: SharedRandom = Arc::new(SystemRandom::default());
        let clock = Arc::new(SystemClock);
        let event = if sold { "bench-sold" } else { "bench-free" };
        let fight = FightOnAir { id: "01ARZ3NDEKTSV4RRFFQ69G5FAW".parse().unwrap(), number: 1, sold };
        let listed = Arc::new(Listed { inner: store, at: Mutex::default() });
        let facts = Arc::new(Facts(Epoch::new(&*random), Some(fight)));
        let mut encoder = config::Encoder::default();
        encoder.renditions.truncate(1);
        let uploader = config::Uploader {
            hls_dir: folder.join(event).join("hls"),
            state_file: folder.join(event).join("state.json"),
            ..config::Uploader::default()
        };
        let run = RunId::new(clock.now(), &*random);
        let rendition = uploader.hls_dir.join(event).join(run.as_str()).join("720p");
        std::fs::create_dir_all(&rendition).unwrap();
        let publisher = Publisher::start(PublisherParts {
            config: uploader,
            encoder,
            objects: listed.clone(),
            facts: facts.clone(),
            reports: facts.clone(),
            keys: facts,
            playback: config::Playback::default(),
            key_address: "https://api.example".into(),
            clock,
            random,
        })
        .await
        .unwrap();
        Self { listed, rendition, publisher }
    }

    /// Closes a segment; how long until a stored playlist names it.
    async fn closed_to_listed(&self, number: usize, body: &Arc<Vec<u8>>, started: jiff::Timestamp) -> Duration {
        let (folder, body) = (self.rendition.clone(), body.clone());
        let closed = tokio::task::spawn_blocking(move || close_segment(&folder, number, &body, started)).await.unwrap();
        let suffix = format!("{number:08}.ts");
        let deadline = closed + Duration::from_secs(10);
        loop {
            let found =
                self.listed.at.lock().unwrap().iter().find(|(name, _)| name.ends_with(&suffix)).map(|(_, at)| *at);
            if let Some(at) = found {
                return at - closed;
            }
            assert!(Instant::now() < deadline, "segment {number} was not listed within 10 s");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn measure(what: &str, store: SharedObjects) {
    println!("\n{what}: {SEGMENTS} segments of {SEGMENT_BYTES} bytes, one each {} ms", SPACING.as_millis());
    let folder = tempfile::tempdir().unwrap();
    let free = House::open(folder.path(), store.clone(), false).await;
    let sold = House::open(folder.path(), store.clone(), true).await;
    let body = Arc::new(segment_body());
    let bytes = Bytes::from(body.as_ref().clone());
    let started = jiff::Timestamp::from_microsecond(SystemClock.now().0).unwrap();
    let (mut ours, mut encrypted, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..SEGMENTS {
        let next = tokio::time::Instant::now() + SPACING;
        // Each is first in turn.
        if number % 2 == 0 {
            ours.push(free.closed_to_listed(number, &body, started).await);
            encrypted.push(sold.closed_to_listed(number, &body, started).await);
        } else {
            encrypted.push(sold.closed_to_listed(number, &body, started).await);
            ours.push(free.closed_to_listed(number, &body, started).await);
        }
        pairs.push(back_to_back(&*store, number, &bytes).await);
        tokio::time::sleep_until(next).await;
    }
    for house in [free, sold] {
        house.publisher.drain(Duration::from_secs(5)).await;
    }
    let polled = polling(store, folder.path().join("polled"), body, SEGMENTS / 2).await;

    let ours = show("closed → listed", &ours);
    let encrypted = show("closed → listed, encrypted", &encrypted);
    let pair = show("the same two PUTs back to back", &pairs);
    let poll = show("a polling uploader (2 s scan, 200 ms still)", &polled);
    println!("closed → listed is {:.2} × two PUTs (goal: at most 1.5), {:.3} × polling", ours / pair, ours / poll);
    println!("encrypted it is {:.3} × as much (goal: at most 1.1)", encrypted / ours);
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    measure("folder", Arc::new(FolderStore::new(folder.path().to_path_buf()))).await;
    let server = harness::s3::S3Server::start_own().await;
    measure("SeaweedFS", Arc::new(S3Store::open(&server.section(server.address())).unwrap())).await;
}
