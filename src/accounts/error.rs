//! Why a verb of this room was refused.

use super::{PasswordError, PhoneError};
use crate::store::StoreError;

/// A refusal, or what kept the room from answering.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The number cannot be one of ours.
    #[error(transparent)]
    Phone(#[from] PhoneError),
    /// The name is empty or too long, or holds what cannot be shown.
    #[error("a name has 1 to 40 characters, letters of any script among them")]
    Name,
    /// The password is too short, too long or too easily guessed.
    #[error(transparent)]
    WeakPassword(#[from] PasswordError),
    /// The number is registered.
    #[error("this number has an account already")]
    PhoneTaken,
    /// Number and password do not belong together.
    #[error("number or password is wrong")]
    WrongCredentials,
    /// A role account without a right code.
    #[error("a code from the authenticator app is needed")]
    TotpRequired,
    /// The code of a password reset is wrong, used or too old, or the number has none.
    #[error("the code is wrong or no longer valid: ask for a new one")]
    WrongCode,
    /// The account is banned.
    #[error("this account is banned")]
    Banned,
    /// The panel is not for this role.
    #[error("this account has no role in the panel")]
    NoRole,
    /// Nobody would be owner any more.
    #[error("this is the last owner: make another account owner first")]
    LastOwner,
    /// No account has this id or number. Only for staff and commands.
    #[error("there is no such account")]
    NotFound,
    /// Too many wrong tries.
    #[error("too many tries: wait {retry_after_s} seconds")]
    TooManyTries {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// Too many passwords are being checked.
    #[error("too many people are signing in")]
    Busy,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountError {
    /// The refusal's stable code; `None` for a fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Phone(_) => Some("accounts.bad_phone"),
            Self::Name => Some("accounts.bad_name"),
            Self::WeakPassword(_) => Some("accounts.weak_password"),
            Self::PhoneTaken => Some("accounts.phone_taken"),
            Self::WrongCredentials => Some("accounts.wrong_credentials"),
            Self::TotpRequired => Some("accounts.totp_required"),
            Self::WrongCode => Some("accounts.wrong_code"),
            Self::Banned => Some("accounts.banned"),
            Self::NoRole => Some("accounts.no_role"),
            Self::LastOwner => Some("accounts.last_owner"),
            Self::NotFound => Some("accounts.not_found"),
            Self::TooManyTries { .. } => Some("accounts.too_many_tries"),
            Self::Busy => Some("accounts.busy"),
            Self::Store(_) => None,
        }
    }

    /// Whether the database is away, so that asking later may help.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unavailable())
    }
}
