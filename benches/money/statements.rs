//! One transaction's statements, from the server's log, and which of their values differ from one to the next.

use bakuhantam::ids::{AccountId, RowId};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::house::Work;

/// A value in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The same in all; `None`: NULL.
    Constant(Option<String>),
    /// This transaction's number: an invoice, a key, a hash of a body.
    Number,
    /// A new row's id, the n-th of the transaction.
    Fresh(usize),
    /// Whose coins.
    Account,
    /// What is opened.
    Event,
    /// What is opened.
    Fight,
    /// The balance that the UPDATE before has returned.
    Balance,
    /// The number of the row that the UPDATE before has returned.
    Entry,
}

/// A statement and its values, in order.
#[derive(Clone, Debug)]
pub struct Statement {
    /// With `$1`, `$2` …
    pub sql: String,
    pub values: Vec<Value>,
}

impl Statement {
    /// Whether it returns the balance that the ledger's row is written with.
    pub fn moves_balance(&self) -> bool {
        self.sql.starts_with("UPDATE coin_balances")
    }

    fn read(sql: &str, parameters: &[Option<String>], meaning: &mut Meaning<'_>) -> Self {
        let columns: Vec<&str> = match sql.strip_prefix("INSERT INTO \"coin_ledger\" (") {
            Some(rest) => rest.split(')').next().unwrap().split(", ").collect(),
            None => Vec::new(),
        };
        let is_lock = sql.contains("pg_advisory_xact_lock");
        let value = |(at, parameter): (usize, &Option<String>)| match columns.get(at).copied() {
            Some("\"entry\"") => Value::Entry,
            Some("\"balance_after\"") => Value::Balance,
            _ if is_lock => Value::Number,
            _ => meaning.of(parameter.as_deref()),
        };
        Self { sql: sql.to_owned(), values: parameters.iter().enumerate().map(value).collect() }
    }
}

/// What values of the transaction that was overheard stand for.
struct Meaning<'a> {
    people: &'a [AccountId],
    fights: &'a [(RowId, RowId)],
    /// The invoice or key.
    number: Vec<String>,
    fresh: Vec<String>,
}

impl Meaning<'_> {
    fn of(&mut self, value: Option<&str>) -> Value {
        let Some(text) = value else { return Value::Constant(None) };
        let is_hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) && !text.starts_with("e3b0c442");
        if is_hash || self.number.iter().any(|number| number == text) {
            Value::Number
        } else if self.people.iter().any(|person| person.as_str() == text) {
            Value::Account
        } else if self.fights.iter().any(|(event, _)| event.as_str() == text) {
            Value::Event
        } else if self.fights.iter().any(|(_, fight)| fight.as_str() == text) {
            Value::Fight
        } else if text.len() == 26 && text.parse::<RowId>().is_ok() {
            let at = self.fresh.iter().position(|fresh| fresh == text).unwrap_or_else(|| {
                self.fresh.push(text.to_owned());
                self.fresh.len() - 1
            });
            Value::Fresh(at)
        } else {
            Value::Constant(Some(text.to_owned()))
        }
    }
}

#[derive(QueryableByName)]
struct Log {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    size: i64,
}

const FILE: &str = "current_setting('data_directory') || '/../server.log'";

/// The server's log from a moment on.
pub struct Heard {
    conn: PgConnection,
    from: i64,
}

impl Heard {
    pub fn new(url: &str) -> Self {
        let mut conn = PgConnection::establish(url).unwrap();
        let from = size(&mut conn);
        Self { conn, from }
    }

    /// What was said since.
    pub fn statements(mut self, work: &Work, people: &[AccountId], fights: &[(RowId, RowId)]) -> Vec<Statement> {
        let to = size(&mut self.conn);
        let sql = format!("SELECT pg_read_file({FILE}, {}, {}) AS text", self.from, to - self.from);
        let Log { text } = diesel::sql_query(sql).get_result(&mut self.conn).unwrap();
        let (number, person) = match work {
            Work::Notice(headers, body) => {
                let body: serde_json::Value = serde_json::from_slice(body).unwrap();
                let invoice = body["order"]["invoice_number"].as_str().unwrap().to_owned();
                (vec![invoice, headers.request_id.clone()], None)
            }
            Work::Unlock(person, _, request) => (vec![request.key.clone()], Some(person.clone())),
        };
        let people: Vec<AccountId> = people.iter().cloned().chain(person).collect();
        let mut meaning = Meaning { people: &people, fights, number, fresh: Vec::new() };
        let mut statements = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((_, said)) = line.split_once(" ms  ") else { continue };
            if let Some(sql) = said.strip_prefix("statement: ") {
                statements.push(Statement { sql: sql.to_owned(), values: Vec::new() });
            } else if said.starts_with("execute ") {
                let (_, sql) = said.split_once(": ").unwrap();
                let detail = lines.next_if(|next| next.contains("DETAIL:  parameters: "));
                let parameters = detail.map_or_else(Vec::new, parameters);
                statements.push(Statement::read(sql, &parameters, &mut meaning));
            }
        }
        assert!(statements.iter().any(Statement::moves_balance), "the server's log tells the statements:\n{text}");
        statements
    }
}

fn size(conn: &mut PgConnection) -> i64 {
    let sql = format!("SELECT size FROM pg_stat_file({FILE})");
    let Size { size } = diesel::sql_query(sql).get_result(conn).unwrap();
    size
}

/// `… parameters: $1 = 'a', $2 = NULL`
fn parameters(detail: &str) -> Vec<Option<String>> {
    let (_, mut rest) = detail.split_once("parameters: ").unwrap();
    let mut found = Vec::new();
    while let Some((_, value)) = rest.split_once(" = ") {
        if let Some(after) = value.strip_prefix("NULL") {
            found.push(None);
            rest = after;
            continue;
        }
        let mut text = String::new();
        let mut letters = value.strip_prefix('\'').unwrap().char_indices().peekable();
        let mut end = 0;
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\'' if letters.next_if(|(_, next)| *next == '\'').is_some() => text.push('\''),
                '\'' => {
                    end = at + 2;
                    break;
                }
                letter => text.push(letter),
            }
        }
        found.push(Some(text));
        rest = &value[end..];
    }
    found
}
