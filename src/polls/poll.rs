//! A question and how it stands.

use serde::{Deserialize, Serialize};

use crate::ids::RowId;
use crate::money::Coins;

/// A poll's life; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PollStatus {
    /// Not shown.
    Draft,
    /// Takes votes.
    Open,
    /// Takes none any more.
    Closed,
    /// Its result is recorded.
    Settled,
}

impl PollStatus {
    const ALL: [Self; 4] = [Self::Draft, Self::Open, Self::Closed, Self::Settled];

    /// The word in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Settled => "settled",
        }
    }

    pub(super) fn stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// A question with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Poll {
    /// Its row.
    pub id: RowId,
    /// Its name in commands.
    pub code: String,
    /// The question.
    pub question: String,
    /// Where it stands.
    pub status: PollStatus,
    /// Price of a vote.
    pub coins_per_vote: Coins,
    /// Most votes of one viewer over the poll.
    pub max_votes_per_viewer: i64,
    /// The answers in order.
    pub options: Vec<Choice>,
    /// The answer that proved right; only of a settled poll, and not of each.
    pub winner: Option<RowId>,
}

/// An answer and its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Its row.
    pub id: RowId,
    /// The words.
    pub label: String,
    /// Votes for it.
    pub votes: i64,
    /// Coins spent on it.
    pub coins: Coins,
}
