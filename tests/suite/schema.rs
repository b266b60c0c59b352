//! Both dialects have the same tables: columns, types by class, what may be null, indexes.

use std::collections::BTreeSet;

use bakuhantam::store::{Conn, Store};
use diesel::prelude::*;

use crate::postgres::TestDatabase;

#[derive(QueryableByName, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Column {
    #[diesel(sql_type = diesel::sql_types::Text)]
    table_name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    nullable: bool,
}

#[derive(QueryableByName, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Index {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    columns: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    one: bool,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    partial: bool,
}

/// Types by class: SQLite keeps the declared name, PostgreSQL its own.
fn class(kind: &str) -> &str {
    match kind.to_lowercase().as_str() {
        "integer" | "int4" => "integer",
        "bigint" | "int8" => "bigint",
        "text" => "text",
        "boolean" | "bool" => "boolean",
        other => panic!("a column of type {other} is not portable"),
    }
}

const SQLITE_COLUMNS: &str = "SELECT m.name AS table_name, c.name AS name, c.type AS kind, \
    c.\"notnull\" = 0 AS nullable \
    FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' \
    AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text AS name, data_type::text AS kind, \
    is_nullable = 'YES' AS nullable FROM information_schema.columns WHERE table_schema = current_schema() \
    AND table_name NOT LIKE '\\_\\_%'";
const SQLITE_INDEXES: &str = "SELECT m.name AS name, l.\"unique\" = 1 AS one, l.partial = 1 AS partial, \
    (SELECT group_concat(i.name, ',') FROM pragma_index_info(m.name) i) AS columns \
    FROM sqlite_master m JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name \
    WHERE m.type = 'index' AND m.name NOT LIKE 'sqlite_%'";
const POSTGRES_INDEXES: &str = "SELECT c.relname::text AS name, i.indisunique AS one, \
    i.indpred IS NOT NULL AS partial, \
    (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k(at, n) \
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.at) AS columns \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisprimary";

fn described(store: &Store) -> (BTreeSet<Column>, BTreeSet<Index>) {
    let mut conn = store.connect().expect("a connection");
    let (columns, indexes): (Vec<Column>, Vec<Index>) = match &mut conn {
        Conn::Sqlite(conn) => (
            diesel::sql_query(SQLITE_COLUMNS).load(conn).expect("columns"),
            diesel::sql_query(SQLITE_INDEXES).load(conn).expect("indexes"),
        ),
        Conn::Postgres(conn) => (
            diesel::sql_query(POSTGRES_COLUMNS).load(conn).expect("columns"),
            diesel::sql_query(POSTGRES_INDEXES).load(conn).expect("indexes"),
        ),
    };
    let columns = columns.into_iter().map(|mut column| {
        column.kind = class(&column.kind).to_owned();
        // The outbox's id counts by itself, which each dialect says in its own type.
        if (column.table_name.as_str(), column.name.as_str()) == ("outbox", "id") {
            column.kind = "bigint".into();
        }
        column
    });
    (columns.collect(), indexes.into_iter().collect())
}

#[test]
fn both_dialects_have_the_same_tables() {
    let (sqlite, postgres) = (TestDatabase::sqlite(), TestDatabase::postgres());
    let (columns, indexes) = described(&sqlite.migrated());
    let (pg_columns, pg_indexes) = described(&postgres.migrated());
    assert!(columns.len() > 50 && indexes.len() > 8, "{} columns, {} indexes", columns.len(), indexes.len());
    assert_eq!(columns, pg_columns);
    assert_eq!(indexes, pg_indexes);
}
