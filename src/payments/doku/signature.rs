//! DOKU's signature (its "non-SNAP" scheme): HMAC-SHA256 over a few lines, the same for requests, responses and
//! notices.
//!
//! ```text
//! Client-Id:<id>
//! Request-Id:<id>
//! Request-Timestamp:<UTC, YYYY-MM-DDTHH:MM:SSZ>
//! Request-Target:<path, no scheme, no host>
//! Digest:<base64 of SHA-256 over the raw body>
//! ```
//!
//! Joined by one line feed each, none at the end, no blank after the colons. Without a body (GET) the last line is left
//! out altogether. A response has `Response-Timestamp` in the place of `Request-Timestamp`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};

/// What a `Signature` header begins with.
const SCHEME: &str = "HMACSHA256=";

/// Which of the two timestamps is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `Request-Timestamp`: what is sent to DOKU, and DOKU's notices.
    Request,
    /// `Response-Timestamp`: DOKU's answers.
    Response,
}

/// What a signature covers. Header values cannot hold a line feed, so the lines cannot be shifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// `Client-Id`
    pub client_id: &'a str,
    /// `Request-Id`
    pub request_id: &'a str,
    /// `Request-Timestamp` or `Response-Timestamp`, as it is written in the header.
    pub timestamp: &'a str,
    /// The path that was asked, as the caller knows it: with a proxy in between, the public one.
    pub target: &'a str,
    /// [`digest_of`] the raw body; `None` for a request without one.
    pub digest: Option<&'a str>,
    /// Whose timestamp it is.
    pub direction: Direction,
}

impl Parts<'_> {
    /// The text that is signed.
    #[must_use]
    pub fn component_string(&self) -> String {
        let timestamp = match self.direction {
            Direction::Request => "Request-Timestamp",
            Direction::Response => "Response-Timestamp",
        };
        let mut lines = format!(
            "Client-Id:{}\nRequest-Id:{}\n{timestamp}:{}\nRequest-Target:{}",
            self.client_id, self.request_id, self.timestamp, self.target
        );
        if let Some(digest) = self.digest {
            lines.push_str("\nDigest:");
            lines.push_str(digest);
        }
        lines
    }
}

/// The key of a secret such as `SK-…`.
#[must_use]
pub fn key_of(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// The `Digest` of a body: exactly the bytes that are sent, or that came.
#[must_use]
pub fn digest_of(body: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, body))
}

/// The value of the `Signature` header: `HMACSHA256=` and the MAC in padded base64.
#[must_use]
pub fn sign(key: &hmac::Key, parts: &Parts<'_>) -> String {
    let tag = hmac::sign(key, parts.component_string().as_bytes());
    format!("{SCHEME}{}", STANDARD.encode(tag))
}

/// Whether `signature` is the value of a right `Signature` header. Compares in constant time.
#[must_use]
pub fn verify(key: &hmac::Key, parts: &Parts<'_>, signature: &str) -> bool {
    let Some(tag) = signature.strip_prefix(SCHEME).and_then(|tag| STANDARD.decode(tag).ok()) else { return false };
    hmac::verify(key, parts.component_string().as_bytes(), &tag).is_ok()
}
