//! What notices and answers to check-status say of a payment. Their shapes differ by channel and grow without notice,
//! so only what is needed is looked for, and only the order's name has to be there.

use serde::Deserialize;

use super::loose::{Object, Text};
use crate::payments::{PaymentReport, ProviderStatus};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    order: Object<OrderSaid>,
    transaction: Object<TransactionSaid>,
    channel: Object<Named>,
    service: Object<Named>,
    acquirer: Object<Named>,
    virtual_account_payment: Object<Referred>,
    emoney_payment: Object<Referred>,
    card_payment: Object<Referred>,
    online_to_offline_info: Object<Referred>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OrderSaid {
    invoice_number: Text,
    amount: Text,
    currency: Text,
    /// `ORDER_GENERATED`, `ORDER_EXPIRED`, `ORDER_RECOVERED`; in check-status alone.
    status: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TransactionSaid {
    status: Text,
    original_request_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Referred {
    reference_number: Text,
    approval_code: Text,
    payment_code: Text,
}

impl Said {
    /// Reads a body; `None` when it is no JSON object, or says the same key twice where it matters.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Object<Self>>(body).ok().map(|Object(said)| said)
    }

    /// The order's name.
    pub(super) fn invoice(&self) -> Option<&str> {
        self.order.0.invoice_number.get()
    }

    /// The report under `invoice`.
    pub(super) fn report(&self, invoice: &str) -> PaymentReport {
        let order = &self.order.0;
        let word = self.transaction.0.status.for_receipt().unwrap_or_default();
        let order_word = order.status.get().unwrap_or_default();
        let is_over = order_word.eq_ignore_ascii_case("ORDER_EXPIRED");
        let (word, status) = match meaning_of(&word) {
            // The order is over although its last try is not: nothing can be paid any more.
            ProviderStatus::Pending | ProviderStatus::FailedAttempt | ProviderStatus::Unknown(_) if is_over => {
                (order_word.to_owned(), ProviderStatus::Expired)
            }
            // No channel was chosen yet.
            ProviderStatus::Unknown(word) if word.is_empty() && !order_word.is_empty() => {
                (order.status.for_receipt().unwrap_or_default(), ProviderStatus::Pending)
            }
            status => (word, status),
        };
        PaymentReport {
            invoice: invoice.to_owned(),
            amount: order.amount.rupiah(),
            is_rupiah: order.currency.get().is_none_or(|currency| currency.eq_ignore_ascii_case("IDR")),
            word,
            status,
            channel: self.channel(),
            provider_ref: self.provider_ref(),
        }
    }

    /// The channel by the narrowest name there is.
    fn channel(&self) -> Option<String> {
        [&self.channel, &self.service, &self.acquirer].into_iter().find_map(|named| named.0.id.for_receipt())
    }

    /// What the payer's own receipt shows, where the channel gives it; else the request DOKU filed it under.
    fn provider_ref(&self) -> Option<String> {
        [
            &self.virtual_account_payment.0.reference_number,
            &self.emoney_payment.0.approval_code,
            &self.card_payment.0.approval_code,
            &self.online_to_offline_info.0.payment_code,
            &self.transaction.0.original_request_id,
        ]
        .into_iter()
        .find_map(Text::for_receipt)
    }
}

/// DOKU's word for a transaction, translated. FAILED is not final: the payer may choose another channel.
pub(super) fn meaning_of(word: &str) -> ProviderStatus {
    match word.to_ascii_uppercase().as_str() {
        "SUCCESS" => ProviderStatus::Paid,
        "FAILED" => ProviderStatus::FailedAttempt,
        // TIMEOUT: e-money that has to be asked for again; REDIRECT: a card being verified.
        "PENDING" | "TIMEOUT" | "REDIRECT" => ProviderStatus::Pending,
        "EXPIRED" => ProviderStatus::Expired,
        "REFUNDED" => ProviderStatus::Refunded,
        _ => ProviderStatus::Unknown(word.to_owned()),
    }
}
