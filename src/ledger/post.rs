//! Booking one row.

use super::{Entry, LedgerError, Posting, records};
use crate::money::Coins;
use crate::store::Conn;

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
    // Before the balance is looked at: a debit that was booked is told so, however little is left.
    if let Some(entry) = records::find_entry(conn, kind, &posting.reference)? {
        return same_or_conflict(posting, entry);
    }
    let Some((balance_after, entry)) = records::move_balance(conn, &posting.account, coins)? else {
        return Err(refusal(conn, posting)?);
    };
    if records::insert_entry(conn, posting, entry, balance_after)? {
        return Ok(Posted::Created(posting.booked(entry, balance_after)));
    }
    // Somebody booked the same name since the look above, and has committed.
    records::take_back(conn, &posting.account, coins)?;
    match records::find_entry(conn, kind, &posting.reference)? {
        Some(entry) => same_or_conflict(posting, entry),
        None => Err(LedgerError::Conflict { kind, reference: posting.reference.clone() }),
    }
}

fn same_or_conflict(posting: &Posting, entry: Entry) -> Result<Posted, LedgerError> {
    if entry.account == posting.account && entry.coins == posting.coins {
        Ok(Posted::Exists(entry))
    } else {
        Err(LedgerError::Conflict { kind: posting.kind, reference: posting.reference.clone() })
    }
}

fn refusal(conn: &mut Conn, posting: &Posting) -> Result<LedgerError, LedgerError> {
    if posting.coins.0 > 0 {
        return Ok(LedgerError::TooMany(Coins(BALANCE_MAX)));
    }
    let balance = records::get_balance(conn, &posting.account)?;
    Ok(LedgerError::InsufficientCoins { balance, needed: Coins(posting.coins.0.saturating_neg()) })
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
