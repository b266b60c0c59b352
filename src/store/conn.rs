//! The connection of either dialect.

use diesel::{PgConnection, SqliteConnection};

use super::Dialect;

/// A connection to the database, whichever it is. Queries written on it run on both.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// An embedded file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

impl Conn {
    /// Which database it leads to.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// Expands the same body once per dialect, for what diesel cannot compile on the enum (`on_conflict`, batch inserts):
/// `each_dialect!(conn, c => diesel::insert_into(…).on_conflict_do_nothing().execute(c))`.
macro_rules! each_dialect {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::store::Conn::Sqlite($c) => $body,
            $crate::store::Conn::Postgres($c) => $body,
        }
    };
}
pub(crate) use each_dialect;
