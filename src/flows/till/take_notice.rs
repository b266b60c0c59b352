//! A provider's notice comes in.

use std::time::Instant;

use bytes::Bytes;

use super::settle_top_up::{self, Ids, Settled};
use super::{Till, TillError};
use crate::ids::RowId;
use crate::ledger::LedgerError;
use crate::payments::{Gateway, Notice, NoticeHeaders};

/// What the provider is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeAnswer {
    /// 401: it is not from the provider. Nothing was stored.
    NotOurs,
    /// 400: it is from the provider, and its time is outside the window. It was stored, and the provider is asked.
    Stale,
    /// 200: it was stored, and did what it may.
    Taken {
        /// Whether everything in it was known and done before.
        idempotent: bool,
    },
    /// 404: this gateway is not in use here.
    NoGateway,
}

impl Till {
    /// Takes a notice: checks its signature over the raw body, and stores it in the transaction of what it does.
    ///
    /// # Errors
    /// The database: the provider must say it again.
    pub async fn take_notice(
        &self,
        gateway: Gateway,
        headers: NoticeHeaders,
        body: Bytes,
    ) -> Result<NoticeAnswer, TillError> {
        let provider = self.0.provider.as_ref().filter(|provider| provider.gateway() == gateway);
        let Some(provider) = provider else { return Ok(NoticeAnswer::NoGateway) };
        let begun = Instant::now();
        let at = self.0.clock.now();
        let signed = match provider.read_notice(&headers, &body, at) {
            Ok(signed) => signed,
            Err(refusal) => {
                metrics::counter!("bakuhantam_payment_notices_total", "verdict" => "not_ours", "source" => "hook")
                    .increment(1);
                tracing::debug!(gateway = gateway.as_str(), %refusal, "a notice is not from the provider");
                return Ok(NoticeAnswer::NotOurs);
            }
        };
        let is_stale = signed.is_stale;
        let id = RowId::new(at, self.0.random.as_ref());
        let settled = self.settle(Notice::of_hook(id, gateway, &body, signed, at)).await?;
        metrics::histogram!("bakuhantam_payment_settle_seconds").record(begun.elapsed());
        Ok(if is_stale { NoticeAnswer::Stale } else { NoticeAnswer::Taken { idempotent: settled.idempotent } })
    }

    /// Settles a notice in one transaction, and tells of it after COMMIT.
    pub(super) async fn settle(&self, notice: Notice) -> Result<Settled, TillError> {
        let random = self.0.random.as_ref();
        let new_id = || RowId::new(notice.at, random);
        let ids = Ids { purchase: new_id(), reversal: new_id(), job: new_id() };
        let written = notice.clone();
        let settled = match self.0.store.write(move |conn| settle_top_up::settle(conn, &written, &ids)).await {
            Ok(settled) => settled,
            Err(TillError::Ledger(error)) if !matches!(error, LedgerError::Store(_)) => {
                // The books refuse what the provider says. The notice must not be lost for it.
                let invoice = notice.report.as_ref().map(|report| crate::payments::kept_word(&report.invoice));
                tracing::error!(%error, invoice, "a paid order cannot be booked");
                let written = notice.clone();
                self.0.store.write(move |conn| settle_top_up::keep_only(conn, &written)).await?
            }
            Err(error) => return Err(error),
        };
        settle_top_up::tell(&notice, settled, notice.gateway);
        Ok(settled)
    }
}
