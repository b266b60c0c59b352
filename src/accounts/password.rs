//! Passwords: argon2id behind a bounded queue, since each costs 19 MiB and tens of milliseconds of a core.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::{AccountError, choice};
use crate::ids::SharedRandom;

/// Who may wait for a password to be checked; the next one is told to come back.
const WAITING_MAX: usize = 128;
/// Of a random password nobody has, at the cost of a real one.
pub(super) const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                                 Zm9yIG5vYm9keSBhdCBhbGwsIG5ldmVyIGV2ZXIgITE";

/// Argon2id with OWASP's parameters: 19 MiB, two passes, one lane.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Passwords {
    random: SharedRandom,
    cores: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// What checking a password found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is another one, or nobody's.
    Wrong,
    /// It is right.
    Right,
    /// It is right, and kept under older parameters: this hash is to take its place.
    Older(String),
}

impl Passwords {
    pub(super) fn new(random: SharedRandom) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { random, cores: Arc::new(Semaphore::new(cores)), waiting: Arc::default() }
    }

    /// The argon2id hash, in PHC form, of a password that may be chosen by someone of this name and number.
    pub(super) async fn choose(&self, password: &str, name: &str, phone: &str) -> Result<String, AccountError> {
        let (password, name, phone) = (password.to_owned(), name.to_owned(), phone.to_owned());
        let salt = self.salt();
        self.queued(move || {
            choice::check(&password, &name, &phone)?;
            hash(&password, salt).ok_or(AccountError::Busy)
        })
        .await?
    }

    /// Whether `password` is the one of `hash`. An empty hash costs as much and is never right, so that the time tells
    /// nothing.
    pub(super) async fn verify(&self, password: &str, stored: &str) -> Result<Verdict, AccountError> {
        let (password, stored) = (password.to_owned(), stored.to_owned());
        let salt = self.salt();
        self.queued(move || {
            let known = !stored.is_empty();
            let Ok(hash_of_it) = PasswordHash::new(if known { &stored } else { NOBODY }) else { return Verdict::Wrong };
            let fits = argon().verify_password(password.as_bytes(), &hash_of_it).is_ok();
            if !(known && fits) {
                return Verdict::Wrong;
            }
            if is_current(&hash_of_it) {
                Verdict::Right
            } else {
                hash(&password, salt).map_or(Verdict::Right, Verdict::Older)
            }
        })
        .await
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0_u8; 16];
        self.random.fill(&mut salt);
        salt
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

fn hash(password: &str, salt: [u8; 16]) -> Option<String> {
    let salt = SaltString::encode_b64(&salt).ok()?;
    Some(argon().hash_password(password.as_bytes(), &salt).ok()?.to_string())
}

/// Whether a hash was made with today's parameters.
fn is_current(hash: &PasswordHash<'_>) -> bool {
    let wanted = Params::default();
    hash.algorithm == argon2::ARGON2ID_IDENT
        && hash.version == Some(u32::from(Version::V0x13))
        && Params::try_from(hash).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost()) == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
        })
}
