//! A publisher with everything around it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::witness::{Witness, sequence};
use crate::clock::SystemClock;
use crate::config;
use crate::ids::{Epoch, EventSlug, KeyId, RunId, SystemRandom};
use crate::stream::facts::{ContentKey, Cuts, FactsSource, KeySource, ReportSink, StreamFacts, StreamReport};
use crate::stream::{EventHealth, Publisher, PublisherParts};

const SEGMENTS: u64 = 14;
pub const RUNGS: [&str; 2] = ["720p", "360p"];

/// Facts, how often they were asked for, the epoch that viewers were told, and whether the next question panics.
#[derive(Debug)]
pub struct Known(pub Mutex<Option<StreamFacts>>, pub AtomicUsize, pub Mutex<Option<Epoch>>, pub AtomicBool);

impl FactsSource for Known {
    fn stream_facts(&self, _: &EventSlug) -> Option<StreamFacts> {
        self.1.fetch_add(1, Ordering::SeqCst);
        assert!(!self.3.swap(false, Ordering::SeqCst), "a planted panic");
        self.0.lock().unwrap().clone()
    }

    fn published_epoch(&self, _: &EventSlug) -> Option<Epoch> {
        self.2.lock().unwrap().clone()
    }
}

#[derive(Debug, Default)]
pub struct Told(pub Mutex<Vec<StreamReport>>);

impl ReportSink for Told {
    fn report(&self, _: &EventSlug, report: StreamReport) {
        self.0.lock().unwrap().push(report);
    }
}

/// What FFmpeg wrote once: segments of one second in two renditions.
pub fn recorded() -> &'static Path {
    static RECORDED: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = RECORDED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        ffmpeg(folder.path(), SEGMENTS, false).wait().unwrap();
        folder
    });
    folder.path()
}

pub fn ffmpeg(folder: &Path, seconds: u64, paced: bool) -> std::process::Child {
    for rung in RUNGS {
        std::fs::create_dir_all(folder.join(rung)).unwrap();
    }
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]);
    if paced {
        command.arg("-re");
    }
    command.args(["-f", "lavfi", "-i", "testsrc2=size=192x108:rate=30", "-f", "lavfi", "-i", "sine=frequency=440"]);
    command.args(["-t", &seconds.to_string(), "-filter_complex", "[0:v]split=2[a][b0];[b0]scale=96:54[b]"]);
    command.args(["-map", "[a]", "-map", "1:a", "-map", "[b]", "-map", "1:a"]);
    command.args(["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-sc_threshold", "0", "-c:a", "aac"]);
    command.args(["-f", "hls", "-hls_time", "1", "-hls_list_size", "100"]);
    command.args(["-hls_flags", "temp_file+program_date_time+independent_segments"]);
    command.args(["-var_stream_map", "v:0,a:0,name:720p v:1,a:1,name:360p"]);
    command.arg("-hls_segment_filename").arg(folder.join("%v/%06d.ts")).arg(folder.join("%v/index.m3u8"));
    command.stdout(Stdio::null()).spawn().expect("ffmpeg is installed")
}

/// A publisher with everything around it.
pub struct Stage {
    pub folder: tempfile::TempDir,
    pub store: Arc<Witness>,
    pub facts: Arc<Known>,
    pub told: Arc<Told>,
    pub keys: Arc<TestKeys>,
    pub key_address: String,
    pub playback: config::Playback,
    pub config: config::Uploader,
    pub publisher: Option<Publisher>,
    pub names: HashMap<(String, u64), String>,
}

pub fn event() -> EventSlug {
    "fight-night".parse().unwrap()
}

pub fn epoch(letter: char) -> Epoch {
    letter.to_string().repeat(26).parse().unwrap()
}

pub fn run_id(number: u64) -> RunId {
    format!("01ARZ3NDEKTSV4RRFFQ69{number:05}").parse().unwrap()
}

impl Stage {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config::Uploader {
            hls_dir: folder.path().join("hls"),
            state_file: folder.path().join("uploader/state.json"),
            rescan_ms: 500,
            stable_for_ms: 100,
            segment_deadline_ms: 2_000,
            ..config::Uploader::default()
        };
        let facts = StreamFacts {
            epoch: epoch('a'),
            on_air: None,
            interrupted: false,
            ended: false,
            card: Vec::new(),
            cuts: Cuts::default(),
            keep_remote_ms: None,
        };
        let mut stage = Self {
            folder,
            store: Arc::default(),
            facts: Arc::new(Known(
                Mutex::new(Some(facts)),
                AtomicUsize::new(0),
                Mutex::default(),
                AtomicBool::default(),
            )),
            told: Arc::default(),
            keys: Arc::default(),
            key_address: "https://api.example".into(),
            playback: config::Playback::default(),
            config,
            publisher: None,
            names: HashMap::new(),
        };
        stage.start().await;
        stage
    }

    /// Opens one and publishes the first `count` segments of run 1, in live window and DVR.
    pub async fn open_with(count: usize) -> Self {
        let mut stage = Self::open().await;
        for n in 0..u64::try_from(count).unwrap() {
            stage.close(1, n);
        }
        stage.until("they are listed", |s| s.is_listed_until('a', count)).await;
        let dvr = |stage: &Self, rung| stage.dvr('a', rung).is_some_and(|text| sequence(&text).1 == count);
        stage.until("the DVR lists them too", |s| RUNGS.iter().all(|rung| dvr(s, rung))).await;
        stage
    }

    pub async fn start(&mut self) {
        let mut encoder = config::Encoder { segment_seconds: 1, ..config::Encoder::default() };
        encoder.renditions.retain(|rendition| RUNGS.contains(&rendition.name.as_str()));
        let parts = PublisherParts {
            config: self.config.clone(),
            encoder,
            objects: self.store.clone(),
            facts: self.facts.clone(),
            reports: self.told.clone(),
            keys: self.keys.clone(),
            playback: self.playback.clone(),
            key_address: self.key_address.clone(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::default()),
        };
        self.publisher = Some(Publisher::start(parts).await.unwrap());
    }

    /// As SIGKILL does: nothing is finished.
    pub fn kill(&mut self) {
        self.publisher = None;
    }

    pub fn set(&self, change: impl FnOnce(&mut StreamFacts)) {
        change(self.facts.0.lock().unwrap().as_mut().unwrap());
    }

    pub fn spot(&self, run: u64, rung: &str) -> PathBuf {
        self.config.hls_dir.join(event().as_str()).join(run_id(run).as_str()).join(rung)
    }

    /// What FFmpeg does when segment `n` ends: the file under a temporary name, its rename, then the playlist.
    pub fn close(&mut self, run: u64, n: u64) {
        for rung in RUNGS {
            let whole = std::fs::read(recorded().join(rung).join(format!("{n:06}.ts"))).unwrap();
            self.close_as(run, rung, n, Some(&whole));
        }
    }

    pub fn close_as(&mut self, run: u64, rung: &str, n: u64, body: Option<&[u8]>) {
        let folder = self.spot(run, rung);
        std::fs::create_dir_all(&folder).unwrap();
        if let Some(body) = body {
            let temporary = folder.join(format!("{n:06}.ts.tmp"));
            std::fs::write(&temporary, body).unwrap();
            std::fs::rename(&temporary, folder.join(format!("{n:06}.ts"))).unwrap();
        }
        let recorded = std::fs::read_to_string(recorded().join(rung).join("index.m3u8")).unwrap();
        let last = format!("{n:06}.ts\n");
        let until = recorded.find(&last).unwrap() + last.len();
        std::fs::write(folder.join("index.m3u8.tmp"), &recorded[..until]).unwrap();
        std::fs::rename(folder.join("index.m3u8.tmp"), folder.join("index.m3u8")).unwrap();
        self.names.insert((rung.to_owned(), n), format!("{}-{n:08}.ts", run_id(run)));
    }

    pub fn live(&self, letter: char, rung: &str) -> Option<String> {
        self.store.text(&format!("{}/{rung}/live.m3u8", epoch(letter)))
    }

    pub fn dvr(&self, letter: char, rung: &str) -> Option<String> {
        self.store.text(&format!("{}/{rung}/dvr.m3u8", epoch(letter)))
    }

    pub fn health(&self) -> Option<EventHealth> {
        self.publisher.as_ref()?.health().events.first().cloned()
    }

    pub fn last_report(&self) -> Option<StreamReport> {
        self.told.0.lock().unwrap().last().cloned()
    }

    /// The next index of both renditions' live playlists.
    pub fn is_listed_until(&self, letter: char, next: usize) -> bool {
        RUNGS.iter().all(|rung| self.live(letter, rung).is_some_and(|text| sequence(&text).1 >= next))
    }

    pub async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !condition(self) {
            let keys: Vec<_> = self.store.objects.lock().unwrap().keys().cloned().collect();
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "waited in vain until {what}\n{:?}\n{:?}\n{keys:#?}\n{:?}",
                self.health(),
                self.told.0.lock().unwrap(),
                self.live('a', "720p")
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(*self.store.wrongs.lock().unwrap(), Vec::<String>::new());
        }
    }
}

/// Every key is of sixteen bytes made of its turn; there is none while they are away.
#[derive(Debug, Default)]
pub struct TestKeys {
    pub away: AtomicBool,
    pub asked: AtomicUsize,
}

impl KeySource for TestKeys {
    fn content_key(&self, _: &EventSlug, id: &KeyId) -> Option<ContentKey> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        (!self.away.load(Ordering::SeqCst)).then(|| ContentKey(u128::from(id.from_s()).to_be_bytes()))
    }
}
