//! Accounts, postings and what stands behind them, for tests of the books.

use std::cell::RefCell;
use std::time::Duration;

use bakuhantam::clock::{Clock as _, SystemClock};
use bakuhantam::ids::{AccountId, RowId, SystemRandom};
use bakuhantam::ledger::{self, Drift, Kind, LedgerError, Posted, Posting};
use bakuhantam::money::Coins;
use bakuhantam::store::{Conn, Store, StoreError};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};

use crate::postgres::TestDatabase;

/// For what waits on others: deadlines only end what hangs.
pub const LONG: Duration = Duration::from_secs(60);

/// Somebody with an account and no coins: the `number`th.
pub async fn account(store: &Store, number: u32) -> AccountId {
    let id = AccountId::new(SystemClock.now(), &SystemRandom::default());
    let sql = format!(
        "INSERT INTO accounts (id, phone, name, password_hash, role, totp_last_step, locale, created_at) \
         VALUES ('{id}', '+62812{number:08}', 'Penonton {number}', '', 'viewer', 0, 'id', 1)"
    );
    store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(&sql)?)).await.expect("an account");
    id
}

/// What shall be booked now.
pub fn posting(account: &AccountId, kind: Kind, coins: i64, reference: &str) -> Posting {
    let at = SystemClock.now();
    Posting {
        id: RowId::new(at, &SystemRandom::default()),
        account: account.clone(),
        kind,
        coins: Coins(coins),
        reference: reference.to_owned(),
        note: None,
        at,
    }
}

/// [`ledger::post`] in a transaction of its own.
pub async fn post(store: &Store, posting: &Posting) -> Result<Posted, LedgerError> {
    let posting = posting.clone();
    store.write(move |conn| ledger::post(conn, &posting)).await
}

/// The balance.
pub async fn balance(store: &Store, account: &AccountId) -> i64 {
    let account = account.clone();
    store.read(move |conn| ledger::get_balance(conn, &account)).await.expect("a balance").0
}

/// Everything that is wrong with the books.
pub fn verified(store: &Store) -> Vec<Drift> {
    let drifts = RefCell::new(Vec::new());
    let books = store
        .read_now(&|conn| ledger::verify(conn, &mut |drift| drifts.borrow_mut().push(drift.clone())))
        .expect("the books can be read");
    let drifts = drifts.into_inner();
    assert_eq!(books.drifts, u64::try_from(drifts.len()).expect("few"));
    drifts
}

/// [`verified`] for postings that tests make up: with nothing behind them, and adding up all the same.
pub fn sums_that_drift(store: &Store) -> Vec<Drift> {
    verified(store).into_iter().filter(|drift| !matches!(drift, Drift::Unfounded { .. })).collect()
}

/// A connection past the store.
pub fn raw(db: &TestDatabase) -> Conn {
    match db.file() {
        Some(file) => {
            let mut conn = SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("opens");
            conn.batch_execute("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000").expect("pragmas");
            Conn::Sqlite(conn)
        }
        None => Conn::Postgres(PgConnection::establish(db.url()).expect("a connection")),
    }
}
