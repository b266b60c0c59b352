//! `bakuhantam ledger`: whether the books are right.

use std::cell::RefCell;

use serde_json::json;

use super::{fail, say};
use crate::config::Loaded;
use crate::ledger::{self, Books, Drift};
use crate::store::{self, Conn, Store, StoreError, migrate};

/// Arguments of `ledger`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What `ledger` does.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Add up every account from its first row, and match rows with what they are for; exits with 1 when anything is
    /// wrong
    Verify {
        /// Print a line of JSON for each thing that is wrong and one for the sum, the last
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command; returns the exit code.
#[expect(clippy::needless_pass_by_value, reason = "every command's `run` has this form")]
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let Verb::Verify { json } = args.verb;
    match verify(loaded, json) {
        Ok(books) => {
            say(sum(&books, json));
            u8::from(books.drifts > 0)
        }
        Err(error) => fail(error),
    }
}

/// Prints each drift as it is found: there may be more than fit in memory.
fn verify(loaded: &Loaded, json: bool) -> Result<Books, StoreError> {
    let store = Store::open(&loaded.config.database)?;
    migrate::require_current(&store)?;
    let tell = RefCell::new(|drift: &Drift| if json { say(json!(drift)) } else { say(drift) });
    store.read_now(&|conn: &mut Conn| {
        store::be_patient(conn)?;
        ledger::verify(conn, &mut *tell.borrow_mut())
    })
}

fn sum(books: &Books, json: bool) -> String {
    if json {
        return json!({"clean": books.drifts == 0, "books": books}).to_string();
    }
    let Books { accounts, entries, coins, drifts } = books;
    let added = format!("{entries} rows of {accounts} accounts add up to {coins} coins");
    match drifts {
        0 => format!("the books are right: {added}"),
        1 => format!("1 thing is wrong: {added}"),
        n => format!("{n} things are wrong: {added}"),
    }
}
