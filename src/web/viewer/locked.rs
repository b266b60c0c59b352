//! What the watch page sells, for its scripts: the locked card, the strip's marks, the watermark.

use serde::Serialize;

use super::offers::Buyer;
use super::shell::Shell;
use crate::accounts::SignedIn;
use crate::events::EventFacts;
use crate::ids::RowId;
use crate::money::Coins;
use crate::web::i18n::Words;
use crate::web::session;

/// Letters of an account's id that stand in its mark: enough to tell people of one name apart.
const MARK_LETTERS: usize = 6;

/// What is sold, to whom, and where the ways lead.
#[derive(Debug, Serialize)]
pub struct Sale<'a> {
    signed_in: bool,
    /// The fight that the server expects to be shut to this reader: its card stands there before the player has asked.
    ahead: Option<i32>,
    /// What the watermark says of the reader; never their number.
    handle: Option<String>,
    fights: Vec<Sold<'a>>,
    sign_in: String,
    register: String,
    /// The shop, which leads back here.
    coins: String,
    /// The event's page: the rules, and the way to unlock without scripts.
    event: String,
}

/// A fight of the card.
#[derive(Debug, Serialize)]
struct Sold<'a> {
    id: &'a RowId,
    number: i32,
    title: &'a str,
    red: &'a str,
    blue: &'a str,
    price_coins: Coins,
}

impl<'a> Sale<'a> {
    /// What `event` sells to whoever reads the page in `shell`.
    #[must_use]
    pub fn new(event: &'a EventFacts, who: Option<&SignedIn>, ahead: Option<&Ahead>, shell: &Shell) -> Self {
        let w = shell.w;
        let here = w.href(&format!("/watch/{}", event.slug));
        let sold = event.fights.iter().map(|fight| Sold {
            id: &fight.id,
            number: fight.number,
            title: &fight.title,
            red: &fight.red.name,
            blue: &fight.blue.name,
            price_coins: fight.price_coins,
        });
        Self {
            signed_in: who.is_some(),
            ahead: ahead.map(|ahead| ahead.number),
            handle: who.map(handle_of),
            fights: sold.collect(),
            sign_in: shell.sign_in("/login"),
            register: shell.sign_in("/register"),
            coins: w.href(&session::with_next("/coins", &here)),
            event: w.href(&format!("/events/{}", event.slug)),
        }
    }
}

/// The card of a fight that is on air and not open to the reader, drawn with the page so that nothing moves when the
/// player finds the same.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// Its number.
    pub number: i32,
    /// Weight class or billing; may be empty.
    pub title: String,
    /// Name in the red corner.
    pub red: String,
    /// Name in the blue corner.
    pub blue: String,
    /// Price in words.
    pub price: String,
    /// Whether somebody is signed in.
    pub signed_in: bool,
    /// The reader's coins, in words.
    pub balance: String,
    /// Whether the reader has enough of them.
    pub enough: bool,
}

impl Ahead {
    /// Nothing where no fight is on air, or it is open, or whose it is cannot be told now.
    #[must_use]
    pub fn of(event: &EventFacts, encrypted: bool, buyer: Option<&Buyer>, w: Words) -> Option<Self> {
        let on_air = event.on_air_fight.filter(|_| encrypted)?;
        let fight = event.fights.iter().find(|fight| fight.number == on_air && fight.price_coins.0 > 0)?;
        let coins = |key, coins: Coins| w.with(key, "coins", &w.coins(coins));
        let (balance, enough) = match buyer {
            None | Some(Buyer::SignedOut { .. }) => (w.t("locked-sign-in"), false),
            Some(Buyer::Unknown) => return None,
            Some(Buyer::Viewer { unlocks, .. }) if unlocks.opens(&fight.id, fight.price_coins) => return None,
            Some(Buyer::Viewer { balance, .. }) => match fight.price_coins.0.saturating_sub(balance.0) {
                short @ 1.. => {
                    let (balance, short) = (w.coins(*balance), w.coins(Coins(short)));
                    (w.fill("locked-short", &[("balance", &balance), ("coins", &short)]), false)
                }
                _ => (coins("locked-balance", *balance), true),
            },
        };
        Some(Self {
            number: fight.number,
            title: fight.title.clone(),
            red: fight.red.name.clone(),
            blue: fight.blue.name.clone(),
            price: coins("coins-amount", fight.price_coins),
            signed_in: matches!(buyer, Some(Buyer::Viewer { .. })),
            balance,
            enough,
        })
    }
}

/// A name alone may be anybody's; the end of the account's id makes it one person's without telling who they are.
fn handle_of(who: &SignedIn) -> String {
    let id = who.account.as_str();
    let mark = id.get(id.len().saturating_sub(MARK_LETTERS)..).unwrap_or_default();
    format!("{} · {mark}", who.name)
}

/// How a fight stands to a reader, in the words of the strip, and whether it is theirs.
#[must_use]
pub fn mark_of(event: &EventFacts, number: i32, buyer: Option<&Buyer>, w: Words) -> (String, bool) {
    let Some(fight) = event.fights.iter().find(|fight| fight.number == number) else { return (String::new(), false) };
    if fight.price_coins.0 <= 0 {
        return (w.t("unlock-free"), false);
    }
    match buyer {
        Some(Buyer::Viewer { unlocks, .. }) if unlocks.opens(&fight.id, fight.price_coins) => {
            (w.t("unlock-open"), true)
        }
        _ => (w.with("coins-amount", "coins", &w.coins(fight.price_coins)), false),
    }
}
