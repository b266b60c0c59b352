//! Run folders: `<hls_dir>/<event>/<run>/<rendition>`.

use std::io;
use std::path::{Path, PathBuf};

use super::Shared;
use crate::clock::Micros;
use crate::ids::{EventSlug, RunId};

/// Where a run's files go.
pub(super) fn of(hls_dir: &Path, event: &EventSlug, run: &RunId) -> PathBuf {
    hls_dir.join(event.as_str()).join(run.as_str())
}

/// A run that sorts after every run folder of the event, also where the clock has gone back.
pub(super) async fn next_run(shared: &Shared, event: &EventSlug) -> RunId {
    let newest = newest_run(&shared.hls_dir.join(event.as_str())).await;
    let now = shared.clock.now();
    let run = RunId::new(now, shared.random.as_ref());
    match newest {
        Some(newest) if newest.as_str() >= run.as_str() => {
            let ms = ulid::Ulid::from_string(newest.as_str()).map_or(0, |ulid| ulid.timestamp_ms());
            let after = i64::try_from(ms).unwrap_or(i64::MAX).saturating_add(1).saturating_mul(1_000);
            RunId::new(Micros(after.max(now.0)), shared.random.as_ref())
        }
        _ => run,
    }
}

/// Makes the folders of a new run, so that they are watched before the first segment.
///
/// # Errors
/// The folder cannot be made: one sentence for people is made by the caller.
pub(super) async fn make(shared: &Shared, event: &EventSlug) -> io::Result<(RunId, PathBuf)> {
    let run = next_run(shared, event).await;
    let folder = of(&shared.hls_dir, event, &run);
    for rendition in &shared.config.renditions {
        tokio::fs::create_dir_all(folder.join(rendition.name.as_str())).await?;
    }
    Ok((run, folder))
}

/// Takes a run's folders away again where nothing was written into them.
pub(super) async fn remove_if_empty(shared: &Shared, event: &EventSlug, run: &RunId) {
    let folder = of(&shared.hls_dir, event, run);
    let rungs = shared.config.renditions.iter().map(|rendition| folder.join(rendition.name.as_str()));
    for empty in rungs.chain([folder.clone()]) {
        // Refused by the system where a file is in it: then it stays.
        drop(tokio::fs::remove_dir(empty).await);
    }
}

async fn newest_run(event_dir: &Path) -> Option<RunId> {
    let mut entries = tokio::fs::read_dir(event_dir).await.ok()?;
    let mut newest: Option<RunId> = None;
    while let Ok(Some(entry)) = entries.next_entry().await {
        let run = entry.file_name().to_str().and_then(|name| name.parse::<RunId>().ok());
        newest = newest.max(run);
    }
    newest
}
