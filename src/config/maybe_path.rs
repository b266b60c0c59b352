//! A path that may be left out: in the file, empty text stands for none.

use std::path::PathBuf;

use serde::{Deserialize as _, Deserializer, Serializer};

#[expect(clippy::ref_option, reason = "the signature serde calls")]
pub(super) fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.as_deref().unwrap_or_else(|| "".as_ref()).display())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(Some(PathBuf::deserialize(deserializer)?).filter(|path| !path.as_os_str().is_empty()))
}
