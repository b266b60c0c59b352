//! Hears of closed files by inotify, on a thread of its own; what inotify does not tell is found by [`super::scan`].
//!
//! A folder is watched before it is read, so nothing made meanwhile is missed. When the kernel's queue overflows,
//! everything is walked at once; beside that it is walked every `uploader.rescan_ms`, so that a watch that could not
//! be had costs time and nothing else.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use inotify::{EventMask, EventStream, Inotify, WatchDescriptor, WatchMask, Watches};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::encoder_list::NamedSegment;
use super::scan::Scan;
use super::spool::{self, Place, Spot};
use crate::clock::SharedClock;
use crate::config;
use crate::ids::EventSlug;

/// Bytes of inotify events read at once.
const BUFFER: usize = 64 * 1024;

/// What is known of a segment's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Found by a scan; it may still be written.
    Unsettled,
    /// Closed, and whole as far as length and first packet tell.
    Whole {
        /// Its length.
        bytes: u64,
        /// How long ago it closed; 0 but for what a start-up finds.
        age_ms: u64,
    },
    /// Empty, cut off, no MPEG-TS, or gone.
    Broken,
}

/// News of a file.
#[derive(Clone, Debug)]
pub enum Found {
    /// FFmpeg's playlist names segments that it did not name before.
    Named {
        /// Where.
        spot: Spot,
        /// The segments, ascending.
        segments: Vec<NamedSegment>,
    },
    /// A segment's file.
    Segment {
        /// Where.
        spot: Spot,
        /// Its number.
        n: u64,
        /// Its name.
        file: Arc<str>,
        /// Its state.
        state: FileState,
    },
}

impl Found {
    /// Where it was found.
    #[must_use]
    pub const fn spot(&self) -> &Spot {
        match self {
            Self::Named { spot, .. } | Self::Segment { spot, .. } => spot,
        }
    }
}

/// Events of which everything must be found again.
pub type Recall = Arc<Mutex<Vec<EventSlug>>>;

/// Begins to watch, on a new thread, until `stop`.
///
/// # Errors
/// The root cannot be made, or no thread can be had.
pub fn start(
    config: &config::Uploader,
    clock: SharedClock,
    out: UnboundedSender<Found>,
    recall: Recall,
    stop: CancellationToken,
) -> io::Result<std::thread::JoinHandle<()>> {
    std::fs::create_dir_all(&config.hls_dir)?;
    // The root itself may be a link; nothing below it may.
    let root = std::fs::canonicalize(&config.hls_dir)?;
    let scan = Scan::new(root, Duration::from_millis(config.stable_for_ms), clock, out);
    let rescan = Duration::from_millis(config.rescan_ms.max(100));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("hls-watch".into()).spawn(move || {
        runtime.block_on(stop.run_until_cancelled(watch(scan, rescan, &recall)));
    })
}

/// The folders under inotify.
struct Folders {
    watches: Option<Watches>,
    paths: HashMap<WatchDescriptor, PathBuf>,
    watched: HashSet<PathBuf>,
    complained: bool,
}

impl Folders {
    fn enter(&mut self, folder: &Path) {
        let Some(watches) = &mut self.watches else { return };
        if self.watched.contains(folder) {
            return;
        }
        let mask = WatchMask::CREATE
            | WatchMask::MOVED_TO
            | WatchMask::CLOSE_WRITE
            | WatchMask::ONLYDIR
            | WatchMask::DONT_FOLLOW
            | WatchMask::EXCL_UNLINK;
        match watches.add(folder, mask) {
            Ok(descriptor) => {
                self.watched.insert(folder.to_owned());
                self.paths.insert(descriptor, folder.to_owned());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if !self.complained => {
                self.complained = true;
                tracing::warn!(%error, folder = %folder.display(), "a folder cannot be watched; it is scanned instead. \
                    Raise fs.inotify.max_user_watches");
            }
            Err(_) => {}
        }
    }

    fn gone(&mut self, descriptor: &WatchDescriptor) {
        if let Some(path) = self.paths.remove(descriptor) {
            self.watched.remove(&path);
        }
    }
}

async fn watch(mut scan: Scan, rescan: Duration, recall: &Recall) {
    let mut stream = match Inotify::init().and_then(|inotify| inotify.into_event_stream(vec![0_u8; BUFFER])) {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::warn!(%error, "inotify cannot be had; the HLS folder is scanned instead. Raise \
                fs.inotify.max_user_instances");
            None
        }
    };
    let watches = stream.as_ref().map(EventStream::watches);
    let mut folders = Folders { watches, paths: HashMap::new(), watched: HashSet::new(), complained: false };
    let mut next_scan = Instant::now();
    loop {
        let now = Instant::now();
        if now >= next_scan {
            let recalled = std::mem::take(&mut *recall.lock().unwrap_or_else(PoisonError::into_inner));
            for event in &recalled {
                scan.forget(event);
            }
            scan.all(&mut |folder| folders.enter(folder));
            next_scan = Instant::now() + rescan;
        }
        let wake = scan.settle().map_or(next_scan, |ripe| ripe.min(next_scan));
        tokio::select! {
            event = next_event(&mut stream) => match event {
                Some(Ok(event)) if event.mask.contains(EventMask::Q_OVERFLOW) => {
                    tracing::warn!("the inotify queue overflowed; the HLS folder is scanned");
                    metrics::counter!("bakuhantam_publisher_inotify_overflows_total").increment(1);
                    next_scan = Instant::now();
                }
                Some(Ok(event)) => heard(&mut scan, &mut folders, &event),
                Some(Err(error)) => {
                    tracing::warn!(%error, "inotify failed; the HLS folder is scanned instead");
                    (stream, folders.watches) = (None, None);
                    next_scan = Instant::now();
                }
                None => (stream, folders.watches) = (None, None),
            },
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

type Event = inotify::Event<std::ffi::OsString>;

async fn next_event(stream: &mut Option<EventStream<Vec<u8>>>) -> Option<io::Result<Event>> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

fn heard(scan: &mut Scan, folders: &mut Folders, event: &Event) {
    if event.mask.contains(EventMask::IGNORED) {
        return folders.gone(&event.wd);
    }
    let Some(folder) = folders.paths.get(&event.wd).cloned() else { return };
    let Some(name) = &event.name else { return };
    let path = folder.join(name);
    if event.mask.contains(EventMask::ISDIR) {
        return scan.below(&path, &mut |folder| folders.enter(folder));
    }
    if !event.mask.intersects(EventMask::CLOSE_WRITE | EventMask::MOVED_TO) {
        return;
    }
    if let Ok(Place::Rendition(spot)) = spool::place(scan.root(), &folder) {
        scan.file(&spot, &path, true);
    }
}
