//! Ordering coins: the order first, then the provider.

use serde_json::{Value, json};

use super::reconcile::CHECK_ORDER;
use super::{MoneyRequest, Till, TillError};
use crate::clock::Micros;
use crate::ids::{AccountId, Invoice, RowId};
use crate::jobs;
use crate::money::Coins;
use crate::payments::{
    self, CheckoutRequest, CoinPackage, Customer, Gateway, Order, OrderStatus, PaymentProvider, ProviderError,
};
use crate::store::idempotency::{self, Known};
use crate::store::{self, Conn, StoreError};

/// Orders of one account that may wait to be paid at once: more are no buyer's, and each costs a call to the provider.
const OPEN_MAX: i64 = 10;

/// What a new order is made of. Made before the transaction, which may run twice.
#[derive(Clone)]
struct Draft {
    order_id: RowId,
    job_id: RowId,
    invoice: Invoice,
    request_id: String,
    gateway: Gateway,
    at: Micros,
    expires_at: Micros,
    first_check_at: Micros,
}

impl Till {
    /// Orders `package` and makes its checkout at the provider. The same request again gives the same order, and makes
    /// the checkout if that did not come about: under the same Request-Id, so that the provider makes one.
    ///
    /// # Errors
    /// `payments.not_selling`, `till.not_found`, `idempotency.mismatch`, `payments.too_many_open`,
    /// `payments.provider_refused`, `payments.provider_away` (the order stays: ask again), or the database.
    pub async fn order_coins(
        &self,
        account: &AccountId,
        customer: Customer,
        package: &RowId,
        request: &MoneyRequest,
    ) -> Result<Order, TillError> {
        let Some(provider) = self.0.provider.clone() else { return Err(TillError::NotSelling) };
        let draft = self.draft(provider.gateway());
        let (account, package, request) = (account.clone(), package.clone(), request.clone());
        let (order, is_new) = self
            .0
            .store
            .write(move |conn| match idempotency::begin(conn, &request, draft.at)? {
                Known::OtherBody => Err(TillError::KeyReused),
                Known::Answered(answer) => Ok((known_order(conn, &account, &answer)?, false)),
                Known::New => Ok((new_order(conn, &draft, &account, &package, &request)?, true)),
            })
            .await?;
        if is_new {
            metrics::counter!("bakuhantam_orders_total", "outcome" => "created").increment(1);
        }
        self.finish_checkout_at(provider.as_ref(), order, &customer).await
    }

    /// Makes the checkout of an order whose first try failed. One that has it, or needs it no more, is given as it is.
    ///
    /// # Errors
    /// As [`Till::order_coins`].
    pub async fn finish_checkout(
        &self,
        account: &AccountId,
        customer: &Customer,
        invoice: &Invoice,
    ) -> Result<Order, TillError> {
        let Some(provider) = self.0.provider.clone() else { return Err(TillError::NotSelling) };
        let order = self.find_order(account, invoice).await?.ok_or(TillError::NotFound("order"))?;
        self.finish_checkout_at(provider.as_ref(), order, customer).await
    }

    fn draft(&self, gateway: Gateway) -> Draft {
        let (at, random) = (self.0.clock.now(), self.0.random.as_ref());
        Draft {
            order_id: RowId::new(at, random),
            job_id: RowId::new(at, random),
            invoice: Invoice::new(at, random),
            request_id: uuid(random),
            gateway,
            at,
            expires_at: at.plus_ms(i64::from(self.0.order_ttl_minutes).saturating_mul(60_000)),
            first_check_at: at.plus_ms(self.1.every_ms()),
        }
    }

    /// Outside of any transaction, since the provider may take its time.
    async fn finish_checkout_at(
        &self,
        provider: &dyn PaymentProvider,
        order: Order,
        customer: &Customer,
    ) -> Result<Order, TillError> {
        let is_over = self.0.clock.now() >= order.expires_at;
        match order.status {
            OrderStatus::Failed => return Err(TillError::ProviderRefused),
            OrderStatus::Pending if order.payment_url.is_none() && !is_over => {}
            _ => return Ok(order),
        }
        if order.gateway != provider.gateway() {
            return Err(TillError::NotSelling);
        }
        let wanted = CheckoutRequest {
            invoice: order.invoice.clone(),
            request_id: order.request_id.clone(),
            amount: order.price,
            due_minutes: self.0.order_ttl_minutes,
            return_url: format!("{}/orders/{}", self.0.site_url, order.invoice),
            language: customer.language,
            customer_name: customer.name.clone(),
            customer_phone: customer.phone.clone(),
        };
        let answer = provider.create_checkout(&wanted).await;
        let outcome = match &answer {
            Ok(_) => "made",
            Err(ProviderError::Passing(_)) => "away",
            Err(ProviderError::Refused(_)) => "refused",
        };
        metrics::counter!("bakuhantam_payment_checkouts_total", "outcome" => outcome).increment(1);
        let invoice = order.invoice;
        match answer {
            Ok(checkout) => {
                let kept = self.0.store.write(move |conn| {
                    payments::keep_checkout(conn, &invoice, &checkout)?;
                    payments::find_order(conn, &invoice)
                });
                kept.await?.ok_or(TillError::NotFound("order"))
            }
            Err(ProviderError::Passing(why)) => {
                tracing::warn!(%invoice, why, "the payment provider makes no checkout now");
                Err(TillError::ProviderAway)
            }
            Err(ProviderError::Refused(why)) => {
                tracing::error!(%invoice, why, "the payment provider refuses an order");
                let failed = self.0.store.write(move |conn| {
                    let failed = payments::fail_order(conn, &invoice)?;
                    Ok::<_, TillError>((failed, payments::find_order(conn, &invoice)?))
                });
                match failed.await? {
                    // Another try at the same time made its checkout, or it is paid.
                    (false, Some(order)) if order.payment_url.is_some() => return Ok(order),
                    (false, _) => {}
                    (true, _) => {
                        metrics::counter!("bakuhantam_orders_total", "outcome" => "failed").increment(1);
                    }
                }
                Err(TillError::ProviderRefused)
            }
        }
    }
}

/// The order that a request made before.
fn known_order(conn: &mut Conn, account: &AccountId, answer: &Value) -> Result<Order, TillError> {
    let invoice = answer.get("invoice").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let invoice: Invoice = invoice.ok_or_else(|| StoreError::Row("a kept answer names no invoice".into()))?;
    payments::find_order(conn, &invoice)?.filter(|order| order.account == *account).ok_or(TillError::NotFound("order"))
}

fn new_order(
    conn: &mut Conn,
    draft: &Draft,
    account: &AccountId,
    package: &RowId,
    request: &MoneyRequest,
) -> Result<Order, TillError> {
    // Two orders at once would both find room for one more.
    store::lock(conn, &format!("orders of {account}"))?;
    let (open, first_ends) = payments::count_open_orders(conn, account, draft.at)?;
    if open >= OPEN_MAX {
        let wait_ms = first_ends.map_or(0, |ends| ends.ms_since(draft.at));
        let retry_after_s = u32::try_from(wait_ms.saturating_add(999) / 1_000).unwrap_or(60).max(1);
        return Err(TillError::TooManyOpen { open, retry_after_s });
    }
    let package = payments::find_package_by_id(conn, package)?.filter(|package| package.active);
    let order = order_of(draft, account, &package.ok_or(TillError::NotFound("package"))?);
    payments::insert_order(conn, &order)?;
    jobs::enqueue(conn, &draft.job_id, CHECK_ORDER, order.invoice.as_str(), draft.first_check_at)?;
    idempotency::keep(conn, request, &json!({ "invoice": order.invoice }), draft.at)?;
    Ok(order)
}

fn order_of(draft: &Draft, account: &AccountId, package: &CoinPackage) -> Order {
    Order {
        id: draft.order_id.clone(),
        invoice: draft.invoice.clone(),
        account: account.clone(),
        gateway: draft.gateway,
        package_code: package.code.clone(),
        coins: package.coins,
        bonus_coins: package.bonus_coins,
        price: package.price,
        status: OrderStatus::Pending,
        request_id: draft.request_id.clone(),
        payment_url: None,
        created_at: draft.at,
        expires_at: draft.expires_at,
        paid_at: None,
        channel: None,
        provider_ref: None,
        paid_late: false,
        refunded_at: None,
        reversed_coins: Coins(0),
    }
}

/// A random UUID (RFC 9562, version 4), the usual form of a Request-Id.
fn uuid(random: &dyn crate::ids::Random) -> String {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xf000_u128 << 64) & !(0xc000_u128 << 48)) | (0x4000_u128 << 64) | (0x8000_u128 << 48);
    let hex = format!("{number:032x}");
    let mut text = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Always(u8);

    impl crate::ids::Random for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_request_id_has_the_form_of_a_uuid_of_version_4() {
        assert_eq!(uuid(&Always(0)), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(&Always(0xff)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
