//! "I have paid: look again".

use super::reconcile::CHECK_ORDER;
use super::{Till, TillError};
use crate::ids::{AccountId, Invoice, RowId};
use crate::jobs::{self, Next};
use crate::payments::{Order, OrderStatus};
use crate::store::audit::{self, Actor};

impl Till {
    /// Asks the provider now how an order of `account` stands, and does what the answer says. Where it is being asked
    /// at this moment, by whichever node, the order is given as it is.
    ///
    /// # Errors
    /// `till.not_found`, `payments.too_often`, `payments.provider_away`, `payments.not_selling`, or the database.
    pub async fn recheck(&self, account: &AccountId, invoice: &Invoice) -> Result<Order, TillError> {
        let order = self.find_order(account, invoice).await?.ok_or(TillError::NotFound("order"))?;
        if order.status == OrderStatus::Paid {
            return Ok(order);
        }
        self.1.may_ask(account, invoice)?;
        self.ask_now(order).await
    }

    /// [`Till::recheck`] by the operator: any order, as often as they like, with a row in the audit.
    ///
    /// # Errors
    /// As [`Till::recheck`], without `payments.too_often`.
    pub async fn recheck_as(&self, actor: &Actor, invoice: &Invoice) -> Result<Order, TillError> {
        let before = self.get_any_order(invoice).await?.ok_or(TillError::NotFound("order"))?;
        let after = self.ask_now(before.clone()).await?;
        let (actor, told) = (actor.clone(), after.clone());
        let id = RowId::new(actor.at, self.0.random.as_ref());
        let audited = self.0.store.write(move |conn| {
            let state = |order: &Order| {
                serde_json::json!({
                    "invoice": order.invoice,
                    "status": order.status,
                    "refunded": order.refunded_at.is_some(),
                })
            };
            let entry = audit::Entry {
                what: "orders.recheck",
                room: None,
                before: Some(state(&before)),
                after: Some(state(&told)),
            };
            audit::append(conn, &id, &actor, &entry)
        });
        audited.await?;
        Ok(after)
    }

    async fn ask_now(&self, order: Order) -> Result<Order, TillError> {
        let provider = self.0.provider.as_ref().filter(|provider| provider.gateway() == order.gateway);
        if provider.is_none() {
            return Err(TillError::NotSelling);
        }
        let (now, invoice) = (self.0.clock.now(), order.invoice.clone());
        let id = RowId::new(now, self.0.random.as_ref());
        let taken =
            self.0.store.write(move |conn| jobs::take_one(conn, &id, CHECK_ORDER, invoice.as_str(), now)).await?;
        let Some(job) = taken else { return Ok(order) };
        let asked = self.check_order(&order).await;
        let next = match &asked {
            Ok(checked) => self.after_check(checked),
            Err(_) => self.after_no_answer(&order),
        };
        let finished = self.0.store.write(move |conn| match next {
            Next::Done => jobs::done(conn, &job),
            Next::At(at) => jobs::again_at(conn, &job, at),
        });
        if let Err(error) = finished.await {
            tracing::debug!(%error, "the end of a check is not recorded: it is done again");
        }
        asked
    }
}
