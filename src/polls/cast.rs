//! Voting.

use serde_json::json;

use super::records::{self, Asked};
use super::{PollError, PollStatus};
use crate::clock::Micros;
use crate::events::{self, EventStatus};
use crate::ids::{AccountId, RowId};
use crate::money::Coins;
use crate::store::{Conn, lock, outbox};

/// What somebody votes. Ids and times come from outside, since a transaction may run twice.
#[derive(Clone, Debug)]
pub struct Ballot {
    /// The row: what the ledger's posting refers to.
    pub id: RowId,
    /// Which poll.
    pub poll: RowId,
    /// For which answer.
    pub option: RowId,
    /// Who.
    pub account: AccountId,
    /// For how many coins.
    pub coins: Coins,
    /// When.
    pub at: Micros,
}

/// A vote that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// How many votes the coins have bought.
    pub votes: i64,
    /// How many the viewer may still give.
    pub left: i64,
    /// Event, question and answer in words, for the reader of a history.
    pub words: String,
}

/// Takes a vote, in the caller's transaction, which also takes the coins. The fact says that counts have moved, and not
/// how they stand: who announces it adds them up, once for all votes of that moment.
///
/// # Errors
/// `polls.not_found`, `polls.closed`, `polls.no_such_option`, `polls.bad_coins`, `polls.too_many_votes`, or the
/// database. After a refusal the caller takes everything back.
pub fn cast(conn: &mut Conn, ballot: &Ballot) -> Result<Cast, PollError> {
    let slug = records::find_event_of(conn, &ballot.poll)?.ok_or(PollError::NotFound)?;
    // From here on neither the event nor the poll can change its status.
    let event = events::share_event(conn, &slug)?.ok_or(PollError::NotFound)?;
    let poll = records::find_asked(conn, &ballot.poll)?.ok_or(PollError::NotFound)?;
    match (event, poll.status) {
        (EventStatus::Draft, _) | (_, PollStatus::Draft) => return Err(PollError::NotFound),
        (EventStatus::Published, PollStatus::Open) => {}
        _ => return Err(PollError::Closed),
    }
    let label = records::find_label(conn, &ballot.poll, &ballot.option)?.ok_or(PollError::NoSuchOption)?;
    let votes = votes_for(ballot.coins, poll.price)?;
    lock(conn, &format!("votes of {} in {}", ballot.account, ballot.poll))?;
    let before = records::count_votes_of(conn, &ballot.poll, &ballot.account)?;
    let left = poll.max_votes.saturating_sub(before).saturating_sub(votes);
    if left < 0 {
        let left = poll.max_votes.saturating_sub(before).max(0);
        return Err(PollError::TooManyVotes { max: poll.max_votes, left });
    }
    records::insert_vote(conn, ballot, votes)?;
    outbox::append(conn, ballot.at, Some(&slug), "poll:update", &json!({ "id": ballot.poll, "code": poll.code }))?;
    let Asked { title, question, .. } = poll;
    Ok(Cast { votes, left, words: format!("{title} · {question} {label}") })
}

fn votes_for(coins: Coins, price: Coins) -> Result<i64, PollError> {
    match (coins.0.checked_div(price.0), coins.0.checked_rem(price.0)) {
        (Some(votes @ 1..), Some(0)) => Ok(votes),
        _ => Err(PollError::BadCoins { price }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_buy_whole_votes_or_none() {
        let votes = |coins, price| votes_for(Coins(coins), Coins(price)).ok();
        assert_eq!(votes(5, 5), Some(1));
        assert_eq!(votes(15, 5), Some(3));
        for (coins, price) in [(0, 5), (-5, 5), (4, 5), (6, 5), (i64::MIN, -1), (5, 0)] {
            assert_eq!(votes(coins, price), None, "{coins} at {price}");
        }
    }
}
