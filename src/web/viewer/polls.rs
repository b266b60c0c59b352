//! The polls of the watch page, as they stand when it is made.

use std::collections::HashMap;
use std::sync::Arc;

use super::give::PlainForm;
use super::reader::{KNOWN_WITHIN, Reader};
use crate::events::{EventFacts, PollFacts};
use crate::ids::RowId;
use crate::money::Coins;
use crate::polls::{Choice, Poll, PollStatus};
use crate::web::Site;
use crate::web::api::polls::PollJson;
use crate::web::i18n::Words;

/// What is known of an event's polls, and of the reader's votes.
#[derive(Debug)]
pub struct Shown {
    polls: Arc<Vec<Poll>>,
    own: Option<HashMap<RowId, i64>>,
}

impl Shown {
    /// As the database has it; while that is away, as it was last known, at worst without counts.
    pub async fn of(site: &Site, event: &EventFacts, reader: &Reader) -> Self {
        if event.polls.iter().all(|poll| poll.status == PollStatus::Draft.as_str()) {
            return Self { polls: Arc::default(), own: None };
        }
        let asked = tokio::time::timeout(KNOWN_WITHIN, site.polls.get(&event.id)).await;
        let polls = asked.ok().and_then(Result::ok).or_else(|| site.polls.last(&event.id));
        let own = match &reader.who {
            Some(who) => tokio::time::timeout(KNOWN_WITHIN, site.polls.own(&who.account, &event.id)).await.ok(),
            None => None,
        };
        let polls = polls.unwrap_or_else(|| Arc::new(event.polls.iter().filter_map(uncounted).collect()));
        Self { polls, own: own.and_then(Result::ok) }
    }

    /// For the page's facts.
    #[must_use]
    pub fn for_scripts(&self) -> Vec<PollJson<'_>> {
        let mine = |poll: &Poll| self.own.as_ref().map(|own| own.get(&poll.id).copied().unwrap_or(0));
        self.polls.iter().map(|poll| PollJson::of(poll, mine(poll))).collect()
    }

    /// For the page itself; `coins` are the reader's.
    #[must_use]
    pub fn cards(&self, coins: Option<Coins>, w: Words) -> PollCards {
        let card = |poll: &Poll| {
            let mine = self.own.as_ref().map(|own| own.get(&poll.id).copied().unwrap_or(0));
            PollCard { vote: VoteWords::of(poll, mine, coins, w), own: own_words(mine, w), ..PollCard::of(poll, w) }
        };
        let mut cards = PollCards::default();
        let (open, decided): (Vec<&Poll>, Vec<&Poll>) =
            self.polls.iter().partition(|poll| poll.status == PollStatus::Open);
        cards.shown.extend(open.into_iter().map(card));
        // The newest result is what one comes for, and of a closed poll the end is still awaited.
        for (at, poll) in decided.into_iter().rev().enumerate() {
            let seen = at == 0 || poll.status != PollStatus::Settled;
            if seen { cards.shown.push(card(poll)) } else { cards.old.push(card(poll)) }
        }
        cards
    }
}

fn uncounted(poll: &PollFacts) -> Option<Poll> {
    let status = match poll.status.as_str() {
        "open" => PollStatus::Open,
        "closed" => PollStatus::Closed,
        "settled" => PollStatus::Settled,
        _ => return None,
    };
    let choice =
        |id: &RowId, label: &str| Choice { id: id.clone(), label: label.to_owned(), votes: 0, coins: Coins(0) };
    Some(Poll {
        id: poll.id.clone(),
        code: poll.code.clone(),
        question: poll.question.clone(),
        status,
        coins_per_vote: poll.coins_per_vote,
        max_votes_per_viewer: poll.max_votes_per_viewer,
        options: poll.options.iter().map(|option| choice(&option.id, &option.label)).collect(),
        winner: None,
    })
}

/// The cards in the order in which they are read; scripts keep it.
#[derive(Debug, Default)]
pub struct PollCards {
    /// Open ones, then those that were decided last.
    pub shown: Vec<PollCard>,
    /// Older results, folded away.
    pub old: Vec<PollCard>,
}

/// A poll in words.
#[derive(Debug, Default)]
pub struct PollCard {
    /// Its row; empty in a template.
    pub id: String,
    /// `open`, `closed` or `settled`.
    pub status: &'static str,
    /// That in words.
    pub state: String,
    /// The question.
    pub question: String,
    /// All votes and the price of one.
    pub total: String,
    /// The reader's votes, where there are any.
    pub own: String,
    /// What stands beside the way to vote; none where this reader cannot.
    pub vote: Option<VoteWords>,
    /// The answers.
    pub options: Vec<PollChoice>,
}

/// What one vote comes to, for a reader who may vote: drawn with the page, so that nothing moves when scripts come.
#[derive(Debug)]
pub struct VoteWords {
    /// Its price.
    pub price: String,
    /// Votes that are left.
    pub left: String,
    /// The reader's coins.
    pub balance: String,
    /// Most votes that may still be given.
    pub most: i64,
    /// The price of one, in coins.
    pub each: i64,
    /// The way to vote without a script.
    pub plain: Option<PlainForm>,
}

impl VoteWords {
    fn of(poll: &Poll, mine: Option<i64>, coins: Option<Coins>, w: Words) -> Option<Self> {
        let left = poll.max_votes_per_viewer.saturating_sub(mine?);
        if poll.status != PollStatus::Open || left <= 0 {
            return None;
        }
        let price = poll.coins_per_vote;
        let balance = |coins: Coins| match price.0.saturating_sub(coins.0) {
            short @ 1.. => w.fill("locked-short", &[("balance", &w.coins(coins)), ("coins", &w.count(short))]),
            _ => w.with("locked-balance", "coins", &w.coins(coins)),
        };
        Some(Self {
            price: w.with("coins-amount", "coins", &w.coins(price)),
            left: numbered(w, "poll-left", "votes", left),
            balance: coins.map(balance).unwrap_or_default(),
            most: left,
            each: price.0,
            plain: None,
        })
    }
}

fn own_words(mine: Option<i64>, w: Words) -> String {
    match mine {
        Some(votes @ 1..) => format!(" · {}", numbered(w, "poll-own", "votes", votes)),
        _ => String::new(),
    }
}

/// An answer in words.
#[derive(Debug, Default)]
pub struct PollChoice {
    /// Its row; empty in a template.
    pub id: String,
    /// The words.
    pub label: String,
    /// Its share of the votes.
    pub percent: i64,
    /// Its votes in words.
    pub count: String,
    /// Whether it proved right.
    pub winner: bool,
    /// That in words.
    pub mark: String,
}

impl PollCard {
    /// What cards of later polls are made from. It takes no votes, so that it asks nobody to sign in.
    #[must_use]
    pub fn blank() -> Self {
        Self { status: PollStatus::Closed.as_str(), ..Self::default() }
    }

    fn of(poll: &Poll, w: Words) -> Self {
        let votes = poll.options.iter().fold(0_i64, |sum, option| sum.saturating_add(option.votes));
        let price = numbered(w, "poll-each", "coins", poll.coins_per_vote.0);
        Self {
            id: poll.id.to_string(),
            status: poll.status.as_str(),
            state: w.t(match poll.status {
                PollStatus::Draft | PollStatus::Open => "watch-polls-open",
                PollStatus::Closed => "watch-polls-closed",
                PollStatus::Settled => "poll-settled",
            }),
            question: poll.question.clone(),
            own: String::new(),
            vote: None,
            total: format!("{} · {price}", numbered(w, "poll-count", "votes", votes)),
            options: poll.options.iter().map(|option| PollChoice::of(option, poll, votes, w)).collect(),
        }
    }
}

impl PollChoice {
    /// What answers of later polls are made from.
    #[must_use]
    pub fn blank() -> Self {
        Self::default()
    }

    fn of(option: &Choice, poll: &Poll, all: i64, w: Words) -> Self {
        let winner = poll.winner.as_ref() == Some(&option.id);
        Self {
            id: option.id.to_string(),
            label: option.label.clone(),
            percent: percent(option.votes, all),
            count: numbered(w, "poll-count", "votes", option.votes),
            winner,
            mark: if winner { w.t("poll-winner") } else { String::new() },
        }
    }
}

/// A share in whole percent, half of one up, as scripts round it.
fn percent(votes: i64, all: i64) -> i64 {
    let half = all.checked_div(2).unwrap_or(0);
    votes.saturating_mul(100).saturating_add(half).checked_div(all).unwrap_or(0)
}

/// A sentence with a number: `<key>-one` where that is 1.
fn numbered(w: Words, key: &str, name: &'static str, number: i64) -> String {
    if number == 1 { w.t(&format!("{key}-one")) } else { w.with(key, name, &w.count(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_percents_of_all_votes() {
        assert_eq!([percent(0, 0), percent(1, 3), percent(2, 3), percent(1, 200), percent(3, 3)], [0, 33, 67, 1, 100]);
    }
}
