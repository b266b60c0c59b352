//! Why the publisher does not start.

use std::path::PathBuf;

/// Why the publisher does not start: one sentence that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum PublisherError {
    /// The folder FFmpeg writes to cannot be made or watched.
    #[error("uploader.hls_dir {} cannot be used: {source}; make it writable or name another folder", path.display())]
    HlsDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The journal's folder cannot be made or read.
    #[error("the folder of uploader.state_file {} cannot be used: {source}; make it writable or name another file", path.display())]
    StateFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing to publish.
    #[error("encoder.renditions is empty: add at least one [[encoder.renditions]]")]
    NoLadder,
}
