//! Pulls one input for one event, run after run.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::attend::{self, Ended, How};
use super::backoff::Backoff;
use super::command::Sound;
use super::input::{Input, Kind};
use super::said::Fault;
use super::{Refusal, Shared, folder};
use crate::ids::EventSlug;

/// A listener that is away for longer than this makes publishers give up.
const LISTENER_WAIT_MAX: Duration = Duration::from_secs(2);

/// Standard input that gives no picture this often has none.
const BARREN_STARTS_MAX: u32 = 3;

pub(super) async fn pull(
    shared: &Arc<Shared>,
    event: &EventSlug,
    input: &Input,
    stop: &CancellationToken,
) -> Result<(), Refusal> {
    // Counted, so that a drain waits for it.
    let _counted = shared.tracker.token();
    let ending = stop.child_token();
    let mut rounds = std::pin::pin!(rounds(shared, event, input, &ending));
    tokio::select! {
        done = &mut rounds => return done,
        () = shared.stop.cancelled() => ending.cancel(),
    }
    rounds.await
}

async fn rounds(
    shared: &Arc<Shared>,
    event: &EventSlug,
    input: &Input,
    ending: &CancellationToken,
) -> Result<(), Refusal> {
    let mut backoff = Backoff::default();
    let mut sound = Sound::Own;
    let mut barren = 0_u32;
    let mut was_started = false;
    while !ending.is_cancelled() {
        let ended = match attend::start(shared, event, input, sound).await {
            Ok(started) => {
                was_started = true;
                let run = started.run.clone();
                let ended = attend::attend(started, event, input, ending, &Arc::new(AtomicU64::new(0))).await;
                if ended.gave.is_zero() {
                    folder::remove_if_empty(shared, event, &run).await;
                }
                ended
            }
            Err(refusal) if !was_started => return Err(refusal),
            // What worked a minute ago may work again: a full disk, a package being upgraded.
            Err(refusal) => not_started(refusal),
        };
        let well = matches!(ended.how, How::Exited(Some(status)) if status.success());
        if ended.how == How::Asked || (well && input.ends()) {
            return Ok(());
        }
        if ended.no_sound && sound == Sound::Own {
            tracing::info!(%event, input = input.shown(), "{}", Fault::NoSound.words());
            sound = Sound::Silence;
            continue;
        }
        sound = Sound::Own;
        barren = if ended.gave.is_zero() { barren.saturating_add(1) } else { 0 };
        if barren >= barren_starts_max(input) {
            let why = ended.why.unwrap_or_else(|| "FFmpeg gave no picture and did not say why".into());
            return Err(Refusal::new(format!("{} cannot be encoded: {why}", input.shown())));
        }
        let wait = backoff.after(ended.gave, shared.random.as_ref());
        let wait = if input.kind == Kind::Listener { wait.min(LISTENER_WAIT_MAX) } else { wait };
        tell(event, input, &ended, wait);
        tokio::select! {
            () = ending.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    Ok(())
}

/// How many starts without a picture refuse an input for good; an address may come alive at any time.
const fn barren_starts_max(input: &Input) -> u32 {
    match input.kind {
        Kind::File => 1,
        Kind::Stdin => BARREN_STARTS_MAX,
        Kind::Feed | Kind::Address | Kind::Listener | Kind::Drawn => u32::MAX,
    }
}

fn not_started(refusal: Refusal) -> Ended {
    Ended { how: How::Exited(None), gave: Duration::ZERO, no_sound: false, no_picture: false, why: Some(refusal.0) }
}

fn tell(event: &EventSlug, input: &Input, ended: &Ended, wait: Duration) {
    let reason = if ended.how == How::Silent { "silence" } else { "exit" };
    let slug = event.to_string();
    metrics::counter!("bakuhantam_encoder_faults_total", "event" => slug, "reason" => reason).increment(1);
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let gave_ms = u64::try_from(ended.gave.as_millis()).unwrap_or(u64::MAX);
    let input = input.shown();
    let well = matches!(ended.how, How::Exited(Some(status)) if status.success());
    if well && gave_ms > 0 {
        tracing::info!(%event, input, gave_ms, wait_ms, "the input ended: it is opened again");
    } else {
        let why = ended.why.as_deref().unwrap_or("FFmpeg did not say why");
        tracing::warn!(%event, input, gave_ms, wait_ms, how = ?ended.how, "the encoder is started again: {why}");
    }
}
