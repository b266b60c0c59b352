//! What can go wrong between a room and its rows.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Why a call to the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `database.url` is not an address of either kind.
    #[error("{0}")]
    Url(String),
    /// The database does not answer, or too many are asking. Trying later may help; a write may have happened.
    #[error("the database cannot be used now: {0}")]
    Unavailable(String),
    /// A statement was refused.
    #[error("a database statement failed: {0}")]
    Query(#[source] DieselError),
    /// A stored value is not what the program writes.
    #[error("a row cannot be understood: {0}")]
    Row(String),
    /// The closure panicked; nothing was written.
    #[error("the program failed inside a database call; nothing was written")]
    Panicked,
    /// The tables are not those this program needs.
    #[error("{0}")]
    Schema(String),
    /// Another node began this database with another secret key.
    #[error(
        "this database belongs to nodes whose server.secret_key has the fingerprint {theirs}, this node's has {ours}: \
         give every node the same server.secret_key"
    )]
    OtherSecretKey {
        /// Fingerprint in the database.
        theirs: String,
        /// This node's fingerprint.
        ours: String,
    },
}

impl StoreError {
    /// Whether another try later may help.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether a row with the same unique value exists already.
    #[must_use]
    pub const fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }

    /// Whether the row names another one that is not there.
    #[must_use]
    pub const fn is_foreign_key_violation(&self) -> bool {
        matches!(self, Self::Query(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)))
    }
}

/// What `SQLite` says when somebody else has the lock: `SQLITE_BUSY` has no kind of its own.
const LOCKED: &str = "database is locked";

impl StoreError {
    /// Whether somebody else writes to the `SQLite` file.
    pub(super) fn is_locked(error: &DieselError) -> bool {
        matches!(error, DieselError::DatabaseError(_, info) if info.message().contains(LOCKED))
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                info,
            ) => Self::Unavailable(info.message().trim().to_owned()),
            // SQLITE_BUSY and SQLITE_LOCKED have no kind of their own; neither has a server that is going down.
            DieselError::DatabaseError(_, info) if is_passing(info.message()) => {
                Self::Unavailable(info.message().trim().to_owned())
            }
            DieselError::BrokenTransactionManager => Self::Unavailable("the connection was lost".into()),
            _ => Self::Query(error),
        }
    }
}

fn is_passing(message: &str) -> bool {
    [
        LOCKED,
        "database table is locked",
        "terminating connection",
        "server closed the connection",
        // Too many wait for the same row, or the machine is overloaded: nothing was written.
        "due to lock timeout",
        "due to statement timeout",
    ]
    .iter()
    .any(|known| message.contains(known))
}

/// Whether the transaction lost against another one and should run again: SQLSTATE 40001, or a deadlock (40P01, which
/// diesel knows by its English message only).
pub(super) fn lost_a_race(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(StoreError::Query(query)) = error.downcast_ref::<StoreError>() {
            return query_lost_a_race(query);
        }
        if let Some(query) = error.downcast_ref::<DieselError>() {
            return query_lost_a_race(query);
        }
        next = error.source();
    }
    false
}

fn query_lost_a_race(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        DieselError::DatabaseError(_, info) => info.message().contains("deadlock detected"),
        _ => false,
    }
}
