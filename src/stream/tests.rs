//! The publisher on real FFmpeg output, a real disk and a store in memory that looks at every PUT.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use hls_m3u8::MediaPlaylist;

use super::facts::{FactsSource, ReportSink, StreamFacts, StreamReport, StreamStatus};
use super::{EventHealth, Publisher, PublisherParts};
use crate::clock::{Micros, SystemClock};
use crate::config;
use crate::ids::{Epoch, EventSlug, RunId, SystemRandom};
use crate::objects::{ObjectError, ObjectKey, ObjectMeta, ObjectStore, PutDone, PutIf};

const SEGMENTS: u64 = 14;
const RUNGS: [&str; 2] = ["720p", "360p"];

/// A store that remembers every call, fails on demand, and holds playlists to their word.
#[derive(Debug, Default)]
struct Witness {
    objects: Mutex<BTreeMap<String, Bytes>>,
    puts: Mutex<Vec<(String, Instant)>>,
    wrongs: Mutex<Vec<String>>,
    down: AtomicBool,
    /// So many PUTs are stored but answered with an error.
    lose_replies: AtomicUsize,
    /// So many PUTs are never answered.
    stalls: AtomicUsize,
}

impl Witness {
    fn text(&self, key: &str) -> Option<String> {
        let objects = self.objects.lock().unwrap();
        objects.iter().find(|(name, _)| name.ends_with(key)).map(|(_, body)| String::from_utf8(body.to_vec()).unwrap())
    }

    fn puts_of(&self, part: &str) -> Vec<String> {
        self.puts.lock().unwrap().iter().map(|(key, _)| key.clone()).filter(|key| key.contains(part)).collect()
    }

    fn wrong(&self, what: String) {
        self.wrongs.lock().unwrap().push(what);
    }

    /// A playlist names what is there, never goes back, and is stored at most once a second.
    fn look_at(&self, key: &str, text: &str) {
        let objects = self.objects.lock().unwrap();
        let folder = key.rsplit_once('/').unwrap().0;
        let mut gap = false;
        for line in text.lines() {
            if line == "#EXT-X-GAP" {
                gap = true;
            } else if !line.starts_with('#') {
                let mut name = format!("{folder}/{line}");
                while let Some((before, after)) = name.split_once("/../") {
                    name = format!("{}/{after}", before.rsplit_once('/').unwrap().0);
                }
                if !gap && !objects.contains_key(&name) {
                    self.wrong(format!("{key} names {name}, which is not there"));
                }
                gap = false;
            }
        }
        if let Some(before) = objects.get(key).filter(|_| text.contains("#EXTINF")) {
            let (before, after) = (sequence(&String::from_utf8(before.to_vec()).unwrap()), sequence(text));
            if before.0 > after.0 || before.1 > after.1 {
                self.wrong(format!("{key} goes back from {before:?} to {after:?}"));
            }
        }
        let puts = self.puts.lock().unwrap();
        if let Some((_, at)) = puts.iter().rev().find(|(other, _)| other == key)
            && at.elapsed() < Duration::from_millis(1_000)
        {
            self.wrong(format!("{key} is stored twice within {:?}", at.elapsed()));
        }
    }
}

/// First index and the one after the last.
fn sequence(text: &str) -> (usize, usize) {
    let list = MediaPlaylist::try_from(text).unwrap();
    (list.media_sequence, list.media_sequence + list.segments.num_elements())
}

fn fails(what: &str) -> ObjectError {
    ObjectError::Passing { store: "witness", what: what.into() }
}

#[async_trait]
impl ObjectStore for Witness {
    async fn put(&self, key: &ObjectKey, body: Bytes, _: PutIf) -> Result<PutDone, ObjectError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(fails("down"));
        }
        let take =
            |count: &AtomicUsize| count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if take(&self.stalls) {
            std::future::pending::<()>().await;
        }
        let name = key.as_str().to_owned();
        if name.ends_with(".m3u8") {
            self.look_at(&name, std::str::from_utf8(&body).unwrap());
        } else if body.is_empty() {
            self.wrong(format!("{name} is empty"));
        }
        let before = self.objects.lock().unwrap().insert(name.clone(), body.clone());
        if name.ends_with(".ts") && before.is_some_and(|before| before != body) {
            self.wrong(format!("{name} has other bytes than before"));
        }
        self.puts.lock().unwrap().push((name, Instant::now()));
        if take(&self.lose_replies) { Err(fails("the reply is lost")) } else { Ok(PutDone::Stored) }
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(fails("down"));
        }
        Ok(self.objects.lock().unwrap().get(key.as_str()).cloned())
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        let body = self.get(key).await?;
        Ok(body.map(|body| ObjectMeta {
            size: u64::try_from(body.len()).unwrap(),
            md5: None,
            cache_control: None,
            content_type: None,
        }))
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        self.objects.lock().unwrap().remove(key.as_str());
        Ok(())
    }
}

/// Facts, and how often they were asked for.
#[derive(Debug)]
struct Known(Mutex<Option<StreamFacts>>, AtomicUsize);

impl FactsSource for Known {
    fn stream_facts(&self, _: &EventSlug) -> Option<StreamFacts> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.lock().unwrap().clone()
    }
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<StreamReport>>);

impl ReportSink for Told {
    fn report(&self, _: &EventSlug, report: StreamReport) {
        self.0.lock().unwrap().push(report);
    }
}

/// What FFmpeg wrote once: segments of one second in two renditions.
fn recorded() -> &'static Path {
    static RECORDED: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = RECORDED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        ffmpeg(folder.path(), SEGMENTS, false).wait().unwrap();
        folder
    });
    folder.path()
}

fn ffmpeg(folder: &Path, seconds: u64, paced: bool) -> std::process::Child {
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
struct Stage {
    folder: tempfile::TempDir,
    store: Arc<Witness>,
    facts: Arc<Known>,
    told: Arc<Told>,
    config: config::Uploader,
    publisher: Option<Publisher>,
    names: HashMap<(String, u64), String>,
}

fn event() -> EventSlug {
    "fight-night".parse().unwrap()
}

fn epoch(letter: char) -> Epoch {
    letter.to_string().repeat(26).parse().unwrap()
}

fn run_id(number: u64) -> RunId {
    format!("01ARZ3NDEKTSV4RRFFQ69{number:05}").parse().unwrap()
}

impl Stage {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config::Uploader {
            hls_dir: folder.path().join("hls"),
            state_file: folder.path().join("uploader/state.json"),
            rescan_ms: 500,
            stable_for_ms: 100,
            segment_deadline_ms: 2_000,
            ..config::Uploader::default()
        };
        let facts = StreamFacts { epoch: epoch('a'), on_air: None, interrupted: false, ended: false };
        let mut stage = Self {
            folder,
            store: Arc::default(),
            facts: Arc::new(Known(Mutex::new(Some(facts)), AtomicUsize::new(0))),
            told: Arc::default(),
            config,
            publisher: None,
            names: HashMap::new(),
        };
        stage.start().await;
        stage
    }

    async fn start(&mut self) {
        let mut encoder = config::Encoder { segment_seconds: 1, ..config::Encoder::default() };
        encoder.renditions.retain(|rendition| RUNGS.contains(&rendition.name.as_str()));
        let parts = PublisherParts {
            config: self.config.clone(),
            encoder,
            objects: self.store.clone(),
            facts: self.facts.clone(),
            reports: self.told.clone(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::default()),
        };
        self.publisher = Some(Publisher::start(parts).await.unwrap());
    }

    /// As SIGKILL does: nothing is finished.
    fn kill(&mut self) {
        self.publisher = None;
    }

    fn set(&self, change: impl FnOnce(&mut StreamFacts)) {
        change(self.facts.0.lock().unwrap().as_mut().unwrap());
    }

    fn spot(&self, run: u64, rung: &str) -> PathBuf {
        self.config.hls_dir.join(event().as_str()).join(run_id(run).as_str()).join(rung)
    }

    /// What FFmpeg does when segment `n` ends: the file under a temporary name, its rename, then the playlist.
    fn close(&mut self, run: u64, n: u64) {
        for rung in RUNGS {
            let whole = std::fs::read(recorded().join(rung).join(format!("{n:06}.ts"))).unwrap();
            self.close_as(run, rung, n, Some(&whole));
        }
    }

    fn close_as(&mut self, run: u64, rung: &str, n: u64, body: Option<&[u8]>) {
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

    fn live(&self, letter: char, rung: &str) -> Option<String> {
        self.store.text(&format!("{}/{rung}/live.m3u8", epoch(letter)))
    }

    fn dvr(&self, letter: char, rung: &str) -> Option<String> {
        self.store.text(&format!("{}/{rung}/dvr.m3u8", epoch(letter)))
    }

    fn health(&self) -> Option<EventHealth> {
        self.publisher.as_ref()?.health().events.first().cloned()
    }

    fn last_report(&self) -> Option<StreamReport> {
        self.told.0.lock().unwrap().last().cloned()
    }

    /// The next index of both renditions' live playlists.
    fn is_listed_until(&self, letter: char, next: usize) -> bool {
        RUNGS.iter().all(|rung| self.live(letter, rung).is_some_and(|text| sequence(&text).1 >= next))
    }

    async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
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

#[tokio::test(flavor = "multi_thread")]
async fn ffmpegs_picture_is_on_the_store_while_it_is_made() {
    let stage = Stage::open().await;
    let folder = stage.config.hls_dir.join(event().as_str()).join(run_id(1).as_str());
    let mut ffmpeg = ffmpeg(&folder, 5, true);
    stage.until("the picture is live", |s| s.last_report().is_some_and(|r| r.status == StreamStatus::Live)).await;
    assert!(ffmpeg.try_wait().unwrap().is_none(), "live before FFmpeg is done");
    stage.until("all five are listed", |s| s.is_listed_until('a', 5)).await;
    ffmpeg.wait().unwrap();
    let report = stage.last_report().unwrap();
    assert_eq!(report.epoch, Some(epoch('a')));
    let live = stage.live('a', "720p").unwrap();
    assert!(!live.contains("ENDLIST"), "FFmpeg's end is not the event's");
    assert_eq!(live.matches("#EXT-X-PROGRAM-DATE-TIME").count(), 5);
    let master = stage.store.text("master.m3u8").unwrap();
    assert!(master.contains("720p/live.m3u8") && master.contains("360p/live.m3u8"));
    let puts = stage.store.puts_of("m3u8");
    let at = |name: &str| puts.iter().position(|key| key.ends_with(name)).unwrap();
    assert!(at("master.m3u8") > at("720p/live.m3u8").max(at("360p/live.m3u8")));
    stage.until("it stands still", |s| s.last_report().unwrap().status == StreamStatus::Interrupted).await;
    assert_eq!(stage.store.puts_of(".ts").len(), 10, "each segment once");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_it_goes_on_and_sends_nothing_twice() {
    let mut stage = Stage::open().await;
    for n in 0..3 {
        stage.close(1, n);
    }
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    stage.kill();
    for n in 3..5 {
        stage.close(1, n);
    }
    stage.start().await;
    stage.until("five are listed", |s| s.is_listed_until('a', 5)).await;
    for n in 5..9 {
        stage.close(1, n);
    }
    stage.until("nine are listed", |s| s.is_listed_until('a', 9)).await;
    let live = stage.live('a', "360p").unwrap();
    assert_eq!(sequence(&live), (3, 9));
    assert!(!live.contains("DISCONTINUITY") && !live.contains("GAP"));
    let mut sent = stage.store.puts_of(".ts");
    sent.sort();
    let count = sent.len();
    sent.dedup();
    assert_eq!((count, sent.len()), (18, 18));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_is_asked_about_and_not_sent_again() {
    let mut stage = Stage::open().await;
    stage.store.lose_replies.store(2, Ordering::SeqCst);
    stage.close(1, 0);
    stage.until("it is listed", |s| s.is_listed_until('a', 1)).await;
    assert_eq!(stage.store.puts_of(".ts").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_is_never_answered_is_tried_again_in_time() {
    let mut stage = Stage::open().await;
    stage.store.stalls.store(2, Ordering::SeqCst);
    stage.close(1, 0);
    stage.until("it is listed", |s| s.is_listed_until('a', 1)).await;
    assert!(!stage.live('a', "720p").unwrap().contains("GAP"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_restart_is_a_discontinuity_and_the_old_run_is_over() {
    let mut stage = Stage::open().await;
    for n in 0..2 {
        stage.close(1, n);
    }
    stage.until("two are listed", |s| s.is_listed_until('a', 2)).await;
    for n in 0..2 {
        stage.close(2, n);
    }
    stage.until("four are listed", |s| s.is_listed_until('a', 4)).await;
    stage.close(1, 2);
    stage.close(2, 2);
    stage.until("five are listed", |s| s.is_listed_until('a', 5)).await;
    let live = stage.live('a', "720p").unwrap();
    let names: Vec<_> = live.lines().filter(|line| !line.starts_with('#')).collect();
    let expected = [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)].map(|(run, n)| format!("{}-{n:08}.ts", run_id(run)));
    assert_eq!(names, expected);
    assert_eq!(live.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    assert!(stage.store.puts_of(&expected[0].replace("00000000", "00000002")).is_empty(), "not even stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_is_rebuilt_from_the_store() {
    let mut stage = Stage::open().await;
    for n in 0..8 {
        stage.close(1, n);
    }
    stage.until("eight are listed", |s| s.is_listed_until('a', 8)).await;
    stage
        .until("the DVR too", |s| RUNGS.iter().all(|rung| s.dvr('a', rung).is_some_and(|t| sequence(&t).1 == 8)))
        .await;
    stage.kill();
    std::fs::remove_dir_all(stage.folder.path().join("uploader")).unwrap();
    stage.store.down.store(true, Ordering::SeqCst);
    stage.start().await;
    stage.close(1, 8);
    stage.until("it waits for the store", |s| s.health().is_some_and(|h| h.waits_for_store)).await;
    stage.store.down.store(false, Ordering::SeqCst);
    stage.until("nine are listed", |s| s.is_listed_until('a', 9)).await;
    assert_eq!(sequence(&stage.live('a', "720p").unwrap()), (3, 9));
    assert_eq!(stage.store.puts_of(".ts").len(), 18, "what the playlists name is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_never_comes_is_a_gap_and_the_picture_goes_on() {
    let mut stage = Stage::open().await;
    stage.close(1, 0);
    let whole = std::fs::read(recorded().join("360p/000001.ts")).unwrap();
    stage.close_as(1, "720p", 1, Some(&whole[..whole.len() - 100]));
    stage.close_as(1, "360p", 1, Some(&whole));
    stage.close(1, 2);
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    let live = stage.live('a', "720p").unwrap();
    let gap = live.find("#EXT-X-GAP\n#EXTINF").unwrap();
    assert!(live[gap..].contains("-00000001.ts") && !live[..gap].contains("-00000001.ts"));
    assert!(!stage.live('a', "360p").unwrap().contains("GAP"));
    assert!(stage.store.puts_of("720p").iter().all(|key| !key.ends_with("-00000001.ts")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_epoch_starts_with_the_next_segment() {
    let mut stage = Stage::open().await;
    for n in 0..2 {
        stage.close(1, n);
    }
    stage.until("two are listed", |s| s.is_listed_until('a', 2)).await;
    stage.set(|facts| facts.epoch = epoch('b'));
    stage.close(1, 2);
    stage.until("the new epoch is told", |s| s.last_report().unwrap().epoch == Some(epoch('b'))).await;
    let live = stage.live('b', "720p").unwrap();
    let names: Vec<_> = live.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(names[0].starts_with(&format!("../../{}/720p/", epoch('a'))));
    assert_eq!(names[2], stage.names[&("720p".to_owned(), 2)]);
    assert_eq!(sequence(&stage.live('a', "720p").unwrap()).1, 2, "the old word gets nothing new");
    let text = stage.store.text(&format!("{}/master.m3u8", epoch('b'))).unwrap();
    assert!(text.contains("360p/live.m3u8"));
    // A restart finds its way back, journal or not.
    stage.kill();
    std::fs::remove_dir_all(stage.folder.path().join("uploader")).unwrap();
    stage.start().await;
    stage.close(1, 3);
    stage.until("four are listed", |s| s.is_listed_until('b', 4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_writes_endlist_and_lists_nothing_after() {
    let mut stage = Stage::open().await;
    for n in 0..3 {
        stage.close(1, n);
    }
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    stage.set(|facts| facts.ended = true);
    stage
        .until("all lists have ended", |s| {
            RUNGS.iter().all(|rung| {
                let ended = |text: Option<String>| text.is_some_and(|text| text.ends_with("#EXT-X-ENDLIST\n"));
                ended(s.live('a', rung)) && ended(s.dvr('a', rung))
            })
        })
        .await;
    stage.close(1, 3);
    stage.kill();
    stage.start().await;
    stage.until("it is told again", |s| s.health().is_some_and(|h| h.status == StreamStatus::Ended)).await;
    stage.publisher.as_ref().unwrap().drain(Duration::from_secs(5)).await;
    assert_eq!(sequence(&stage.live('a', "720p").unwrap()), (0, 3));
    assert_eq!(stage.store.puts_of(".ts").len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_nothing_is_lost() {
    let mut stage = Stage::open().await;
    stage.close(1, 0);
    stage.until("one is listed", |s| s.is_listed_until('a', 1)).await;
    stage.store.down.store(true, Ordering::SeqCst);
    for n in 1..11 {
        stage.close(1, n);
    }
    stage
        .until("it is noticed", |s| s.health().is_some_and(|h| h.store_failing_since.is_some() && h.queue_len == 20))
        .await;
    stage.until("it is told", |s| s.last_report().unwrap().status == StreamStatus::Interrupted).await;
    stage.store.down.store(false, Ordering::SeqCst);
    stage.until("all are listed", |s| s.is_listed_until('a', 11)).await;
    assert!(!stage.live('a', "720p").unwrap().contains("GAP"), "the window is whole");
    stage
        .until("the DVR is whole", |s| {
            RUNGS.iter().all(|rung| s.dvr('a', rung).is_some_and(|t| sequence(&t) == (0, 11) && !t.contains("GAP")))
        })
        .await;
    assert_eq!(stage.last_report().unwrap().status, StreamStatus::Live);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_segment_is_left_alone() {
    let mut stage = Stage::open().await;
    let folder = stage.spot(1, "720p");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("000000.ts"), b"").unwrap();
    std::fs::write(folder.join("000001.ts"), vec![0_u8; 188]).unwrap();
    std::fs::write(folder.join("secret.txt"), b"x").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.join("000003.ts")).unwrap();
    std::fs::create_dir_all(stage.spot(1, "1080p")).unwrap();
    let segment = std::fs::read(recorded().join("720p/000000.ts")).unwrap();
    std::fs::write(stage.spot(1, "1080p").join("000000.ts"), &segment).unwrap();
    std::fs::write(stage.config.hls_dir.join("000000.ts"), &segment).unwrap();
    stage.close_as(1, "720p", 4, Some(&std::fs::read(recorded().join("720p/000004.ts")).unwrap()));
    stage.until("the whole one is listed", |s| s.live('a', "720p").is_some()).await;
    let keys = stage.store.puts_of(".ts");
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(keys[0].ends_with("-00000004.ts"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_found_by_scan_must_stand_still() {
    let mut stage = Stage::open().await;
    stage.kill();
    stage.close(1, 0);
    stage.start().await;
    stage.until("what was there is listed", |s| s.is_listed_until('a', 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_event_waits_until_it_is_known() {
    let mut stage = Stage::open().await;
    let facts = stage.facts.0.lock().unwrap().take();
    stage.close(1, 0);
    stage.until("it was asked for", |s| s.facts.1.load(Ordering::SeqCst) > 1).await;
    assert!(stage.store.puts.lock().unwrap().is_empty());
    *stage.facts.0.lock().unwrap() = facts;
    stage.until("it is listed", |s| s.is_listed_until('a', 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_files_leave_the_local_disk_and_a_drain_finishes_what_is_on_its_way() {
    let mut stage = Stage::open().await;
    stage.kill();
    stage.config.keep_local_ms = 300;
    stage.start().await;
    for n in 0..3 {
        stage.close(1, n);
    }
    stage.until("three are listed", |s| s.is_listed_until('a', 3)).await;
    stage.until("the files are gone", |s| !s.spot(1, "720p").join("000002.ts").exists()).await;
    assert!(stage.spot(1, "720p").join("index.m3u8").exists(), "the newest run's playlist stays");
    stage.close(1, 3);
    stage.until("it is stored", |s| s.store.puts_of(".ts").len() == 8).await;
    stage.publisher.as_ref().unwrap().drain(Duration::from_secs(5)).await;
    assert!(stage.is_listed_until('a', 4), "listed before the drain ends");
    stage.kill();
    let before = stage.told.0.lock().unwrap().len();
    stage.start().await;
    stage.until("it is told again", |s| s.told.0.lock().unwrap().len() > before).await;
    assert_eq!(stage.told.0.lock().unwrap()[before].epoch, Some(epoch('a')));
    assert!(stage.told.0.lock().unwrap()[before].since > Micros(0));
}
