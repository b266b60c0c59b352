//! One object's whole life on the store, for `doctor`.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{ObjectError, ObjectKey, ObjectStore, PutDone, PutIf};
use crate::ids::{BadName, Random, new_word};

/// What a round trip found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundTrip {
    /// How long the PUT took.
    pub put: Duration,
    /// How long the GET took.
    pub get: Duration,
    /// One sentence for each thing that works otherwise than it should. Empty is right.
    pub warnings: Vec<String>,
}

/// Why a round trip stopped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RoundTripError {
    /// A call failed.
    #[error(transparent)]
    Store(#[from] ObjectError),
    /// The store did not do what it confirmed.
    #[error("{0}")]
    Wrong(String),
    /// Never: the name is made here.
    #[error(transparent)]
    Name(#[from] BadName),
}

/// PUT, GET, HEAD, conditional PUT and DELETE of a small object under `doctor/`.
///
/// # Errors
/// A call that fails, or an object that does not come back as it was put. The object may stay behind then.
pub async fn round_trip(store: &dyn ObjectStore, random: &dyn Random) -> Result<RoundTrip, RoundTripError> {
    let word = new_word(random, 26);
    let key: ObjectKey = format!("doctor/{word}.ts").parse()?;
    let mut found = RoundTrip::default();

    let begun = Instant::now();
    store.put(&key, Bytes::from(word.clone()), PutIf::Always).await?;
    found.put = begun.elapsed();

    let begun = Instant::now();
    let back = store.get(&key).await?;
    found.get = begun.elapsed();
    if back.as_deref() != Some(word.as_bytes()) {
        return Err(RoundTripError::Wrong(format!("{key} was stored, but does not come back as it was put")));
    }

    check_headers(store, &key, word.len(), &mut found.warnings).await?;

    match store.put(&key, Bytes::from_static(b"second"), PutIf::Absent).await? {
        PutDone::AlreadyThere => {}
        PutDone::Stored => found.warnings.push(
            "the store ignores If-None-Match: a name can be used twice, so two publishers of one event are not kept apart"
                .to_owned(),
        ),
    }

    store.delete(&key).await?;
    if store.head(&key).await?.is_some() {
        found.warnings.push(format!("{key} is still there after DELETE: old segments will not be pruned"));
    }
    Ok(found)
}

async fn check_headers(
    store: &dyn ObjectStore,
    key: &ObjectKey,
    length: usize,
    warnings: &mut Vec<String>,
) -> Result<(), RoundTripError> {
    let Some(meta) = store.head(key).await? else {
        return Err(RoundTripError::Wrong(format!("{key} was stored, but HEAD does not find it")));
    };
    if u64::try_from(length).ok() != Some(meta.size) {
        return Err(RoundTripError::Wrong(format!("{key} has {} bytes where {length} were put", meta.size)));
    }
    let kind = key.kind();
    for (name, is, should) in [
        ("Cache-Control", meta.cache_control, kind.cache_control()),
        ("Content-Type", meta.content_type, kind.content_type()),
    ] {
        if is.as_deref() != Some(should) {
            let is = is.unwrap_or_else(|| "nothing".to_owned());
            warnings.push(format!("the store gives {name} as \"{is}\", not \"{should}\": caches will not keep to it"));
        }
    }
    Ok(())
}
