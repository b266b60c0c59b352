//! What a provider's word does to an order: the one way by which a top-up becomes coins, whether the provider called
//! or was asked. Everything here is one transaction of the caller.

use super::TillError;
use super::reconcile::CHECK_ORDER;
use crate::clock::Micros;
use crate::ids::{Invoice, RowId};
use crate::jobs;
use crate::ledger::{self, Kind, LedgerError, Posting};
use crate::money::Coins;
use crate::payments::{
    self, Gateway, Notice, Order, OrderStatus, PaymentReport, ProviderStatus, Source, Stored, Verdict,
};
use crate::store::{Conn, StoreError};

/// How often a reversal looks at a balance that others are spending at that moment.
const REVERSAL_TRIES: u32 = 16;
/// A stale notice that comes again makes us ask again after this, in milliseconds.
const ASK_AGAIN_MS: i64 = 60_000;

/// Ids of rows that a settling may write. Made before the transaction, which may run twice.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub(super) purchase: RowId,
    pub(super) reversal: RowId,
    pub(super) job: RowId,
}

/// What a notice did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) verdict: Verdict,
    /// Somebody has to look at it.
    pub(super) disputed: bool,
    /// The order left `pending` for `expired` by it.
    pub(super) expired: bool,
    /// Everything it says was known and done before.
    pub(super) idempotent: bool,
    /// What storing it found; `None`: it is not worth keeping.
    pub(super) stored: Option<Stored>,
}

/// Does what `notice` says, and stores it. The order's row stays locked until the transaction ends, so that notices of
/// one order follow each other.
pub(super) fn settle(conn: &mut Conn, notice: &Notice, ids: &Ids) -> Result<Settled, TillError> {
    let order = match notice.report.as_ref().and_then(|report| report.invoice.parse::<Invoice>().ok()) {
        Some(invoice) => payments::lock_order(conn, &invoice)?,
        None => None,
    };
    let mut settled = judge(conn, notice, order.as_ref(), ids)?;
    if notice.source == Source::Check && !is_worth_keeping(settled) {
        return Ok(settled);
    }
    let stored = payments::store_notice(conn, notice, settled.verdict, settled.disputed)?;
    settled.stored = Some(stored);
    settled.idempotent |= stored != Stored::New && !settled.verdict.moved_coins();
    if let (Verdict::Stale, Some(order)) = (settled.verdict, &order) {
        let seen = match stored {
            Stored::New => None,
            Stored::Again(at) => Some(at),
        };
        if seen.is_none_or(|at| notice.at.ms_since(at) >= ASK_AGAIN_MS) {
            jobs::enqueue(conn, &ids.job, CHECK_ORDER, order.invoice.as_str(), notice.at)?;
        }
    }
    Ok(settled)
}

/// Stores a notice that could not be settled, for somebody to look at.
pub(super) fn keep_only(conn: &mut Conn, notice: &Notice) -> Result<Settled, StoreError> {
    let stored = payments::store_notice(conn, notice, Verdict::Noted, true)?;
    Ok(Settled { stored: Some(stored), idempotent: stored != Stored::New, ..disputed(Verdict::Noted) })
}

/// Answers to check-status are kept when they changed something, or when somebody has to look at them.
const fn is_worth_keeping(settled: Settled) -> bool {
    (settled.verdict.moved_coins() && !settled.idempotent) || settled.disputed || settled.expired
}

const fn just(verdict: Verdict) -> Settled {
    Settled { verdict, disputed: false, expired: false, idempotent: false, stored: None }
}

const fn disputed(verdict: Verdict) -> Settled {
    Settled { disputed: true, ..just(verdict) }
}

fn judge(conn: &mut Conn, notice: &Notice, order: Option<&Order>, ids: &Ids) -> Result<Settled, TillError> {
    let Some(report) = &notice.report else { return Ok(disputed(Verdict::Unreadable)) };
    if notice.is_stale {
        // Of an order that is not here nobody can be asked.
        let speaks = order.is_none_or(|order| speaks_of_money(&report.status, order.status));
        return Ok(if speaks { disputed(Verdict::Stale) } else { just(Verdict::Stale) });
    }
    let Some(order) = order else { return Ok(disputed(Verdict::UnknownInvoice)) };
    if order.gateway != notice.gateway {
        return Ok(disputed(Verdict::WrongGateway));
    }
    if !is_of_the_amount(report, order) {
        return Ok(disputed(Verdict::WrongAmount));
    }
    match &report.status {
        ProviderStatus::Paid => credit(conn, report, order, ids, notice.at),
        ProviderStatus::Refunded => refund(conn, order, ids, notice.at),
        ProviderStatus::Expired => {
            let expired = payments::expire_order(conn, &order.invoice)?;
            Ok(Settled { expired, ..just(Verdict::Noted) })
        }
        // The payer may try again, by another channel too: nothing is final.
        ProviderStatus::Pending | ProviderStatus::FailedAttempt => Ok(just(Verdict::Noted)),
        ProviderStatus::Unknown(_) => Ok(disputed(Verdict::Noted)),
    }
}

/// Whether a stale notice says what must not depend on the one question that follows it: money that went back, or that
/// came for an order which is closed here and is not asked after for long.
const fn speaks_of_money(said: &ProviderStatus, status: OrderStatus) -> bool {
    match said {
        ProviderStatus::Refunded => true,
        ProviderStatus::Paid => matches!(status, OrderStatus::Expired | OrderStatus::Failed),
        _ => false,
    }
}

/// Coins move only for an amount that was said and is the order's. Other words may leave it out.
fn is_of_the_amount(report: &PaymentReport, order: &Order) -> bool {
    let moves_coins = matches!(report.status, ProviderStatus::Paid | ProviderStatus::Refunded);
    report.is_rupiah && report.amount.map_or(!moves_coins, |amount| amount == order.price)
}

fn credit(conn: &mut Conn, report: &PaymentReport, order: &Order, ids: &Ids, at: Micros) -> Result<Settled, TillError> {
    let is_late = matches!(order.status, OrderStatus::Expired | OrderStatus::Failed);
    let channel = report.channel.as_deref().map(payments::kept_word);
    let provider_ref = report.provider_ref.as_deref().map(payments::kept_word);
    let words = (channel.as_deref(), provider_ref.as_deref());
    if !payments::pay_order(conn, &order.invoice, words, is_late, at)? {
        // Paid once more, by another channel: the second payment has bought nothing, and its money is owed.
        let is_another =
            order.channel.as_deref().zip(channel.as_deref()).is_some_and(|(one, other)| differ(one, other));
        return Ok(Settled { idempotent: true, disputed: is_another, ..just(Verdict::AlreadyPaid) });
    }
    let purchase = Posting {
        id: ids.purchase.clone(),
        account: order.account.clone(),
        kind: Kind::Purchase,
        coins: order.coins_in_all(),
        reference: order.invoice.to_string(),
        note: None,
        at,
    };
    ledger::post(conn, &purchase)?;
    jobs::forget(conn, CHECK_ORDER, order.invoice.as_str())?;
    let verdict = if is_late { Verdict::CreditedLate } else { Verdict::Credited };
    if order.refunded_at.is_none() {
        return Ok(just(verdict));
    }
    // The provider's words came in the wrong order: the money has gone back already. Both are booked, so that the
    // books say the same whichever came first.
    let taken = reverse(conn, order, ids, at)?;
    payments::take_back_coins(conn, &order.invoice, taken)?;
    Ok(disputed(verdict))
}

/// Whether two words name different channels. A provider's notice and its answer to check-status may spell one channel in
/// two ways: `QRIS` and `QRIS_DOKU`.
fn differ(one: &str, other: &str) -> bool {
    let len = one.len().min(other.len());
    let begins = |text: &str| text.get(..len).map(str::to_ascii_uppercase);
    begins(one) != begins(other)
}

fn refund(conn: &mut Conn, order: &Order, ids: &Ids, at: Micros) -> Result<Settled, TillError> {
    if order.refunded_at.is_some() {
        // Nothing moves by it, so the verdict of the first one stands, and with it that somebody has to look.
        return Ok(Settled { idempotent: true, ..just(Verdict::Noted) });
    }
    if order.status != OrderStatus::Paid {
        payments::refund_order(conn, &order.invoice, Coins(0), at)?;
        return Ok(disputed(Verdict::Noted));
    }
    let taken = reverse(conn, order, ids, at)?;
    payments::refund_order(conn, &order.invoice, taken, at)?;
    Ok(disputed(Verdict::Refunded))
}

/// Takes back what is left of an order's coins; returns how many that were.
fn reverse(conn: &mut Conn, order: &Order, ids: &Ids, at: Micros) -> Result<Coins, TillError> {
    let mut left = ledger::get_balance(conn, &order.account)?;
    for _ in 0..REVERSAL_TRIES {
        let taken = left.min(order.coins_in_all());
        if taken.0 == 0 {
            return Ok(taken);
        }
        let reversal = Posting {
            id: ids.reversal.clone(),
            account: order.account.clone(),
            kind: Kind::Reversal,
            coins: Coins(taken.0.saturating_neg()),
            reference: order.invoice.to_string(),
            note: None,
            at,
        };
        match ledger::post(conn, &reversal) {
            Ok(_) => return Ok(taken),
            // Spent since the look.
            Err(LedgerError::InsufficientCoins { balance, .. }) => left = balance,
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Unavailable("the account's balance does not stand still".into()).into())
}

/// What metrics and the log say of a settled notice. Never a body, never a number of a person.
pub(super) fn tell(notice: &Notice, settled: Settled, gateway: Gateway) {
    let verdict = settled.verdict.as_str();
    metrics::counter!("bakuhantam_payment_notices_total", "verdict" => verdict, "source" => notice.source.as_str())
        .increment(1);
    let outcome = match settled.verdict {
        Verdict::Credited => Some("paid"),
        Verdict::CreditedLate => Some("paid_late"),
        Verdict::Refunded => Some("refunded"),
        _ if settled.expired => Some("expired"),
        _ => None,
    };
    if let Some(outcome) = outcome {
        metrics::counter!("bakuhantam_orders_total", "outcome" => outcome).increment(1);
    }
    if settled.disputed && settled.stored == Some(Stored::New) {
        metrics::counter!("bakuhantam_payment_disputes_total", "verdict" => verdict).increment(1);
        let invoice = notice.report.as_ref().map(|report| payments::kept_word(&report.invoice));
        tracing::warn!(
            gateway = gateway.as_str(),
            verdict,
            invoice,
            notice = %notice.id,
            "a payment notice needs somebody to look at it: bakuhantam orders list --disputed"
        );
    }
}
