//! Votes in a poll, for coins.
//!
//! One transaction: the request's earlier answer is looked for, the event is shared, so that neither it nor the poll
//! can close meanwhile, the viewer's votes are counted and the vote is written, the ledger booked, the answer kept. A
//! refusal takes everything back.

use super::once::once;
use super::{MoneyRequest, Till, TillError};
use crate::ids::{AccountId, RowId};
use crate::ledger::{self, Kind, Posting};
use crate::money::Coins;
use crate::polls::{self, Ballot};
use crate::store::Conn;

/// What a vote has come to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Voted {
    /// Votes that the coins have bought.
    pub votes: i64,
    /// Votes that the viewer may still give in this poll.
    pub votes_left: i64,
    /// Coins that were taken.
    #[serde(rename = "charged_coins")]
    pub charged: Coins,
    /// Coins left.
    pub balance: Coins,
}

impl Till {
    /// Votes for an answer with `coins`, a multiple of the price of a vote.
    ///
    /// # Errors
    /// `polls.not_found`, `polls.closed`, `polls.no_such_option`, `polls.bad_coins`, `polls.too_many_votes`,
    /// `ledger.insufficient_coins`, `idempotency.mismatch`, or the database.
    pub async fn cast_vote(
        &self,
        account: &AccountId,
        poll: &RowId,
        option: &RowId,
        coins: Coins,
        request: &MoneyRequest,
    ) -> Result<Voted, TillError> {
        let (at, random) = (self.0.clock.now(), self.0.random.as_ref());
        let (vote, posting, request) = (RowId::new(at, random), RowId::new(at, random), request.clone());
        let ballot =
            Ballot { id: vote, poll: poll.clone(), option: option.clone(), account: account.clone(), coins, at };
        let work = move |conn: &mut Conn| {
            once(conn, &request, at, |conn| {
                let cast = polls::cast(conn, &ballot)?;
                let posting = Posting {
                    id: posting.clone(),
                    account: ballot.account.clone(),
                    kind: Kind::Vote,
                    coins: Coins(coins.0.saturating_neg()),
                    reference: ballot.id.to_string(),
                    note: Some(cast.words),
                    at,
                };
                let posted = ledger::post(conn, &posting)?;
                let balance = posted.entry().balance_after;
                Ok(Voted { votes: cast.votes, votes_left: cast.left, charged: coins, balance })
            })
        };
        self.0.store.write(work).await
    }
}
