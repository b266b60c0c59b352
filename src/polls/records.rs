//! Rows of polls and votes.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{Ballot, Choice, Poll, PollStatus};
use crate::clock::Micros;
use crate::ids::{AccountId, BadName, EventSlug, RowId};
use crate::money::Coins;
use crate::store::schema::{events, poll_options, poll_results, polls, votes};
use crate::store::{Bind, Conn, Prepared, StoreError, each_dialect};

fn id(text: &str) -> Result<RowId, StoreError> {
    text.parse().map_err(|error: BadName| StoreError::Row(error.to_string()))
}

fn status(word: &str) -> Result<PollStatus, StoreError> {
    PollStatus::stored(word).ok_or_else(|| StoreError::Row(format!("poll status {word}")))
}

/// The name of the event that asks.
pub(super) fn find_event_of(conn: &mut Conn, poll: &RowId) -> Result<Option<EventSlug>, StoreError> {
    let named = polls::table
        .inner_join(events::table.on(events::id.eq(polls::event_id)))
        .filter(polls::id.eq(poll.as_str()))
        .select(events::slug);
    let slug: Option<String> = each_dialect!(conn, c => named.get_result(c).optional())?;
    slug.map(|slug| slug.parse().map_err(|error: BadName| StoreError::Row(error.to_string()))).transpose()
}

/// What a vote is held against.
pub(super) struct Asked {
    pub(super) status: PollStatus,
    pub(super) code: String,
    pub(super) price: Coins,
    pub(super) max_votes: i64,
    pub(super) question: String,
    /// The event's.
    pub(super) title: String,
}

pub(super) fn find_asked(conn: &mut Conn, poll: &RowId) -> Result<Option<Asked>, StoreError> {
    let asked = polls::table
        .inner_join(events::table.on(events::id.eq(polls::event_id)))
        .filter(polls::id.eq(poll.as_str()))
        .select((
            polls::status,
            polls::code,
            polls::coins_per_vote,
            polls::max_votes_per_viewer,
            polls::question,
            events::title,
        ));
    let row: Option<(String, String, i64, i64, String, String)> =
        each_dialect!(conn, c => asked.get_result(c).optional())?;
    row.map(|(word, code, price, max_votes, question, title)| {
        Ok(Asked { status: status(&word)?, code, price: Coins(price), max_votes, question, title })
    })
    .transpose()
}

/// The words of an answer of this poll.
pub(super) fn find_label(conn: &mut Conn, poll: &RowId, option: &RowId) -> Result<Option<String>, StoreError> {
    let mine = poll_options::id.eq(option.as_str()).and(poll_options::poll_id.eq(poll.as_str()));
    let label = poll_options::table.filter(mine).select(poll_options::label);
    Ok(each_dialect!(conn, c => label.get_result(c).optional())?)
}

/// A server adds whole numbers up to a NUMERIC.
const VOTES_OF: &str = "SELECT CAST(COALESCE(SUM(votes), 0) AS BIGINT) FROM votes WHERE account_id = ? AND poll_id = ?";

/// Votes of an account over the whole poll.
pub(super) fn count_votes_of(conn: &mut Conn, poll: &RowId, account: &AccountId) -> Result<i64, StoreError> {
    let binds = [Bind::Text(account.as_str()), Bind::Text(poll.as_str())];
    let statement = Prepared::<BigInt>::new(VOTES_OF, &binds);
    Ok(each_dialect!(conn, c => statement.get_result(c))?)
}

pub(super) fn insert_vote(conn: &mut Conn, ballot: &Ballot, count: i64) -> Result<(), StoreError> {
    let row = (
        votes::id.eq(ballot.id.as_str()),
        votes::poll_id.eq(ballot.poll.as_str()),
        votes::option_id.eq(ballot.option.as_str()),
        votes::account_id.eq(ballot.account.as_str()),
        votes::number.eq(count),
        votes::coins.eq(ballot.coins.0),
        votes::at.eq(ballot.at.0),
    );
    each_dialect!(conn, c => diesel::insert_into(votes::table).values(row).execute(c))?;
    Ok(())
}

/// A poll as a command finds it.
pub(super) struct Stored {
    pub(super) id: RowId,
    pub(super) status: PollStatus,
    /// Row and words of its answers, in order.
    pub(super) options: Vec<(RowId, String)>,
}

pub(super) fn find_stored(conn: &mut Conn, event: &EventSlug, code: &str) -> Result<Option<Stored>, StoreError> {
    let row: Option<(String, String)> = polls::table
        .inner_join(events::table.on(events::id.eq(polls::event_id)))
        .filter(events::slug.eq(event.as_str()).and(polls::code.eq(code)))
        .select((polls::id, polls::status))
        .get_result(conn)
        .optional()?;
    let Some((poll, word)) = row else { return Ok(None) };
    let options: Vec<(String, String)> = poll_options::table
        .filter(poll_options::poll_id.eq(&poll))
        .order(poll_options::position)
        .select((poll_options::id, poll_options::label))
        .load(conn)?;
    let options = options.into_iter().map(|(option, label)| Ok((id(&option)?, label)));
    Ok(Some(Stored { id: id(&poll)?, status: status(&word)?, options: options.collect::<Result<_, StoreError>>()? }))
}

pub(super) fn set_status(conn: &mut Conn, poll: &RowId, status: PollStatus) -> Result<(), StoreError> {
    diesel::update(polls::table.find(poll.as_str())).set(polls::status.eq(status.as_str())).execute(conn)?;
    Ok(())
}

pub(super) fn insert_result(
    conn: &mut Conn,
    poll: &RowId,
    winner: Option<&RowId>,
    at: Micros,
) -> Result<(), StoreError> {
    diesel::insert_into(poll_results::table)
        .values((
            poll_results::poll_id.eq(poll.as_str()),
            poll_results::winner_id.eq(winner.map(RowId::as_str)),
            poll_results::at.eq(at.0),
        ))
        .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    option_id: String,
    #[diesel(sql_type = BigInt)]
    votes: i64,
    #[diesel(sql_type = BigInt)]
    coins: i64,
}

/// The polls of an event that are shown, with their counts, in order.
///
/// # Errors
/// [`StoreError`]
pub fn list_polls(conn: &mut Conn, event: &RowId) -> Result<Vec<Poll>, StoreError> {
    type Row = (String, String, String, String, i64, i64, Option<String>);
    let rows: Vec<Row> = polls::table
        .left_join(poll_results::table.on(poll_results::poll_id.eq(polls::id)))
        .filter(polls::event_id.eq(event.as_str()).and(polls::status.ne(PollStatus::Draft.as_str())))
        .order(polls::position)
        .select((
            polls::id,
            polls::code,
            polls::question,
            polls::status,
            polls::coins_per_vote,
            polls::max_votes_per_viewer,
            poll_results::winner_id.nullable(),
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(poll, code, question, word, price, max_votes_per_viewer, winner)| {
            Ok(Poll {
                id: id(&poll)?,
                code,
                question,
                status: status(&word)?,
                coins_per_vote: Coins(price),
                max_votes_per_viewer,
                options: list_choices(conn, &poll)?,
                winner: winner.as_deref().map(id).transpose()?,
            })
        })
        .collect()
}

fn list_choices(conn: &mut Conn, poll: &str) -> Result<Vec<Choice>, StoreError> {
    let sql = "SELECT option_id, CAST(SUM(votes) AS BIGINT) AS votes, CAST(SUM(coins) AS BIGINT) AS coins \
               FROM votes WHERE poll_id = $1 GROUP BY option_id";
    let query = diesel::sql_query(sql).bind::<Text, _>(poll);
    let counted = each_dialect!(&mut *conn, c => query.load::<Counted>(c))?;
    let counts: HashMap<String, (i64, i64)> =
        counted.into_iter().map(|row| (row.option_id, (row.votes, row.coins))).collect();
    let options: Vec<(String, String)> = poll_options::table
        .filter(poll_options::poll_id.eq(poll))
        .order(poll_options::position)
        .select((poll_options::id, poll_options::label))
        .load(conn)?;
    options
        .into_iter()
        .map(|(option, label)| {
            let (votes, coins) = counts.get(&option).copied().unwrap_or_default();
            Ok(Choice { id: id(&option)?, label, votes, coins: Coins(coins) })
        })
        .collect()
}

#[derive(QueryableByName)]
struct Own {
    #[diesel(sql_type = Text)]
    poll_id: String,
    #[diesel(sql_type = BigInt)]
    votes: i64,
}

/// Votes of an account in each poll of an event; nothing for a poll without.
///
/// # Errors
/// [`StoreError`]
pub fn count_own(conn: &mut Conn, account: &AccountId, event: &RowId) -> Result<HashMap<RowId, i64>, StoreError> {
    let sql = "SELECT v.poll_id AS poll_id, CAST(SUM(v.votes) AS BIGINT) AS votes FROM votes v \
               JOIN polls p ON p.id = v.poll_id WHERE v.account_id = $1 AND p.event_id = $2 GROUP BY v.poll_id";
    let query = diesel::sql_query(sql).bind::<Text, _>(account.as_str()).bind::<Text, _>(event.as_str());
    let rows = each_dialect!(conn, c => query.load::<Own>(c))?;
    rows.into_iter().map(|row| Ok((id(&row.poll_id)?, row.votes))).collect()
}

/// Votes that an account has bought at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnVote {
    /// The event's name.
    pub event: String,
    /// The poll's name in commands.
    pub poll: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub option: String,
    /// How many.
    pub votes: i64,
    /// What they cost together.
    pub coins: Coins,
    /// When.
    pub at: Micros,
}

/// Everything that an account has voted, newest first.
///
/// # Errors
/// [`StoreError`]
pub fn list_own(conn: &mut Conn, account: &AccountId) -> Result<Vec<OwnVote>, StoreError> {
    let rows: Vec<(String, String, String, String, i64, i64, i64)> = votes::table
        .inner_join(polls::table.on(polls::id.eq(votes::poll_id)))
        .inner_join(events::table.on(events::id.eq(polls::event_id)))
        .inner_join(poll_options::table.on(poll_options::id.eq(votes::option_id)))
        .filter(votes::account_id.eq(account.as_str()))
        .order((votes::at.desc(), votes::id.desc()))
        .select((
            events::slug,
            polls::code,
            polls::question,
            poll_options::label,
            votes::number,
            votes::coins,
            votes::at,
        ))
        .load(conn)?;
    let of = |(event, poll, question, option, votes, coins, at)| OwnVote {
        event,
        poll,
        question,
        option,
        votes,
        coins: Coins(coins),
        at: Micros(at),
    };
    Ok(rows.into_iter().map(of).collect())
}
