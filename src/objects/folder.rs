//! Objects as files under a folder, which `web` serves under `/media/`.
//!
//! A file appears whole or not at all: the bytes go to a temporary file whose name begins with a dot, are forced to
//! disk, and get their name by rename (or by link, which fails where the name exists). Every step of a path is opened
//! without following symbolic links, so nothing outside the folder can be read or written through it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, RawMode};
use rustix::io::Errno;

use super::{ObjectError, ObjectKey, ObjectKind, ObjectMeta, ObjectStore, PutDone, PutIf};

const STORE: &str = "folder";
const FILE_MODE: RawMode = 0o644;
const FOLDER_MODE: RawMode = 0o755;
/// Ends the name of a file that is still being written.
const UNFINISHED: &str = ".part";

/// A folder store.
#[derive(Clone, Debug)]
pub struct FolderStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    /// Numbers the temporary files of this process.
    next: AtomicU64,
    /// What this process has open or has already looked after.
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Folders swept of what a killed process left.
    swept: HashSet<String>,
    /// Temporary names in use now.
    unfinished: HashSet<String>,
}

impl FolderStore {
    /// A store in `root`, which is made with the first object.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { shared: Arc::new(Shared { root, next: AtomicU64::new(0), seen: Mutex::default() }) }
    }

    /// Opens an object for reading, `None` where there is none. Files are never changed in place: what was opened
    /// stays whole while it is read, whatever is put under the same key. Blocking.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub fn open_blocking(&self, key: &ObjectKey) -> Result<Option<File>, ObjectError> {
        self.shared.open(key).map_err(|error| self.shared.error("read", key, &error))
    }

    async fn blocking<T, F>(&self, what: &'static str, key: &ObjectKey, work: F) -> Result<T, ObjectError>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &ObjectKey) -> io::Result<T> + Send + 'static,
    {
        let (shared, owned) = (Arc::clone(&self.shared), key.clone());
        match tokio::task::spawn_blocking(move || work(&shared, &owned)).await {
            Ok(done) => done.map_err(|error| self.shared.error(what, key, &error)),
            Err(stopped) => Err(ObjectError::Passing { store: STORE, what: format!("cannot {what} {key}: {stopped}") }),
        }
    }
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn put(&self, key: &ObjectKey, body: Bytes, when: PutIf) -> Result<PutDone, ObjectError> {
        self.blocking("write", key, move |shared, key| shared.put(key, &body, when)).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        self.blocking("read", key, |shared, key| {
            let Some(mut file) = shared.open(key)? else { return Ok(None) };
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(Some(Bytes::from(bytes)))
        })
        .await
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        self.blocking("read", key, |shared, key| {
            let Some(file) = shared.open(key)? else { return Ok(None) };
            // The headers are not stored: they follow from the key, here as under /media/.
            let kind = key.kind();
            Ok(Some(ObjectMeta {
                size: file.metadata()?.len(),
                md5: None,
                cache_control: Some(kind.cache_control().to_owned()),
                content_type: Some(kind.content_type().to_owned()),
            }))
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        self.blocking("delete", key, |shared, key| {
            let (folders, name) = split(key);
            let Some(folder) = shared.folder(folders, false)? else { return Ok(()) };
            match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }
}

impl Shared {
    fn open(&self, key: &ObjectKey) -> io::Result<Option<File>> {
        let (folders, name) = split(key);
        let Some(folder) = self.folder(folders, false)? else { return Ok(None) };
        // NONBLOCK: a named pipe put there by somebody must not hold the thread.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match rustix::fs::openat(&folder, name, flags, Mode::empty()) {
            Ok(opened) => {
                let file = File::from(opened);
                Ok(file.metadata()?.is_file().then_some(file))
            }
            Err(Errno::NOENT | Errno::LOOP) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn put(&self, key: &ObjectKey, body: &[u8], when: PutIf) -> io::Result<PutDone> {
        let (folders, name) = split(key);
        let folder = self.folder(folders, true)?.ok_or(io::ErrorKind::NotFound)?;
        // Before a name is reserved: a killed process may have left the very same one.
        self.sweep(folders, &folder)?;
        let unfinished = self.reserve(name);
        let done = write_whole(&folder, &unfinished, name, body, when);
        if !matches!(done, Ok(PutDone::Stored)) || when == PutIf::Absent {
            // Its only name, or a second one beside the name just linked.
            match rustix::fs::unlinkat(&folder, unfinished.as_str(), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => tracing::debug!(%key, %error, "a temporary file stays behind"),
            }
        }
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).unfinished.remove(&unfinished);
        let done = done?;
        // A playlist is written again within seconds; a segment must be there after a power cut when a playlist names it.
        if done == PutDone::Stored && key.kind() == ObjectKind::Segment {
            rustix::fs::fsync(&folder)?;
        }
        Ok(done)
    }

    /// A temporary name nobody in this process uses.
    fn reserve(&self, name: &str) -> String {
        let unfinished = format!(".{name}.{}{UNFINISHED}", self.next.fetch_add(1, Ordering::Relaxed));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).unfinished.insert(unfinished.clone());
        unfinished
    }

    /// Removes what a killed process left unfinished, once per folder and process.
    fn sweep(&self, folders: &str, folder: &OwnedFd) -> io::Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.swept.insert(folders.to_owned()) {
            return Ok(());
        }
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if name.starts_with('.') && name.ends_with(UNFINISHED) && !seen.unfinished.contains(name) {
                tracing::info!(folder = folders, name, "removing a file that was never finished");
                rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
            }
        }
        Ok(())
    }

    /// Opens the folder of a key step by step, without following links; `None` where it is missing and not to be made.
    fn folder(&self, folders: &str, make: bool) -> io::Result<Option<OwnedFd>> {
        let mut here = match open_root(&self.root) {
            Err(Errno::NOENT) if make => {
                std::fs::create_dir_all(&self.root)?;
                open_root(&self.root)?
            }
            Err(Errno::NOENT) => return Ok(None),
            other => other?,
        };
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            here = match open_folder(&here, part) {
                Err(Errno::NOENT) if make => {
                    match rustix::fs::mkdirat(&here, part, Mode::from_raw_mode(FOLDER_MODE)) {
                        Ok(()) => rustix::fs::fsync(&here)?,
                        // Another PUT was faster.
                        Err(Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    open_folder(&here, part)?
                }
                Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) if !make => return Ok(None),
                other => other?,
            };
        }
        Ok(Some(here))
    }

    fn error(&self, what: &str, key: &ObjectKey, error: &io::Error) -> ObjectError {
        let what = format!("cannot {what} {}: {error}", self.root.join(key.as_str()).display());
        match error.kind() {
            // Rights, a read-only disk, a link or a file in the way: an operator must act.
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::Unsupported => ObjectError::Permanent { store: STORE, what },
            _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                ObjectError::Permanent { store: STORE, what }
            }
            // A full disk is freed by pruning.
            _ => ObjectError::Passing { store: STORE, what },
        }
    }
}

fn open_root(root: &Path) -> rustix::io::Result<OwnedFd> {
    // The root itself may be a link: it is the operator's choice.
    rustix::fs::open(root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn open_folder(above: &OwnedFd, part: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(above, part, flags, Mode::empty())
}

/// The folders of a key, empty at the top, and its last part.
fn split(key: &ObjectKey) -> (&str, &str) {
    key.as_str().rsplit_once('/').unwrap_or(("", key.as_str()))
}

fn write_whole(folder: &OwnedFd, unfinished: &str, name: &str, body: &[u8], when: PutIf) -> io::Result<PutDone> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(folder, unfinished, flags, Mode::from_raw_mode(FILE_MODE))?);
    file.write_all(body)?;
    file.sync_data()?;
    match when {
        PutIf::Always => rustix::fs::renameat(folder, unfinished, folder, name)?,
        PutIf::Absent => match rustix::fs::linkat(folder, unfinished, folder, name, AtFlags::empty()) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Ok(PutDone::AlreadyThere),
            Err(error) => return Err(error.into()),
        },
    }
    Ok(PutDone::Stored)
}
