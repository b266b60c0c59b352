//! Rows of unlocks, and the prices they were sold at.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{FightForSale, NightForSale, OwnedFight, OwnedUnlock, Unlock, Unlocks};
use crate::clock::Micros;
use crate::events::EventStatus;
use crate::events::records::parsed;
use crate::ids::{AccountId, BadName, EventSlug, RowId};
use crate::money::Coins;
use crate::store::schema::{events, fighters, fights, unlocks};
use crate::store::{Conn, StoreError, each_dialect, lock};

/// A fight and its price; `None` where there is none, or its event is not shown.
///
/// # Errors
/// [`StoreError`]
pub fn find_fight_for_sale(conn: &mut Conn, fight: &RowId) -> Result<Option<FightForSale>, StoreError> {
    let (red, blue) = diesel::alias!(fighters as red, fighters as blue);
    let row: Option<(String, String, i64, String, String)> = fights::table
        .inner_join(events::table.on(events::id.eq(fights::event_id)))
        .inner_join(red.on(red.field(fighters::id).eq(fights::red_id)))
        .inner_join(blue.on(blue.field(fighters::id).eq(fights::blue_id)))
        .filter(fights::id.eq(fight.as_str()).and(events::status.ne(EventStatus::Draft.as_str())))
        .select((events::id, events::title, fights::price_coins, red.field(fighters::name), blue.field(fighters::name)))
        .get_result(conn)
        .optional()?;
    let Some((event, title, price, red, blue)) = row else { return Ok(None) };
    Ok(Some(FightForSale {
        id: fight.clone(),
        event: parsed(&event)?,
        price: Coins(price),
        words: format!("{title} · {red} vs {blue}"),
    }))
}

fn names_of(conn: &mut Conn, ids: Vec<&String>) -> Result<BTreeMap<String, String>, StoreError> {
    let names = fighters::table.filter(fighters::id.eq_any(ids)).select((fighters::id, fighters::name));
    Ok(names.load::<(String, String)>(conn)?.into_iter().collect())
}

/// A whole event and its prices; `None` where there is none, or it is not shown.
///
/// # Errors
/// [`StoreError`]
pub fn find_night_for_sale(conn: &mut Conn, slug: &EventSlug) -> Result<Option<NightForSale>, StoreError> {
    let row: Option<(String, String, i64)> = events::table
        .filter(events::slug.eq(slug.as_str()).and(events::status.ne(EventStatus::Draft.as_str())))
        .select((events::id, events::title, events::pass_price_coins))
        .get_result(conn)
        .optional()?;
    let Some((id, title, pass_price)) = row else { return Ok(None) };
    let prices: Vec<(String, i64)> =
        fights::table.filter(fights::event_id.eq(&id)).select((fights::id, fights::price_coins)).load(conn)?;
    let read = |(fight, price): (String, i64)| Ok::<_, StoreError>((parsed(&fight)?, Coins(price)));
    Ok(Some(NightForSale {
        id: parsed(&id)?,
        slug: slug.clone(),
        title,
        pass_price: Coins(pass_price),
        fights: prices.into_iter().map(read).collect::<Result<_, _>>()?,
    }))
}

/// Until the transaction ends, nobody else opens anything of this event for this account: what is read after it holds.
///
/// # Errors
/// [`StoreError`]
pub fn hold_unlocks(conn: &mut Conn, account: &AccountId, event: &RowId) -> Result<(), StoreError> {
    lock(conn, &format!("unlocks {account} {event}"))
}

/// The event of this name, where it is shown.
///
/// # Errors
/// [`StoreError`]
pub fn find_shown(conn: &mut Conn, slug: &EventSlug) -> Result<Option<RowId>, StoreError> {
    let id: Option<String> = events::table
        .filter(events::slug.eq(slug.as_str()).and(events::status.ne(EventStatus::Draft.as_str())))
        .select(events::id)
        .get_result(conn)
        .optional()?;
    id.as_deref().map(parsed).transpose()
}

/// What an account has opened of an event.
///
/// # Errors
/// [`StoreError`]
pub fn list_unlocks(conn: &mut Conn, account: &AccountId, event: &RowId) -> Result<Unlocks, StoreError> {
    let rows: Vec<(Option<String>, i64)> = unlocks::table
        .filter(unlocks::event_id.eq(event.as_str()).and(unlocks::account_id.eq(account.as_str())))
        .select((unlocks::fight_id, unlocks::charged_coins))
        .load(conn)?;
    let mut found = Unlocks::default();
    for (fight, charged) in rows {
        found.add(fight.as_deref(), charged)?;
    }
    Ok(found)
}

/// What an account has opened, by event.
///
/// # Errors
/// [`StoreError`]
pub fn list_unlocks_by_event(conn: &mut Conn, account: &AccountId) -> Result<BTreeMap<RowId, Unlocks>, StoreError> {
    let rows: Vec<(String, Option<String>, i64)> = unlocks::table
        .filter(unlocks::account_id.eq(account.as_str()))
        .select((unlocks::event_id, unlocks::fight_id, unlocks::charged_coins))
        .load(conn)?;
    let mut found: BTreeMap<RowId, Unlocks> = BTreeMap::new();
    for (event, fight, charged) in rows {
        found.entry(parsed(&event)?).or_default().add(fight.as_deref(), charged)?;
    }
    Ok(found)
}

/// What each of these accounts has opened of each of these events; nothing for a pair that has nothing.
///
/// # Errors
/// [`StoreError`]
pub fn list_unlocks_of_many(
    conn: &mut Conn,
    accounts: &[AccountId],
    events: &[RowId],
) -> Result<BTreeMap<(AccountId, RowId), Unlocks>, StoreError> {
    let events: Vec<String> = events.iter().map(ToString::to_string).collect();
    let mut found: BTreeMap<(AccountId, RowId), Unlocks> = BTreeMap::new();
    for some in accounts.chunks(500) {
        let some: Vec<String> = some.iter().map(ToString::to_string).collect();
        let rows: Vec<(String, String, Option<String>, i64)> = unlocks::table
            .filter(unlocks::account_id.eq_any(some).and(unlocks::event_id.eq_any(events.clone())))
            .select((unlocks::account_id, unlocks::event_id, unlocks::fight_id, unlocks::charged_coins))
            .load(conn)?;
        for (account, event, fight, charged) in rows {
            let account = account.parse().map_err(|error: BadName| StoreError::Row(error.to_string()))?;
            found.entry((account, parsed(&event)?)).or_default().add(fight.as_deref(), charged)?;
        }
    }
    Ok(found)
}

impl Unlocks {
    fn add(&mut self, fight: Option<&str>, charged: i64) -> Result<(), StoreError> {
        match fight {
            Some(fight) => drop(self.fights.insert(parsed(fight)?, Coins(charged))),
            None => self.pass = Some(Coins(charged)),
        }
        Ok(())
    }
}

/// Adds an unlock; `false`: the account has it already, and nothing was written.
///
/// # Errors
/// [`StoreError`]
pub fn insert_unlock(conn: &mut Conn, unlock: &Unlock) -> Result<bool, StoreError> {
    let row = (
        unlocks::id.eq(unlock.id.as_str()),
        unlocks::account_id.eq(unlock.account.as_str()),
        unlocks::event_id.eq(unlock.event.as_str()),
        unlocks::fight_id.eq(unlock.fight.as_ref().map(RowId::as_str)),
        unlocks::charged_coins.eq(unlock.charged.0),
        unlocks::at.eq(unlock.at.0),
    );
    let written = each_dialect!(&mut *conn, c => diesel::insert_into(unlocks::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(written == 1)
}

/// Everything an account has opened, newest first, at most `limit`. Drafts are not shown.
///
/// # Errors
/// [`StoreError`]
pub fn list_all_unlocks(conn: &mut Conn, account: &AccountId, limit: i64) -> Result<Vec<OwnedUnlock>, StoreError> {
    type Row = (String, String, i64, Option<(String, i32, String, String)>, i64, i64);
    let rows: Vec<Row> = unlocks::table
        .inner_join(events::table.on(events::id.eq(unlocks::event_id)))
        .left_join(fights::table.on(fights::id.nullable().eq(unlocks::fight_id)))
        .filter(unlocks::account_id.eq(account.as_str()).and(events::status.ne(EventStatus::Draft.as_str())))
        .order((unlocks::at.desc(), unlocks::id.desc()))
        .limit(limit)
        .select((
            events::slug,
            events::title,
            events::starts_at,
            (fights::id, fights::number, fights::red_id, fights::blue_id).nullable(),
            unlocks::charged_coins,
            unlocks::at,
        ))
        .load(conn)?;
    let fought = rows.iter().filter_map(|row| row.3.as_ref());
    let names = names_of(conn, fought.flat_map(|(_, _, red, blue)| [red, blue]).collect())?;
    let name = |id: &str| names.get(id).cloned().unwrap_or_default();
    rows.iter()
        .map(|(slug, title, starts_at, fight, charged, at)| {
            let fight = fight.as_ref().map(|(id, number, red, blue)| {
                Ok::<_, StoreError>(OwnedFight { id: parsed(id)?, number: *number, red: name(red), blue: name(blue) })
            });
            Ok(OwnedUnlock {
                slug: parsed(slug)?,
                title: title.clone(),
                starts_at: Micros(*starts_at),
                fight: fight.transpose()?,
                charged: Coins(*charged),
                at: Micros(*at),
            })
        })
        .collect()
}
