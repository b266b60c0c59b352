//! One transaction's statements, and which of their values differ from one to the next: what diesel says it asks, on
//! connections that are made while somebody listens.

use std::sync::Mutex;

use bakuhantam::ids::{AccountId, RowId};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use super::house::Work;

/// A value in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The same in all; `None`: NULL.
    Constant(Option<String>),
    /// The name of a row that all speak of.
    Row(String),
    /// This transaction's number, of so many letters: an invoice, a key, a hash of a body.
    Number(usize),
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
    /// The number of the public fact that the UPDATE of the crowd has returned.
    Seq,
}

/// A statement and its values, in order.
#[derive(Clone, Debug)]
pub struct Statement {
    /// With `$1`, `$2` … for a server, `?` for a file.
    pub sql: String,
    pub values: Vec<Value>,
}

impl Statement {
    /// Whether it returns the balance that the ledger's row is written with.
    pub fn moves_balance(&self) -> bool {
        self.sql.starts_with("UPDATE coin_balances")
    }

    /// Whether it returns the number that the support is written with.
    pub fn numbers(&self) -> bool {
        self.sql.starts_with("UPDATE event_crowds")
    }

    fn read(sql: &str, parameters: &[Option<String>], meaning: &mut Meaning<'_>) -> Self {
        // Some are written out, others are diesel's own.
        let plain = sql.replace('"', "");
        let begins = |table: &str| plain.strip_prefix(&format!("INSERT INTO {table} ("));
        let columns: Vec<&str> = match begins("coin_ledger").or_else(|| begins("supports")) {
            Some(rest) => rest.split(')').next().unwrap().split(", ").collect(),
            None => Vec::new(),
        };
        // Those that are shared are of the event, the others of the request.
        let is_lock = sql.contains("pg_advisory_xact_lock(");
        let value = |(at, parameter): (usize, &Option<String>)| match columns.get(at).copied() {
            Some("entry") => Value::Entry,
            Some("balance_after") => Value::Balance,
            Some("seq") => Value::Seq,
            _ if is_lock => Value::Number(0),
            _ => meaning.of(parameter.as_deref()),
        };
        Self { sql: sql.to_owned(), values: parameters.iter().enumerate().map(value).collect() }
    }
}

/// What values of the transaction that was overheard stand for.
pub struct Meaning<'a> {
    people: &'a [AccountId],
    fights: &'a [(RowId, RowId)],
    /// Ours and theirs, where it is one row for all.
    theirs: &'a [(String, String)],
    /// Who opens something.
    person: Option<String>,
    /// The invoice or key.
    number: Vec<String>,
    fresh: Vec<String>,
}

impl<'a> Meaning<'a> {
    /// What `work` speaks of.
    pub fn new(
        work: &Work,
        people: &'a [AccountId],
        fights: &'a [(RowId, RowId)],
        theirs: &'a [(String, String)],
    ) -> Self {
        let (number, person) = match work {
            Work::Notice(headers, body) => {
                let body: serde_json::Value = serde_json::from_slice(body).unwrap();
                let invoice = body["order"]["invoice_number"].as_str().unwrap().to_owned();
                (vec![invoice, headers.request_id.clone()], None)
            }
            Work::Unlock(person, _, request) | Work::Support(person, request) | Work::Vote(person, request) => {
                (vec![request.key.clone()], Some(person.to_string()))
            }
        };
        Self { people, fights, theirs, person, number, fresh: Vec::new() }
    }

    fn of(&mut self, value: Option<&str>) -> Value {
        let Some(text) = value else { return Value::Constant(None) };
        let is_hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) && !text.starts_with("e3b0c442");
        if let Some((_, theirs)) = self.theirs.iter().find(|(ours, _)| ours == text) {
            Value::Row(theirs.clone())
        } else if is_hash || self.number.iter().any(|number| number == text) {
            Value::Number(text.len())
        } else if self.person.as_deref() == Some(text) || self.people.iter().any(|person| person.as_str() == text) {
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

static SAID: Mutex<Option<Vec<String>>> = Mutex::new(None);

#[expect(clippy::unnecessary_wraps, reason = "as diesel wants it")]
fn notes() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event
            && let Some(said) = &mut *SAID.lock().unwrap()
        {
            said.push(query.to_string());
        }
    }))
}

/// Connections made from now on can be heard.
pub fn listen() {
    set_default_instrumentation(notes).unwrap();
}

/// What is said from now on is kept.
pub fn keep() {
    *SAID.lock().unwrap() = Some(Vec::new());
}

/// What was kept, but for what begins and ends transactions and their parts. Connections made from now on are not heard.
pub fn take_statements(mut meaning: Meaning<'_>) -> Vec<Statement> {
    set_default_instrumentation(|| None).unwrap();
    let said = SAID.lock().unwrap().take().unwrap();
    let mut statements = Vec::new();
    for query in &said {
        let (sql, binds) = query.split_once(" -- binds: ").unwrap_or((query, "[]"));
        if !["BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"].iter().any(|word| sql.starts_with(word)) {
            statements.push(Statement::read(&sql.replace('`', "\""), &written_out(binds), &mut meaning));
        }
    }
    assert!(statements.iter().any(Statement::moves_balance), "diesel tells the statements: {said:?}");
    statements
}

/// `["a", Some("b"), None, 1, true]`, as Debug writes it; yes and no as a server writes them.
fn written_out(binds: &str) -> Vec<Option<String>> {
    let mut found = Vec::new();
    let mut rest = binds.strip_prefix('[').unwrap().strip_suffix(']').unwrap();
    while !rest.is_empty() {
        rest = rest.strip_prefix("Some(").unwrap_or(rest);
        if let Some(text) = rest.strip_prefix('"') {
            let (mut value, mut letters) = (String::new(), text.char_indices());
            let end = loop {
                match letters.next().unwrap() {
                    (_, '\\') => value.push(letters.next().unwrap().1),
                    (at, '"') => break at + 1,
                    (_, letter) => value.push(letter),
                }
            };
            found.push(Some(value));
            rest = &text[end..];
        } else {
            let end = rest.find([',', ')']).unwrap_or(rest.len());
            found.push(match &rest[..end] {
                "None" => None,
                "true" => Some("t".to_owned()),
                "false" => Some("f".to_owned()),
                number => Some(number.to_owned()),
            });
            rest = &rest[end..];
        }
        rest = rest.strip_prefix(')').unwrap_or(rest);
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    found
}
