//! Frees the local disk: a segment's file goes some time after it is stored, a run's folder when a newer run owns the
//! timeline and nothing but FFmpeg's playlist is left in it. Files that were never listed stay: they may be all there
//! is of them, and only an operator can tell.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::spool;
use crate::ids::RunId;

/// Files that may go, oldest first.
#[derive(Debug)]
pub struct Spares {
    keep: Duration,
    files: VecDeque<(Instant, PathBuf)>,
}

impl Spares {
    /// Files stay this long.
    #[must_use]
    pub const fn new(keep: Duration) -> Self {
        Self { keep, files: VecDeque::new() }
    }

    /// This file is stored.
    pub fn push(&mut self, path: PathBuf, now: Instant) {
        self.files.push_back((now + self.keep, path));
    }

    /// The files whose time has come.
    pub fn due(&mut self, now: Instant) -> Vec<PathBuf> {
        let count = self.files.iter().take_while(|(at, _)| *at <= now).count();
        self.files.drain(..count).map(|(_, path)| path).collect()
    }
}

/// Removes files, and then the folders of runs older than `newest` that are left empty. Blocking.
pub fn sweep(files: &[PathBuf], newest: Option<&RunId>) {
    for path in files {
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %path.display(), "a stored segment cannot be removed from the local disk");
            }
            _ => {}
        }
    }
    let mut folders: Vec<&Path> = files.iter().filter_map(|path| path.parent()).collect();
    folders.sort();
    folders.dedup();
    for folder in folders {
        let run = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<RunId>().ok());
        if let (Some(run), Some(newest)) = (run, newest)
            && run < *newest
        {
            remove_if_spent(folder);
        }
    }
}

/// Removes a rendition's folder that holds nothing but FFmpeg's playlist, and the run's when it was the last.
fn remove_if_spent(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_list =
        |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| name.starts_with(spool::PLAYLIST));
    if entries.filter_map(Result::ok).all(|entry| is_list(&entry)) {
        for name in [spool::PLAYLIST.to_owned(), format!("{}.tmp", spool::PLAYLIST)] {
            drop(fs::remove_file(folder.join(name)));
        }
        // Refused while anything is in it.
        drop(fs::remove_dir(folder));
        if let Some(run) = folder.parent() {
            drop(fs::remove_dir(run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_run_goes_and_the_newest_stays() {
        let root = tempfile::tempdir().unwrap();
        let runs = ["01ARZ3NDEKTSV4RRFFQ6900001", "01ARZ3NDEKTSV4RRFFQ6900002"];
        let mut files = Vec::new();
        for run in runs {
            let folder = root.path().join(run).join("720p");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("index.m3u8"), "x").unwrap();
            fs::write(folder.join("000000.ts"), "x").unwrap();
            files.push(folder.join("000000.ts"));
        }
        sweep(&files, Some(&runs[1].parse().unwrap()));
        assert!(!root.path().join(runs[0]).exists());
        assert!(root.path().join(runs[1]).join("720p/index.m3u8").exists());
        assert!(!files[1].exists());
    }

    #[test]
    fn a_folder_with_a_segment_left_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("01ARZ3NDEKTSV4RRFFQ6900001/720p");
        fs::create_dir_all(&folder).unwrap();
        for name in ["000000.ts", "000001.ts", "index.m3u8"] {
            fs::write(folder.join(name), "x").unwrap();
        }
        sweep(&[folder.join("000000.ts")], Some(&"01ARZ3NDEKTSV4RRFFQ6900002".parse().unwrap()));
        assert!(folder.join("000001.ts").exists() && folder.join("index.m3u8").exists());
    }
}
