//! What this node knows of sessions that play: in memory, bounded, forgotten when in doubt.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::accounts::{LivingSession, TokenHash};
use crate::clock::Micros;
use crate::events::Unlocks;
use crate::ids::{AccountId, RowId};

/// Parts of the map, each with a lock of its own: workers rarely meet at one, and readers never wait for readers.
const SHARDS: usize = 64;
/// Sessions of one part; all together some 100 MB.
const SHARD_MAX: usize = 4_096;

/// A session that was found living.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) hash: TokenHash,
    pub(super) session: RowId,
    pub(super) account: AccountId,
    expires_at: AtomicI64,
    /// The last request.
    asked_at: AtomicI64,
    /// When its place was taken; 0: it has none that is known here.
    taken_at: AtomicI64,
    /// The last use of its place.
    beat_at: AtomicI64,
    /// What the account has opened, by event; only what it has counts.
    unlocks: RwLock<Vec<(RowId, Arc<Unlocks>)>>,
}

impl Player {
    fn of(found: &LivingSession, now: Micros) -> Self {
        Self {
            hash: found.hash,
            session: found.session.clone(),
            account: found.account.clone(),
            expires_at: AtomicI64::new(found.expires_at.0),
            asked_at: AtomicI64::new(now.0),
            taken_at: AtomicI64::new(0),
            beat_at: AtomicI64::new(0),
            unlocks: RwLock::default(),
        }
    }

    /// Whether the session has not ended by itself.
    pub(super) fn lives(&self, now: Micros) -> bool {
        now.0 < self.expires_at.load(Ordering::Relaxed)
    }

    /// Notes what was found again.
    pub(super) fn confirm(&self, found: &LivingSession) {
        self.expires_at.store(found.expires_at.0, Ordering::Relaxed);
    }

    /// Notes a request.
    pub(super) fn asked(&self, now: Micros) {
        self.asked_at.store(now.0, Ordering::Relaxed);
    }

    /// Whether it has asked for something within these milliseconds.
    pub(super) fn asked_within(&self, ms: i64, now: Micros) -> bool {
        now.ms_since(Micros(self.asked_at.load(Ordering::Relaxed))) < ms
    }

    /// What the account has opened of an event, as far as it is known.
    pub(super) fn unlocks_of(&self, event: &RowId) -> Option<Arc<Unlocks>> {
        let unlocks = self.unlocks.read().unwrap_or_else(PoisonError::into_inner);
        unlocks.iter().find(|(of, _)| of == event).map(|(_, unlocks)| Arc::clone(unlocks))
    }

    /// Notes what the account has opened of an event.
    pub(super) fn set_unlocks(&self, event: &RowId, found: Arc<Unlocks>) {
        let mut unlocks = self.unlocks.write().unwrap_or_else(PoisonError::into_inner);
        unlocks.retain(|(of, _)| of != event);
        unlocks.push((event.clone(), found));
    }

    /// When its place was taken; `None`: it has none that is known.
    pub(super) fn taken_at(&self) -> Option<Micros> {
        Some(Micros(self.taken_at.load(Ordering::Relaxed))).filter(|taken_at| taken_at.0 != 0)
    }

    /// Whether it has a place that it has used within `ttl_ms`.
    pub(super) fn holds(&self, ttl_ms: i64, now: Micros) -> bool {
        self.taken_at().is_some() && now.ms_since(self.beat_at()) < ttl_ms
    }

    /// Notes that it has a place.
    pub(super) fn place(&self, taken_at: Micros) {
        self.taken_at.store(taken_at.0, Ordering::Relaxed);
    }

    /// When it last used its place.
    pub(super) fn beat_at(&self) -> Micros {
        Micros(self.beat_at.load(Ordering::Relaxed))
    }

    /// Notes that it uses its place.
    pub(super) fn beat(&self, now: Micros) {
        self.beat_at.store(now.0, Ordering::Relaxed);
    }

    /// Whether it has a place and has used it since then.
    pub(super) fn has_beaten_since(&self, then: Micros) -> bool {
        self.taken_at().is_some() && self.beat_at() >= then
    }

    /// Notes that its place is doubtful: it is claimed again at its next use, and kept where it cannot be asked for.
    pub(super) fn expire(&self) {
        self.beat_at.store(0, Ordering::Relaxed);
    }

    /// Notes that it has no place.
    pub(super) fn unplace(&self) {
        self.taken_at.store(0, Ordering::Relaxed);
    }

    /// Notes that the place taken at `lost` or before is gone; `false`: it has none, or one taken later, which is another.
    pub(super) fn lose(&self, lost: Micros) -> bool {
        let taken_at = self.taken_at.load(Ordering::Relaxed);
        let is_that = taken_at != 0 && taken_at <= lost.0;
        // Another answer in between is one of the database, and newer.
        is_that && self.taken_at.compare_exchange(taken_at, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

type Shard = RwLock<HashMap<TokenHash, Arc<Player>>>;

/// The sessions that are known.
#[derive(Debug)]
pub(super) struct Players {
    shards: Vec<Shard>,
    /// Rises with every account whose sessions were told to have ended.
    heard: AtomicU64,
    of_account: Mutex<HashMap<AccountId, Vec<TokenHash>>>,
}

impl Players {
    pub(super) fn new() -> Self {
        Self {
            shards: std::iter::repeat_with(Shard::default).take(SHARDS).collect(),
            heard: AtomicU64::new(0),
            of_account: Mutex::default(),
        }
    }

    fn shard(&self, hash: &TokenHash) -> Option<&Shard> {
        // A hash is spread evenly already.
        let [first, ..] = hash.bytes();
        self.shards.get(usize::from(*first) % SHARDS)
    }

    /// A session that is known and lives.
    pub(super) fn find(&self, hash: &TokenHash, now: Micros) -> Option<Arc<Player>> {
        let shard = self.shard(hash)?.read().unwrap_or_else(PoisonError::into_inner);
        shard.get(hash).filter(|player| player.lives(now)).cloned()
    }

    /// To be noted before the database is asked, for [`Players::put`].
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::SeqCst)
    }

    /// Keeps what was found when [`Players::heard`] was `heard`. Where sessions were told to have ended since then, this
    /// one may be among them: it is given back for this one request, and not kept.
    pub(super) fn put(&self, found: &LivingSession, heard: u64, now: Micros) -> Arc<Player> {
        let Some(shard) = self.shard(&found.hash) else { return Arc::new(Player::of(found, now)) };
        if self.heard() != heard {
            return Arc::new(Player::of(found, now));
        }
        self.of_account(|known| {
            let hashes = known.entry(found.account.clone()).or_default();
            if !hashes.contains(&found.hash) {
                hashes.push(found.hash);
            }
        });
        let mut pushed_out = None;
        let player = {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            if shard.len() >= SHARD_MAX && !shard.contains_key(&found.hash) {
                let idlest = shard.values().min_by_key(|player| player.asked_at.load(Ordering::Relaxed)).cloned();
                pushed_out = idlest.and_then(|idlest| shard.remove(&idlest.hash));
            }
            let player = shard.entry(found.hash).or_insert_with(|| Arc::new(Player::of(found, now)));
            player.confirm(found);
            player.asked(now);
            Arc::clone(player)
        };
        if let Some(pushed_out) = pushed_out {
            self.unlist(&pushed_out);
        }
        if self.heard() != heard {
            self.forget(&found.hash);
        }
        player
    }

    /// Forgets a session.
    pub(super) fn forget(&self, hash: &TokenHash) {
        let Some(shard) = self.shard(hash) else { return };
        let gone = shard.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
        if let Some(gone) = gone {
            self.unlist(&gone);
        }
    }

    /// Forgets an account's sessions, since some of them have ended.
    pub(super) fn forget_account(&self, account: &AccountId) {
        self.heard.fetch_add(1, Ordering::SeqCst);
        for hash in self.of_account(|known| known.remove(account)).unwrap_or_default() {
            self.forget(&hash);
        }
    }

    /// The sessions of an account that are known.
    pub(super) fn list_of(&self, account: &AccountId) -> Vec<Arc<Player>> {
        let hashes = self.of_account(|known| known.get(account).cloned()).unwrap_or_default();
        let found =
            |hash: &TokenHash| self.shard(hash)?.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned();
        hashes.iter().filter_map(found).collect()
    }

    /// All for whom `wanted` says yes.
    pub(super) fn list(&self, wanted: impl Fn(&Player) -> bool) -> Vec<Arc<Player>> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            found.extend(shard.values().filter(|player| wanted(player)).cloned());
        }
        found
    }

    fn unlist(&self, player: &Player) {
        self.of_account(|known| {
            let Some(hashes) = known.get_mut(&player.account) else { return };
            hashes.retain(|hash| *hash != player.hash);
            if hashes.is_empty() {
                known.remove(&player.account);
            }
        });
    }

    fn of_account<T>(&self, f: impl FnOnce(&mut HashMap<AccountId, Vec<TokenHash>>) -> T) -> T {
        f(&mut self.of_account.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
