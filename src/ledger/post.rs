//! Booking one row.

use super::{Entry, LedgerError, Posting, records};
use crate::money::Coins;
use crate::store::{Conn, Dialect};

/// The most coins of one posting: far above any package, far below where sums could overflow.
const POSTING_MAX: i64 = 1_000_000_000_000;
/// The most coins an account may hold.
pub(super) const BALANCE_MAX: i64 = 1_000_000_000_000_000;

/// What [`post`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The row was written now.
    Created(Entry),
    /// The same posting was booked before; nothing was written.
    Exists(Entry),
}

impl Posted {
    /// The row, whenever it was written.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        match self {
            Self::Created(entry) | Self::Exists(entry) => entry,
        }
    }

    /// Whether it was written now.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        matches!(self, Self::Created(_))
    }
}

/// Books `posting` and moves the balance with it, in the caller's transaction. The account's balance row stays locked
/// until that ends, so everything else that moves its coins waits.
///
/// # Errors
/// `ledger.insufficient_coins`, `ledger.conflict`, `ledger.bad_amount`, `ledger.too_many_coins`, or the database.
/// After a refusal nothing has been written here.
pub fn post(conn: &mut Conn, posting: &Posting) -> Result<Posted, LedgerError> {
    let (kind, coins) = (posting.kind, posting.coins);
    if !kind.takes(coins) || coins.0.unsigned_abs() > POSTING_MAX.unsigned_abs() {
        return Err(LedgerError::BadAmount { kind, coins });
    }
    // SQLite's trigger refuses a second row of a name before ON CONFLICT is heard. Nobody else writes there in the
    // meantime, so the look holds; a server is only asked when the name turns out to be taken.
    if conn.dialect() == Dialect::Sqlite
        && let Some(entry) = records::find_entry(conn, kind, &posting.reference)?
    {
        return same_or_conflict(posting, entry);
    }
    let (balance_after, entry) = match records::move_balance(conn, &posting.account, coins)? {
        Some(moved) => moved,
        None => match second_look(conn, posting)? {
            Look::Booked(entry) => return same_or_conflict(posting, entry),
            Look::Moved(moved) => moved,
        },
    };
    if records::insert_entry(conn, posting, entry, balance_after)? {
        return Ok(Posted::Created(posting.booked(entry, balance_after)));
    }
    // The name was booked before, and that is committed.
    records::take_back(conn, &posting.account, coins)?;
    match records::find_entry(conn, kind, &posting.reference)? {
        Some(entry) => same_or_conflict(posting, entry),
        None => Err(LedgerError::Conflict { kind, reference: posting.reference.clone() }),
    }
}

enum Look {
    Booked(Entry),
    Moved((Coins, i64)),
}

/// After the balance did not allow it. The same posting may have been committed while this one waited for the balance,
/// and have taken the very coins that are missing now; or coins may have come in since. With the balance locked
/// neither can change any more.
fn second_look(conn: &mut Conn, posting: &Posting) -> Result<Look, LedgerError> {
    let balance = records::lock_balance(conn, &posting.account)?;
    if let Some(entry) = records::find_entry(conn, posting.kind, &posting.reference)? {
        return Ok(Look::Booked(entry));
    }
    match records::move_balance(conn, &posting.account, posting.coins)? {
        Some(moved) => Ok(Look::Moved(moved)),
        None if posting.coins.0 > 0 => Err(LedgerError::TooMany(Coins(BALANCE_MAX))),
        None => Err(LedgerError::InsufficientCoins { balance, needed: Coins(posting.coins.0.saturating_neg()) }),
    }
}

fn same_or_conflict(posting: &Posting, entry: Entry) -> Result<Posted, LedgerError> {
    if entry.account == posting.account && entry.coins == posting.coins {
        Ok(Posted::Exists(entry))
    } else {
        Err(LedgerError::Conflict { kind: posting.kind, reference: posting.reference.clone() })
    }
}

impl Posting {
    fn booked(&self, entry: i64, balance_after: Coins) -> Entry {
        Entry {
            id: self.id.clone(),
            account: self.account.clone(),
            entry,
            kind: self.kind,
            coins: self.coins,
            balance_after,
            reference: self.reference.clone(),
            note: self.note.clone(),
            at: self.at,
        }
    }
}
