//! Asking the provider after open orders, since a notice can be lost: durable jobs, so that somebody asks whatever
//! crashes, and of several nodes one.

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Till, TillError};
use crate::clock::Micros;
use crate::ids::{AccountId, Invoice, RowId};
use crate::jobs::{self, Job, Next, Standing, Work};
use crate::payments::{self, Notice, Order, OrderStatus, ProviderError};
use crate::store::idempotency;

/// The job that asks after one order; its reference is the invoice.
pub(super) const CHECK_ORDER: &str = "check_order";
/// The job that lets orders expire.
const EXPIRE_ORDERS: &str = "expire_orders";
/// The job that removes what is no longer needed.
const PRUNE: &str = "prune";
/// The reference of jobs of which there is one.
const THE_ONE: &str = "all";

/// Time between two rounds where nothing else is said, in milliseconds. DOKU wants to be asked no earlier than a
/// minute after a payment.
const EVERY_MS: i64 = 60_000;
/// An order is asked after at least this often, in rounds.
const ROUNDS_MAX: i64 = 16;
/// How long after its end an order counts as open: a payment made in its last second has this long to be told. In
/// rounds.
const GRACE_ROUNDS: i64 = 2;
/// A provider that does not answer is asked this long after an order's end.
const GIVE_UP_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Time between two prunings, in milliseconds.
const PRUNE_EVERY_MS: i64 = 60 * 60 * 1_000;
/// Between two rechecks of an order by its buyer.
const RECHECK_EVERY: Duration = Duration::from_secs(10);
/// Between two rechecks of an account, once it has used up [`RECHECKS_AT_ONCE`].
const RECHECK_ACCOUNT_EVERY: Duration = Duration::from_secs(5);
const RECHECKS_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(5);

/// How often the provider is asked, by us and by buyers.
#[derive(Debug)]
pub(super) struct Asking {
    every_ms: i64,
    by_order: Option<DefaultKeyedRateLimiter<String>>,
    by_account: Option<DefaultKeyedRateLimiter<String>>,
}

impl Default for Asking {
    fn default() -> Self {
        let keyed = |quota: Option<Quota>| quota.map(RateLimiter::keyed);
        Self {
            every_ms: EVERY_MS,
            by_order: keyed(Quota::with_period(RECHECK_EVERY)),
            by_account: keyed(
                Quota::with_period(RECHECK_ACCOUNT_EVERY).map(|quota| quota.allow_burst(RECHECKS_AT_ONCE)),
            ),
        }
    }
}

impl Asking {
    pub(super) fn every(every_ms: u64) -> Self {
        Self { every_ms: i64::try_from(every_ms).unwrap_or(EVERY_MS).max(1), ..Self::default() }
    }

    pub(super) const fn every_ms(&self) -> i64 {
        self.every_ms
    }

    /// Whether a buyer may have the provider asked now.
    pub(super) fn may_ask(&self, account: &AccountId, invoice: &Invoice) -> Result<(), TillError> {
        let limits = [(&self.by_account, account.as_str()), (&self.by_order, invoice.as_str())];
        for (limit, key) in limits {
            let Some(limit) = limit else { continue };
            if let Err(not_until) = limit.check_key(&key.to_owned()) {
                let wait = not_until.wait_time_from(limit.clock().now());
                let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(60).saturating_add(1);
                return Err(TillError::TooOften { retry_after_s });
            }
        }
        Ok(())
    }

    fn forget_old(&self) {
        for limit in [&self.by_account, &self.by_order].into_iter().flatten() {
            limit.retain_recent();
            limit.shrink_to_fit();
        }
    }
}

impl Till {
    /// Asks the provider how an order stands and does what the answer says, by the same way as a notice; returns the
    /// order afterwards.
    pub(super) async fn check_order(&self, order: &Order) -> Result<Order, TillError> {
        let provider = self.0.provider.as_ref().filter(|provider| provider.gateway() == order.gateway);
        let Some(provider) = provider else { return Err(TillError::NotSelling) };
        let report = match provider.check_status(&order.invoice).await {
            Ok(report) if report.invoice == order.invoice.as_str() => report,
            Ok(_) => return Err(no_answer(order, "it answers for another order")),
            Err(ProviderError::Passing(why) | ProviderError::Refused(why)) => return Err(no_answer(order, &why)),
        };
        metrics::counter!("bakuhantam_payment_checks_total", "outcome" => "answered").increment(1);
        let now = self.0.clock.now();
        let id = RowId::new(now, self.0.random.as_ref());
        self.settle(Notice::of_check(id, order.gateway, report, now)).await?;
        if now >= self.last_check_at(order) {
            self.expire(order).await?;
        }
        self.get_any_order(&order.invoice).await?.ok_or(TillError::NotFound("order"))
    }

    async fn expire(&self, order: &Order) -> Result<(), TillError> {
        let invoice = order.invoice.clone();
        let expired = self.0.store.write(move |conn| payments::expire_order(conn, &invoice)).await?;
        if expired {
            metrics::counter!("bakuhantam_orders_total", "outcome" => "expired").increment(1);
        }
        Ok(())
    }

    /// When the provider is asked the last time, and the order expires here.
    fn last_check_at(&self, order: &Order) -> Micros {
        order.expires_at.plus_ms(self.1.every_ms().saturating_mul(GRACE_ROUNDS))
    }

    /// When an order that was asked after is asked after again: after one round, two, four, eight … since it was made,
    /// and once after its end.
    pub(super) fn after_check(&self, order: &Order) -> Next {
        let (now, last) = (self.0.clock.now(), self.last_check_at(order));
        if matches!(order.status, OrderStatus::Paid) || now >= last {
            return Next::Done;
        }
        let every = self.1.every_ms();
        let wait = now.ms_since(order.created_at).clamp(every, every.saturating_mul(ROUNDS_MAX));
        Next::At(now.plus_ms(wait).min(last))
    }

    /// When an order is asked after again whose provider did not answer: its money may be there.
    pub(super) fn after_no_answer(&self, order: &Order) -> Next {
        let (now, every) = (self.0.clock.now(), self.1.every_ms());
        if now >= order.expires_at.plus_ms(GIVE_UP_MS) {
            tracing::error!(invoice = %order.invoice, "the payment provider never said how an order ended");
            return Next::Done;
        }
        let wait = now.ms_since(order.created_at).clamp(every, every.saturating_mul(ROUNDS_MAX));
        Next::At(now.plus_ms(wait))
    }

    /// A buyer is back on the order's page: the provider is asked a round from now at the latest.
    ///
    /// # Errors
    /// The database.
    pub async fn note_return(&self, order: &Order) -> Result<(), TillError> {
        if order.status != OrderStatus::Pending {
            return Ok(());
        }
        let (now, invoice) = (self.0.clock.now(), order.invoice.clone());
        let (soon, id) = (now.plus_ms(self.1.every_ms()), RowId::new(now, self.0.random.as_ref()));
        let looked = invoice.clone();
        let due = self.0.store.read(move |conn| jobs::find_run_at(conn, CHECK_ORDER, looked.as_str())).await?;
        if due.is_some_and(|due| due <= soon) {
            return Ok(());
        }
        Ok(self.0.store.write(move |conn| jobs::enqueue(conn, &id, CHECK_ORDER, invoice.as_str(), soon)).await?)
    }
}

fn no_answer(order: &Order, why: &str) -> TillError {
    metrics::counter!("bakuhantam_payment_checks_total", "outcome" => "away").increment(1);
    tracing::warn!(invoice = %order.invoice, why, "the payment provider does not say how an order stands");
    TillError::ProviderAway
}

/// Does the till's jobs.
#[derive(Clone, Debug)]
pub struct Reconciler(Till);

impl Reconciler {
    /// Over a till.
    #[must_use]
    pub const fn new(till: Till) -> Self {
        Self(till)
    }

    async fn check(&self, reference: &str) -> Next {
        let till = &self.0;
        let Ok(invoice) = reference.parse::<Invoice>() else { return Next::Done };
        let order = match till.get_any_order(&invoice).await {
            Ok(Some(order)) => order,
            Ok(None) => return Next::Done,
            Err(_) => return self.soon(),
        };
        // A stale notice may speak of a refund, so an order that is paid is asked after too.
        match till.check_order(&order).await {
            Ok(order) => till.after_check(&order),
            Err(TillError::ProviderAway | TillError::NotSelling) => till.after_no_answer(&order),
            Err(error) => {
                tracing::debug!(%error, "the answer to a check waits for the database");
                self.soon()
            }
        }
    }

    async fn expire(&self) -> Next {
        let till = &self.0;
        let (now, every) = (till.0.clock.now(), till.1.every_ms());
        let ended_before = now.plus_ms(every.saturating_mul(GRACE_ROUNDS).saturating_neg());
        match till.0.store.write(move |conn| payments::expire_orders(conn, ended_before)).await {
            Ok(expired) => {
                let expired = u64::try_from(expired).unwrap_or(0);
                metrics::counter!("bakuhantam_orders_total", "outcome" => "expired").increment(expired);
                Next::At(now.plus_ms(every))
            }
            Err(_) => self.soon(),
        }
    }

    async fn prune(&self) -> Next {
        let till = &self.0;
        till.1.forget_old();
        let now = till.0.clock.now();
        match till.0.store.write(move |conn| idempotency::prune(conn, now)).await {
            Ok(_) => Next::At(now.plus_ms(PRUNE_EVERY_MS)),
            Err(_) => self.soon(),
        }
    }

    fn soon(&self) -> Next {
        Next::At(self.0.0.clock.now().plus_ms(self.0.1.every_ms().min(5_000)))
    }
}

#[async_trait]
impl Work for Reconciler {
    fn kinds(&self) -> Vec<&'static str> {
        vec![CHECK_ORDER, EXPIRE_ORDERS, PRUNE]
    }

    fn standing(&self) -> Vec<Standing> {
        [EXPIRE_ORDERS, PRUNE].map(|kind| Standing { kind, reference: THE_ONE }).to_vec()
    }

    async fn run(&self, job: &Job) -> Next {
        match job.kind.as_str() {
            CHECK_ORDER => self.check(&job.reference).await,
            EXPIRE_ORDERS => self.expire().await,
            PRUNE => self.prune().await,
            _ => Next::Done,
        }
    }
}
