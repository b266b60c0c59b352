//! A payment as the sandbox has it, and what can happen to it.

use std::str::FromStr;

use super::{Channel, wrong_amount};
use crate::clock::Micros;
use crate::config::Language;
use crate::ids::Invoice;
use crate::money::Rupiah;
use crate::payments::{PaymentReport, ProviderStatus};

/// Where a payment stands, in the words of notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SandboxStatus {
    /// Not paid yet.
    Pending,
    /// A try failed; another may succeed.
    Failed,
    /// Its time is over.
    Expired,
    /// Paid.
    Success,
    /// Paid, and given back.
    Refunded,
}

impl SandboxStatus {
    /// The word in notices and rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
            Self::Success => "SUCCESS",
            Self::Refunded => "REFUNDED",
        }
    }

    const fn means(self) -> ProviderStatus {
        match self {
            Self::Pending => ProviderStatus::Pending,
            Self::Failed => ProviderStatus::FailedAttempt,
            Self::Expired => ProviderStatus::Expired,
            Self::Success => ProviderStatus::Paid,
            Self::Refunded => ProviderStatus::Refunded,
        }
    }
}

impl FromStr for SandboxStatus {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Pending, Self::Failed, Self::Expired, Self::Success, Self::Refunded]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no status of the sandbox"))
    }
}

/// What can be done on the pay page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Paid, and told once.
    Pay,
    /// A try fails. The payer may try again.
    Fail,
    /// Time runs out.
    Expire,
    /// Paid, and told three times: twice by one request, once by another.
    PayTwice,
    /// Paid after time ran out.
    PayLate,
    /// Less is paid than was asked for.
    PayWrong,
    /// Paid, and the notice is lost on the way.
    PaySilently,
    /// The notice of what is paid comes once more.
    TellAgain,
    /// The money is given back.
    Refund,
}

impl Act {
    /// Every one, in the order of the page.
    pub const ALL: [Self; 9] = [
        Self::Pay,
        Self::Fail,
        Self::Expire,
        Self::PayTwice,
        Self::PayLate,
        Self::PayWrong,
        Self::PaySilently,
        Self::TellAgain,
        Self::Refund,
    ];

    /// The word in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Fail => "fail",
            Self::Expire => "expire",
            Self::PayTwice => "pay-twice",
            Self::PayLate => "pay-late",
            Self::PayWrong => "pay-wrong",
            Self::PaySilently => "pay-silently",
            Self::TellAgain => "tell-again",
            Self::Refund => "refund",
        }
    }
}

impl FromStr for Act {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|act| act.as_str() == text).ok_or_else(|| format!("\"{text}\" cannot be done"))
    }
}

/// A checkout and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxPayment {
    /// The order's name.
    pub invoice: Invoice,
    /// The checkout's Request-Id.
    pub request_id: String,
    /// What was asked for.
    pub amount: Rupiah,
    /// Where the payer goes back to.
    pub return_url: String,
    /// The page's language.
    pub language: Language,
    /// When the checkout was made.
    pub created_at: Micros,
    /// Until when it can be paid.
    pub expires_at: Micros,
    /// Where it stands.
    pub status: SandboxStatus,
    /// By which channel it was paid, or tried.
    pub channel: Option<Channel>,
    /// What was paid.
    pub paid: Option<Rupiah>,
    /// The payment's own number.
    pub reference: Option<String>,
    /// What the last notice was answered: an HTTP status, or `unreachable`.
    pub told: Option<String>,
}

/// One notice to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) status: SandboxStatus,
    /// Whether the same request comes twice, as after an answer that was lost.
    pub(super) twice: bool,
}

/// What an act leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) payment: SandboxPayment,
    pub(super) notices: Vec<Word>,
}

impl SandboxPayment {
    /// Where it stands by the clock: time runs out by itself.
    #[must_use]
    pub fn status_at(&self, now: Micros) -> SandboxStatus {
        match self.status {
            SandboxStatus::Pending | SandboxStatus::Failed if now >= self.expires_at => SandboxStatus::Expired,
            status => status,
        }
    }

    /// Whether something was paid, and not what was asked for.
    #[must_use]
    pub fn is_paid_wrong(&self) -> bool {
        self.status == SandboxStatus::Success && self.paid.is_some_and(|paid| paid != self.amount)
    }

    /// What can happen to it now, in the order of the page.
    #[must_use]
    pub fn offers(&self, now: Micros) -> Vec<Act> {
        let status = self.status_at(now);
        let is_offered = |act: &Act| match status {
            SandboxStatus::Pending | SandboxStatus::Failed => !matches!(act, Act::TellAgain | Act::Refund),
            SandboxStatus::Expired => matches!(act, Act::PayLate),
            SandboxStatus::Success if self.is_paid_wrong() => matches!(act, Act::Pay | Act::TellAgain | Act::Refund),
            SandboxStatus::Success => matches!(act, Act::TellAgain | Act::Refund),
            SandboxStatus::Refunded => matches!(act, Act::TellAgain),
        };
        Act::ALL.into_iter().filter(is_offered).collect()
    }

    /// What `act` makes of it; `None` for what is not offered.
    pub(super) fn after(&self, act: Act, channel: Channel, reference: &str, now: Micros) -> Option<Change> {
        use SandboxStatus::{Expired, Failed, Refunded, Success};
        if !self.offers(now).contains(&act) {
            return None;
        }
        let once = |status| Word { status, twice: false };
        let (status, notices) = match act {
            Act::Pay | Act::PayWrong => (Success, vec![once(Success)]),
            Act::PaySilently => (Success, Vec::new()),
            Act::PayTwice => (Success, vec![Word { status: Success, twice: true }, once(Success)]),
            Act::PayLate if self.status == Expired => (Success, vec![once(Success)]),
            Act::PayLate => (Success, vec![once(Expired), once(Success)]),
            Act::Fail => (Failed, vec![once(Failed)]),
            Act::Expire => (Expired, vec![once(Expired)]),
            Act::TellAgain => (self.status, vec![once(self.status)]),
            Act::Refund => (Refunded, vec![once(Refunded)]),
        };
        let mut payment = Self { status, ..self.clone() };
        match act {
            Act::Pay | Act::PayTwice | Act::PayLate | Act::PaySilently => payment.paid = Some(self.amount),
            Act::PayWrong => payment.paid = Some(wrong_amount(self.amount)),
            Act::Fail | Act::Expire | Act::TellAgain | Act::Refund => {}
        }
        if payment.paid.is_some() && !matches!(act, Act::TellAgain | Act::Refund) {
            payment.reference = Some(reference.to_owned());
            payment.channel = Some(channel);
        } else if act == Act::Fail {
            payment.channel = Some(channel);
        }
        Some(Change { payment, notices })
    }

    /// What check-status answers.
    pub(super) fn report(&self, now: Micros) -> PaymentReport {
        let status = self.status_at(now);
        PaymentReport {
            invoice: self.invoice.to_string(),
            amount: Some(self.paid.unwrap_or(self.amount)),
            is_rupiah: true,
            word: status.as_str().to_owned(),
            status: status.means(),
            channel: self.channel.map(|channel| channel.ids().2.to_owned()),
            provider_ref: self.reference.clone(),
        }
    }
}

/// What check-status answers of an invoice it has never seen.
pub(super) fn unknown(invoice: &Invoice) -> PaymentReport {
    PaymentReport {
        invoice: invoice.to_string(),
        amount: None,
        is_rupiah: true,
        word: "NOT_FOUND".to_owned(),
        status: ProviderStatus::Pending,
        channel: None,
        provider_ref: None,
    }
}
