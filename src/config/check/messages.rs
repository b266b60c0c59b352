//! `[messages]`: a gateway has an address, and what it is sent is JSON.

use super::super::tree::Origins;
use super::super::{ConfigError, MessageKind, Messages};
use super::address_of_a_call;

/// A number and a text as hostile to JSON as any.
const SAMPLE: (&str, &str) = ("6281234567890", "\"Kode\" \\ 123456\n");

/// Checks the section.
///
/// # Errors
/// `kind = "http"` without an address, or a body that is no JSON or leaves number or text out.
pub(super) fn messages(messages: &Messages, origins: &Origins) -> Result<(), ConfigError> {
    if messages.kind == MessageKind::Http {
        if messages.url.is_empty() {
            let what = "is empty while messages.kind is \"http\": write the gateway's address, such as \
                        \"https://api.fonnte.com/send\"";
            return Err(origins.wrong("messages.url", what));
        }
        address_of_a_call("messages.url", &messages.url, "https://api.fonnte.com/send", origins)?;
    }
    for field in ["{phone}", "{text}"] {
        if !messages.body.contains(field) {
            let what = format!("has no {field}: write it where the gateway expects it, within quotes");
            return Err(origins.wrong("messages.body", &what));
        }
    }
    let filled = Messages::fill(&messages.body, SAMPLE.0, SAMPLE.1);
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&filled) {
        let what = format!(
            "is no JSON once {{phone}} and {{text}} are filled in ({error}): write them within quotes, as in \
             '{{\"target\":\"{{phone}}\",\"message\":\"{{text}}\"}}'"
        );
        return Err(origins.wrong("messages.body", &what));
    }
    Ok(())
}
