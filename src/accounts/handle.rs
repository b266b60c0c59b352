//! The room's door: what others hold of it.

use std::fmt;
use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::device::Devices;
use super::limits::{Gate, Uses};
use super::messages::Outgoing;
use super::password::Passwords;
use super::session::hash_of;
use super::{AccountError, Caller, NewSession, SignedIn};
use crate::clock::{Micros, SharedClock};
use crate::config::{Secret, SecretKey};
use crate::ids::{RowId, SharedRandom, new_word};
use crate::store::Store;

/// What the room is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Random bytes.
    pub random: SharedRandom,
    /// Seals and signs.
    pub secret: SecretKey,
}

/// Accounts and sessions. Cheap to clone; clones count tries together.
#[derive(Clone)]
pub struct Accounts(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) parts: Parts,
    pub(super) passwords: Passwords,
    pub(super) devices: Devices,
    /// Wrong passwords.
    pub(super) logins: Gate,
    /// Wrong codes of resets.
    pub(super) resets: Gate,
    /// Wrong codes of authenticator apps.
    pub(super) totps: Gate,
    pub(super) uses: Uses,
    /// What need not be waited for.
    pub(super) tracker: TaskTracker,
    /// How codes are sent; `None` for commands, which send none.
    pub(super) outgoing: Option<Outgoing>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}

impl Accounts {
    /// The room over its parts, without a way to send codes. Nothing is asked yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self::build(parts, TaskTracker::new(), None)
    }

    /// The room with a way to send codes; what it does in the background is waited for by `tracker`.
    #[must_use]
    pub fn with_messages(parts: Parts, tracker: TaskTracker, outgoing: Outgoing) -> Self {
        Self::build(parts, tracker, Some(outgoing))
    }

    fn build(parts: Parts, tracker: TaskTracker, outgoing: Option<Outgoing>) -> Self {
        let passwords = Passwords::new(parts.random.clone());
        let devices = Devices::new(&parts.secret);
        Self(Arc::new(Inner {
            parts,
            passwords,
            devices,
            logins: Gate::new(),
            resets: Gate::new(),
            totps: Gate::of_codes(),
            uses: Uses::new(),
            tracker,
            outgoing,
        }))
    }

    pub(super) fn now(&self) -> Micros {
        self.0.parts.clock.now()
    }

    pub(super) fn new_id(&self, at: Micros) -> RowId {
        RowId::new(at, self.0.parts.random.as_ref())
    }

    /// A token: 40 characters of five random bits.
    pub(super) fn new_token(&self) -> String {
        new_word(self.0.parts.random.as_ref(), 40)
    }

    /// A session under `token`, with its device's mark; nothing is stored yet.
    pub(super) fn session_of(&self, mut who: SignedIn, token: String, caller: &Caller, at: Micros) -> NewSession {
        who.token_hash = hash_of(&token);
        let device = self.0.devices.mark(caller.device.as_deref(), &who.phone, at, self.0.parts.random.as_ref());
        let expires_at = at.plus_ms(who.kind.ttl_ms());
        NewSession { token: Secret::new(token), who, expires_at, device }
    }
}

/// A name as it is shown: blanks joined, nothing that cannot be seen.
///
/// # Errors
/// [`AccountError::Name`]
pub(super) fn name_of(text: &str) -> Result<String, AccountError> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_shown = |letter: char| !letter.is_control() && !is_invisible(letter);
    let fits = (1..=40).contains(&name.chars().count()) && name.chars().all(is_shown);
    if fits && name.chars().any(char::is_alphanumeric) { Ok(name) } else { Err(AccountError::Name) }
}

/// Marks that turn the direction of text, joiners without width, and fillers: they hide or forge what stands around.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{3164}')
}
