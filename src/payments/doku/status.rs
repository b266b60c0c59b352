//! Asking how an order stands: `GET /orders/v1/status/{invoice}`.

use reqwest::{Method, StatusCode};

use super::Doku;
use super::answer::refusal;
use super::client::{Answer, Call};
use super::report::Said;
use crate::ids::Invoice;
use crate::payments::{PaymentReport, ProviderError, ProviderStatus};

/// Before the order's name.
pub(super) const PATH: &str = "/orders/v1/status/";
/// How often it is tried: whoever asks, asks again later.
const TRIES: u32 = 2;

/// Asks for one order.
///
/// # Errors
/// [`ProviderError`]
pub(super) async fn check(doku: &Doku, invoice: &Invoice) -> Result<PaymentReport, ProviderError> {
    let call =
        Call { method: Method::GET, path: format!("{PATH}{invoice}"), request_id: None, body: None, tries: TRIES };
    doku.ask(&call, |answer| read(invoice, answer)).await
}

fn read(invoice: &Invoice, answer: &Answer) -> Result<PaymentReport, ProviderError> {
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(unknown_there(invoice));
    }
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    let Some(said) = Said::read(&answer.body) else {
        return Err(ProviderError::Passing("its answer on an order cannot be read".to_owned()));
    };
    match said.invoice() {
        Some(said) if said != invoice.as_str() => {
            Err(ProviderError::Passing("its answer is about another order".to_owned()))
        }
        _ => Ok(said.report(invoice.as_str())),
    }
}

/// DOKU knows an order only once the payer has chosen a channel (for merchants without its order status, that is), so
/// one it does not know is still to be paid.
fn unknown_there(invoice: &Invoice) -> PaymentReport {
    PaymentReport {
        invoice: invoice.as_str().to_owned(),
        amount: None,
        is_rupiah: true,
        word: "NOT_FOUND".to_owned(),
        status: ProviderStatus::Pending,
        channel: None,
        provider_ref: None,
    }
}
