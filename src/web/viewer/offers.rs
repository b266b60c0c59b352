//! What an event's page sells: each fight and the whole night, as whoever reads it can have it now.

use crate::events::{EventFacts, FightFacts, NightForSale, Unlocks};
use crate::ids::{SystemRandom, new_word};
use crate::money::Coins;
use crate::web::i18n::Words;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Buyer {
    /// Nobody who is signed in: the address leads to signing in and back.
    SignedOut {
        /// Where one signs in.
        sign_in: String,
    },
    /// Somebody, of whom the database cannot tell anything now.
    Unknown,
    /// Somebody with an account.
    Viewer {
        /// What they have opened of this event.
        unlocks: Unlocks,
        /// Their coins.
        balance: Coins,
    },
}

/// What the last form has come to, as the address of the page says it: `2` or `night`. The words are made from what
/// the database says, so that an address alone can claim nothing.
#[derive(Clone, Debug, Default)]
pub struct Told {
    opened: Option<String>,
    refused: Option<String>,
}

impl Told {
    /// From a query string.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let find = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(ToOwned::to_owned)
        };
        Self { opened: find("opened"), refused: find("refused") }
    }
}

/// How one thing can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It costs nothing.
    Free,
    /// It is open to this reader.
    Open,
    /// After signing in.
    SignIn,
    /// Now, for coins that are there.
    Buy,
    /// Coins are missing.
    Short,
    /// It cannot be told now.
    Unknown,
}

impl Way {
    /// The word in data attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Open => "open",
            Self::SignIn => "sign-in",
            Self::Buy => "buy",
            Self::Short => "short",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing for sale.
#[derive(Clone, Debug)]
pub struct Deal {
    /// How it can be had.
    pub way: Way,
    /// Words of the button or the mark.
    pub label: String,
    /// The price, where it is not in the button.
    pub price: String,
    /// What is asked before coins are taken, or what is missing.
    pub ask: String,
    /// What the balance will be.
    pub after: String,
    /// Where the button leads or the form goes.
    pub address: String,
    /// The form's idempotency key: sent twice, it buys once.
    pub key: String,
    /// What it costs this reader: the form may take no more.
    pub due: i64,
    /// What the last form has come to.
    pub note: Option<String>,
    /// Whether the note is a refusal.
    pub refused: bool,
}

/// The whole night for sale.
#[derive(Clone, Debug)]
pub struct Pass {
    /// How it can be had.
    pub deal: Deal,
    /// The price without what was paid before.
    pub price: String,
    /// What was paid before, in words.
    pub credit: Option<String>,
    /// Fights it opens.
    pub fights: String,
}

/// Everything an event's page sells.
#[derive(Clone, Debug)]
pub struct Offers {
    /// The fights, in the order of the card.
    pub fights: Vec<Deal>,
    /// The whole night, where it is sold as a whole and not all of it is open already.
    pub pass: Option<Pass>,
    /// The reader's coins.
    pub balance: Option<Coins>,
    /// Whether anything has a price.
    pub priced: bool,
}

impl Offers {
    /// What `event` sells to `buyer`.
    #[must_use]
    pub fn new(event: &EventFacts, buyer: &Buyer, told: &Told, w: Words) -> Self {
        let balance = match buyer {
            Buyer::Viewer { balance, .. } => Some(*balance),
            Buyer::SignedOut { .. } | Buyer::Unknown => None,
        };
        Self {
            fights: event.fights.iter().map(|fight| fight_deal(event, fight, buyer, told, w)).collect(),
            pass: pass(event, buyer, told, w),
            balance,
            priced: event.pass_price_coins.0 > 0 || event.fights.iter().any(|fight| fight.price_coins.0 > 0),
        }
    }
}

fn fight_deal(event: &EventFacts, fight: &FightFacts, buyer: &Buyer, told: &Told, w: Words) -> Deal {
    let number = fight.number.to_string();
    let price = fight.price_coins;
    let words = Sold {
        name: &number,
        address: w.href(&format!("/events/{}/fights/{number}/unlock", event.slug)),
        button: w.with("unlock-fight", "coins", &w.coins(price)),
        open: w.t("unlock-open"),
        ask: w.fill(
            "unlock-ask-fight",
            &[("red", &fight.red.name), ("blue", &fight.blue.name), ("coins", &w.coins(price))],
        ),
    };
    if price.0 <= 0 {
        return Deal { label: w.t("unlock-free"), ..words.deal(Way::Free, w) };
    }
    let (due, paid) = match buyer {
        Buyer::Viewer { unlocks, .. } => (unlocks.fight_due(&fight.id, price), unlocks.fights.get(&fight.id).copied()),
        Buyer::SignedOut { .. } | Buyer::Unknown => (Some(price), None),
    };
    words.settle(due, paid, buyer, told, w)
}

fn pass(event: &EventFacts, buyer: &Buyer, told: &Told, w: Words) -> Option<Pass> {
    let price = event.pass_price_coins;
    let nothing = Unlocks::default();
    let unlocks = match buyer {
        Buyer::Viewer { unlocks, .. } => unlocks,
        Buyer::SignedOut { .. } | Buyer::Unknown => &nothing,
    };
    let all_open =
        !event.fights.is_empty() && event.fights.iter().all(|fight| unlocks.opens(&fight.id, fight.price_coins));
    // Whoever has every fight already is not asked to pay for them once more.
    if unlocks.pass.is_none() && (price.0 <= 0 || all_open) {
        return None;
    }
    let due = unlocks.pass_due(&NightForSale::from(event)).ok()?;
    let cost = due.unwrap_or_default().to_string();
    let words = Sold {
        name: "night",
        address: w.href(&format!("/events/{}/unlock", event.slug)),
        button: w.with("unlock-night-for", "coins", &cost),
        open: w.t("unlock-open-night"),
        ask: w.fill("unlock-ask-night", &[("title", &event.title), ("coins", &cost)]),
    };
    let credit = unlocks.credit();
    let said = (due.is_some() && credit.0 > 0).then(|| {
        let paid = credit.to_string();
        match due {
            Some(Coins(0)) => w.with("unlock-credit-all", "paid", &paid),
            _ => w.fill("unlock-credit", &[("paid", &paid), ("coins", &cost)]),
        }
    });
    let mut deal = words.settle(due, unlocks.pass, buyer, told, w);
    if said.is_none() {
        // The price stands above it already.
        deal.price.clear();
    }
    Some(Pass {
        deal,
        price: w.with("coins-amount", "coins", &w.coins(price)),
        credit: said,
        fights: w.with("unlock-includes-fights", "count", &event.fights.len().to_string()),
    })
}

/// Something that has a price, in words.
struct Sold<'a> {
    name: &'a str,
    address: String,
    button: String,
    open: String,
    ask: String,
}

impl Sold<'_> {
    fn deal(&self, way: Way, w: Words) -> Deal {
        Deal {
            way,
            label: self.button.clone(),
            price: String::new(),
            ask: String::new(),
            after: String::new(),
            address: w.href("/coins"),
            key: String::new(),
            due: 0,
            note: None,
            refused: false,
        }
    }

    /// The deal for whoever pays `due`, nothing where it is open; `paid` is what it has cost.
    fn settle(&self, due: Option<Coins>, paid: Option<Coins>, buyer: &Buyer, told: &Told, w: Words) -> Deal {
        let mut deal = match (due, buyer) {
            (None, _) => Deal { label: self.open.clone(), ..self.deal(Way::Open, w) },
            (Some(_), Buyer::SignedOut { sign_in }) => Deal { address: sign_in.clone(), ..self.deal(Way::SignIn, w) },
            (Some(_), Buyer::Unknown) => Deal { ask: w.t("unlock-unknown"), ..self.deal(Way::Unknown, w) },
            (Some(due), Buyer::Viewer { balance, .. }) if due > *balance => Deal {
                price: w.with("coins-amount", "coins", &w.coins(due)),
                ask: w.with("unlock-short", "coins", &less(due, *balance).to_string()),
                label: w.t("unlock-buy-coins"),
                ..self.deal(Way::Short, w)
            },
            (Some(due), Buyer::Viewer { balance, .. }) => Deal {
                ask: self.ask.clone(),
                after: w.with("unlock-after", "coins", &less(*balance, due).to_string()),
                address: self.address.clone(),
                key: new_word(&SystemRandom::default(), 26),
                due: due.0,
                ..self.deal(Way::Buy, w)
            },
        };
        if deal.way == Way::Open && told.opened.as_deref() == Some(self.name) {
            deal.note = Some(match paid {
                Some(coins) if coins.0 > 0 => w.with("unlock-opened", "coins", &w.coins(coins)),
                _ => w.t("unlock-opened-free"),
            });
        } else if told.refused.as_deref() == Some(self.name) && matches!(deal.way, Way::Buy | Way::Short) {
            // Where coins are missing, the deal says so itself.
            deal.note = (deal.way == Way::Buy).then(|| w.t("unlock-price-changed"));
            deal.refused = true;
        }
        deal
    }
}

fn less(coins: Coins, other: Coins) -> Coins {
    Coins(coins.0.saturating_sub(other.0))
}
