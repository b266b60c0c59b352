//! The connection of either dialect.

use diesel::{PgConnection, SqliteConnection};

/// A connection to the database, whichever it is. Queries written on it run on both.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// An embedded file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
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
