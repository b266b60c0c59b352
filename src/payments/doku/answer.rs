//! What an answer says that is not what was asked for: DOKU's three shapes of an error, and which of them may pass.

use serde::Deserialize;

use super::client::Answer;
use super::loose::{Object, Text, Texts};
use crate::payments::ProviderError;

/// Longest words kept of an error.
const WORDS_LEN_MAX: usize = 300;

/// An error in DOKU's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Complaint {
    /// `invalid_client_id`, `invalid_signature`, …; empty where there is none.
    pub(super) code: String,
    /// A sentence.
    pub(super) words: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Object<ErrorBody>,
    message: Texts,
    error_messages: Texts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    code: Text,
    message: Texts,
}

/// The error an answer holds: `{"error":{code,message}}`, `{"message":[…]}` or `{"error_messages":[…]}`.
pub(super) fn complaint(answer: &Answer) -> Option<Complaint> {
    let Object(body) = serde_json::from_slice::<Object<Body>>(&answer.body).ok()?;
    let Object(error) = body.error;
    let lists = [error.message.0, body.error_messages.0, body.message.0];
    let words = lists.concat().join("; ");
    // What a person typed could come back in it: it is for the log, one line and not endless.
    let words: String = words.chars().filter(|letter| !letter.is_control()).take(WORDS_LEN_MAX).collect();
    let code: String = error.code.for_receipt().unwrap_or_default();
    let is_success = code.is_empty() && words.eq_ignore_ascii_case("success");
    let says_nothing = code.is_empty() && words.is_empty();
    (!is_success && !says_nothing).then_some(Complaint { code, words })
}

/// An answer that is no success, as an error: what is DOKU's own trouble or a matter of time may pass, the rest will be
/// the same next time.
pub(super) fn refusal(answer: &Answer) -> ProviderError {
    let status = answer.status.as_u16();
    let words = match complaint(answer) {
        Some(Complaint { code, words }) if code.is_empty() => format!("{status}: {words}"),
        Some(Complaint { code, words }) => format!("{status} {code}: {words}"),
        None if (300..400).contains(&status) => format!("{status}: it sends elsewhere; check payments.doku.base_url"),
        None => format!("{status} without words"),
    };
    match status {
        408 | 409 | 425 | 429 | 500.. => ProviderError::Passing(words),
        _ => ProviderError::Refused(words),
    }
}
