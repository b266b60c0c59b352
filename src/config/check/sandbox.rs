//! The sandbox gives coins to everyone who asks: it must not stand where everyone can ask.

use super::super::keys::quoted;
use super::super::tree::Origins;
use super::super::{Config, ConfigError, PaymentGateway};

/// Lets the sandbox pass on this machine alone, unless it is allowed elsewhere by name.
///
/// # Errors
/// The sandbox behind a public address, or listening on one.
pub(super) fn stays_at_home(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let payments = &config.payments;
    if payments.gateway != PaymentGateway::Sandbox || payments.allow_sandbox_in_public {
        return Ok(());
    }
    let (listen, public_url) = (config.server.listen, &config.server.public_url);
    let because = if !config.is_at_home() {
        format!("server.public_url is {}", quoted(public_url))
    } else if !listen.ip().is_loopback() {
        format!("server.listen is \"{listen}\"")
    } else {
        return Ok(());
    };
    let what = format!(
        "is \"sandbox\", which gives coins to everyone who asks, while {because}: write \"doku\" to sell coins, \"none\" \
         not to sell any, or payments.allow_sandbox_in_public = true for a rehearsal"
    );
    Err(origins.wrong("payments.gateway", &what))
}
