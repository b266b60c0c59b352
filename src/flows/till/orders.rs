//! Orders as their buyers and the operator see them.

use std::ops::Range;

use super::{Till, TillError};
use crate::clock::Micros;
use crate::ids::{AccountId, Invoice};
use crate::payments::{self, ChannelTotal, NoticeFilter, Order, OrderFilter, StoredNotice};

/// Which orders the operator's list shows.
pub type TillOrderFilter = OrderFilter;

/// What came in within a day.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DayTotals {
    /// When the day began.
    pub from: Micros,
    /// By channel; empty on a day without sales.
    pub channels: Vec<ChannelTotal>,
}

impl Till {
    /// An order of `account`; another's is not there.
    ///
    /// # Errors
    /// The database.
    pub async fn find_order(&self, account: &AccountId, invoice: &Invoice) -> Result<Option<Order>, TillError> {
        let found = self.get_any_order(invoice).await?;
        Ok(found.filter(|order| order.account == *account))
    }

    /// An account's orders, newest first, made before `before` where given.
    ///
    /// # Errors
    /// The database.
    pub async fn list_orders(
        &self,
        account: &AccountId,
        before: Option<Micros>,
        limit: i64,
    ) -> Result<Vec<Order>, TillError> {
        let filter = OrderFilter { account: Some(account.clone()), before, ..OrderFilter::default() };
        self.list_all_orders(filter, limit).await
    }

    /// Everybody's orders that fit, newest first: for the operator.
    ///
    /// # Errors
    /// The database.
    pub async fn list_all_orders(&self, filter: TillOrderFilter, limit: i64) -> Result<Vec<Order>, TillError> {
        Ok(self.0.store.read(move |conn| payments::list_orders(conn, &filter, limit)).await?)
    }

    /// The order of an invoice, whosever it is: for the operator and for ourselves.
    ///
    /// # Errors
    /// The database.
    pub async fn get_any_order(&self, invoice: &Invoice) -> Result<Option<Order>, TillError> {
        let invoice = invoice.clone();
        Ok(self.0.store.read(move |conn| payments::find_order(conn, &invoice)).await?)
    }

    /// Notices that fit, newest first: for the operator.
    ///
    /// # Errors
    /// The database.
    pub async fn list_notices(&self, filter: NoticeFilter, limit: i64) -> Result<Vec<StoredNotice>, TillError> {
        Ok(self.0.store.read(move |conn| payments::list_notices(conn, &filter, limit)).await?)
    }

    /// What was paid within each of `days`, by channel. Where a day begins is the caller's to say, since that depends
    /// on the operator's time zone.
    ///
    /// # Errors
    /// The database.
    pub async fn daily_totals(&self, days: Vec<Range<Micros>>) -> Result<Vec<DayTotals>, TillError> {
        let read = self.0.store.read(move |conn| {
            let day =
                |day: &Range<Micros>| Ok(DayTotals { from: day.start, channels: payments::list_totals(conn, day)? });
            days.iter().map(day).collect::<Result<Vec<_>, crate::store::StoreError>>()
        });
        Ok(read.await?)
    }
}
