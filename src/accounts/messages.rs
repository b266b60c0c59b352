//! How a code reaches a person: printed, or handed to a WhatsApp or SMS gateway.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Phone;
use crate::config::{Language, MessageKind, Messages, Secret};

/// The longest wait for a gateway's answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Waits before each try.
const WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// Why a message was not sent. Tells neither number nor text.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Another try may help.
    #[error("the gateway does not take messages now: {0}")]
    Passing(String),
    /// The gateway, or `[messages]`, has to be put right.
    #[error("the gateway refuses messages: {0}")]
    Refused(String),
}

/// Sends a text to a number.
#[async_trait]
pub trait MessageSender: Send + Sync + fmt::Debug {
    /// Tries once.
    ///
    /// # Errors
    /// [`SendError`]
    async fn send(&self, to: &Phone, text: &str) -> Result<(), SendError>;

    /// Tries three times, and says in the log what stands in the way, without number and text.
    async fn deliver(&self, to: &Phone, text: &str) {
        for (number, wait) in (1..).zip(WAITS) {
            tokio::time::sleep(wait).await;
            match self.send(to, text).await {
                Ok(()) => return,
                Err(error @ SendError::Passing(_)) if number < WAITS.len() => {
                    tracing::info!(%error, "a message is sent again");
                }
                Err(error) => {
                    tracing::error!(%error, "a message was not sent: see [messages]");
                    return;
                }
            }
        }
    }
}

/// The text of a message about a new password, by language and code.
type Text = dyn Fn(Language, &str) -> String + Send + Sync;

/// The words of messages, given by whoever knows words.
#[derive(Clone)]
pub struct MessageWords(Arc<Text>);

impl MessageWords {
    /// Words by a function of language and code.
    pub fn new(reset_code: impl Fn(Language, &str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(reset_code))
    }

    pub(super) fn reset_code(&self, language: Language, code: &str) -> String {
        (self.0)(language, code)
    }
}

impl fmt::Debug for MessageWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageWords")
    }
}

/// A way to send, and the words.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The way.
    pub sender: Arc<dyn MessageSender>,
    /// The words.
    pub words: MessageWords,
}

/// The sender of `[messages]`.
///
/// # Errors
/// No TLS or HTTP client can be made on this machine.
pub fn open_sender(config: &Messages) -> Result<Arc<dyn MessageSender>, SendError> {
    Ok(match config.kind {
        MessageKind::Console => Arc::new(ConsoleSender),
        MessageKind::Http => Arc::new(HttpSender::new(config)?),
    })
}

/// Prints messages on standard output, for trying things out.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleSender;

#[async_trait]
impl MessageSender for ConsoleSender {
    async fn send(&self, to: &Phone, text: &str) -> Result<(), SendError> {
        let line = format!("message to {}: {}\n", to.as_str(), text.replace('\n', " "));
        let written = tokio::task::spawn_blocking(move || {
            let mut out = std::io::stdout().lock();
            out.write_all(line.as_bytes()).and_then(|()| out.flush())
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(SendError::Refused(error.to_string())),
            Err(_) => Err(SendError::Refused("standard output cannot be written".into())),
        }
    }
}

/// POSTs messages to a gateway.
#[derive(Clone, Debug)]
pub struct HttpSender {
    client: reqwest::Client,
    url: String,
    token: Secret,
    body: String,
}

impl HttpSender {
    /// A sender to `messages.url`.
    ///
    /// # Errors
    /// No client can be made on this machine.
    pub fn new(config: &Messages) -> Result<Self, SendError> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            // A token and a code go to the address that was written down, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| SendError::Refused(error.without_url().to_string()))?;
        Ok(Self { client, url: config.url.clone(), token: config.token.clone(), body: config.body.clone() })
    }
}

#[async_trait]
impl MessageSender for HttpSender {
    async fn send(&self, to: &Phone, text: &str) -> Result<(), SendError> {
        let body = Messages::fill(&self.body, to.as_str().trim_start_matches('+'), text);
        let mut request = self.client.post(&self.url).header("content-type", "application/json").body(body);
        if !self.token.is_empty() {
            request = request.bearer_auth(self.token.expose());
        }
        // The address may hold a key of the gateway's: it is not repeated.
        let answer = request.send().await.map_err(|error| SendError::Passing(why(&error.without_url())))?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else if status.is_server_error() || [408, 425, 429].contains(&status.as_u16()) {
            Err(SendError::Passing(format!("it answers {status}")))
        } else {
            Err(SendError::Refused(format!("it answers {status}")))
        }
    }
}

/// The innermost reason: "connection refused" instead of "error sending request".
fn why(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    if error.is_timeout() { format!("no answer within {} s", TIMEOUT.as_secs()) } else { reason.to_string() }
}
