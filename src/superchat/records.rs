//! Rows of supports, and of what an event's crowd has come to.

use std::fmt::Display;
use std::str::FromStr;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::Rules;
use super::support::{Backed, BoardRow, Given, Kind, Ladder, PublicPage, State, Step, Support, SupportFighter};
use crate::clock::Micros;
use crate::events::EventStatus;
use crate::ids::{AccountId, EventSlug, RowId};
use crate::money::Coins;
use crate::store::schema::{accounts, event_crowds, events, fighters, milestones, supports};
use crate::store::{Bind, Conn, Prepared, StoreError, each_dialect};

/// What an event's crowd has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// The number of the last public fact.
    pub seq: i64,
    /// Coins given so far.
    pub total: Coins,
    /// Whether supports with words wait for an approval.
    pub holds: bool,
}

/// An event that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEvent {
    /// Its row.
    pub id: RowId,
    /// Published and not ended.
    pub is_open: bool,
}

fn parsed<T>(text: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Row(error.to_string()))
}

/// An event that is shown. Until the transaction ends it stays as open as it is found.
///
/// # Errors
/// [`StoreError`]
pub fn find_open_event(conn: &mut Conn, slug: &EventSlug) -> Result<Option<OpenEvent>, StoreError> {
    let mine = events::table.filter(events::slug.eq(slug.as_str())).select((events::id, events::status));
    let row: Option<(String, String)> = match conn {
        // Whoever writes is alone.
        Conn::Sqlite(conn) => mine.get_result(conn).optional()?,
        Conn::Postgres(conn) => mine.for_share().get_result(conn).optional()?,
    };
    let Some((id, status)) = row.filter(|(_, status)| status != EventStatus::Draft.as_str()) else { return Ok(None) };
    Ok(Some(OpenEvent { id: parsed(&id)?, is_open: status == EventStatus::Published.as_str() }))
}

/// The event of this name, drafts too.
pub(super) fn find_event(conn: &mut Conn, slug: &EventSlug) -> Result<Option<RowId>, StoreError> {
    let id: Option<String> =
        events::table.filter(events::slug.eq(slug.as_str())).select(events::id).first(conn).optional()?;
    id.as_deref().map(parsed).transpose()
}

/// A fighter of an event.
///
/// # Errors
/// [`StoreError`]
pub fn find_fighter(conn: &mut Conn, event: &RowId, id: &RowId) -> Result<Option<SupportFighter>, StoreError> {
    let mine = fighters::id.eq(id.as_str()).and(fighters::event_id.eq(event.as_str()));
    let found = fighters::table.filter(mine).select(fighters::name);
    let name: Option<String> = each_dialect!(conn, c => found.get_result(c).optional())?;
    Ok(name.map(|name| SupportFighter { id: id.clone(), name }))
}

/// Supports of an account since a moment: how many, and when the first of them was.
///
/// # Errors
/// [`StoreError`]
pub fn count_since(conn: &mut Conn, account: &AccountId, since: Micros) -> Result<(i64, Option<Micros>), StoreError> {
    let mine = supports::account_id.eq(account.as_str()).and(supports::at.gt(since.0));
    let counted = supports::table.filter(mine).select((diesel::dsl::count_star(), diesel::dsl::min(supports::at)));
    let (count, first): (i64, Option<i64>) = each_dialect!(conn, c => counted.get_result(c))?;
    Ok((count, first.map(Micros)))
}

/// One statement, so that it waits for whoever numbers before and then goes on from there.
const NUMBER: &str = "UPDATE event_crowds SET seq = seq + CASE WHEN hold_supports AND ? THEN 0 ELSE ? END, \
    total_coins = total_coins + ? WHERE event_id = ? RETURNING seq, total_coins, hold_supports";

fn number(conn: &mut Conn, event: &RowId, (may_wait, facts, coins): (bool, i64, Coins)) -> Result<Crowd, StoreError> {
    let binds = [Bind::Flag(may_wait), Bind::Int(facts), Bind::Int(coins.0), Bind::Text(event.as_str())];
    let go = |conn: &mut Conn| -> Result<Option<(i64, i64, bool)>, StoreError> {
        let statement = Prepared::<(BigInt, BigInt, Bool)>::new(NUMBER, &binds);
        Ok(each_dialect!(&mut *conn, c => statement.get_result(c).optional())?)
    };
    let row = if let Some(row) = go(conn)? {
        row
    } else {
        let fresh = (
            event_crowds::event_id.eq(event.as_str()),
            event_crowds::seq.eq(0),
            event_crowds::total_coins.eq(0),
            event_crowds::hold_supports.eq(false),
        );
        each_dialect!(&mut *conn, c => diesel::insert_into(event_crowds::table)
                .values(fresh)
                .on_conflict_do_nothing()
                .execute(c))?;
        go(conn)?.ok_or_else(|| StoreError::Row(format!("the crowd of {event} is missing")))?
    };
    let (seq, total, holds) = row;
    Ok(Crowd { seq, total: Coins(total), holds })
}

/// Adds coins to the event's total and takes the next number, unless the event holds its supports and this one
/// `may_wait`. Until the transaction ends nobody else takes one: do what is left, and commit.
///
/// # Errors
/// [`StoreError`]
pub fn number_next(conn: &mut Conn, event: &RowId, coins: Coins, may_wait: bool) -> Result<Crowd, StoreError> {
    number(conn, event, (may_wait, 1, coins))
}

/// The next number for a support that is there.
pub(super) fn number_again(conn: &mut Conn, event: &RowId) -> Result<Crowd, StoreError> {
    number(conn, event, (false, 1, Coins(0)))
}

/// Nobody takes a number until the transaction ends.
pub(super) fn lock_crowd(conn: &mut Conn, event: &RowId) -> Result<Crowd, StoreError> {
    number(conn, event, (false, 0, Coins(0)))
}

pub(super) fn set_hold(conn: &mut Conn, event: &RowId, on: bool) -> Result<(), StoreError> {
    diesel::update(event_crowds::table.find(event.as_str())).set(event_crowds::hold_supports.eq(on)).execute(conn)?;
    Ok(())
}

pub(super) fn set_state(conn: &mut Conn, id: &RowId, state: State, seq: Option<i64>) -> Result<(), StoreError> {
    diesel::update(supports::table.find(id.as_str()))
        .set((supports::state.eq(state.as_str()), supports::seq.eq(seq)))
        .execute(conn)?;
    Ok(())
}

const INSERT: &str = "INSERT INTO supports (id, event_id, account_id, fighter_id, kind, coins, message, name, \
    anonymous, tier, state, seq, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Adds a support: shown under `seq`, held without. Returns the steps of the ladder that `total`, which counts it, has
/// passed with it.
///
/// # Errors
/// [`StoreError`]
pub fn insert(conn: &mut Conn, given: &Given, seq: Option<i64>, total: Coins) -> Result<Vec<Step>, StoreError> {
    let state = if seq.is_some() { State::Shown } else { State::Held };
    let binds = [
        Bind::Text(given.id.as_str()),
        Bind::Text(given.event.as_str()),
        Bind::Text(given.account.as_str()),
        Bind::MaybeText(given.fighter.as_ref().map(|fighter| fighter.id.as_str())),
        Bind::Text(given.kind.as_str()),
        Bind::Int(given.coins.0),
        Bind::MaybeText(given.message.as_deref()),
        Bind::MaybeText(given.name.as_deref()),
        Bind::Flag(given.name.is_none()),
        Bind::MaybeText(given.tier.as_deref()),
        Bind::Text(state.as_str()),
        Bind::MaybeInt(seq),
        Bind::Int(given.at.0),
    ];
    each_dialect!(&mut *conn, c => Prepared::<()>::new(INSERT, &binds).execute(c))?;
    let before = total.0.saturating_sub(given.coins.0);
    steps(conn, &given.event, (before, total.0))
}

/// The steps of the ladder above the first and up to the second total.
fn steps(conn: &mut Conn, event: &RowId, (above, until): (i64, i64)) -> Result<Vec<Step>, StoreError> {
    let passed = milestones::table
        .filter(milestones::event_id.eq(event.as_str()))
        .filter(milestones::coins.gt(above).and(milestones::coins.le(until)))
        .order(milestones::coins)
        .select((milestones::title, milestones::coins));
    let rows: Vec<(String, i64)> = each_dialect!(conn, c => passed.load(c))?;
    Ok(rows.into_iter().map(|(title, coins)| Step { title, coins: Coins(coins) }).collect())
}

type Row = (
    (String, Option<i64>, String, String, i64),
    (Option<String>, Option<String>, Option<String>, i64),
    Option<i64>,
    Option<(String, String)>,
);

/// The columns of a support as it is read, with whether its account is gone and its fighter.
macro_rules! columns {
    () => {
        (
            (supports::id, supports::seq, supports::kind, supports::state, supports::coins),
            (supports::message, supports::name, supports::tier, supports::at),
            accounts::deleted_at,
            (fighters::id, fighters::name).nullable(),
        )
    };
}

macro_rules! joined {
    () => {
        supports::table
            .inner_join(accounts::table.on(accounts::id.eq(supports::account_id)))
            .left_join(fighters::table.on(fighters::id.nullable().eq(supports::fighter_id)))
    };
}

fn read(((id, seq, kind, state, coins), (message, name, tier, at), gone, fighter): Row) -> Result<Support, StoreError> {
    let fighter = fighter.map(|(id, name)| Ok::<_, StoreError>(SupportFighter { id: parsed(&id)?, name }));
    Ok(Support {
        id: parsed(&id)?,
        seq,
        kind: parsed(&kind)?,
        state: parsed(&state)?,
        // Whoever has left takes the name along.
        name: name.filter(|_| gone.is_none()),
        coins: Coins(coins),
        message,
        tier,
        fighter: fighter.transpose()?,
        at: Micros(at),
    })
}

/// A support of an event.
pub(super) fn find(conn: &mut Conn, event: &RowId, id: &RowId) -> Result<Option<Support>, StoreError> {
    let row: Option<Row> = joined!()
        .filter(supports::id.eq(id.as_str()).and(supports::event_id.eq(event.as_str())))
        .select(columns!())
        .first(conn)
        .optional()?;
    row.map(read).transpose()
}

/// Supports of an event as a moderator sees them, newest first, at most `limit`; with `state` those alone.
///
/// # Errors
/// [`StoreError`]
pub fn list_all(
    conn: &mut Conn,
    slug: &EventSlug,
    state: Option<State>,
    limit: i64,
) -> Result<Option<Vec<Support>>, StoreError> {
    let Some(event) = find_event(conn, slug)? else { return Ok(None) };
    let states: Vec<&str> = state.map_or_else(|| State::ALL.map(State::as_str).to_vec(), |state| vec![state.as_str()]);
    let rows: Vec<Row> = joined!()
        .filter(supports::event_id.eq(event.as_str()).and(supports::state.eq_any(states)))
        .order((supports::at.desc(), supports::id.desc()))
        .limit(limit)
        .select(columns!())
        .load(conn)?;
    rows.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// Everything that an account has given, newest first, each with its event.
///
/// # Errors
/// [`StoreError`]
pub fn list_own(conn: &mut Conn, account: &AccountId) -> Result<Vec<(EventSlug, Support)>, StoreError> {
    let rows: Vec<(String, Row)> = joined!()
        .inner_join(events::table.on(events::id.eq(supports::event_id)))
        .filter(supports::account_id.eq(account.as_str()))
        .order((supports::at.desc(), supports::id.desc()))
        .select((events::slug, columns!()))
        .load(conn)?;
    rows.into_iter().map(|(slug, row)| Ok((parsed(&slug)?, read(row)?))).collect()
}

/// What was public behind number `after`, in order, at most `limit`; without `after` the newest of it. With `kind`
/// those alone.
///
/// # Errors
/// [`StoreError`]
pub fn list_public(
    conn: &mut Conn,
    event: &RowId,
    kind: Option<Kind>,
    (after, limit): (Option<i64>, i64),
    rules: &Rules,
) -> Result<PublicPage, StoreError> {
    let kinds: Vec<&str> = kind.map_or_else(|| vec!["superchat", "donation"], |kind| vec![kind.as_str()]);
    let mine = || supports::event_id.eq(event.as_str()).and(supports::kind.eq_any(kinds.clone()));
    let after = if let Some(after) = after {
        after
    } else {
        let newest = supports::table.filter(mine()).filter(supports::seq.is_not_null()).select(supports::seq);
        let seqs: Vec<Option<i64>> = newest.order(supports::seq.desc()).limit(limit).load(conn)?;
        seqs.last().copied().flatten().map_or(0, |first| first.saturating_sub(1))
    };
    let rows: Vec<Row> = joined!()
        .filter(mine())
        .filter(supports::seq.gt(after))
        .order(supports::seq)
        .limit(limit)
        .select(columns!())
        .load(conn)?;
    let is_whole = i64::try_from(rows.len()).is_ok_and(|len| len < limit);
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.extend(read(row)?.public(rules));
    }
    let next_after = match items.last() {
        Some(last) if !is_whole => last.seq,
        // Of another kind, or nothing: what is committed later has a larger number than what this snapshot has.
        _ => find_crowd(conn, event)?.map_or(0, |crowd| crowd.seq),
    };
    Ok(PublicPage { items, next_after })
}

fn find_crowd(conn: &mut Conn, event: &RowId) -> Result<Option<Crowd>, StoreError> {
    let row: Option<(i64, i64, bool)> = event_crowds::table
        .find(event.as_str())
        .select((event_crowds::seq, event_crowds::total_coins, event_crowds::hold_supports))
        .first(conn)
        .optional()?;
    Ok(row.map(|(seq, total, holds)| Crowd { seq, total: Coins(total), holds }))
}

const BACKED: &str = "SELECT f.id, f.name, CAST(SUM(s.coins) AS BIGINT) FROM supports AS s \
    JOIN fighters AS f ON f.id = s.fighter_id WHERE s.event_id = ? GROUP BY f.id, f.name ORDER BY 3 DESC, 1";

/// What all supports of an event add up to.
///
/// # Errors
/// [`StoreError`]
pub fn get_ladder(conn: &mut Conn, event: &RowId) -> Result<Ladder, StoreError> {
    let total = find_crowd(conn, event)?.map_or(Coins(0), |crowd| crowd.total);
    let binds = [Bind::Text(event.as_str())];
    let statement = Prepared::<(Text, Text, BigInt)>::new(BACKED, &binds);
    let rows: Vec<(String, String, i64)> = each_dialect!(&mut *conn, c => statement.load(c))?;
    let backed = |(id, name, coins): (String, String, i64)| {
        Ok::<_, StoreError>(Backed { fighter: SupportFighter { id: parsed(&id)?, name }, coins: Coins(coins) })
    };
    let fighters = rows.into_iter().map(backed).collect::<Result<_, _>>()?;
    Ok(Ladder { total, steps: steps(conn, event, (0, i64::MAX))?, fighters })
}

/// A name that a moderator has hidden is on no line: neither for the coins that it was hidden with nor for others.
const BOARD: &str = "SELECT MAX(s.name), CAST(SUM(s.coins) AS BIGINT) FROM supports AS s \
    JOIN accounts AS a ON a.id = s.account_id \
    WHERE s.event_id = ? AND s.state = 'shown' AND s.name IS NOT NULL AND a.deleted_at IS NULL \
    AND NOT EXISTS (SELECT 1 FROM supports AS h WHERE h.event_id = s.event_id AND h.account_id = s.account_id \
        AND h.state IN ('hidden', 'denied') AND h.name = s.name) \
    GROUP BY s.account_id ORDER BY 2 DESC, s.account_id LIMIT ?";

/// Who has given most, under a name.
///
/// # Errors
/// [`StoreError`]
pub fn list_board(conn: &mut Conn, event: &RowId, limit: i64) -> Result<Vec<BoardRow>, StoreError> {
    let binds = [Bind::Text(event.as_str()), Bind::Int(limit)];
    let statement = Prepared::<(Text, BigInt)>::new(BOARD, &binds);
    let rows: Vec<(String, i64)> = each_dialect!(&mut *conn, c => statement.load(c))?;
    Ok(rows.into_iter().map(|(name, coins)| BoardRow { name, coins: Coins(coins) }).collect())
}
