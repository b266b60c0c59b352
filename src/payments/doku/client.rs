//! One call of DOKU's API: signed, sent, its answer read up to a limit; and the same again while that may help.

use std::error::Error;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use tokio::time::Instant;

use super::signature::{self, Direction, Parts};
use super::{Doku, timestamp};
use crate::ids::RowId;
use crate::payments::ProviderError;

/// Largest answer taken, in bytes: the longest seen has about two thousand.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How long to wait for DOKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// To open a connection.
    pub connect: Duration,
    /// For one try, from connecting to the answer's end.
    pub one_try: Duration,
    /// For all tries together: somebody waits before a page.
    pub all_tries: Duration,
    /// Before the second try, at most; doubled for each after it. Half of it is left to chance.
    pub backoff: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            one_try: Duration::from_secs(15),
            all_tries: Duration::from_secs(25),
            backoff: Duration::from_millis(500),
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Begins with a slash; below the path of `payments.doku.base_url`.
    pub(super) path: String,
    /// `None`: a new one for each try, for what may be asked twice. Under a known one DOKU repeats its first answer.
    pub(super) request_id: Option<&'a str>,
    /// Sent as it is, each time the same bytes.
    pub(super) body: Option<Bytes>,
    /// How often it is tried.
    pub(super) tries: u32,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// A header as text; empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A client that follows nothing and asks nobody in between.
pub(super) fn open(timings: &Timings) -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .user_agent(concat!("bakuhantam/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timings.connect)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| {
            format!("TLS for the payment provider cannot be set up ({}): install ca-certificates", innermost(&error))
        })
}

impl Doku {
    /// Asks until `read` has something final, the tries are used up, or the time is.
    ///
    /// # Errors
    /// What `read` says, or that no answer came.
    pub(super) async fn ask<T>(
        &self,
        call: &Call<'_>,
        read: impl Fn(&Answer) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let begun = Instant::now();
        let mut tried = 0;
        loop {
            let left = self.timings.all_tries.saturating_sub(begun.elapsed());
            let answer = self.ask_once(call, left.min(self.timings.one_try)).await;
            let why = match answer.map_err(ProviderError::Passing).and_then(|answer| read(&answer)) {
                Err(ProviderError::Passing(why)) => why,
                settled => return settled,
            };
            tried += 1;
            let wait = self.wait_after(tried);
            if tried >= call.tries || begun.elapsed() + wait >= self.timings.all_tries {
                return Err(ProviderError::Passing(why));
            }
            tracing::debug!(path = call.path, tried, why, "DOKU is asked again");
            tokio::time::sleep(wait).await;
        }
    }

    /// One try.
    ///
    /// # Errors
    /// A few words that say why there is no answer.
    pub(super) async fn ask_once(&self, call: &Call<'_>, within: Duration) -> Result<Answer, String> {
        let mut address = self.base.clone();
        address.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), call.path));
        let target = address.path().to_owned();
        let now = self.clock.now();
        let timestamp = timestamp::written(now);
        let new_id = RowId::new(now, self.random.as_ref());
        let digest = call.body.as_deref().map(signature::digest_of);
        let parts = Parts {
            client_id: &self.client_id,
            request_id: call.request_id.unwrap_or(new_id.as_str()),
            timestamp: &timestamp,
            target: &target,
            digest: digest.as_deref(),
            direction: Direction::Request,
        };
        let mut request = self
            .client
            .request(call.method.clone(), address)
            .timeout(within)
            .header(header::ACCEPT, "application/json")
            .header("Client-Id", parts.client_id)
            .header("Request-Id", parts.request_id)
            .header("Request-Timestamp", parts.timestamp)
            .header("Signature", signature::sign(&self.key, &parts));
        if let Some(body) = &call.body {
            request =
                request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body.clone());
        }
        let mut response = request.send().await.map_err(|error| innermost(&error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| innermost(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("its answer is longer than {ANSWER_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        let answer = Answer { status, headers, body: body.into() };
        self.look_at_signature(&answer, &target);
        Ok(answer)
    }

    /// Whether an answer is signed as documented. TLS says who answers, and no public capture of a live answer could be
    /// held against its signature, so that a wrong one is told once and refuses nothing.
    fn look_at_signature(&self, answer: &Answer, target: &str) {
        let signature = answer.header("signature");
        if signature.is_empty() {
            return;
        }
        let digest = signature::digest_of(&answer.body);
        let parts = Parts {
            client_id: answer.header("client-id"),
            request_id: answer.header("request-id"),
            timestamp: answer.header("response-timestamp"),
            target,
            digest: Some(&digest),
            direction: Direction::Response,
        };
        if !signature::verify(&self.key, &parts, signature)
            && !self.has_told_of_signatures.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(target, "an answer of DOKU's is not signed as its documents say; told once");
        }
    }

    /// From half of the backoff to all of it, doubled with each try.
    fn wait_after(&self, tried: u32) -> Duration {
        let mut chance = [0_u8; 1];
        self.random.fill(&mut chance);
        let half = self.timings.backoff.saturating_mul(1 << tried.clamp(1, 8)) / 4;
        half + half * u32::from(chance[0]) / u32::from(u8::MAX)
    }
}

/// The cause at the bottom of an error, without the address.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut at: &dyn Error = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
