//! Notices: written in the shapes of DOKU's (each channel has its own), signed by its scheme, sent to our own hook, and
//! read back there.

use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::payment::Word;
use super::{Channel, Sandbox, SandboxPayment, WINDOW_MS};
use crate::clock::Micros;
use crate::payments::doku::signature::{self, Direction, Parts};
use crate::payments::{NoticeHeaders, NoticeRefusal, SignedNotice, doku};

/// The body of a notice.
pub(super) fn body_of(payment: &SandboxPayment, word: Word, now: Micros) -> Value {
    let reference = payment.reference.clone().unwrap_or_default();
    let mut body = json!({
        "order": {
            "invoice_number": payment.invoice,
            "amount": payment.paid.unwrap_or(payment.amount),
        },
        "transaction": {
            "status": word.status.as_str(),
            "date": doku::written_time(now),
            "original_request_id": payment.request_id,
        },
        "additional_info": { "origin": { "product": "CHECKOUT", "system": "bakuhantam-sandbox" } },
    });
    let Some(channel) = payment.channel else { return body };
    let (service, acquirer, id) = channel.ids();
    let mut put = |key: &str, value: Value| {
        if let Some(members) = body.as_object_mut() {
            members.insert(key.to_owned(), value);
        }
    };
    put("service", json!({ "id": service }));
    put("acquirer", json!({ "id": acquirer }));
    put("channel", json!({ "id": id }));
    match channel {
        Channel::Qris => put("emoney_payment", json!({ "account_id": "93600000000000", "approval_code": reference })),
        Channel::BcaVirtualAccount => {
            put("virtual_account_info", json!({ "virtual_account_number": "1900800000208362" }));
            put(
                "virtual_account_payment",
                json!({
                    "date": local_digits(now),
                    "systrace_number": "116095",
                    "reference_number": reference,
                    "channel_code": "",
                    "identifer": [{ "name": "REFERENCE", "value": reference }],
                }),
            );
        }
        // No object of its own: the transaction names the payment.
        Channel::Dana => {
            let date = doku::written_time(now);
            let status = word.status.as_str();
            put("transaction", json!({ "status": status, "date": date, "original_request_id": reference }));
        }
        Channel::ShopeePay => {
            put("shopeepay_payment", json!({ "transaction_status": "3", "transaction_message": "SUCCESS" }));
            put("emoney_payment", json!({ "approval_code": reference }));
        }
        Channel::Card => put(
            "card_payment",
            json!({ "masked_card_number": "481111******1114", "approval_code": reference, "response_code": "00" }),
        ),
        Channel::Alfamart => put("online_to_offline_info", json!({ "payment_code": reference })),
    }
    body
}

/// `yyyyMMddHHmmss` in Western Indonesian time, as virtual accounts date their payments.
fn local_digits(at: Micros) -> String {
    let at = Timestamp::from_microsecond(at.plus_ms(7 * 60 * 60 * 1_000).0).unwrap_or_default();
    at.strftime("%Y%m%d%H%M%S").to_string()
}

impl Sandbox {
    /// Sends a notice; what the hook answered.
    pub(super) async fn tell(&self, payment: &SandboxPayment, word: &Word) -> String {
        let now = self.0.clock.now();
        let body = body_of(payment, *word, now).to_string();
        let headers = self.sign(&self.new_request_id(), body.as_bytes(), now);
        let mut answer = self.post(&headers, body.clone()).await;
        if word.twice {
            answer = self.post(&headers, body).await;
        }
        answer
    }

    /// The headers of a notice.
    pub(super) fn sign(&self, request_id: &str, body: &[u8], at: Micros) -> NoticeHeaders {
        let (timestamp, digest) = (doku::written_time(at), signature::digest_of(body));
        let parts = Parts {
            client_id: &self.0.client_id,
            request_id,
            timestamp: &timestamp,
            target: &self.0.hook_target,
            digest: Some(&digest),
            direction: Direction::Request,
        };
        let signature = signature::sign(&self.0.notice_key, &parts);
        NoticeHeaders { client_id: self.0.client_id.clone(), request_id: request_id.to_owned(), timestamp, signature }
    }

    async fn post(&self, headers: &NoticeHeaders, body: String) -> String {
        let request = self
            .0
            .client
            .post(&self.0.hook_url)
            .header("Content-Type", "application/json")
            .header("Client-Id", &headers.client_id)
            .header("Request-Id", &headers.request_id)
            .header("Request-Timestamp", &headers.timestamp)
            .header("Signature", &headers.signature)
            .body(body);
        match request.send().await {
            Ok(answer) => answer.status().as_u16().to_string(),
            Err(error) => {
                tracing::info!(error = %error.without_url(), "a notice of the sandbox did not arrive");
                "unreachable".to_owned()
            }
        }
    }

    /// Checks and reads a notice as a real provider's is.
    pub(super) fn read_signed(
        &self,
        headers: &NoticeHeaders,
        body: &[u8],
        now: Micros,
    ) -> Result<SignedNotice, NoticeRefusal> {
        let ours = hmac::sign(&self.0.notice_key, self.0.client_id.as_bytes());
        hmac::verify(&self.0.notice_key, headers.client_id.as_bytes(), ours.as_ref())
            .map_err(|_| NoticeRefusal::ClientId)?;
        let digest = signature::digest_of(body);
        let parts = Parts {
            client_id: &headers.client_id,
            request_id: &headers.request_id,
            timestamp: &headers.timestamp,
            target: &self.0.hook_target,
            digest: Some(&digest),
            direction: Direction::Request,
        };
        if !signature::verify(&self.0.notice_key, &parts, &headers.signature) {
            return Err(NoticeRefusal::Signature);
        }
        let is_stale =
            doku::read_time(&headers.timestamp).is_none_or(|sent| now.ms_since(sent).saturating_abs() > WINDOW_MS);
        let report = doku::report_of(body);
        Ok(SignedNotice { request_id: headers.request_id.clone(), is_stale, report })
    }
}
