//! Who is here: phone, password, session, role, bans.
//!
//! Verbs are methods of [`Accounts`]; each that writes is one transaction.
//!
//! - Coming and going: `register`, `log_in`, `find_session`, `log_out`, `list_sessions`, `revoke_session`,
//!   `revoke_others`, `begin_reset`, `finish_reset`, `prune`. For whoever keeps sessions in memory, many at once:
//!   [`list_living_sessions`] within a read, and `note_uses`.
//! - One's own account: `change_name`, `change_locale`, `change_password`, `record_consent`, `list_consents`, `export`,
//!   `delete_account`.
//! - Staff: `find_account`, `get_account`, `create`, `set_role`, `reset_totp`, `ban`, `unban`, `list_sessions_of`,
//!   `end_sessions_of`; each with its row in the audit.
//!
//! Invariants:
//! - Passwords are kept as argon2id, session tokens as SHA-256, reset codes as HMAC, secrets of the second factor
//!   sealed; none of them ever reaches a log.
//! - A session ends by its row's deletion, so that it ends on every node at once; the fact `account:revoked`, written
//!   with every deletion but that of what has expired, tells whoever keeps sessions in memory. It has no room, so no
//!   socket ever hears it.
//! - Signing in and resetting never tell whether a number exists; registering does (409), by contract.
//! - A role account signs in with a code of its authenticator app only, and each code counts once. Who has just become
//!   staff has to sign in again.
//! - What strangers try cannot lock an owner out (`limits`).
//! - A deleted account keeps its row, because its ledger does; nothing in the row tells who it was.
//!
//! Crash before COMMIT: nothing happened. A token that was made and never delivered expires by itself. A reset code
//! that was stored and never sent is asked for again. Tries counted so far are gone with the process.

mod audit;
mod buckets;
mod choice;
mod consent;
mod device;
mod error;
mod handle;
mod limits;
mod log_in;
mod lookup;
mod messages;
mod password;
mod phone;
mod profile;
mod records;
mod register;
mod reset;
mod role;
mod second_factor;
mod session;
mod sessions;
mod staff;
#[cfg(test)]
mod tests;

pub use crate::store::audit::Actor;
pub use audit::AuditRow;
pub use choice::PasswordError;
pub use consent::{Consent, Document, PRIVACY_VERSION, TERMS_VERSION};
pub use device::DEVICE_TTL_MS;
pub use error::AccountError;
pub use handle::{Accounts, Parts};
pub use lookup::find_account_id;
pub use messages::{ConsoleSender, HttpSender, MessageSender, MessageWords, Outgoing, SendError, open_sender};
pub use phone::{Phone, PhoneError};
pub use profile::DELETED_NAME;
pub use role::Role;
pub use session::{
    Caller, DEVICE_COOKIE, LivingSession, NewSession, PANEL_TTL_MS, SESSION_TTL_MS, SESSIONS_MAX, Session, SessionKind,
    SignedIn, TokenHash,
};
pub use sessions::list_living_sessions;
pub use staff::{Account, Created, NewAccount};
