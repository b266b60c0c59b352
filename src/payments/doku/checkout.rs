//! Making a checkout: `POST /checkout/v1/payment`.

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::answer::{complaint, refusal};
use super::client::{Answer, Call};
use super::loose::{Object, Text};
use super::{Doku, sanitise, timestamp};
use crate::clock::Micros;
use crate::config::Language;
use crate::money::Rupiah;
use crate::payments::{Checkout, CheckoutRequest, ProviderError};

/// Where checkouts are made.
pub(super) const PATH: &str = "/checkout/v1/payment";
/// How often one is tried.
const TRIES: u32 = 3;
/// The highest `order.amount`: twelve digits.
const AMOUNT_MAX: i64 = 999_999_999_999;
/// Longest `order.invoice_number` that every channel takes (cards take 30).
const INVOICE_LEN_MAX: usize = 30;
/// Longest `Request-Id`.
const REQUEST_ID_LEN_MAX: usize = 128;
/// Longest address of a pay page that is kept.
const PAYMENT_URL_LEN_MAX: usize = 2_000;
/// A checkout's end is believed up to this much after the time that was asked for, in milliseconds.
const LATER_MS: i64 = 10 * 60_000;

#[derive(Serialize)]
struct Body<'a> {
    order: OrderBody<'a>,
    payment: PaymentBody<'a>,
    customer: CustomerBody,
}

#[derive(Serialize)]
struct OrderBody<'a> {
    amount: i64,
    invoice_number: &'a str,
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
    language: &'static str,
    auto_redirect: bool,
}

#[derive(Serialize)]
struct PaymentBody<'a> {
    /// Minutes.
    payment_due_date: u32,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    payment_method_types: &'a [String],
}

#[derive(Serialize)]
struct CustomerBody {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

/// Makes a checkout, or finds the one made under the same Request-Id.
///
/// # Errors
/// [`ProviderError`]
pub(super) async fn create(doku: &Doku, request: &CheckoutRequest) -> Result<Checkout, ProviderError> {
    let body = body_of(request, &doku.payment_methods)?;
    let call = Call {
        method: Method::POST,
        path: PATH.to_owned(),
        request_id: Some(&request.request_id),
        body: Some(body),
        tries: TRIES,
    };
    doku.ask(&call, |answer| read(doku, request, answer)).await
}

/// The least DOKU takes and what makes a payer's way shorter. Everything optional beside that is left out: each field is
/// one more that may be refused.
pub(super) fn body_of(request: &CheckoutRequest, payment_methods: &[String]) -> Result<Bytes, ProviderError> {
    let Rupiah(amount) = request.amount;
    let (invoice, request_id) = (request.invoice.as_str(), request.request_id.as_str());
    let has_id =
        (1..=REQUEST_ID_LEN_MAX).contains(&request_id.len()) && request_id.bytes().all(|b| b.is_ascii_graphic());
    if !(1..=AMOUNT_MAX).contains(&amount) || invoice.len() > INVOICE_LEN_MAX || !has_id {
        return Err(ProviderError::Refused("this order has an amount or a name that DOKU does not take".to_owned()));
    }
    let (name, phone) = (sanitise::name(&request.customer_name), sanitise::phone(&request.customer_phone));
    let body = Body {
        order: OrderBody {
            amount,
            invoice_number: invoice,
            currency: "IDR",
            // Without it the payer comes back by himself; with a letter DOKU does not take nobody could pay at all.
            callback_url: Some(request.return_url.as_str()).filter(|url| sanitise::is_taken(url)),
            language: match request.language {
                Language::Id => "ID",
                Language::En => "EN",
            },
            auto_redirect: true,
        },
        payment: PaymentBody { payment_due_date: request.due_minutes.max(1), payment_method_types: payment_methods },
        customer: CustomerBody { name, phone },
    };
    let bytes = serde_json::to_vec(&body).map_err(|error| ProviderError::Refused(error.to_string()))?;
    Ok(Bytes::from(bytes))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    response: Object<ResponseSaid>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResponseSaid {
    order: Object<OrderSaid>,
    payment: Object<PaymentSaid>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OrderSaid {
    invoice_number: Text,
    amount: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PaymentSaid {
    url: Text,
    /// UTC, RFC 3339; not in older answers.
    expired_datetime: Text,
    /// `yyyyMMddHHmmss`, Western Indonesian time.
    expired_date: Text,
}

/// 200, and 409 for the same Request-Id again, hold the checkout.
fn read(doku: &Doku, request: &CheckoutRequest, answer: &Answer) -> Result<Checkout, ProviderError> {
    if !answer.status.is_success() && answer.status != StatusCode::CONFLICT {
        return Err(refusal(answer));
    }
    let said = serde_json::from_slice::<Object<Said>>(&answer.body).unwrap_or_default();
    let Object(said) = said.0.response;
    let (Object(order), Object(payment)) = (said.order, said.payment);
    let Some(url) = payment.url.get() else {
        return Err(match complaint(answer) {
            Some(_) if answer.status.is_success() => {
                let words = complaint(answer).map(|complaint| complaint.words).unwrap_or_default();
                ProviderError::Refused(words)
            }
            Some(_) => refusal(answer),
            None => ProviderError::Passing(format!("{} without a pay page", answer.status.as_u16())),
        });
    };
    let is_other = order.invoice_number.get().is_some_and(|invoice| invoice != request.invoice.as_str())
        || order.amount.rupiah().is_some_and(|amount| amount != request.amount);
    if is_other {
        return Err(ProviderError::Refused("its answer is about another order".to_owned()));
    }
    let payment_url = payment_url(url, &doku.base).map_err(|host| {
        // The path is the payer's token and stays out of every log.
        ProviderError::Refused(format!("its pay page is on {host}, which is none of DOKU's hosts"))
    })?;
    Ok(Checkout { payment_url, expires_at: expires_at(&payment, request.due_minutes, doku.clock.now()) })
}

/// When a checkout ends, as DOKU said; `None` leaves it at what the order says itself. DOKU has been seen to write one
/// time zone and mean the other: an order that were over at once, or stayed open for hours, would be the price.
fn expires_at(payment: &PaymentSaid, due_minutes: u32, now: Micros) -> Option<Micros> {
    let said = payment.expired_datetime.get().and_then(timestamp::read);
    let said = said.or_else(|| payment.expired_date.get().and_then(timestamp::read_wib))?;
    let latest_ms = i64::from(due_minutes.max(1)).saturating_mul(60_000).saturating_add(LATER_MS);
    (1..=latest_ms).contains(&said.ms_since(now)).then_some(said)
}

/// The address of a pay page: on one of DOKU's hosts by https, or on the host of `payments.doku.base_url` when that is
/// this machine (a stand-in).
///
/// # Errors
/// The host it is on, for the log.
pub(super) fn payment_url(text: &str, base: &Url) -> Result<String, String> {
    let url = Url::parse(text).map_err(|_| "no address".to_owned())?;
    let shown: String = url.host_str().unwrap_or("no host").chars().take(100).collect();
    let is_plain = url.username().is_empty() && url.password().is_none() && text.len() <= PAYMENT_URL_LEN_MAX;
    let is_dokus = url.scheme() == "https"
        && url.port().is_none()
        && url.domain().is_some_and(|host| host == "doku.com" || host.ends_with(".doku.com"));
    let is_stand_in = is_loopback(base) && matches!(url.scheme(), "http" | "https") && url.host() == base.host();
    // What was judged is what is kept: the address as it was understood, not as it was written.
    if is_plain && (is_dokus || is_stand_in) { Ok(url.into()) } else { Err(shown) }
}

/// Whether an address is this machine's own.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
