//! The same statements without us.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use bakuhantam::store::{Bind, Dialect, Prepared, StoreError};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types;

use super::house::{Booth, EVENTS, HOT, House, PEOPLE, account_rows, booth_rows, event_rows, order_rows};
use super::statements::{Statement, Value};
use super::{CONNECTIONS, What};

/// Where the numbers of its own rows begin. All ids there are numbers, since pgbench can count.
const BASE: u64 = 100_000_000_000_000;
/// Room for one client's transactions of one round.
const CLIENT: u64 = 1_000_000;
/// Letters of an invoice.
const INVOICE_LEN: usize = 28;
/// Room for one round.
const ROUND: u64 = 100_000_000;

/// See above.
pub struct Limit {
    house: House,
    what: What,
    statements: Vec<Statement>,
    rounds: u64,
}

/// Whose it is and what is opened, in terms of the transaction's number.
struct Rows;

impl Rows {
    const PEOPLE: u64 = BASE / 10;
    const EVENTS: u64 = BASE / 100;
    const FIGHTS: u64 = BASE / 1_000;
    /// Fighter, poll and its two answers of the hot event.
    const BOOTH: u64 = BASE / 10_000;

    fn account(what: What, number: u64) -> u64 {
        match what {
            What::Notices => Self::PEOPLE + number % u64::from(PEOPLE),
            What::NoticesHot => Self::PEOPLE,
            What::Unlocks | What::UnlocksHot | What::Supports | What::Votes => number,
        }
    }

    fn event(what: What, number: u64) -> u64 {
        if what.is_hot_event() { 0 } else { number % u64::from(EVENTS) }
    }
}

/// A number as the id of a row: as long as an id is, but for pgbench, which has numbers only.
fn id(dialect: Dialect, number: u64) -> String {
    name(dialect, number, 26)
}

fn name(dialect: Dialect, number: u64, letters: usize) -> String {
    match dialect {
        Dialect::Sqlite => format!("{number:0letters$}"),
        Dialect::Postgres => number.to_string(),
    }
}

/// Names of the hot event's rows, ours and theirs.
fn theirs(house: &House) -> Vec<(String, String)> {
    let Booth { fighter, poll, option } = &house.booth;
    let ours = [fighter, poll, option].into_iter().zip(Rows::BOOTH..);
    let rows = ours.map(|(ours, number)| (ours.to_string(), id(house.dialect, number)));
    rows.chain([(HOT.to_owned(), "theirs-0".to_owned())]).collect()
}

impl Limit {
    pub async fn prepare(house: &House, what: What) -> Self {
        let statements = house.overhear(what, &theirs(house)).await;
        if std::env::var_os("SHOW_STATEMENTS").is_some() {
            for statement in &statements {
                println!("{} {:?}", statement.sql, statement.values);
            }
        }
        let limit = Self { house: house.clone(), what, statements, rounds: 0 };
        limit.settle_in();
        limit
    }

    fn settle_in(&self) {
        let mut sql = String::new();
        let first = self.id(Rows::PEOPLE);
        let there = self.exists(&format!("SELECT count(*) AS count FROM accounts WHERE id = '{first}'"));
        if there {
            return;
        }
        for number in 0..u64::from(PEOPLE) {
            let id = self.id(Rows::PEOPLE + number);
            account_rows(&mut sql, &id, &id);
        }
        for number in 0..u64::from(EVENTS) {
            let (event, fight) = (Rows::EVENTS + number, Rows::FIGHTS + number);
            event_rows(&mut sql, &self.id(event), &self.id(fight), &format!("theirs-{number}"));
        }
        let [fighter, poll, option, other] = [0, 1, 2, 3].map(|at| self.id(Rows::BOOTH + at));
        booth_rows(&mut sql, &self.id(Rows::EVENTS), [&fighter, &poll, &option].map(String::as_str), &other);
        self.house.execute(sql);
    }

    fn id(&self, number: u64) -> String {
        id(self.house.dialect, number)
    }

    fn name(&self, number: u64, letters: usize) -> String {
        name(self.house.dialect, number, letters)
    }

    fn exists(&self, sql: &str) -> bool {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = sql_types::BigInt)]
            count: i64,
        }
        let read = self.house.store.read_now(&|conn| match conn {
            bakuhantam::store::Conn::Sqlite(conn) => Ok::<Count, StoreError>(diesel::sql_query(sql).get_result(conn)?),
            bakuhantam::store::Conn::Postgres(conn) => Ok(diesel::sql_query(sql).get_result(conn)?),
        });
        read.unwrap().count > 0
    }

    /// `count` transactions by so many callers; gives how many there were in a second.
    pub fn round(&mut self, count: u32, callers: u32) -> f64 {
        let clients = callers.min(CONNECTIONS);
        self.rounds += 1;
        let base = BASE + (self.what as u64 * 100 + self.rounds) * ROUND;
        let each = u64::from(count.div_ceil(clients));
        let numbers: Vec<u64> =
            (0..u64::from(clients)).flat_map(|client| (1..=each).map(move |n| base + client * CLIENT + n)).collect();
        for some in numbers.chunks(500) {
            let mut sql = String::new();
            for number in some {
                let id = self.id(*number);
                match self.what {
                    What::Notices | What::NoticesHot => {
                        let account = self.id(Rows::account(self.what, *number));
                        order_rows(&mut sql, &id, &self.name(*number, INVOICE_LEN), &account);
                    }
                    What::Unlocks | What::UnlocksHot | What::Supports | What::Votes => account_rows(&mut sql, &id, &id),
                }
            }
            self.house.execute(sql);
        }
        match self.house.dialect {
            Dialect::Postgres => self.pgbench(base, each, clients),
            Dialect::Sqlite => self.bare_loop(&numbers, callers),
        }
    }

    fn pgbench(&self, base: u64, each: u64, clients: u32) -> f64 {
        let mut script = String::from("\\set i :i + 1\n");
        writeln!(script, "\\set n {base} + :client_id * {CLIENT} + :i").unwrap();
        let account = match self.what {
            What::Notices => format!("{} + :n % {PEOPLE}", Rows::PEOPLE),
            What::NoticesHot => Rows::PEOPLE.to_string(),
            What::Unlocks | What::UnlocksHot | What::Supports | What::Votes => ":n".to_owned(),
        };
        let event = if self.what.is_hot_event() { "0".to_owned() } else { format!(":n % {EVENTS}") };
        writeln!(script, "\\set a {account}\n\\set e {} + {event}\n\\set f {} + {event}", Rows::EVENTS, Rows::FIGHTS)
            .unwrap();
        for fresh in 0..10 {
            writeln!(script, "\\set id{fresh} :n * 10 + {fresh}").unwrap();
        }
        script.push_str("BEGIN ISOLATION LEVEL READ COMMITTED;\n");
        let mut constants = Vec::new();
        for statement in &self.statements {
            let mut sql = String::new();
            let mut parts = statement.sql.split('$');
            sql.push_str(parts.next().unwrap());
            for (part, value) in parts.zip(&statement.values) {
                match value {
                    Value::Constant(None) => sql.push_str("NULL"),
                    Value::Constant(Some(constant)) | Value::Row(constant) => {
                        write!(sql, ":c{}", constants.len()).unwrap();
                        constants.push(constant);
                    }
                    Value::Number(_) => sql.push_str(":n"),
                    Value::Fresh(at) => write!(sql, ":id{at}").unwrap(),
                    Value::Account => sql.push_str(":a"),
                    Value::Event => sql.push_str(":e"),
                    Value::Fight => sql.push_str(":f"),
                    Value::Balance => sql.push_str(":b_coin_balance"),
                    Value::Entry => sql.push_str(":b_entries"),
                    Value::Seq => sql.push_str(":s_seq"),
                }
                sql.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_digit()));
            }
            let end = match statement {
                moved if moved.moves_balance() => " \\gset b_",
                numbered if numbered.numbers() => " \\gset s_",
                _ => ";",
            };
            writeln!(script, "{sql}{end}").unwrap();
        }
        script.push_str("COMMIT;\n");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("script.sql");
        std::fs::write(&file, script).unwrap();
        let mut pgbench = Command::new("pgbench");
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
        pgbench.args([format!("--client={clients}"), format!("--transactions={each}"), "--define=i=0".to_owned()]);
        for (at, constant) in constants.iter().enumerate() {
            pgbench.arg(format!("--define=c{at}={constant}"));
        }
        let done = pgbench
            .arg("--file")
            .arg(&file)
            .arg(&self.house.url)
            .output()
            .expect("pgbench (apt-get install postgresql)");
        let said = String::from_utf8_lossy(&done.stdout);
        let all = format!("actually processed: {0}/{0}", each * u64::from(clients));
        assert!(
            done.status.success() && said.contains(&all),
            "pgbench: {said}{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")).expect("tps");
        tps.split(' ').next().unwrap().parse().unwrap()
    }

    fn bare_loop(&self, numbers: &[u64], group: u32) -> f64 {
        let file = self.house.url.strip_prefix("sqlite://").unwrap();
        let mut conn = SqliteConnection::establish(file).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL").unwrap();
        let kept = |one: &Statement| -> &'static str { Box::leak(one.sql.clone().into_boxed_str()) };
        let statements: Vec<_> = self.statements.iter().map(|one| (kept(one), one)).collect();
        // What is kept prepared, is.
        let (warm, numbers) = numbers.split_at(2);
        conn.batch_execute("BEGIN IMMEDIATE").unwrap();
        for number in warm {
            self.bare_transaction(&mut conn, &statements, *number);
        }
        conn.batch_execute("COMMIT").unwrap();
        let begun = Instant::now();
        for group in numbers.chunks(group as usize) {
            conn.batch_execute("BEGIN IMMEDIATE").unwrap();
            for number in group {
                self.bare_transaction(&mut conn, &statements, *number);
            }
            conn.batch_execute("COMMIT").unwrap();
        }
        numbers.len() as f64 / begun.elapsed().as_secs_f64()
    }

    fn bare_transaction(&self, conn: &mut SqliteConnection, statements: &[(&'static str, &Statement)], number: u64) {
        let (mut moved, mut seq) = ((0, 0), 0);
        let account = self.id(Rows::account(self.what, number));
        let event = Rows::event(self.what, number);
        let (event, fight) = (self.id(Rows::EVENTS + event), self.id(Rows::FIGHTS + event));
        let fresh: Vec<String> = (0..3).map(|at| self.id(number * 10 + at)).collect();
        // One long text, of which names of all lengths are the end.
        let name = self.name(number, 64);
        for (sql, statement) in statements {
            let mut binds = Vec::new();
            for value in &statement.values {
                match value {
                    Value::Constant(Some(text)) if text == "t" => binds.push(Bind::Flag(true)),
                    Value::Constant(Some(text)) if text == "f" => binds.push(Bind::Flag(false)),
                    Value::Constant(text) => binds.push(match text.as_ref().map(|text| text.parse::<i64>()) {
                        Some(Ok(number)) => Bind::Int(number),
                        _ => Bind::MaybeText(text.as_deref()),
                    }),
                    Value::Row(name) => binds.push(Bind::Text(name)),
                    Value::Number(letters) => binds.push(Bind::Text(&name[name.len() - letters..])),
                    Value::Fresh(at) => binds.push(Bind::Text(&fresh[*at])),
                    Value::Account => binds.push(Bind::Text(&account)),
                    Value::Event => binds.push(Bind::Text(&event)),
                    Value::Fight => binds.push(Bind::Text(&fight)),
                    Value::Balance => binds.push(Bind::Int(moved.0)),
                    Value::Entry => binds.push(Bind::Int(moved.1)),
                    Value::Seq => binds.push(Bind::Int(seq)),
                }
            }
            if statement.moves_balance() {
                let update = Prepared::<(sql_types::BigInt, sql_types::BigInt)>::new(sql, &binds);
                moved = update.get_result(conn).unwrap();
            } else if statement.numbers() {
                let update = Prepared::<(sql_types::BigInt, sql_types::BigInt, sql_types::Bool)>::new(sql, &binds);
                (seq, _, _) = update.get_result::<(i64, i64, bool)>(conn).unwrap();
            } else {
                Prepared::<()>::new(sql, &binds).execute(conn).unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
        }
    }
}
