//! Notices in every shape that was seen or is documented.

use std::sync::atomic::{AtomicU64, Ordering};

use bakuhantam::clock::{Clock as _, Micros, SystemClock};
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use super::signing::{self, CLIENT_ID, written};
use crate::harness::http::{self, Answer};

/// How a channel writes its notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    VirtualAccount,
    Dana,
    Qris,
    /// The other spelling of QRIS.
    QrisPlain,
    ShopeePay,
    Ovo,
    Card,
    ConvenienceStore,
    /// A channel nobody has heard of.
    Unheard,
    /// Only what has to be there.
    Bare,
}

impl Shape {
    pub const ALL: [Self; 10] = [
        Self::VirtualAccount,
        Self::Dana,
        Self::Qris,
        Self::QrisPlain,
        Self::ShopeePay,
        Self::Ovo,
        Self::Card,
        Self::ConvenienceStore,
        Self::Unheard,
        Self::Bare,
    ];

    /// The channel as it stands in the notice.
    pub const fn channel(self) -> &'static str {
        match self {
            Self::VirtualAccount => "VIRTUAL_ACCOUNT_BCA",
            Self::Dana => "EMONEY_DANA",
            Self::Qris => "QRIS_DOKU",
            Self::QrisPlain => "QRIS",
            Self::ShopeePay => "EMONEY_SHOPEE_PAY",
            Self::Ovo => "EMONEY_OVO",
            Self::Card => "CREDIT_CARD",
            Self::ConvenienceStore => "ONLINE_TO_OFFLINE_ALFA",
            Self::Unheard => "TELEPATHY_2031",
            Self::Bare => "",
        }
    }

    /// `service.id` and `acquirer.id`
    const fn parties(self) -> (&'static str, &'static str) {
        match self {
            Self::VirtualAccount => ("VIRTUAL_ACCOUNT", "BCA"),
            Self::Dana => ("EMONEY", "DANA"),
            Self::Qris => ("QRIS", "DOKU"),
            Self::QrisPlain => ("QRIS", "QRIS"),
            Self::ShopeePay => ("EMONEY", "SHOPEE_PAY"),
            Self::Ovo => ("EMONEY", "OVO"),
            Self::Card => ("CREDIT_CARD", "BANK_CIMB"),
            Self::ConvenienceStore => ("ONLINE_TO_OFFLINE", "ALFA"),
            Self::Unheard => ("TELEPATHY", "NOBODY"),
            Self::Bare => ("", ""),
        }
    }

    /// What the channel adds.
    fn details(self) -> Value {
        match self {
            Self::VirtualAccount => json!({
                "virtual_account_info": {"virtual_account_number": "1900800000208362"},
                "virtual_account_payment": {"date": "20251203210101", "systrace_number": "116095",
                    "reference_number": "64775", "channel_code": "", "request_id": "048881",
                    "identifer": [{"name": "REQUEST_ID", "value": "048881"}]},
                "additional_info": {"origin": {"product": "CHECKOUT"}, "account": {"id": "SAC-1"}},
            }),
            Self::Dana => json!({"additional_info": {"line_items": []}}),
            Self::Qris | Self::QrisPlain => json!({
                "emoney_payment": {"account_id": "93600000000000", "approval_code": "123456"}, "settlement": [],
            }),
            Self::ShopeePay => json!({
                "shopeepay_configuration": {"merchant_ext_id": "e", "store_ext_id": "s"},
                "shopeepay_payment": {"transaction_status": "3", "transaction_message": "SUCCESS", "identifier": []},
            }),
            Self::Card => json!({"card_payment": {"masked_card_number": "552002******0142", "approval_code": "930013",
                "response_code": "00", "issuer": "BANK", "payment_id": "1"}}),
            Self::ConvenienceStore => json!({"online_to_offline_info": {"payment_code": "8890220000007"}}),
            Self::Unheard => json!({"telepathy": {"thought": [[[1.5, null, true]]]}, "uuid": 1}),
            Self::Ovo | Self::Bare => json!({}),
        }
    }
}

/// A notice, to be changed before it is signed and sent.
#[derive(Clone, Debug)]
pub struct Notice {
    pub client_id: String,
    pub request_id: String,
    pub timestamp: String,
    /// The path that is signed.
    pub target: String,
    pub body: Bytes,
}

impl Notice {
    /// One of a shape, sent now under a Request-Id of its own.
    pub fn of(shape: Shape, invoice: &str, amount: i64, word: &str) -> Self {
        Self::new(body(shape, invoice, &json!(amount), word).to_string())
    }

    /// One with this body, sent now under a Request-Id of its own.
    pub fn new(body: impl Into<Bytes>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            client_id: CLIENT_ID.to_owned(),
            // A real one, of no UUID's form.
            request_id: format!("VIRTUAL_ACCOUNT_BCA2226{:010}", NEXT.fetch_add(1, Ordering::Relaxed)),
            timestamp: written(SystemClock.now()),
            target: "/api/v1/hooks/doku".to_owned(),
            body: body.into(),
        }
    }

    /// The same, sent this many milliseconds from now.
    #[must_use]
    pub fn at_ms(mut self, ms: i64) -> Self {
        self.timestamp = written(Micros(SystemClock.now().0).plus_ms(ms));
        self
    }

    /// Its signature.
    pub fn signature(&self) -> String {
        let at = &self.timestamp;
        signing::sign("Request-Timestamp", &self.client_id, &self.request_id, at, &self.target, Some(&self.body))
    }

    /// Signs it and sends it to a hook.
    pub async fn send(&self, hook: &str) -> Answer {
        self.send_with(hook, &self.signature()).await
    }

    /// Sends it with this `Signature`, beside another one as live notices of DANA carry it.
    pub async fn send_with(&self, hook: &str, signature: &str) -> Answer {
        let headers = [
            ("content-type", "application/json"),
            ("client-id", self.client_id.as_str()),
            ("request-id", self.request_id.as_str()),
            ("request-timestamp", self.timestamp.as_str()),
            ("signature", signature),
            ("x-timestamp", "2025-01-19T08:59:16Z"),
            ("x-signature", "HMACSHA256=another"),
        ];
        http::send(Method::POST, hook, &headers, self.body.clone()).await
    }
}

/// A body of a shape.
pub fn body(shape: Shape, invoice: &str, amount: &Value, word: &str) -> Value {
    let mut body = json!({
        "order": {"invoice_number": invoice, "amount": amount},
        "transaction": {"status": word, "date": "2025-12-03T14:01:01Z", "original_request_id": "d7721e1c-7c3a"},
    });
    let ((service, acquirer), fields) = (shape.parties(), body.as_object_mut().expect("an object"));
    if !service.is_empty() {
        fields.insert("service".to_owned(), json!({ "id": service }));
        fields.insert("acquirer".to_owned(), json!({ "id": acquirer }));
        fields.insert("channel".to_owned(), json!({ "id": shape.channel() }));
    }
    if shape == Shape::Card {
        fields["transaction"]["type"] = json!("SALE");
    }
    let Value::Object(details) = shape.details() else { return body };
    fields.extend(details);
    body
}
