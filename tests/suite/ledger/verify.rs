//! `ledger verify` finds what is wrong: each kind of drift is planted past the triggers, and found.

use std::fmt::Write as _;

use bakuhantam::ids::AccountId;
use bakuhantam::ledger::{self, Drift, Kind};
use bakuhantam::store::{Conn, Store, StoreError};
use diesel::connection::SimpleConnection as _;

use super::books::{account, post, posting, raw, verified};
use crate::harness::server::TestServer;
use crate::postgres::on_both_databases;

/// Two accounts with every kind of movement that has something behind it.
struct World {
    ari: AccountId,
    budi: AccountId,
}

const PAID: &str = "BH01J0000000000000000000PAD1";
const REFUNDED: &str = "BH01J0000000000000000000REF1";
const OPEN: &str = "BH01J0000000000000000000PN1N";
const BOUGHT: &str = "01J00000000000000000000BGHT";
const FREE: &str = "01J00000000000000000000FREE";

impl World {
    async fn new(store: &Store) -> Self {
        let (ari, budi) = (account(store, 1).await, account(store, 2).await);
        let order = |invoice: &str, who: &AccountId, coins: i64, bonus: i64, status: &str, reversed: i64| {
            format!(
                "INSERT INTO coin_orders (id, invoice, account_id, gateway, package_code, coins, bonus_coins, price_idr, \
                    status, request_id, created_at, expires_at, paid_late, reversed_coins) \
                 VALUES ('{invoice}', '{invoice}', '{who}', 'sandbox', 'p', {coins}, {bonus}, 1000, '{status}', 'r', 1, 2, \
                    FALSE, {reversed});"
            )
        };
        let unlock = |id: &str, fight: i32, charged: i64| {
            format!(
                "INSERT INTO unlocks (id, account_id, event_id, fight_id, charged_coins, at) \
                 VALUES ('{id}', '{ari}', '01J00000000000000000000EVNT', 'fight{fight}', {charged}, 1);"
            )
        };
        let mut sql = String::from(
            "INSERT INTO events (id, slug, title, status, starts_at, pass_price_coins, stream_key_mac, epoch, \
                interrupted, stream_status, stream_since, created_at) \
             VALUES ('01J00000000000000000000EVNT', 'e', 'E', 'published', 1, 0, '', '', FALSE, 'offline', 1, 1); \
             INSERT INTO fighters (id, event_id, name) VALUES ('red', '01J00000000000000000000EVNT', 'R'), \
                ('blue', '01J00000000000000000000EVNT', 'B');",
        );
        for fight in 1..=2 {
            write!(
                sql,
                "INSERT INTO fights (id, event_id, number, red_id, blue_id, title, price_coins, status) \
                 VALUES ('fight{fight}', '01J00000000000000000000EVNT', {fight}, 'red', 'blue', '', 0, 'scheduled');"
            )
            .expect("a String");
        }
        sql.push_str(&order(PAID, &ari, 100, 5, "paid", 0));
        sql.push_str(&order(REFUNDED, &budi, 50, 0, "paid", 20));
        sql.push_str(&order(OPEN, &budi, 50, 0, "pending", 0));
        sql.push_str(&unlock(BOUGHT, 1, 30));
        sql.push_str(&unlock(FREE, 2, 0));
        store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(&sql)?)).await.expect("rows");
        for (who, kind, coins, reference) in [
            (&ari, Kind::Purchase, 105, PAID),
            (&budi, Kind::Grant, 10, "welcome"),
            (&ari, Kind::Unlock, -30, BOUGHT),
            (&budi, Kind::Purchase, 50, REFUNDED),
            (&budi, Kind::Grant, -40, "taken"),
            (&budi, Kind::Reversal, -20, REFUNDED),
        ] {
            post(store, &posting(who, kind, coins, reference)).await.expect("booked");
        }
        Self { ari, budi }
    }
}

/// What is found when `sql` has been run past triggers and checks; it is taken back afterwards.
fn planted(conn: &mut Conn, sql: &str) -> Vec<Drift> {
    conn.batch_execute("BEGIN").expect("a transaction");
    conn.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut drifts = Vec::new();
    ledger::verify(conn, &mut |drift| drifts.push(drift.clone())).expect("the books can be read");
    conn.batch_execute("ROLLBACK").expect("taken back");
    drifts
}

/// Takes the guards away, as somebody with the rights to do so could.
fn unguard(conn: &mut Conn) {
    let sql = match conn {
        Conn::Sqlite(_) => {
            "DROP TRIGGER coin_ledger_no_update; DROP TRIGGER coin_ledger_no_delete; \
             DROP TRIGGER coin_ledger_no_replace; PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF"
        }
        Conn::Postgres(_) => {
            "ALTER TABLE coin_ledger DISABLE TRIGGER ALL; ALTER TABLE coin_balances DISABLE TRIGGER ALL; \
             DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint \
                WHERE contype = 'c' AND connamespace = current_schema()::regnamespace \
             LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$"
        }
    };
    conn.batch_execute(sql).expect("the guards go");
}

fn names(drifts: &[Drift]) -> Vec<String> {
    let name = |drift: &Drift| serde_json::to_value(drift).expect("JSON")["drift"].as_str().expect("a name").to_owned();
    drifts.iter().map(name).collect()
}

on_both_databases! {
    async fn each_kind_of_drift_is_found(db) {
        let store = db.migrated();
        let World { ari, budi } = World::new(&store).await;
        assert_eq!(verified(&store), []);
        let mut conn = raw(&db);
        unguard(&mut conn);
        assert_eq!(planted(&mut conn, "SELECT 1"), []);
        let row = |entry: i64, kind: &str, coins: i64, after: i64, reference: &str| format!(
            "INSERT INTO coin_ledger (id, account_id, entry, type, coins, balance_after, reference_id, at) \
             VALUES ('x', '{ari}', {entry}, '{kind}', {coins}, {after}, '{reference}', 1);"
        );
        let moved = |by: i64| format!(
            "UPDATE coin_balances SET coin_balance = coin_balance + {by}, entries = entries + 1 WHERE account_id = '{ari}';"
        );
        let cases: Vec<(String, &[&str])> = vec![
            // Rows within an account.
            (format!("DELETE FROM coin_ledger WHERE account_id = '{budi}' AND reference_id = 'welcome'"),
                &["gap", "running_sum", "negative", "balance"]),
            (format!("DELETE FROM coin_ledger WHERE account_id = '{budi}' AND reference_id = 'taken'"),
                &["gap", "running_sum", "balance"]),
            ("UPDATE coin_ledger SET coins = 15 WHERE reference_id = 'welcome'".into(), &["running_sum", "balance"]),
            ("UPDATE coin_ledger SET balance_after = 61 WHERE reference_id = 'welcome'".into(), &["running_sum", "running_sum"]),
            (row(3, "grant", -76, -1, "too much") + &moved(-76), &["negative"]),
            (row(3, "refund", -1, 74, "wrong sign") + &moved(-1), &["amount"]),
            (row(3, "gift", 1, 76, "no type") + &moved(1), &["amount"]),
            (row(3, "grant", 0, 75, "nothing") + &moved(0), &["amount"]),
            (row(3, "grant", i64::MAX, i64::MAX, "more than fits"), &["running_sum", "balance"]),
            // The balance beside them.
            (format!("UPDATE coin_balances SET coin_balance = 76 WHERE account_id = '{ari}'"), &["balance"]),
            (format!("UPDATE coin_balances SET entries = 3 WHERE account_id = '{ari}'"), &["balance"]),
            (format!("DELETE FROM coin_balances WHERE account_id = '{ari}'"), &["balance"]),
            ("INSERT INTO coin_balances VALUES ('nobody', 7, 0), ('nobody else', 0, 1), ('new', 0, 0)".into(),
                &["balance", "balance"]),
            // Orders.
            (format!("UPDATE coin_orders SET status = 'pending' WHERE invoice = '{PAID}'"), &["unfounded"]),
            (format!("DELETE FROM coin_orders WHERE invoice = '{PAID}'"), &["unfounded"]),
            (format!("UPDATE coin_orders SET bonus_coins = 6 WHERE invoice = '{PAID}'"), &["differs"]),
            (format!("UPDATE coin_orders SET account_id = '{budi}' WHERE invoice = '{PAID}'"), &["differs"]),
            (format!("UPDATE coin_orders SET status = 'paid' WHERE invoice = '{OPEN}'"), &["unbooked"]),
            (row(3, "purchase", 1, 76, "BH of nobody") + &moved(1), &["unfounded"]),
            (format!("UPDATE coin_orders SET reversed_coins = 0 WHERE invoice = '{REFUNDED}'"), &["unfounded"]),
            (format!("UPDATE coin_orders SET reversed_coins = 21 WHERE invoice = '{REFUNDED}'"), &["differs"]),
            (format!("UPDATE coin_orders SET reversed_coins = 1 WHERE invoice = '{PAID}'"), &["unbooked"]),
            // Unlocks.
            (format!("DELETE FROM unlocks WHERE id = '{BOUGHT}'"), &["unfounded"]),
            (format!("UPDATE unlocks SET charged_coins = 0 WHERE id = '{BOUGHT}'"), &["unfounded"]),
            (format!("UPDATE unlocks SET charged_coins = 31 WHERE id = '{BOUGHT}'"), &["differs"]),
            (format!("UPDATE unlocks SET account_id = '{budi}' WHERE id = '{BOUGHT}'"), &["differs"]),
            (format!("UPDATE unlocks SET charged_coins = 1 WHERE id = '{FREE}'"), &["unbooked"]),
        ];
        for (sql, expected) in &cases {
            let drifts = planted(&mut conn, sql);
            assert_eq!(names(&drifts), *expected, "{sql}: {drifts:?}");
        }
        assert_eq!(planted(&mut conn, "SELECT 1"), [], "all of it was taken back");
    }

    async fn more_rows_than_a_page_are_added_up(db) {
        let store = db.migrated();
        let (ari, budi) = (account(&store, 1).await, account(&store, 2).await);
        for (who, name) in [(&ari, "a"), (&budi, "b")] {
            // Past the ledger, since five thousand postings take their time.
            let sql = format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
                 INSERT INTO coin_ledger (id, account_id, entry, type, coins, balance_after, reference_id, at) \
                 SELECT '{name}' || n, '{who}', n, 'grant', 2, 2 * n, '{name}' || n, 1 FROM n; \
                 INSERT INTO coin_balances VALUES ('{who}', 10000, 5000);"
            );
            store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(&sql)?)).await.expect("rows");
        }
        let books = store.read_now(&|conn| ledger::verify(conn, &mut |drift| panic!("{drift}"))).expect("books");
        assert_eq!((books.accounts, books.entries, books.coins.0), (2, 10_000, 20_000));
        let mut conn = raw(&db);
        unguard(&mut conn);
        let all = planted(&mut conn, "UPDATE coin_ledger SET type = 'purchase'");
        assert_eq!(names(&all), vec!["unfounded"; 10_000]);
        let last = planted(&mut conn, &format!("UPDATE coin_ledger SET coins = 3 WHERE account_id = '{budi}' AND entry = 4999"));
        assert_eq!(names(&last), ["running_sum", "balance"]);
    }

    async fn the_command_tells_what_is_wrong_and_exits_with_one(db) {
        let site = TestServer::prepare(&db.overrides());
        let early = site.cli(&["ledger", "verify"]);
        assert_eq!(early.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&early.stderr).contains("bakuhantam migrate up"));
        let store = db.migrated();
        let World { ari, .. } = World::new(&store).await;
        let clean = site.cli_ok(&["ledger", "verify"]);
        assert_eq!(clean, "the books are right: 6 rows of 2 accounts add up to 75 coins\n");
        let clean: serde_json::Value = site.cli_ok(&["ledger", "verify", "--json"]).parse().expect("one line of JSON");
        assert_eq!(clean["clean"], true);
        assert_eq!(clean["books"]["entries"], 6);

        let mut conn = raw(&db);
        conn.batch_execute(&format!("UPDATE coin_balances SET coin_balance = 76 WHERE account_id = '{ari}'")).expect("planted");
        let drifted = site.cli(&["ledger", "verify"]);
        assert_eq!(drifted.status.code(), Some(1));
        let said = String::from_utf8_lossy(&drifted.stdout);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], format!("account {ari}: the balance is 76 coins after 2 rows, and 2 rows add up to 75"));
        assert_eq!(lines[1], "1 thing is wrong: 6 rows of 2 accounts add up to 75 coins");
        let drifted = site.cli(&["ledger", "verify", "--json"]);
        assert_eq!(drifted.status.code(), Some(1));
        let said = String::from_utf8_lossy(&drifted.stdout);
        let lines: Vec<serde_json::Value> = said.lines().map(|line| line.parse().expect("JSON")).collect();
        assert_eq!(lines[0]["drift"], "balance");
        assert_eq!((&lines[1]["clean"], &lines[1]["books"]["drifts"]), (&false.into(), &1.into()));
        conn.batch_execute(&format!("UPDATE coin_balances SET coin_balance = 75 WHERE account_id = '{ari}'")).expect("put right");
    }
}
