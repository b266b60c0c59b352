//! Statements that stay prepared.
//!
//! diesel keeps selects, inserts and deletes prepared on their connection, and has every UPDATE, savepoint and list of
//! values (`eq_any`, with `SQLite`) parsed and planned anew. For the few that every coin goes through that is a tenth
//! of the transaction on a server and more than half of it in a file: they are written out and kept. What is asked on
//! either database's connection at once is kept, too, but its text is built anew each time, to look it up by: the
//! statements on the way of every support and vote are written out for that.
//!
//! `SQLite` also plans a kept statement anew whenever the value of its LIMIT is bound, since plans depend on it (its
//! documentation of `SQLITE_DBCONFIG_ENABLE_QPSG`). diesel's `first` binds one. What is looked up by a unique key on
//! the way of every coin therefore uses `get_result`, which binds none.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

/// A value that goes into a statement.
#[derive(Clone, Copy, Debug)]
pub enum Bind<'a> {
    /// A text.
    Text(&'a str),
    /// A text or NULL.
    MaybeText(Option<&'a str>),
    /// A whole number.
    Int(i64),
    /// A whole number or NULL.
    MaybeInt(Option<i64>),
    /// Yes or no.
    Flag(bool),
}

/// One statement with its values: what stands in `ST` comes back, `()` for nothing.
#[derive(Clone, Debug)]
pub struct Prepared<'a, ST> {
    sql: &'static str,
    binds: &'a [Bind<'a>],
    row: PhantomData<ST>,
}

impl<'a, ST> Prepared<'a, ST> {
    /// The statement `sql`, in which each `?` stands for the next of `binds`. No `?` may stand for anything else.
    #[must_use]
    pub const fn new(sql: &'static str, binds: &'a [Bind<'a>]) -> Self {
        Self { sql, binds, row: PhantomData }
    }
}

impl<ST, DB> QueryFragment<DB> for Prepared<'_, ST>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<BigInt> + HasSqlType<Bool>,
    for<'x> &'x str: ToSql<Text, DB>,
    for<'x> Option<&'x str>: ToSql<Nullable<Text>, DB>,
    i64: ToSql<BigInt, DB>,
    Option<i64>: ToSql<Nullable<BigInt>, DB>,
    bool: ToSql<Bool, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut binds = self.binds.iter();
        for (at, part) in self.sql.split('?').enumerate() {
            if at > 0 {
                match binds.next() {
                    Some(Bind::Text(value)) => out.push_bind_param::<Text, &str>(value)?,
                    Some(Bind::MaybeText(value)) => out.push_bind_param::<Nullable<Text>, Option<&str>>(value)?,
                    Some(Bind::Int(value)) => out.push_bind_param::<BigInt, i64>(value)?,
                    Some(Bind::MaybeInt(value)) => out.push_bind_param::<Nullable<BigInt>, Option<i64>>(value)?,
                    Some(Bind::Flag(value)) => out.push_bind_param::<Bool, bool>(value)?,
                    None => return Err(diesel::result::Error::QueryBuilderError("a value is missing".into())),
                }
            }
            out.push_sql(part);
        }
        Ok(())
    }
}

/// It is kept under its text.
impl<ST> QueryId for Prepared<'_, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Prepared<'_, ST> {
    type SqlType = ST;
}

impl<ST, C> RunQueryDsl<C> for Prepared<'_, ST> {}
