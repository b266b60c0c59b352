//! Coin packages of an `apply` file.

use std::collections::HashSet;
use std::ops::Range;

use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

use super::{PaymentError, records};
use crate::clock::Micros;
use crate::ids::{RowId, SharedRandom};
use crate::money::{Coins, Rupiah};
use crate::store::audit::{self, Actor};
use crate::store::{Conn, outbox};

/// The most coins of a package.
const COINS_MAX: i64 = 1_000_000_000;
/// The highest price of a package, in rupiah.
const PRICE_MAX: i64 = 1_000_000_000_000;

/// The last place in the shop.
const POSITION_MAX: i64 = 10_000;

/// Coins for money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinPackage {
    /// Its row.
    pub id: RowId,
    /// Its name in files.
    pub code: String,
    /// Coins bought.
    pub coins: Coins,
    /// Coins on top.
    pub bonus_coins: Coins,
    /// What it costs.
    pub price: Rupiah,
    /// Whether it is sold now.
    pub active: bool,
    /// Its place in the shop: smaller ones first, then by price.
    pub position: i32,
}

impl CoinPackage {
    /// Coins that buying it books.
    #[must_use]
    pub const fn coins_in_all(&self) -> Coins {
        Coins(self.coins.0.saturating_add(self.bonus_coins.0))
    }
}

/// One `[[coin_packages]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageEntry {
    code: Spanned<String>,
    coins: Option<Spanned<i64>>,
    bonus_coins: Option<Spanned<i64>>,
    price_idr: Option<Spanned<i64>>,
    active: Option<bool>,
    position: Option<Spanned<i64>>,
}

/// A package as it shall be. `None`: left alone.
#[derive(Clone, Debug)]
pub struct PackagePlan {
    id: RowId,
    audit_id: RowId,
    code: String,
    coins: Option<i64>,
    bonus_coins: Option<i64>,
    price_idr: Option<i64>,
    active: Option<bool>,
    position: Option<i64>,
}

/// Where in the file, and what is wrong there: a sentence that begins with the key's full name.
pub type Said = (Range<usize>, String);

/// Checks the packages of a file. The plans are good only when nothing was said.
pub fn check(entries: &[PackageEntry], at: Micros, random: &SharedRandom, said: &mut Vec<Said>) -> Vec<PackagePlan> {
    let mut codes = HashSet::new();
    let mut plans = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("coin_packages[{index}]");
        let code = entry.code.get_ref();
        let fine = (1..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !fine {
            said.push((entry.code.span(), format!("{path}.code: write 1 to 32 of letters, digits and dashes")));
        }
        if !codes.insert(code) {
            let what = format!("{path}.code is {code}, which stands in this list already: name each once");
            said.push((entry.code.span(), what));
        }
        let mut number = |key: &str, min: i64, max: i64, written: Option<&Spanned<i64>>| {
            let written = written?;
            let value = *written.get_ref();
            if !(min..=max).contains(&value) {
                said.push((written.span(), format!("{path}.{key} is {value}: write {min} to {max}")));
            }
            Some(value)
        };
        plans.push(PackagePlan {
            coins: number("coins", 1, COINS_MAX, entry.coins.as_ref()),
            bonus_coins: number("bonus_coins", 0, COINS_MAX, entry.bonus_coins.as_ref()),
            price_idr: number("price_idr", 1, PRICE_MAX, entry.price_idr.as_ref()),
            position: number("position", 0, POSITION_MAX, entry.position.as_ref()),
            active: entry.active,
            id: RowId::new(at, random.as_ref()),
            audit_id: RowId::new(at, random.as_ref()),
            code: code.clone(),
        });
    }
    plans
}

/// Brings the stored packages to `plans`, in the caller's transaction; returns each change as a line. Each changed
/// package has an audit row and a fact `packages:update`.
///
/// # Errors
/// `payments.unfit` for a new package without its numbers, or [`PaymentError::Store`].
pub fn apply(conn: &mut Conn, actor: &Actor, plans: &[PackagePlan]) -> Result<Vec<String>, PaymentError> {
    let mut changes = Vec::new();
    for plan in plans {
        let code = &plan.code;
        let stored = records::find_package(conn, code)?;
        let needed = |said: Option<i64>, stored: Option<i64>, key: &str| {
            let what = || PaymentError::Unfit(format!("coin package {code}: it is new, so it needs {key}"));
            said.or(stored).ok_or_else(what)
        };
        let wanted = CoinPackage {
            id: stored.as_ref().map_or_else(|| plan.id.clone(), |stored| stored.id.clone()),
            code: code.clone(),
            coins: Coins(needed(plan.coins, stored.as_ref().map(|stored| stored.coins.0), "coins")?),
            bonus_coins: Coins(needed(plan.bonus_coins, Some(stored.as_ref().map_or(0, |s| s.bonus_coins.0)), "")?),
            price: Rupiah(needed(plan.price_idr, stored.as_ref().map(|stored| stored.price.0), "price_idr")?),
            active: plan.active.unwrap_or_else(|| stored.as_ref().is_none_or(|stored| stored.active)),
            position: match plan.position {
                Some(position) => i32::try_from(position).unwrap_or(i32::MAX),
                None => stored.as_ref().map_or(0, |stored| stored.position),
            },
        };
        match &stored {
            Some(stored) if *stored == wanted => continue,
            Some(stored) => {
                records::update_package(conn, &wanted)?;
                changes.push(format!("coin package {code}: {} → {}", told(stored), told(&wanted)));
            }
            None => {
                records::insert_package(conn, &wanted)?;
                changes.push(format!("coin package {code}: added, {}", told(&wanted)));
            }
        }
        outbox::append(conn, actor.at, None, "packages:update", &json!({"code": code}))?;
        let entry = audit::Entry {
            what: "payments.apply",
            room: None,
            before: stored.as_ref().map(as_json),
            after: Some(as_json(&wanted)),
        };
        audit::append(conn, &plan.audit_id, actor, &entry)?;
    }
    Ok(changes)
}

fn told(package: &CoinPackage) -> String {
    let sold = if package.active { "" } else { ", not sold" };
    let (coins, bonus, price, position) = (package.coins, package.bonus_coins, package.price, package.position);
    format!("{coins} + {bonus} coins for {price}{sold}, position {position}")
}

fn as_json(package: &CoinPackage) -> Value {
    json!({
        "code": package.code,
        "coins": package.coins,
        "bonus_coins": package.bonus_coins,
        "price_idr": package.price,
        "active": package.active,
        "position": package.position,
    })
}
