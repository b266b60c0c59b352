//! The disk mirror: what pages and the stream path read, so that neither needs the database.
//!
//! Held in memory as one snapshot, replaced whole; written to one JSON file (temporary file, then rename) whenever
//! it changes. At the start the file is read; an unreadable one is set aside and said. Other processes
//! (`transcode`) read the file.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::EventFacts;
use crate::config::Config;
use crate::ids::EventSlug;

/// The form of the file; another one is set aside.
const FORM: u32 = 1;

/// The events as last known.
#[derive(Debug)]
pub struct Mirror {
    path: PathBuf,
    events: ArcSwap<Vec<Arc<EventFacts>>>,
    version: watch::Sender<u64>,
    file: Mutex<FileState>,
}

/// How the file stands to the snapshot.
#[derive(Debug, Default)]
struct FileState {
    /// The last write failed; the next `replace` writes even when nothing changed.
    behind: bool,
    /// Length and modification time when the file was last read.
    read: Option<(u64, std::time::SystemTime)>,
}

/// The mirror shared by the parts of one app.
pub type SharedMirror = Arc<Mirror>;

#[derive(Serialize)]
struct Written<'a> {
    form: u32,
    events: Vec<&'a EventFacts>,
}

#[derive(Deserialize)]
struct Read {
    form: u32,
    events: Vec<EventFacts>,
}

/// Where the mirror file of a configuration is.
#[must_use]
pub fn mirror_path(config: &Config) -> PathBuf {
    config.server.data_dir.join("mirror.json")
}

impl Mirror {
    /// Opens the mirror file, empty where there is none. One that cannot be understood is renamed to `….broken`.
    #[must_use]
    pub fn open(path: PathBuf) -> Self {
        let mut state = FileState::default();
        let events = match read_file(&path) {
            Ok(Some((events, stamp))) => {
                state.read = Some(stamp);
                events
            }
            Ok(None) => Vec::new(),
            Err(error) => {
                set_aside(&path, &error);
                Vec::new()
            }
        };
        Self {
            path,
            events: ArcSwap::from_pointee(shared(events)),
            version: watch::channel(0).0,
            file: Mutex::new(state),
        }
    }

    /// All events, drafts included, newest start first.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<Arc<EventFacts>>> {
        self.events.load_full()
    }

    /// One event.
    #[must_use]
    pub fn find(&self, slug: &EventSlug) -> Option<Arc<EventFacts>> {
        self.events.load().iter().find(|event| event.slug == *slug).cloned()
    }

    /// Wakes whenever the snapshot was replaced by a different one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Replaces the snapshot and, when it differs, writes the file. Blocking: call it off the async threads. A file
    /// that cannot be written is said once and tried again with the next call; memory is right all the same.
    pub fn replace(&self, events: Vec<EventFacts>) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let events = shared(events);
        let differs = **self.events.load() != events;
        if differs {
            self.events.store(Arc::new(events));
            self.version.send_modify(|version| *version = version.wrapping_add(1));
        }
        if differs || file.behind || !self.path.exists() {
            match write_file(&self.path, &self.events.load()) {
                Ok(()) => file.behind = false,
                Err(error) => {
                    if !file.behind {
                        let path = self.path.display();
                        tracing::error!(%path, %error, "the mirror of event facts cannot be written");
                    }
                    file.behind = true;
                }
            }
        }
    }

    /// Reads the file again when it has changed: for a process that does not keep the mirror itself. Blocking. A file
    /// that cannot be read now leaves the last snapshot.
    pub fn reload(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp(&self.path).is_ok_and(|now| file.read == Some(now)) {
            return;
        }
        match read_file(&self.path) {
            Ok(Some((events, stamp))) => {
                file.read = Some(stamp);
                let events = shared(events);
                if **self.events.load() != events {
                    self.events.store(Arc::new(events));
                    self.version.send_modify(|version| *version = version.wrapping_add(1));
                }
            }
            Ok(None) => {}
            Err(error) => {
                let path = self.path.display();
                tracing::warn!(%path, %error, "the mirror of event facts cannot be read now; the last one holds");
            }
        }
    }
}

fn shared(events: Vec<EventFacts>) -> Vec<Arc<EventFacts>> {
    events.into_iter().map(Arc::new).collect()
}

type Stamp = (u64, std::time::SystemTime);

fn stamp(path: &Path) -> io::Result<Stamp> {
    let meta = fs::metadata(path)?;
    Ok((meta.len(), meta.modified()?))
}

fn read_file(path: &Path) -> io::Result<Option<(Vec<EventFacts>, Stamp)>> {
    let stamp = match stamp(path) {
        Ok(stamp) => stamp,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let read: Read = serde_json::from_slice(&fs::read(path)?)?;
    if read.form != FORM {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("form {} is not {FORM}", read.form)));
    }
    Ok(Some((read.events, stamp)))
}

fn set_aside(path: &Path, error: &io::Error) {
    let aside = beside(path, ".broken");
    let moved = fs::rename(path, &aside);
    tracing::error!(
        path = %path.display(), %error, aside = %aside.display(), moved = moved.is_ok(),
        "the mirror of event facts cannot be understood and is set aside; it is made anew from the database"
    );
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Whole or not at all, also when the machine loses power: the bytes are on the disk before the name is.
fn write_file(path: &Path, events: &[Arc<EventFacts>]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = beside(path, &format!(".{}.tmp", std::process::id()));
    let mut file = File::create(&temporary)?;
    let written = Written { form: FORM, events: events.iter().map(AsRef::as_ref).collect() };
    let bytes = serde_json::to_vec_pretty(&written)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    File::open(folder)?.sync_all()
}
