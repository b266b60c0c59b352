//! What the gate does in the background: writes down which places are used, and looks at what it knows again.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::players::Player;
use super::{Gate, claims, meters, records};
use crate::accounts::{self, LivingSession, TokenHash};
use crate::clock::Micros;
use crate::ids::RowId;
use crate::store::StoreError;

/// The longest time between two writes of which places are used: what a fact has not told is found out by them.
const WRITE_EVERY_MS: i64 = 3_000;
/// Time between two looks at the sessions that are known.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Sessions asked for in one read.
const LOOK_AT_ONCE: usize = 500;
/// A session that asks for nothing is forgotten after this, and after three rotations at the earliest.
const IDLE_MS: i64 = 15 * 60 * 1_000;
/// Places claimed again at once.
const CLAIMS_AT_ONCE: usize = 1_000;

impl Gate {
    /// Starts to ask the database, and the other work in the background once `ready` is; all of it ends with `stopping`.
    pub fn keep(
        &self,
        ready: impl Future<Output = ()> + Send + 'static,
        tracker: &TaskTracker,
        stopping: CancellationToken,
    ) {
        let queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((who, places)) = queues {
            let (parts, rules) = (self.0.parts.clone(), self.0.rules);
            let asking = claims::answer_who(parts.clone(), who);
            tracker.spawn(stopping.clone().run_until_cancelled_owned(asking));
            tracker.spawn(stopping.clone().run_until_cancelled_owned(claims::answer_claims(parts, rules, places)));
        }
        let gate = self.clone();
        tracker.spawn(stopping.run_until_cancelled_owned(async move {
            ready.await;
            tokio::join!(gate.write_for_ever(), gate.look_for_ever());
        }));
    }

    async fn write_for_ever(&self) {
        let every = (self.0.rules.ttl_ms / 4).min(WRITE_EVERY_MS);
        let mut ticks = interval(Duration::from_millis(u64::try_from(every).unwrap_or(1_000).max(100)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut written_at = Micros(0);
        loop {
            ticks.tick().await;
            let now = self.0.parts.clock.now();
            match self.write_beats(written_at, now).await {
                Ok(()) => written_at = now,
                Err(error) => tracing::debug!(%error, "the use of places is not written down this time"),
            }
        }
    }

    /// Writes down the places used since `then`, and claims again those that are not there any more.
    async fn write_beats(&self, then: Micros, now: Micros) -> Result<(), StoreError> {
        let ttl_ms = self.0.rules.ttl_ms;
        meters::held(self.0.players.list(|player| player.holds(ttl_ms, now)).len());
        let used = self.0.players.list(|player| player.holds(ttl_ms, now) && player.has_beaten_since(then));
        if used.is_empty() {
            return Ok(());
        }
        meters::batch("beats", used.len());
        let sessions: Vec<RowId> = used.iter().map(|player| player.session.clone()).collect();
        let living = self.0.parts.store.write(move |conn| records::beat(conn, &sessions, ttl_ms, now)).await?;
        let gone = used.into_iter().filter(|player| !living.contains(player.session.as_str()));
        // Whoever is lost or signed out by it is forgotten there; the next look sees to what could not be asked.
        let claimed = gone.map(|player| async move { drop(self.claim(&player, false, player.beat_at()).await) });
        stream::iter(claimed).buffer_unordered(CLAIMS_AT_ONCE).collect::<()>().await;
        Ok(())
    }

    async fn look_for_ever(&self) {
        loop {
            let doubt = tokio::time::timeout(LOOK_EVERY, self.0.doubts.notified());
            let is_in_doubt = doubt.await.is_ok();
            match self.look(is_in_doubt).await {
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, "the sessions that are known could not be looked at this time"),
            }
        }
    }

    /// Asks for the sessions that are in use, forgets those that have ended and those that ask for nothing. In doubt
    /// places are forgotten too: they are claimed again when they are used.
    async fn look(&self, is_in_doubt: bool) -> Result<(), StoreError> {
        let now = self.0.parts.clock.now();
        let rotation_ms = i64::try_from(self.0.parts.config.key_rotation_ms).unwrap_or(i64::MAX);
        let idle_ms = IDLE_MS.max(rotation_ms.saturating_mul(3));
        let known = self.0.players.list(|_| true);
        for some in known.chunks(LOOK_AT_ONCE) {
            let hashes: Vec<TokenHash> = some.iter().map(|player| player.hash).collect();
            meters::batch("looks", hashes.len());
            let read = self.0.parts.store.read(move |conn| accounts::list_living_sessions(conn, &hashes, now));
            let living: HashMap<TokenHash, LivingSession> =
                read.await?.into_iter().map(|session| (session.hash, session)).collect();
            for player in some {
                match living.get(&player.hash) {
                    Some(found) if player.asked_within(idle_ms, now) => player.confirm(found),
                    _ => self.0.players.forget(&player.hash),
                }
            }
            self.0.parts.accounts.note_uses(used(some, &living, now));
            if is_in_doubt {
                for player in some {
                    player.expire();
                }
            }
        }
        Ok(())
    }
}

/// The sessions of players that have asked for something since the last look.
fn used<'a>(
    players: &'a [Arc<Player>],
    living: &'a HashMap<TokenHash, LivingSession>,
    now: Micros,
) -> impl Iterator<Item = &'a LivingSession> {
    let look_ms = i64::try_from(LOOK_EVERY.as_millis()).unwrap_or(i64::MAX).saturating_mul(2);
    players.iter().filter(move |player| player.asked_within(look_ms, now)).filter_map(|player| living.get(&player.hash))
}
