//! What every payment provider can do, and the words all of them are translated into.

use async_trait::async_trait;

use super::Gateway;
use crate::clock::Micros;
use crate::config::Language;
use crate::ids::Invoice;
use crate::money::Rupiah;

/// A checkout to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// The order's name.
    pub invoice: Invoice,
    /// Fixed before the first try; every try sends the same.
    pub request_id: String,
    /// What is to be paid.
    pub amount: Rupiah,
    /// How long it can be paid, in minutes.
    pub due_minutes: u32,
    /// Where the payer comes back to: an address without `?` and `&`.
    pub return_url: String,
    /// The language of the provider's page.
    pub language: Language,
    /// The buyer's display name, as typed.
    pub customer_name: String,
    /// The buyer's number, E.164.
    pub customer_phone: String,
}

/// A checkout that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Where it is paid.
    pub payment_url: String,
    /// Until when, where the provider said so.
    pub expires_at: Option<Micros>,
}

/// A provider's word on a payment, translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderStatus {
    /// Not paid yet, or not known there yet.
    Pending,
    /// Paid.
    Paid,
    /// A try failed. The payer may try again: nothing is final.
    FailedAttempt,
    /// Its time ran out there.
    Expired,
    /// Paid, and given back.
    Refunded,
    /// A word we do not know.
    Unknown(String),
}

/// What a notice or an answer to check-status says of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentReport {
    /// The order's name as the provider has it.
    pub invoice: String,
    /// The amount in rupiah; `None` where none could be read.
    pub amount: Option<Rupiah>,
    /// Whether the currency is rupiah or was not named.
    pub is_rupiah: bool,
    /// The provider's word, as it came.
    pub word: String,
    /// What it means.
    pub status: ProviderStatus,
    /// By which channel.
    pub channel: Option<String>,
    /// The provider's own reference of the payment.
    pub provider_ref: Option<String>,
}

/// The headers of a notice that its signature covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeHeaders {
    /// `Client-Id`
    pub client_id: String,
    /// `Request-Id`
    pub request_id: String,
    /// `Request-Timestamp`
    pub timestamp: String,
    /// `Signature`
    pub signature: String,
}

/// A notice whose signature is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNotice {
    /// Its Request-Id.
    pub request_id: String,
    /// Whether its time is outside the window: not to be acted on, only to ask.
    pub is_stale: bool,
    /// What it says; `None`: signed, and not to be understood.
    pub report: Option<PaymentReport>,
}

/// Why a notice is not from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// Another Client-Id than ours, or none.
    #[error("the Client-Id is not ours")]
    ClientId,
    /// The signature is missing or wrong.
    #[error("the signature is wrong")]
    Signature,
}

/// Why a provider gave no answer that helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No answer, or one that says "later": the same again may help.
    #[error("the payment provider does not answer: {0}")]
    Passing(String),
    /// The provider will not do this, however often it is asked. In its own words, for the log.
    #[error("the payment provider refuses: {0}")]
    Refused(String),
}

/// One payment provider.
#[async_trait]
pub trait PaymentProvider: Send + Sync + std::fmt::Debug {
    /// Which one it is.
    fn gateway(&self) -> Gateway;

    /// Makes a checkout, or finds the one made before under the same Request-Id.
    ///
    /// # Errors
    /// [`ProviderError`]
    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, ProviderError>;

    /// Checks a notice: the signature over the raw body first, then what it says.
    ///
    /// # Errors
    /// [`NoticeRefusal`]
    fn read_notice(&self, headers: &NoticeHeaders, body: &[u8], now: Micros) -> Result<SignedNotice, NoticeRefusal>;

    /// Asks how an order stands. One the provider does not know is pending.
    ///
    /// # Errors
    /// [`ProviderError`]
    async fn check_status(&self, invoice: &Invoice) -> Result<PaymentReport, ProviderError>;
}
