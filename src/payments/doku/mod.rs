//! DOKU Checkout: makes checkouts, reads notices, asks how an order stands.
//!
//! Verbs are those of [`PaymentProvider`]. What is not settled by DOKU's documents is read leniently and written
//! strictly (`docs/adr/0007-doku-strict-out-lenient-in.md`).
//!
//! Invariants: every try of a checkout carries the same Request-Id and the same bytes, so that a lost answer is found
//! again instead of made twice; a notice counts only by its signature over the raw body; a payer is only ever sent to
//! DOKU's own hosts. Nothing is kept here: after a crash the caller asks again with what it has stored.

mod answer;
mod checkout;
mod client;
mod examine;
mod loose;
mod notice;
mod report;
mod sanitise;
pub mod signature;
mod status;
mod timestamp;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use ring::hmac;
use url::Url;

pub use client::Timings;
pub use examine::{Examination, Standing};
pub use sanitise::is_taken as takes_address;

use super::{
    Checkout, CheckoutRequest, Gateway, NoticeHeaders, NoticeRefusal, PaymentProvider, PaymentReport, ProviderError,
    SignedNotice,
};
use crate::clock::{Micros, SharedClock};
use crate::config;
use crate::ids::{Invoice, SharedRandom};

/// Where DOKU's notices come to, below `server.public_url`.
pub const HOOK_PATH: &str = "/api/v1/hooks/doku";

/// What the adapter is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// `[payments.doku]`
    pub config: config::Doku,
    /// `server.public_url`: its path stands before [`HOOK_PATH`] in what a notice signs.
    pub public_url: String,
    /// The time.
    pub clock: SharedClock,
    /// Random bytes.
    pub random: SharedRandom,
    /// How long to wait for DOKU.
    pub timings: Timings,
}

/// The adapter. Opens connections only when asked for something.
pub struct Doku {
    client: reqwest::Client,
    base: Url,
    client_id: String,
    key: hmac::Key,
    /// A MAC of our Client-Id: a notice's is compared by it in constant time.
    client_id_tag: hmac::Tag,
    payment_methods: Vec<String>,
    hook_target: String,
    window_ms: i64,
    clock: SharedClock,
    random: SharedRandom,
    timings: Timings,
    /// Whether a wrong signature of an answer was told already: once is enough for a log.
    has_told_of_signatures: AtomicBool,
}

impl fmt::Debug for Doku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doku").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Doku {
    /// An adapter over its parts. Nothing is asked yet.
    ///
    /// # Errors
    /// A sentence: an address that is none, an empty credential, or TLS that cannot be set up on this machine.
    pub fn new(parts: Parts) -> Result<Self, String> {
        let base = Url::parse(&parts.config.base_url)
            .map_err(|error| format!("payments.doku.base_url is not an address: {error}"))?;
        if parts.config.client_id.is_empty() || parts.config.secret_key.is_empty() {
            // With an empty secret everyone could sign.
            return Err("payments.doku.client_id or payments.doku.secret_key is empty: write both".to_owned());
        }
        let public_path = Url::parse(&parts.public_url).map(|url| url.path().to_owned()).unwrap_or_default();
        let key = signature::key_of(parts.config.secret_key.expose());
        Ok(Self {
            client: client::open(&parts.timings)?,
            base,
            client_id_tag: hmac::sign(&key, parts.config.client_id.as_bytes()),
            client_id: parts.config.client_id,
            key,
            payment_methods: parts.config.payment_methods,
            hook_target: format!("{}{HOOK_PATH}", public_path.trim_end_matches('/')),
            window_ms: i64::try_from(parts.config.timestamp_window_ms).unwrap_or(i64::MAX),
            clock: parts.clock,
            random: parts.random,
            timings: parts.timings,
            has_told_of_signatures: AtomicBool::new(false),
        })
    }
}

#[async_trait]
impl PaymentProvider for Doku {
    fn gateway(&self) -> Gateway {
        Gateway::Doku
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, ProviderError> {
        checkout::create(self, request).await
    }

    fn read_notice(&self, headers: &NoticeHeaders, body: &[u8], now: Micros) -> Result<SignedNotice, NoticeRefusal> {
        notice::read(self, headers, body, now)
    }

    async fn check_status(&self, invoice: &Invoice) -> Result<PaymentReport, ProviderError> {
        status::check(self, invoice).await
    }
}

/// What a body in DOKU's shapes says; `None` when it cannot be understood. For the sandbox, which speaks as DOKU does.
pub(super) fn report_of(body: &[u8]) -> Option<PaymentReport> {
    report::Said::read(body).and_then(|said| said.invoice().map(|invoice| said.report(invoice)))
}

/// A moment as DOKU writes it in `Request-Timestamp`.
pub(super) fn written_time(at: Micros) -> String {
    timestamp::written(at)
}

/// A moment from a `Request-Timestamp`.
pub(super) fn read_time(text: &str) -> Option<Micros> {
    timestamp::read(text)
}
