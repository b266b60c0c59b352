//! Giving coins, or taking them, by the operator's hand.

use serde_json::json;

use super::{Till, TillError};
use crate::ids::{AccountId, RowId};
use crate::ledger::{self, Kind, LedgerError, Posted, Posting};
use crate::money::Coins;
use crate::store::audit::{self, Actor};

/// The longest reference, in characters.
const REFERENCE_MAX: usize = 64;
/// The longest reason, in characters.
const REASON_MAX: usize = 200;

impl Till {
    /// Gives `coins` to an account, or takes them where negative, with an audit row in the same transaction. The same
    /// `reference` gives once; without one a new one is made, which the entry tells.
    ///
    /// # Errors
    /// [`TillError::Unfit`] for a reason or a reference that cannot be kept, [`TillError::NotFound`] for an account
    /// that is not there, `ledger.conflict` when the reference was used for other coins or another account,
    /// `ledger.insufficient_coins` when more is taken than there is, or the database.
    pub async fn grant(
        &self,
        actor: &Actor,
        account: &AccountId,
        coins: Coins,
        reason: &str,
        reference: Option<&str>,
    ) -> Result<Posted, TillError> {
        let reason = checked_reason(reason)?;
        let made = RowId::new(actor.at, &*self.0.random);
        let reference = checked_reference(reference.unwrap_or(made.as_str()))?;
        let audit_id = RowId::new(actor.at, &*self.0.random);
        let posting = Posting {
            id: RowId::new(actor.at, &*self.0.random),
            account: account.clone(),
            kind: Kind::Grant,
            coins,
            reference,
            note: Some(reason),
            at: actor.at,
        };
        let actor = actor.clone();
        self.0
            .store
            .write(move |conn| {
                let posted = ledger::post(conn, &posting).map_err(|error| match error {
                    // Every row names an account.
                    LedgerError::Store(error) if error.is_foreign_key_violation() => TillError::NotFound("account"),
                    error => error.into(),
                })?;
                if let Posted::Created(entry) = &posted {
                    let after = json!({
                        "account": entry.account,
                        "coins": entry.coins,
                        "balance": entry.balance_after,
                        "reference": entry.reference,
                        "reason": entry.note,
                    });
                    let what = "ledger.grant";
                    let row = audit::Entry { what, room: None, before: None, after: Some(after) };
                    audit::append(conn, &audit_id, &actor, &row)?;
                }
                Ok(posted)
            })
            .await
    }
}

fn checked_reason(reason: &str) -> Result<String, TillError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX || reason.chars().any(char::is_control) {
        return Err(TillError::Unfit("a reason is one line of 1 to 200 characters"));
    }
    Ok(reason.to_owned())
}

fn checked_reference(reference: &str) -> Result<String, TillError> {
    let fits = (1..=REFERENCE_MAX).contains(&reference.len()) && reference.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(reference.to_owned())
    } else {
        Err(TillError::Unfit("a reference is 1 to 64 ASCII characters without blanks"))
    }
}
