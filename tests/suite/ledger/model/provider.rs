//! A payment provider that says what the test wants.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bakuhantam::clock::Micros;
use bakuhantam::ids::Invoice;
use bakuhantam::money::Rupiah;
use bakuhantam::payments::{
    Checkout, CheckoutRequest, Gateway, NoticeHeaders, NoticeRefusal, PaymentProvider, PaymentReport, ProviderError,
    ProviderStatus, SignedNotice,
};
use serde_json::{Value, json};

use super::ops::Word;

/// Its signature on a notice.
pub const SIGNED: &str = "signed";
/// The buyer whose checkouts it does not make now.
pub const AWAY: &str = "away";

/// See above.
#[derive(Debug, Default)]
pub struct Fake {
    answers: Mutex<HashMap<String, PaymentReport>>,
}

impl Fake {
    /// What check-status answers from now on.
    pub fn will_say(&self, invoice: &Invoice, word: Word, amount: Rupiah) {
        let report = report(invoice.as_str(), word, amount);
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(invoice.to_string(), report);
    }
}

fn status(word: &str) -> ProviderStatus {
    match word {
        "Paid" => ProviderStatus::Paid,
        "Failed" => ProviderStatus::FailedAttempt,
        "Expired" => ProviderStatus::Expired,
        "Refunded" => ProviderStatus::Refunded,
        "Pending" => ProviderStatus::Pending,
        strange => ProviderStatus::Unknown(strange.to_owned()),
    }
}

fn report(invoice: &str, word: Word, amount: Rupiah) -> PaymentReport {
    let word = format!("{word:?}");
    PaymentReport {
        invoice: invoice.to_owned(),
        amount: Some(amount),
        is_rupiah: true,
        status: status(&word),
        word,
        channel: Some("QRIS".to_owned()),
        provider_ref: None,
    }
}

/// A notice's body.
pub fn body(invoice: &str, word: Word, amount: Rupiah, is_stale: bool) -> String {
    json!({"invoice": invoice, "word": format!("{word:?}"), "amount": amount.0, "stale": is_stale}).to_string()
}

#[async_trait]
impl PaymentProvider for Fake {
    fn gateway(&self) -> Gateway {
        Gateway::Sandbox
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, ProviderError> {
        if request.customer_name == AWAY {
            return Err(ProviderError::Passing("planted".to_owned()));
        }
        Ok(Checkout { payment_url: format!("https://pay.example/{}", request.invoice), expires_at: None })
    }

    fn read_notice(&self, headers: &NoticeHeaders, body: &[u8], _now: Micros) -> Result<SignedNotice, NoticeRefusal> {
        if headers.signature != SIGNED {
            return Err(NoticeRefusal::Signature);
        }
        let said: Value = serde_json::from_slice(body).expect("the test's own body");
        let word = said["word"].as_str().expect("a word");
        let report = PaymentReport {
            invoice: said["invoice"].as_str().expect("an invoice").to_owned(),
            amount: said["amount"].as_i64().map(Rupiah),
            is_rupiah: true,
            word: word.to_owned(),
            status: status(word),
            channel: None,
            provider_ref: None,
        };
        let is_stale = said["stale"].as_bool().expect("a flag");
        Ok(SignedNotice { request_id: headers.request_id.clone(), is_stale, report: Some(report) })
    }

    async fn check_status(&self, invoice: &Invoice) -> Result<PaymentReport, ProviderError> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(invoice.as_str()).cloned().ok_or_else(|| ProviderError::Passing("nothing is known".to_owned()))
    }
}
