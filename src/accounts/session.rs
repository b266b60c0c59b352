//! Sessions: a random token in the browser's cookie, its hash in the database.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::Role;
use crate::clock::Micros;
use crate::config::{Language, Secret, hex};
use crate::ids::{AccountId, RowId};
use crate::store::audit::Actor;

/// The cookie of a device's mark: a browser in which the account signed in before.
pub const DEVICE_COOKIE: &str = "bh_device";

/// How long a viewer's session lives without being used, in milliseconds: 90 days.
pub const SESSION_TTL_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// How long a panel session lives without being used, in milliseconds: 12 hours.
pub const PANEL_TTL_MS: i64 = 12 * 60 * 60 * 1_000;
/// Sessions of one account; the one that was not used for longest ends when one more begins.
pub const SESSIONS_MAX: usize = 20;

/// What a session opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// Site and API.
    Viewer,
    /// The producers' panel alone.
    Panel,
}

impl SessionKind {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Panel => "panel",
        }
    }

    /// How long one lives without being used, in milliseconds. Using it makes it longer, by what is stored; a cookie
    /// may live longer than its session.
    #[must_use]
    pub const fn ttl_ms(self) -> i64 {
        match self {
            Self::Viewer => SESSION_TTL_MS,
            Self::Panel => PANEL_TTL_MS,
        }
    }
}

impl FromStr for SessionKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "panel" => Ok(Self::Panel),
            _ => Err(format!("\"{text}\" is no kind of session")),
        }
    }
}

/// Whoever is calling, as far as the web knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Where from.
    pub address: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: String,
    /// The cookie [`DEVICE_COOKIE`], as it came.
    pub device: Option<String>,
    /// The cookie of the session the browser has now: signing in ends it, if it is of the same kind.
    pub previous: Option<Secret>,
}

impl Caller {
    /// Where from, for the audit.
    #[must_use]
    pub fn origin(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }
}

/// Somebody with a live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// The session.
    pub session: RowId,
    /// SHA-256 of the session's token, hex: what form tokens are bound to.
    pub token_hash: String,
    /// Display name.
    pub name: String,
    /// The number, E.164.
    pub phone: super::Phone,
    /// What the account may do.
    pub role: Role,
    /// The language chosen.
    pub locale: Language,
    /// What the session opens.
    pub kind: SessionKind,
}

impl SignedIn {
    /// Who does something, for the audit.
    #[must_use]
    pub fn actor(&self, caller: &Caller, at: Micros) -> Actor {
        Actor { who: self.account.to_string(), origin: caller.origin(), at }
    }
}

/// A session that was just made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The cookie's value.
    pub token: Secret,
    /// Whose it is.
    pub who: SignedIn,
    /// When it ends if it is not used.
    pub expires_at: Micros,
    /// The new value of the cookie [`DEVICE_COOKIE`], for [`DEVICE_TTL_MS`](super::DEVICE_TTL_MS).
    pub device: String,
}

/// A session as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name when it is to be ended.
    pub id: RowId,
    /// What it opens.
    pub kind: SessionKind,
    /// What the browser called itself when it signed in.
    pub agent: String,
    /// Where it was signed in.
    pub address: String,
    /// When it was signed in.
    pub created_at: Micros,
    /// When it was last used, to some minutes.
    pub seen_at: Micros,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// SHA-256 of a session's token: what whoever keeps sessions in memory knows it by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a cookie's value.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let mut hash = [0_u8; 32];
        hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }

    /// As it stands in the database.
    pub(super) fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(***)")
    }
}

/// A viewer's session that lives, for whoever keeps sessions in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivingSession {
    /// Of its token.
    pub hash: TokenHash,
    /// The session.
    pub session: RowId,
    /// Whose.
    pub account: AccountId,
    /// When it ends if it is not used.
    pub expires_at: Micros,
    /// When its last use was written down.
    pub seen_at: Micros,
}

/// What is stored of a token.
pub(super) fn hash_of(token: &str) -> String {
    TokenHash::of(token).hex()
}
