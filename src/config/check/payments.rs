//! `[payments]`: what would keep money from coming, before anything starts.

use std::collections::BTreeSet;

use url::{Host, Url};

use super::super::keys::quoted;
use super::super::tree::Origins;
use super::super::{Config, ConfigError, Doku, PaymentGateway};
use super::{address, at_least};

/// DOKU's longest `payment_due_date`: 31 days, in minutes.
const ORDER_TTL_MAX_MINUTES: u32 = 44_640;
/// Longest Client-Id and secret: DOKU's have about thirty characters.
const CREDENTIAL_LEN_MAX: usize = 128;

pub(super) fn payments(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let payments = &config.payments;
    let minutes = payments.order_ttl_minutes;
    if !(1..=ORDER_TTL_MAX_MINUTES).contains(&minutes) {
        let what = format!("cannot be {minutes}: write 1 to {ORDER_TTL_MAX_MINUTES}, which are 31 days");
        return Err(origins.wrong("payments.order_ttl_minutes", &what));
    }
    at_least("payments.reconcile_every_ms", payments.reconcile_every_ms, 1, origins)?;
    doku(&payments.doku, payments.gateway == PaymentGateway::Doku, origins)
}

fn doku(doku: &Doku, is_used: bool, origins: &Origins) -> Result<(), ConfigError> {
    const BASE: &str = "payments.doku.base_url";
    address(BASE, &doku.base_url, "https://api.doku.com", origins)?;
    if !is_secure(&doku.base_url) {
        let what = format!(
            "cannot be {}: without https everyone on the way could read who pays; write \"https://api.doku.com\", or \
             \"https://api-sandbox.doku.com\" for trying out",
            quoted(&doku.base_url)
        );
        return Err(origins.wrong(BASE, &what));
    }
    at_least("payments.doku.timestamp_window_ms", doku.timestamp_window_ms, 1, origins)?;
    methods(&doku.payment_methods, origins)?;
    if !is_used {
        return Ok(());
    }
    credential("payments.doku.client_id", &doku.client_id, "BRN-…", origins)?;
    credential("payments.doku.secret_key", doku.secret_key.expose(), "SK-…", origins)
}

/// https, or this machine's own address.
fn is_secure(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}

/// Both are sent in headers or copied from a page: a blank at an end would make every signature wrong.
fn credential(key: &str, text: &str, example: &str, origins: &Origins) -> Result<(), ConfigError> {
    if text.is_empty() {
        let what = format!(
            "is empty while payments.gateway is \"doku\": write the one of DOKU's dashboard ({example}), or set \
             payments.gateway to \"sandbox\" or \"none\""
        );
        return Err(origins.wrong(key, &what));
    }
    if text.len() > CREDENTIAL_LEN_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
        // What it is instead is not repeated: it may be half a secret.
        let what = format!("holds a blank or a character that none of DOKU's has: copy it again ({example})");
        return Err(origins.wrong(key, &what));
    }
    Ok(())
}

fn methods(methods: &[String], origins: &Origins) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for (index, method) in methods.iter().enumerate() {
        let key = format!("payments.doku.payment_methods[{index}]");
        let is_word = (1..=64).contains(&method.len())
            && method.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !is_word {
            let what = format!("cannot be {}: write one of DOKU's words, such as \"QRIS\"", quoted(method));
            return Err(origins.wrong(&key, &what));
        }
        if !seen.insert(method) {
            return Err(origins.wrong(&key, &format!("is {} a second time: remove it", quoted(method))));
        }
    }
    Ok(())
}
