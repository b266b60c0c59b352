//! The sections about selling coins and reaching people.

use serde::{Deserialize, Serialize};

use super::Secret;

/// `[payments]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Payments {
    /// Who takes the money.
    pub gateway: PaymentGateway,
    /// Lets the sandbox run where the public can reach it.
    pub allow_sandbox_in_public: bool,
    /// How long an order can be paid, in minutes.
    pub order_ttl_minutes: u32,
    /// Time between two rounds of asking after open orders, in milliseconds.
    pub reconcile_every_ms: u64,
    /// DOKU Checkout.
    pub doku: Doku,
}

impl Default for Payments {
    fn default() -> Self {
        Self {
            gateway: PaymentGateway::Sandbox,
            allow_sandbox_in_public: false,
            order_ttl_minutes: 60,
            reconcile_every_ms: 60_000,
            doku: Doku::default(),
        }
    }
}

/// `payments.gateway`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentGateway {
    /// The built-in pay page for trying things out.
    #[default]
    Sandbox,
    /// DOKU Checkout.
    Doku,
    /// Coins are not sold.
    None,
}

/// `[payments.doku]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Doku {
    /// Address of the API.
    pub base_url: String,
    /// The merchant's Client-Id.
    pub client_id: String,
    /// The merchant's secret key.
    pub secret_key: Secret,
    /// Channels offered; empty: every one active at DOKU.
    pub payment_methods: Vec<String>,
    /// How old, or how far ahead, a notice's time may be, in milliseconds.
    pub timestamp_window_ms: u64,
}

impl Default for Doku {
    fn default() -> Self {
        Self {
            base_url: "https://api-sandbox.doku.com".into(),
            client_id: String::new(),
            secret_key: Secret::default(),
            payment_methods: Vec::new(),
            timestamp_window_ms: 300_000,
        }
    }
}

/// `[messages]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Messages {
    /// How a code is sent.
    pub kind: MessageKind,
    /// Address of the gateway; with `kind = "http"`.
    pub url: String,
    /// Sent as `Authorization: Bearer …`; empty: none.
    pub token: Secret,
    /// The JSON body; `{phone}` (E.164 without +) and `{text}` are filled in.
    pub body: String,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            kind: MessageKind::Console,
            url: String::new(),
            token: Secret::default(),
            body: r#"{"target":"{phone}","message":"{text}"}"#.into(),
        }
    }
}

impl Messages {
    /// The body for one message: both values as they stand within a JSON string. A text that holds `{phone}` stays as it
    /// is.
    #[must_use]
    pub fn fill(body: &str, phone: &str, text: &str) -> String {
        let parts: Vec<String> =
            body.split("{text}").map(|part| part.replace("{phone}", &within_quotes(phone))).collect();
        parts.join(&within_quotes(text))
    }
}

/// `text` escaped for a JSON string, without the quotes around it.
fn within_quotes(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// `messages.kind`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// Written to standard output, for trying things out.
    #[default]
    Console,
    /// Sent to a WhatsApp or SMS gateway by POST.
    Http,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_filled_in_as_json_whatever_it_holds() {
        let body = r#"{"to":"{phone}","parts":[{"text":"{text}"}]}"#;
        for text in ["Kode 123456", "\"},\"to\":\"6280\",\"x\":\"", "a\\b\n\u{1}é 🥊", "{phone} {text}"] {
            let filled: serde_json::Value = serde_json::from_str(&Messages::fill(body, "62812", text)).unwrap();
            assert_eq!(filled, serde_json::json!({"to": "62812", "parts": [{"text": text}]}));
        }
    }
}
