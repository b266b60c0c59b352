//! Sessions: a random token in the browser's cookie, its hash in the database.

use std::net::IpAddr;

use super::Role;
use crate::clock::Micros;
use crate::config::{Language, Secret, hex};
use crate::ids::{AccountId, RowId};

/// How long a session lives without being used, in milliseconds: 90 days for viewers.
pub const SESSION_TTL_MS: i64 = 90 * 24 * 60 * 60 * 1_000;

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
}

/// Whoever is calling, as far as the web knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Where from.
    pub address: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: String,
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

/// A session that was just made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The cookie's value.
    pub token: Secret,
    /// Whose it is.
    pub who: SignedIn,
    /// When it ends if it is not used.
    pub expires_at: Micros,
}

/// What is stored of a token.
pub(super) fn hash_of(token: &str) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref())
}
