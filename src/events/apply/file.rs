//! What may stand under `[[events]]`. Everything but what names a thing may be left out.

use serde::Deserialize;
use toml::Spanned;

use crate::config::Secret;

/// One `[[events]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventEntry {
    pub(super) slug: Spanned<String>,
    pub(super) title: Option<Spanned<String>>,
    /// A text or a TOML date-time; either must say its offset.
    pub(super) starts_at: Option<Spanned<toml::Value>>,
    pub(super) pass_price_coins: Option<Spanned<i64>>,
    /// Days after its end that it can be watched again; 0: for ever.
    pub(super) replay_days: Option<Spanned<i64>>,
    pub(super) stream_key: Option<Spanned<Secret>>,
    pub(super) status: Option<EventWord>,
    #[serde(default)]
    pub(super) fights: Vec<FightEntry>,
    #[serde(default)]
    pub(super) milestones: Vec<MilestoneEntry>,
    #[serde(default)]
    pub(super) polls: Vec<PollEntry>,
}

/// `status` of an event; its end comes by command only.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EventWord {
    Draft,
    Published,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FightEntry {
    pub(super) number: Spanned<i64>,
    pub(super) red: Option<Spanned<String>>,
    pub(super) blue: Option<Spanned<String>>,
    pub(super) title: Option<Spanned<String>>,
    pub(super) price_coins: Option<Spanned<i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MilestoneEntry {
    pub(super) coins: Spanned<i64>,
    pub(super) title: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PollEntry {
    pub(super) code: Spanned<String>,
    pub(super) question: Option<Spanned<String>>,
    pub(super) options: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) coins_per_vote: Option<Spanned<i64>>,
    pub(super) max_votes_per_viewer: Option<Spanned<i64>>,
    pub(super) status: Option<PollWord>,
}

/// `status` of a poll in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PollWord {
    Draft,
    Open,
    Closed,
}

impl PollWord {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// Where a stored status stands in a poll's life.
    pub(super) fn rank_of(stored: &str) -> usize {
        ["draft", "open", "closed", "settled"].iter().position(|word| *word == stored).unwrap_or(usize::MAX)
    }
}
