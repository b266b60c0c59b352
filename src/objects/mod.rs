//! Object storage behind one door: put, get, head and delete by typed key.
//!
//! A key owns its content type and cache rule. A PUT is whole or not at all; a PUT answered with an error may
//! still have happened (the reply can be lost), so callers repeat it with the same bytes under the same key.

mod dispatch;
mod faulty;
mod folder;
mod round_trip;
mod s3;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::ids::BadName;

pub use dispatch::Timeouts;
pub use faulty::{Call, Fault, FaultyStore, Op, Outcome};
pub use folder::FolderStore;
pub use round_trip::{RoundTrip, RoundTripError, round_trip};
pub use s3::S3Store;

/// What an object is; decides its headers (contract: "Object keys and headers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// MPEG-TS; immutable, its name is never used again.
    Segment,
    /// Master and live window.
    LivePlaylist,
    /// The DVR playlists and their master.
    DvrPlaylist,
    /// A finished replay.
    ReplayPlaylist,
}

impl ObjectKind {
    /// Value of `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Segment => "video/mp2t",
            Self::LivePlaylist | Self::DvrPlaylist | Self::ReplayPlaylist => "application/vnd.apple.mpegurl",
        }
    }

    /// Value of `Cache-Control`.
    #[must_use]
    pub const fn cache_control(self) -> &'static str {
        match self {
            Self::Segment => "public, max-age=31536000, immutable",
            Self::LivePlaylist => "public, max-age=1",
            Self::DvrPlaylist => "public, max-age=2",
            Self::ReplayPlaylist => "public, max-age=60",
        }
    }
}

/// The name of an object: parts of `A-Z a-z 0-9 . _ -` joined by `/`, no part empty or beginning with a dot. Its kind
/// follows from the name: `….ts` is a segment, `dvr.m3u8` the DVR, `replay-….m3u8` a replay, other `….m3u8` live.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(Arc<str>);

impl ObjectKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the object is.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        if !name.ends_with(".m3u8") {
            ObjectKind::Segment
        } else if name == "dvr.m3u8" {
            ObjectKind::DvrPlaylist
        } else if name.starts_with("replay-") {
            ObjectKind::ReplayPlaylist
        } else {
            ObjectKind::LivePlaylist
        }
    }
}

impl FromStr for ObjectKey {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let fine = text.len() <= 512
            && text.split('/').all(|part| {
                !part.is_empty()
                    && !part.starts_with('.')
                    && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            })
            && (text.ends_with(".ts") || text.ends_with(".m3u8"));
        if fine {
            Ok(Self(Arc::from(text)))
        } else {
            Err(BadName {
                text: text.chars().take(80).collect(),
                what: "an object key: parts of letters, digits, dot, dash and underscore joined by /, ending in .ts or .m3u8",
            })
        }
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.0.as_ref().to_owned()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a PUT may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PutIf {
    /// Always; replaces what is there.
    #[default]
    Always,
    /// Only when nothing is there (`If-None-Match: *`).
    Absent,
}

/// How a PUT ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutDone {
    /// The bytes are stored.
    Stored,
    /// [`PutIf::Absent`] found something there; nothing was changed.
    AlreadyThere,
}

/// What `head` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Bytes.
    pub size: u64,
    /// Lower-case hex MD5 of the content where the store knows it (the `ETag` S3 gives after a single PUT).
    pub md5: Option<String>,
    /// `Cache-Control` as stored, where the store keeps it.
    pub cache_control: Option<String>,
    /// `Content-Type` as stored, where the store keeps it.
    pub content_type: Option<String>,
}

/// Why a call to the store failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ObjectError {
    /// May pass: time-out, refused connection, a body damaged on the way, a full disk, 429, 5xx. Try again.
    #[error("{store}: {what}")]
    Passing {
        /// The store, for people.
        store: &'static str,
        /// What happened.
        what: String,
    },
    /// Will not pass by itself: wrong credentials, no such bucket, no right to write in the folder.
    #[error("{store}: {what}")]
    Permanent {
        /// The store, for people.
        store: &'static str,
        /// What happened.
        what: String,
    },
}

impl ObjectError {
    /// Whether another try may help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Passing { .. })
    }
}

/// A store of objects. One try per call: retrying is the caller's.
#[async_trait]
pub trait ObjectStore: Send + Sync + fmt::Debug {
    /// Stores `body` under `key` with the headers of its kind.
    ///
    /// # Errors
    /// [`ObjectError`]; the bytes may be stored all the same.
    async fn put(&self, key: &ObjectKey, body: Bytes, when: PutIf) -> Result<PutDone, ObjectError>;

    /// The object's bytes, `None` where there is none.
    ///
    /// # Errors
    /// [`ObjectError`]
    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError>;

    /// What is known of the object, `None` where there is none.
    ///
    /// # Errors
    /// [`ObjectError`]
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError>;

    /// Removes the object; one that is not there is fine.
    ///
    /// # Errors
    /// [`ObjectError`]
    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError>;
}

/// The store shared by the parts of one app.
pub type SharedObjects = Arc<dyn ObjectStore>;

/// Builds the configured store.
///
/// # Errors
/// A sentence that names the configuration key to change.
pub fn open(config: &crate::config::Objects) -> Result<SharedObjects, String> {
    match config.kind {
        crate::config::ObjectsKind::Folder => Ok(Arc::new(FolderStore::new(config.folder.clone()))),
        crate::config::ObjectsKind::S3 => Ok(Arc::new(S3Store::open(&config.s3)?)),
    }
}
