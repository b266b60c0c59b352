//! Walks `uploader.hls_dir`: finds what inotify did not tell (start-up, a new folder, an overflow).
//!
//! A file found here may still be written. It must keep its size and time of change for `uploader.stable_for_ms`
//! before it counts as closed.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::encoder_list;
use super::meters;
use super::spool::{self, FileKind, Ignored, Place, Spot};
use super::watch::{FileState, Found};
use crate::clock::{Micros, SharedClock};
use crate::ids::EventSlug;

/// Longest playlist that is read, bytes: a day of segments.
const PLAYLIST_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Size and time of change: equal when a file stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed_us: i64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Self { bytes: metadata.len(), changed_us: i64::try_from(since.as_micros()).unwrap_or(i64::MAX) }
    }
}

#[derive(Debug)]
struct Candidate {
    spot: Spot,
    n: u64,
    stamp: Stamp,
    since: Instant,
    at_start: bool,
}

/// What is known of the files, and where news of them goes.
#[derive(Debug)]
pub struct Scan {
    root: PathBuf,
    stable_for: Duration,
    clock: SharedClock,
    out: UnboundedSender<Found>,
    known: HashMap<PathBuf, Stamp>,
    ignored: HashSet<PathBuf>,
    candidates: HashMap<PathBuf, Candidate>,
    /// The last number told, per rendition's folder.
    named: HashMap<PathBuf, u64>,
    at_start: bool,
}

impl Scan {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(root: PathBuf, stable_for: Duration, clock: SharedClock, out: UnboundedSender<Found>) -> Self {
        Self {
            root,
            stable_for,
            clock,
            out,
            known: HashMap::new(),
            ignored: HashSet::new(),
            candidates: HashMap::new(),
            named: HashMap::new(),
            at_start: true,
        }
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Walks everything. `enter` is called with each folder before it is read, to begin watching it.
    pub fn all(&mut self, enter: &mut dyn FnMut(&Path)) {
        let mut seen = HashSet::new();
        let root = self.root.clone();
        self.folder(&root, enter, &mut seen);
        // What is gone need not be known.
        self.known.retain(|path, _| seen.contains(path));
        self.ignored.retain(|path| seen.contains(path));
        self.named.retain(|folder, _| seen.contains(folder));
        self.at_start = false;
    }

    /// Forgets what was told of an event: the next walk tells it again.
    pub fn forget(&mut self, event: &EventSlug) {
        let folder = self.root.join(event.as_str());
        self.known.retain(|path, _| !path.starts_with(&folder));
        self.named.retain(|path, _| !path.starts_with(&folder));
    }

    /// Walks one folder and what is below it.
    pub fn below(&mut self, folder: &Path, enter: &mut dyn FnMut(&Path)) {
        self.folder(folder, enter, &mut HashSet::new());
    }

    fn folder(&mut self, folder: &Path, enter: &mut dyn FnMut(&Path), seen: &mut HashSet<PathBuf>) {
        let place = match spool::place(&self.root, folder) {
            Ok(place) => place,
            Err(reason) => return self.ignore(folder, reason),
        };
        enter(folder);
        let Ok(entries) = fs::read_dir(folder) else { return };
        // By name, so that older runs and lower numbers come first.
        let mut entries: Vec<_> = entries.filter_map(Result::ok).map(|e| (e.path(), e.file_type().ok())).collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let mut playlists = Vec::new();
        for (path, kind) in entries {
            let Some(kind) = kind else { continue };
            seen.insert(path.clone());
            match &place {
                _ if kind.is_symlink() => self.ignore(&path, Ignored::Link),
                Place::Rendition(spot) if kind.is_file() => {
                    if path.file_name().is_some_and(|name| name == spool::PLAYLIST) {
                        playlists.push((spot.clone(), path));
                    } else {
                        self.file(spot, &path, false);
                    }
                }
                Place::Rendition(_) => self.ignore(&path, Ignored::Layout),
                _ if kind.is_dir() => self.folder(&path, enter, seen),
                _ => self.ignore(&path, Ignored::Layout),
            }
        }
        // After the segments: those are known to be unsettled when the playlist names them.
        for (spot, path) in playlists {
            self.file(&spot, &path, false);
        }
    }

    fn ignore(&mut self, path: &Path, reason: Ignored) {
        if self.ignored.insert(path.to_owned()) {
            tracing::debug!(path = %path.display(), reason = reason.as_str(), "file ignored");
            meters::ignored(reason);
        }
    }

    /// Looks at one file. `closed`: inotify says that its writer is done.
    pub fn file(&mut self, spot: &Spot, path: &Path, closed: bool) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return self.ignore(path, Ignored::Layout);
        };
        let kind = match spool::kind(name) {
            Ok(FileKind::Init) => return self.ignore(path, Ignored::Init),
            Ok(kind) => kind,
            Err(reason) => return self.ignore(path, reason),
        };
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(metadata) if metadata.is_symlink() => return self.ignore(path, Ignored::Link),
            Ok(_) => return self.ignore(path, Ignored::NotAFile),
            Err(_) => return,
        };
        let stamp = Stamp::of(&metadata);
        if self.known.get(path) == Some(&stamp) {
            return;
        }
        match kind {
            FileKind::Playlist => self.playlist(spot, path, stamp),
            FileKind::Segment(n) if closed => self.settled(spot.clone(), n, path, &metadata, false),
            FileKind::Segment(n) => self.unsettled(spot, n, path, stamp),
            FileKind::Init => {}
        }
    }

    fn playlist(&mut self, spot: &Spot, path: &Path, stamp: Stamp) {
        if stamp.bytes > PLAYLIST_BYTES_MAX {
            return self.ignore(path, Ignored::Layout);
        }
        let Some(folder) = path.parent() else { return };
        let after = self.named.get(folder).copied();
        // Not valid UTF-8 or cut off: not readable yet; the next rename, or the next scan, tries again.
        let Ok(text) = fs::read_to_string(path) else { return };
        match encoder_list::read(&text, after) {
            Ok(segments) => {
                self.known.insert(path.to_owned(), stamp);
                if let Some(last) = segments.last() {
                    self.named.insert(folder.to_owned(), last.n);
                    self.send(Found::Named { spot: spot.clone(), segments });
                }
            }
            Err(error) => tracing::debug!(path = %path.display(), %error, "playlist not readable yet"),
        }
    }

    fn unsettled(&mut self, spot: &Spot, n: u64, path: &Path, stamp: Stamp) {
        let candidate = self.candidates.get(path);
        if candidate.is_some_and(|candidate| candidate.stamp == stamp) {
            return;
        }
        let at_start = self.at_start;
        let news = Candidate { spot: spot.clone(), n, stamp, since: Instant::now(), at_start };
        if self.candidates.insert(path.to_owned(), news).is_none() {
            self.tell(spot.clone(), n, path, FileState::Unsettled);
        }
    }

    fn settled(&mut self, spot: Spot, n: u64, path: &Path, metadata: &Metadata, at_start: bool) {
        self.candidates.remove(path);
        let stamp = Stamp::of(metadata);
        self.known.insert(path.to_owned(), stamp);
        let state = match spool::inspect(path, metadata) {
            Ok(bytes) => {
                let age_ms = self.clock.now().ms_since(Micros(stamp.changed_us));
                FileState::Whole { bytes, age_ms: if at_start { u64::try_from(age_ms).unwrap_or(0) } else { 0 } }
            }
            Err(reason) => {
                self.ignore(path, reason);
                FileState::Broken
            }
        };
        self.tell(spot, n, path, state);
    }

    /// Looks again at what was found standing; returns when to look next.
    pub fn settle(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let due = |candidate: &Candidate| candidate.since + self.stable_for <= now;
        let mut ripe: Vec<PathBuf> =
            self.candidates.iter().filter(|(_, candidate)| due(candidate)).map(|(path, _)| path.clone()).collect();
        ripe.sort();
        for path in ripe {
            let Some(candidate) = self.candidates.remove(&path) else { continue };
            match fs::symlink_metadata(&path) {
                Ok(metadata) if Stamp::of(&metadata) == candidate.stamp => {
                    self.settled(candidate.spot, candidate.n, &path, &metadata, candidate.at_start);
                }
                Ok(metadata) => {
                    let stamp = Stamp::of(&metadata);
                    self.candidates.insert(path, Candidate { stamp, since: now, ..candidate });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.tell(candidate.spot, candidate.n, &path, FileState::Broken);
                }
                Err(_) => {
                    self.candidates.insert(path, Candidate { since: now, ..candidate });
                }
            }
        }
        self.candidates.values().map(|candidate| candidate.since + self.stable_for).min()
    }

    fn tell(&self, spot: Spot, n: u64, path: &Path, state: FileState) {
        let file = path.file_name().and_then(|name| name.to_str()).map_or_else(|| Arc::from(""), Arc::from);
        self.send(Found::Segment { spot, n, file, state });
    }

    fn send(&self, found: Found) {
        // The other end is gone only when the publisher is: then nobody needs to know.
        drop(self.out.send(found));
    }
}
