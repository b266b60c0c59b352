//! How an event is taken up: its facts, its journal, and what the store says of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::desk::Desk;
use super::facts::StreamFacts;
use super::journal::{Journal, Remembered};
use super::plan::Plan;
use super::publisher::{EventState, Shared};
use super::rebuild;
use super::record::Record;
use super::watch::Found;
use crate::ids::{Epoch, EventSlug};

/// Deadline of reading our own playlists back.
const LOOK: Duration = Duration::from_secs(5);

/// Time between tries while something must be waited for before an event can be published.
const WAIT: Duration = Duration::from_millis(500);

/// Takes an event up: waits for its facts, reads its journal, compares it with the store, and goes on from there.
pub async fn take_up(shared: Arc<Shared>, event: EventSlug, news: UnboundedReceiver<Found>) {
    let opened = async {
        let facts = wait_for_facts(&shared, &event).await;
        let (journal, remembered) = open_journal(&shared, &event).await;
        let records = catch_up(&shared, &event, &facts, remembered).await;
        (facts, journal, records)
    };
    let (facts, mut journal, records) = tokio::select! {
        opened = opened => opened,
        () = shared.draining.cancelled() => return,
    };
    let plan = Plan::restore(event.clone(), shared.names(), shared.rules.clone(), &records);
    let snapshot = plan.records();
    let written = tokio::task::spawn_blocking(move || {
        if let Err(error) = journal.snapshot(snapshot) {
            tracing::error!(%error, "the journal cannot be written; free the disk of uploader.state_file");
        }
        journal
    });
    // A panic in there is a bug that has been told by the panic itself.
    let Ok(journal) = written.await else { return };
    Desk::new(shared, event, plan, journal, facts).run(news).await;
}

async fn wait_for_facts(shared: &Shared, event: &EventSlug) -> StreamFacts {
    let mut said = false;
    loop {
        if let Some(facts) = shared.facts.stream_facts(event) {
            return facts;
        }
        if !std::mem::replace(&mut said, true) {
            tracing::warn!(%event, "there are files of an event that nobody knows; they wait until it is known");
        }
        tokio::time::sleep(WAIT).await;
    }
}

async fn open_journal(shared: &Shared, event: &EventSlug) -> (Journal, Remembered) {
    let mut said = false;
    loop {
        let (state_file, name) = (shared.config.state_file.clone(), event.clone());
        let opened = tokio::task::spawn_blocking(move || Journal::open(&state_file, &name)).await;
        match opened.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(opened) => return opened,
            Err(error) if !std::mem::replace(&mut said, true) => {
                tracing::error!(%event, %error, "the journal cannot be opened; it is tried again");
            }
            Err(_) => {}
        }
        tokio::time::sleep(WAIT).await;
    }
}

/// The facts to go on from: the journal's, put right by what the store's own playlists say. With a journal the store
/// is asked once; without one nothing is published before it has answered, since sequences would begin anew.
async fn catch_up(shared: &Shared, event: &EventSlug, facts: &StreamFacts, remembered: Remembered) -> Vec<Record> {
    let mut records = remembered.records;
    if remembered.lost {
        tracing::error!(%event, "the journal cannot be read and was set aside; the store's own playlists are asked");
    }
    let before = Plan::restore(event.clone(), shared.names(), shared.rules.clone(), &records);
    let last = before.timeline().top().checked_sub(1).and_then(|i| before.timeline().entry(i)?.epoch.into());
    let last = last.and_then(|epoch| before.timeline().epochs.get(epoch).cloned());
    // A journal that was begun and never got a segment knows no more than none does.
    let has_begun = before.timeline().top() > before.timeline().base();
    let mut said = false;
    loop {
        let mut epochs: Vec<Epoch> = last.iter().cloned().collect();
        // Without a journal, and rotated since the last segment: our playlists are under the epoch viewers were told.
        epochs.extend(shared.facts.published_epoch(event));
        epochs.push(facts.epoch.clone());
        epochs.dedup();
        match timeout(LOOK, compare(shared, event, (&before, facts), &epochs)).await {
            Ok(Ok(added)) => {
                if !added.is_empty() {
                    tracing::info!(%event, facts = added.len(), "the timeline was put right by the store's own playlists");
                }
                let unsure = unsure(&added);
                records.extend(added);
                records.extend(unsure);
                return records;
            }
            _ if has_begun => {
                tracing::warn!(%event, "the object store cannot be read; going on from the journal");
                return records;
            }
            failed => {
                if !std::mem::replace(&mut said, true) {
                    let why = failed.map_or_else(|_| "no answer".to_owned(), |failed| failed.err().unwrap_or_default());
                    tracing::error!(%event, why, "there is no journal and the object store cannot be read; nothing is \
                        published until it can, since sequences must not begin anew");
                }
                let state = EventState { waits_for_store: true, ..EventState::default() };
                shared.show(event, state);
            }
        }
        tokio::time::sleep(WAIT).await;
    }
}

/// The store's playlists do not tell what was on air.
fn unsure(added: &[Record]) -> Option<Record> {
    let indices = added.iter().filter_map(|record| match record {
        Record::Index { i, fight: None, .. } => Some(*i),
        _ => None,
    });
    let (from, until) = (indices.clone().min()?, indices.max()? + 1);
    Some(Record::Unsure { from, until })
}

async fn compare(
    shared: &Shared,
    event: &EventSlug,
    (plan, facts): (&Plan, &StreamFacts),
    epochs: &[Epoch],
) -> Result<Vec<Record>, String> {
    let differences = |found| rebuild::differences(plan.timeline(), found, &facts.card, shared.clock.now());
    let timeline = plan.timeline();
    let is_new = timeline.top() == timeline.base();
    let names = shared.names();
    for epoch in epochs.iter().rev() {
        let look = |with_dvr| rebuild::look(shared.objects.as_ref(), event, epoch, &names, with_dvr);
        let found = look(is_new).await.map_err(|error| error.to_string())?;
        if found.is_empty() {
            continue;
        }
        let added = differences(&found);
        let is_behind = added.iter().any(|record| matches!(record, Record::Index { .. }));
        if is_new || !is_behind {
            return Ok(added);
        }
        // The store is ahead of the journal: the DVR knows what the live window does not.
        let found = look(true).await.map_err(|error| error.to_string())?;
        return Ok(differences(&found));
    }
    Ok(Vec::new())
}
