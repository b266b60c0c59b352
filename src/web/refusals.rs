//! How each room's refusal is told over HTTP. A fault is logged once, here, with an incident id.

use actix_web::http::StatusCode;

use super::error::Problem;
use crate::accounts::AccountError;
use crate::flows::TillError;
use crate::ledger::LedgerError;
use crate::payments::PaymentError;
use crate::playback::GateError;
use crate::polls::PollError;
use crate::superchat::SupportError;

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        use AccountError as E;
        let Some(code) = error.code() else { return Self::fault(&error, error.is_unavailable()) };
        let status = match &error {
            E::Phone(_) | E::Name | E::WeakPassword(_) | E::WrongCode => StatusCode::UNPROCESSABLE_ENTITY,
            E::PhoneTaken | E::LastOwner => StatusCode::CONFLICT,
            E::WrongCredentials | E::TotpRequired => StatusCode::UNAUTHORIZED,
            E::Banned | E::NoRole => StatusCode::FORBIDDEN,
            E::NotFound => StatusCode::NOT_FOUND,
            E::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
            E::Busy | E::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let problem = Self::new(status, code, sentence(&error));
        match error {
            E::TooManyTries { retry_after_s } => problem.retry_after(retry_after_s),
            E::Busy => problem.retry_after(5),
            _ => problem,
        }
    }
}

impl From<TillError> for Problem {
    fn from(error: TillError) -> Self {
        use TillError as E;
        let Some(code) = error.code() else { return Self::fault(&error, error.is_unavailable()) };
        let status = match &error {
            E::Ledger(LedgerError::BadAmount { .. })
            | E::Polls(PollError::NoSuchOption | PollError::BadCoins { .. })
            | E::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            E::NotFound(_)
            | E::Polls(PollError::NotFound | PollError::NoSuchPoll { .. } | PollError::NoSuchEvent(_)) => {
                StatusCode::NOT_FOUND
            }
            E::Ledger(_)
            | E::KeyReused
            | E::NotSelling
            | E::ProviderRefused
            | E::Payments(PaymentError::Unfit(_))
            | E::Events(_)
            | E::Polls(_)
            | E::PriceChanged { .. } => StatusCode::CONFLICT,
            E::TooOften { .. } | E::TooManyOpen { .. } => StatusCode::TOO_MANY_REQUESTS,
            E::ProviderAway | E::Store(_) | E::Payments(PaymentError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let problem = Self::new(status, code, sentence(&error));
        match error {
            E::TooOften { retry_after_s } | E::TooManyOpen { retry_after_s, .. } => problem.retry_after(retry_after_s),
            E::ProviderAway => problem.retry_after(5),
            _ => problem,
        }
    }
}

impl From<SupportError> for Problem {
    fn from(error: SupportError) -> Self {
        use SupportError as E;
        let Some(code) = error.code() else { return Self::fault(&error, error.is_unavailable()) };
        let status = match &error {
            E::NoSuchEvent(_) | E::NoSuchSupport { .. } => return Self::not_found(code),
            E::Ledger(LedgerError::BadAmount { .. })
            | E::BadAmount(_)
            | E::TooLong { .. }
            | E::NothingLeft
            | E::NoSuchNumber(_)
            | E::NoSuchFighter => StatusCode::UNPROCESSABLE_ENTITY,
            E::Ledger(_) | E::Closed | E::KeyReused | E::NotNow { .. } | E::HoldIsSo { .. } => StatusCode::CONFLICT,
            E::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            E::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let problem = Self::new(status, code, sentence(&error));
        match error {
            E::TooOften { retry_after_s } => problem.retry_after(retry_after_s),
            _ => problem,
        }
    }
}

impl From<GateError> for Problem {
    fn from(error: GateError) -> Self {
        use GateError as E;
        let Some(code) = error.code() else {
            // Said once by whoever asked, for all who waited for it: not once for each of a crowd.
            if let E::Fault(fault) = &error {
                return Self::fault(fault.as_ref(), false);
            }
            return Self::unavailable();
        };
        let status = match &error {
            E::SignedOut => StatusCode::UNAUTHORIZED,
            E::Locked | E::LeaseLost => StatusCode::FORBIDDEN,
            E::NoSuchKey | E::NoSuchEvent => return Self::not_found(code),
            E::TooEarly { .. } | E::Away | E::Fault(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let problem = Self::new(status, code, sentence(&error));
        match error {
            E::TooEarly { retry_after_s } => problem.retry_after(retry_after_s),
            _ => problem,
        }
    }
}

/// A refusal's words as a sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
