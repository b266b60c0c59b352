//! Passwords: argon2id behind a bounded queue, since each costs 19 MiB and tens of milliseconds of a core.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use tokio::sync::Semaphore;

use super::AccountError;
use crate::ids::SharedRandom;

/// Characters of a password, fewest and most.
const LEN: std::ops::RangeInclusive<usize> = 8..=128;
/// Who may wait for a password to be checked; the next one is told to come back.
const WAITING_MAX: usize = 128;

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Passwords {
    random: SharedRandom,
    cores: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Passwords {
    pub(super) fn new(random: SharedRandom) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { random, cores: Arc::new(Semaphore::new(cores)), waiting: Arc::default() }
    }

    /// Whether a password may be chosen.
    pub(super) fn check(password: &str) -> Result<(), AccountError> {
        if LEN.contains(&password.chars().count()) { Ok(()) } else { Err(AccountError::WeakPassword) }
    }

    /// argon2id in PHC form.
    pub(super) async fn hash(&self, password: String) -> Result<String, AccountError> {
        let mut salt = [0_u8; 16];
        self.random.fill(&mut salt);
        self.queued(move || {
            let salt = SaltString::encode_b64(&salt).ok()?;
            Some(Argon2::default().hash_password(password.as_bytes(), &salt).ok()?.to_string())
        })
        .await?
        .ok_or(AccountError::WeakPassword)
    }

    /// Whether `password` is the one of `hash`. An empty hash costs as much and is never right, so that the time tells
    /// nothing.
    pub(super) async fn verify(&self, password: String, hash: String) -> Result<bool, AccountError> {
        // Of a random password nobody has.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                              Zm9yIG5vYm9keSBhdCBhbGwsIG5ldmVyIGV2ZXIgITE";
        self.queued(move || {
            let known = !hash.is_empty();
            let hash = if known { hash.as_str() } else { NOBODY };
            let fits = PasswordHash::new(hash)
                .and_then(|hash| Argon2::default().verify_password(password.as_bytes(), &hash))
                .is_ok();
            known && fits
        })
        .await
    }

    async fn queued<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AccountError> {
        struct Waiting(Arc<AtomicUsize>);
        impl Drop for Waiting {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::AcqRel);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting(Arc::clone(&self.waiting));
        if before >= WAITING_MAX {
            return Err(AccountError::Busy);
        }
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| AccountError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _held = (permit, waiting);
            work()
        });
        done.await.map_err(|_| AccountError::Busy)
    }
}
