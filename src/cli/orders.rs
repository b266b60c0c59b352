//! `bakuhantam orders`: what was ordered, what the provider said of it, and what came in.

mod say_orders;
mod span;

use std::sync::Arc;

use self::span::Days;
use super::event::with_database;
use super::{fail, say};
use crate::accounts::{self, Phone};
use crate::clock::SystemClock;
use crate::config::{Config, Loaded, SecretKey};
use crate::events::Act;
use crate::flows::{Till, TillError, TillOrderFilter, TillParts};
use crate::ids::Invoice;
use crate::payments::{self, NoticeFilter, Order, OrderStatus, PaymentError};
use crate::store::Store;

/// Arguments of `orders`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    verb: Verb,
}

/// What `orders` does.
#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// List orders, newest first; with --disputed, the provider's notices that somebody has to look at
    List(List),
    /// Show one order with everything the provider has said of it
    Show {
        /// The invoice, or its beginning
        invoice: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask the payment provider now how an order stands; what was paid is credited
    Recheck {
        /// The invoice, or its beginning
        invoice: String,
    },
    /// What was paid, by day and channel
    Totals(Totals),
}

/// Arguments of `orders list`.
#[derive(Clone, Debug, clap::Args)]
struct List {
    /// Notices that somebody has to look at, instead of orders
    #[arg(long, conflicts_with_all = ["phone", "status", "invoice"])]
    disputed: bool,
    /// Only the orders of the account with this number, as people write it
    #[arg(long, allow_hyphen_values = true)]
    phone: Option<String>,
    /// Only orders that stand so: pending, paid, expired or failed
    #[arg(long)]
    status: Option<OrderStatus>,
    /// Only orders whose invoice begins so
    #[arg(long)]
    invoice: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `orders totals`.
#[derive(Clone, Debug, clap::Args)]
struct Totals {
    /// The first day, such as 2026-12-05; default: six days before the last
    #[arg(long)]
    from: Option<jiff::civil::Date>,
    /// The last day; default: today
    #[arg(long)]
    to: Option<jiff::civil::Date>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
enum OrdersError {
    #[error("--phone: {0}")]
    Phone(#[from] accounts::PhoneError),
    #[error("no account has this number")]
    Nobody,
    #[error("no order's invoice begins with {0}: `bakuhantam orders list --phone NUMBER` lists a buyer's")]
    NoOrder(String),
    #[error("{0} is the beginning of several invoices: write more of it")]
    Several(String),
    #[error("{0}")]
    Days(String),
    #[error("{0}")]
    Provider(#[from] PaymentError),
    #[error("the order belongs to the gateway {0}, which payments.gateway does not name: set it, and try again")]
    OtherGateway(&'static str),
    #[error(transparent)]
    Till(#[from] TillError),
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let config = &loaded.config;
    match with_database(loaded, async |store, act, key| one(args.verb, store, act, config, key).await) {
        Ok(said) => {
            say(said);
            0
        }
        Err(error) => fail(error),
    }
}

async fn one(verb: Verb, store: &Store, act: &Act, config: &Config, key: &SecretKey) -> Result<String, OrdersError> {
    let till = till(store, act, config, key)?;
    let zone = span::zone(config);
    match verb {
        Verb::List(list) if list.disputed => {
            let filter = NoticeFilter { disputed: true, invoice: None };
            let notices = till.list_notices(filter, list.limit).await?;
            Ok(say_orders::notices(&notices, &zone, list.json))
        }
        Verb::List(list) => {
            let account = match &list.phone {
                None => None,
                Some(phone) => {
                    let phone = Phone::parse(phone)?;
                    let found = store.read(move |conn| accounts::find_account_id(conn, &phone)).await;
                    Some(found.map_err(TillError::from)?.ok_or(OrdersError::Nobody)?)
                }
            };
            let invoice_prefix = list.invoice.map(|text| text.to_ascii_uppercase());
            let filter = TillOrderFilter { account, status: list.status, invoice_prefix, before: None };
            let orders = till.list_all_orders(filter, list.limit).await?;
            Ok(say_orders::orders(&orders, &zone, list.json))
        }
        Verb::Show { invoice, json } => {
            let order = get_order(&till, &invoice).await?;
            let filter = NoticeFilter { disputed: false, invoice: Some(order.invoice.to_string()) };
            let notices = till.list_notices(filter, 1_000).await?;
            Ok(say_orders::whole(&order, &notices, &zone, json))
        }
        Verb::Recheck { invoice } => {
            let order = get_order(&till, &invoice).await?;
            recheck(&till, act, &order.invoice, &order).await
        }
        Verb::Totals(totals) => {
            let days = Days::read(totals.from, totals.to, act.actor.at, &zone).map_err(OrdersError::Days)?;
            let sums = till.daily_totals(days.spans.clone()).await?;
            Ok(say_orders::totals(&days, &sums, totals.json))
        }
    }
}

async fn recheck(till: &Till, act: &Act, invoice: &Invoice, before: &Order) -> Result<String, OrdersError> {
    let after = match till.recheck_as(&act.actor, invoice).await {
        Err(TillError::NotSelling) => return Err(OrdersError::OtherGateway(before.gateway.as_str())),
        checked => checked?,
    };
    Ok(match (before.status, after.status) {
        (OrderStatus::Paid, _) => format!("{invoice} was paid before"),
        (_, OrderStatus::Paid) => {
            format!("{invoice} is paid: {} coins were credited now", after.coins_in_all())
        }
        (_, status) => format!("{invoice} is {status}: the provider has not been paid"),
    })
}

/// The one order whose invoice begins so.
async fn get_order(till: &Till, beginning: &str) -> Result<Order, OrdersError> {
    let prefix = beginning.trim().to_ascii_uppercase();
    let filter = TillOrderFilter { invoice_prefix: Some(prefix), ..TillOrderFilter::default() };
    let mut found = till.list_all_orders(filter, 2).await?;
    match (found.pop(), found.pop()) {
        (Some(order), None) => Ok(order),
        (None, _) => Err(OrdersError::NoOrder(beginning.to_owned())),
        _ => Err(OrdersError::Several(beginning.to_owned())),
    }
}

fn till(store: &Store, act: &Act, config: &Config, key: &SecretKey) -> Result<Till, OrdersError> {
    let clock: crate::clock::SharedClock = Arc::new(SystemClock);
    let till = Till::new(TillParts {
        store: store.clone(),
        clock: clock.clone(),
        random: act.random.clone(),
        provider: payments::open_provider(config, key, store, &clock, &act.random)?,
        order_ttl_minutes: config.payments.order_ttl_minutes,
        site_url: config.server.public_url.clone(),
    });
    Ok(till.reconcile_every(config.payments.reconcile_every_ms))
}
