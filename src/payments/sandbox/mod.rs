//! The built-in gateway for trying things out: a provider of our own, with a pay page where everything that can happen
//! to a payment happens at the press of a button, and no money moves.
//!
//! Verbs: those of [`PaymentProvider`]; [`Sandbox::find_payment`] and [`Sandbox::act`] for its pay page.
//!
//! Invariants: coins are credited by the same path as with a real provider – notices are signed as DOKU signs them, under
//! a secret of its own, and sent over HTTP to our own hook; a pay page opens only by its token; what was done on it is a
//! row, so that check-status knows it after a restart and on every node.
//!
//! Crash between the row and its notice: the notice is lost, as happens with real providers, and asking finds the payment.

mod channel;
mod notice;
mod payment;
mod records;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use url::Url;

pub use channel::Channel;
pub use payment::{Act, SandboxPayment, SandboxStatus};

use super::{
    Checkout, CheckoutRequest, Gateway, NoticeHeaders, NoticeRefusal, PaymentError, PaymentProvider, PaymentReport,
    ProviderError, SignedNotice,
};
use crate::clock::{Micros, SharedClock};
use crate::config::{Config, SecretKey};
use crate::ids::{Invoice, SharedRandom, new_word};
use crate::money::Rupiah;
use crate::store::{Store, StoreError};

/// Where its notices come to, below `server.public_url`.
pub const HOOK_PATH: &str = "/api/v1/hooks/sandbox";
/// How long the hook may take to answer a notice.
const HOOK_WITHIN: Duration = Duration::from_secs(10);
/// How far a notice's time may be from ours, in milliseconds: as `payments.doku.timestamp_window_ms` has it.
const WINDOW_MS: i64 = 300_000;

/// The sandbox. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    store: Store,
    clock: SharedClock,
    random: SharedRandom,
    /// Signs notices.
    notice_key: hmac::Key,
    /// Makes the tokens of pay pages.
    page_key: hmac::Key,
    client_id: String,
    /// Scheme and host of the pages.
    site_url: String,
    /// Where notices are sent: this process itself.
    hook_url: String,
    /// What a notice signs as its Request-Target: the public path.
    hook_target: String,
    client: reqwest::Client,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("hook_url", &self.0.hook_url).finish_non_exhaustive()
    }
}

/// The sandbox of this configuration. Nothing is asked yet.
///
/// # Errors
/// A sentence: no HTTP client could be made on this machine.
pub fn open(
    config: &Config,
    secret: &SecretKey,
    store: &Store,
    clock: &SharedClock,
    random: &SharedRandom,
) -> Result<Sandbox, PaymentError> {
    let client = reqwest::Client::builder()
        .timeout(HOOK_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| PaymentError::Unfit(format!("the sandbox's notices cannot be sent: {error}")))?;
    let public_url = config.server.public_url.trim_end_matches('/');
    let public_path = Url::parse(public_url).map(|url| url.path().trim_end_matches('/').to_owned());
    let listen = config.server.listen;
    // Straight to this process, past any proxy; a port that the system chooses is known to `public_url` alone.
    let hook_base = match listen.port() {
        0 => public_url.to_owned(),
        port if listen.ip().is_unspecified() => format!("http://127.0.0.1:{port}"),
        _ => format!("http://{listen}"),
    };
    Ok(Sandbox(Arc::new(Inner {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
        notice_key: secret.hmac_key("sandbox-notice"),
        page_key: secret.hmac_key("sandbox-page"),
        client_id: format!("BRN-SANDBOX-{}", secret.fingerprint()),
        site_url: config.address_on(&config.hosts.site).unwrap_or_else(|| public_url.to_owned()),
        hook_url: format!("{hook_base}{HOOK_PATH}"),
        hook_target: format!("{}{HOOK_PATH}", public_path.unwrap_or_default()),
        client,
    })))
}

impl Sandbox {
    /// A checkout's payment; `None` when the token is not its own.
    ///
    /// # Errors
    /// The database.
    pub async fn find_payment(&self, invoice: &str, token: &str) -> Result<Option<SandboxPayment>, PaymentError> {
        match invoice.parse::<Invoice>() {
            Ok(invoice) if self.is_token(&invoice, token) => Ok(self.find(&invoice).await?),
            _ => Ok(None),
        }
    }

    /// Lets something happen to a payment, and tells our hook as a provider would. What cannot happen to it as it stands
    /// is left undone. Returns the payment as it is then; `None` when the token is not its own.
    ///
    /// # Errors
    /// The database.
    pub async fn act(
        &self,
        invoice: &str,
        token: &str,
        act: Act,
        channel: Channel,
    ) -> Result<Option<SandboxPayment>, PaymentError> {
        let Some(payment) = self.find_payment(invoice, token).await? else { return Ok(None) };
        let Some(change) = payment.after(act, channel, &self.new_reference(), self.0.clock.now()) else {
            return Ok(Some(payment));
        };
        let (before, after) = (payment.status, change.payment.clone());
        // Two presses at once: one of them finds it changed.
        if !self.0.store.write(move |conn| records::change(conn, &after, before)).await? {
            return Ok(self.find(&payment.invoice).await?);
        }
        let mut told = None;
        for word in &change.notices {
            told = Some(self.tell(&change.payment, word).await);
        }
        if let Some(told) = told {
            let invoice = payment.invoice.clone();
            self.0.store.write(move |conn| records::note_told(conn, &invoice, &told)).await?;
        }
        Ok(self.find(&payment.invoice).await?)
    }

    /// Where a checkout is paid.
    fn payment_url(&self, invoice: &Invoice) -> String {
        format!("{}/sandbox/pay/{invoice}?token={}", self.0.site_url, self.token_of(invoice))
    }

    fn token_of(&self, invoice: &Invoice) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0.page_key, invoice.as_str().as_bytes()))
    }

    /// Whether `token` opens the pay page of `invoice`. Constant time.
    fn is_token(&self, invoice: &Invoice, token: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(token)
            .is_ok_and(|tag| hmac::verify(&self.0.page_key, invoice.as_str().as_bytes(), &tag).is_ok())
    }

    /// A payment's own number, twelve digits.
    fn new_reference(&self) -> String {
        let mut bytes = [0_u8; 12];
        self.0.random.fill(&mut bytes);
        bytes.iter().map(|byte| char::from(b'0' + byte % 10)).collect()
    }

    /// A Request-Id: not always a UUID with real providers either.
    fn new_request_id(&self) -> String {
        format!("SANDBOX-{}", new_word(self.0.random.as_ref(), 24))
    }

    async fn find(&self, invoice: &Invoice) -> Result<Option<SandboxPayment>, StoreError> {
        let invoice = invoice.clone();
        self.0.store.read(move |conn| records::find(conn, &invoice)).await
    }
}

#[async_trait]
impl PaymentProvider for Sandbox {
    fn gateway(&self) -> Gateway {
        Gateway::Sandbox
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, ProviderError> {
        let now = self.0.clock.now();
        let asked = SandboxPayment {
            invoice: request.invoice.clone(),
            request_id: request.request_id.clone(),
            amount: request.amount,
            return_url: request.return_url.clone(),
            language: request.language,
            created_at: now,
            expires_at: now.plus_ms(i64::from(request.due_minutes).saturating_mul(60_000)),
            status: SandboxStatus::Pending,
            channel: None,
            paid: None,
            reference: None,
            told: None,
        };
        let kept = self.0.store.write(move |conn| records::insert_or_find(conn, &asked)).await;
        match kept.map_err(|error| ProviderError::Passing(error.to_string()))? {
            Some(kept) if kept.request_id == request.request_id => {
                Ok(Checkout { payment_url: self.payment_url(&kept.invoice), expires_at: Some(kept.expires_at) })
            }
            _ => Err(ProviderError::Refused("this invoice was used for another request".into())),
        }
    }

    fn read_notice(&self, headers: &NoticeHeaders, body: &[u8], now: Micros) -> Result<SignedNotice, NoticeRefusal> {
        self.read_signed(headers, body, now)
    }

    async fn check_status(&self, invoice: &Invoice) -> Result<PaymentReport, ProviderError> {
        let found = self.find(invoice).await.map_err(|error| ProviderError::Passing(error.to_string()))?;
        Ok(match found {
            Some(payment) => payment.report(self.0.clock.now()),
            None => payment::unknown(invoice),
        })
    }
}

/// What somebody pays who pays the wrong amount: a thousand less, or all but one rupiah of what is less than that.
fn wrong_amount(asked: Rupiah) -> Rupiah {
    Rupiah(asked.0.saturating_sub(if asked.0 > 1_000 { 1_000 } else { 1 }))
}
