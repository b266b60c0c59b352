//! The inbox: every correctly signed message of a provider as it came, and what became of it.
//!
//! It is a record. That a payment is credited once is the order's doing, not the inbox's.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Gateway, PaymentReport};
use crate::clock::Micros;
use crate::config::hex;
use crate::ids::RowId;
use crate::money::Rupiah;

/// The longest of the provider's words that is kept beside the body.
const WORD_LEN_MAX: usize = 128;

/// How a message reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The provider called.
    Hook,
    /// It answered our question.
    Check,
}

impl Source {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hook => "hook",
            Self::Check => "check",
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The order was paid by it and its coins were booked.
    Credited,
    /// The same, after the order had expired or failed here.
    CreditedLate,
    /// It says paid of an order that is.
    AlreadyPaid,
    /// It changes no coins.
    Noted,
    /// The provider gave the money back: what was left of the coins was taken.
    Refunded,
    /// Its time is outside the window: nothing was done by it, the provider is asked instead.
    Stale,
    /// No order has this name.
    UnknownInvoice,
    /// Another amount or currency than the order's.
    WrongAmount,
    /// The order is to be paid by another gateway.
    WrongGateway,
    /// It cannot be understood.
    Unreadable,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 10] = [
        Self::Credited,
        Self::CreditedLate,
        Self::AlreadyPaid,
        Self::Noted,
        Self::Refunded,
        Self::Stale,
        Self::UnknownInvoice,
        Self::WrongAmount,
        Self::WrongGateway,
        Self::Unreadable,
    ];

    /// The word in the database and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credited => "credited",
            Self::CreditedLate => "credited_late",
            Self::AlreadyPaid => "already_paid",
            Self::Noted => "noted",
            Self::Refunded => "refunded",
            Self::Stale => "stale",
            Self::UnknownInvoice => "unknown_invoice",
            Self::WrongAmount => "wrong_amount",
            Self::WrongGateway => "wrong_gateway",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether coins moved by it.
    #[must_use]
    pub const fn moved_coins(self) -> bool {
        matches!(self, Self::Credited | Self::CreditedLate | Self::Refunded)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Verdict {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no verdict"))
    }
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its row, if it is the first of its kind.
    pub id: RowId,
    /// Whose word it is.
    pub gateway: Gateway,
    /// Its Request-Id; of an answer to check-status one that we make.
    pub request_id: String,
    /// SHA-256 of the body, hex.
    pub body_hash: String,
    /// The body, as it is kept.
    pub body: String,
    /// How it reached us.
    pub source: Source,
    /// When, by our clock.
    pub at: Micros,
    /// Whether its time is outside the window.
    pub is_stale: bool,
    /// What it says; `None`: it cannot be understood.
    pub report: Option<PaymentReport>,
}

impl Notice {
    /// A message whose signature is right.
    #[must_use]
    pub fn of_hook(id: RowId, gateway: Gateway, body: &[u8], signed: super::SignedNotice, at: Micros) -> Self {
        Self {
            id,
            gateway,
            request_id: kept_word(&signed.request_id),
            body_hash: hash(body),
            body: kept_body(body),
            source: Source::Hook,
            at,
            is_stale: signed.is_stale,
            report: signed.report,
        }
    }

    /// An answer to check-status. The same answer again is the same notice.
    #[must_use]
    pub fn of_check(id: RowId, gateway: Gateway, report: PaymentReport, at: Micros) -> Self {
        let body = serde_json::json!({
            "invoice": report.invoice,
            "amount": report.amount,
            "is_rupiah": report.is_rupiah,
            "status": report.word,
            "channel": report.channel,
            "provider_ref": report.provider_ref,
        })
        .to_string();
        Self {
            id,
            gateway,
            request_id: kept_word(&format!("check {}", report.invoice)),
            body_hash: hash(body.as_bytes()),
            body: kept_body(body.as_bytes()),
            source: Source::Check,
            at,
            is_stale: false,
            report: Some(report),
        }
    }
}

fn hash(body: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, body).as_ref())
}

/// UTF-8 as it is. What is none, and what holds a NUL, which `PostgreSQL` does not take as text, as base64.
fn kept_body(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) if !text.contains('\0') => text.to_owned(),
        _ => format!("base64:{}", STANDARD.encode(body)),
    }
}

/// A word of the provider as it is kept beside the body: without control characters, and not endless.
#[must_use]
pub fn kept_word(word: &str) -> String {
    word.chars().filter(|letter| !letter.is_control()).take(WORD_LEN_MAX).collect()
}

/// A message as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNotice {
    /// Its row.
    pub id: RowId,
    /// Whose word it is.
    pub provider: String,
    /// Its Request-Id.
    pub request_id: String,
    /// How it reached us: `hook` or `check`.
    pub source: String,
    /// When it came first.
    pub received_at: Micros,
    /// When it came last, if more than once.
    pub again_at: Option<Micros>,
    /// How often it came.
    pub times: i64,
    /// The order's name in it.
    pub invoice: Option<String>,
    /// The amount in it.
    pub amount: Option<Rupiah>,
    /// The provider's word.
    pub status: Option<String>,
    /// The channel in it.
    pub channel: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether somebody has to look at it.
    pub disputed: bool,
}
