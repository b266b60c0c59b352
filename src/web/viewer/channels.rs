//! Ways to pay in words people know, from the provider's.

use crate::config::{PaymentGateway, Payments};
use crate::payments::sandbox::Channel;
use crate::web::i18n::Words;

/// What a provider's word for a channel is called. One we do not know is shown as it came, made readable.
#[must_use]
pub fn name_of(code: &str, w: Words) -> String {
    if code.starts_with("QRIS") {
        return "QRIS".to_owned();
    }
    if let Some(bank) = code.strip_prefix("VIRTUAL_ACCOUNT_") {
        let bank = bank.strip_prefix("BANK_").unwrap_or(bank);
        return w.with("channel-virtual-account", "bank", &bank_name(bank));
    }
    if let Some(bank) = code.strip_prefix("DIRECT_DEBIT_") {
        return w.with("channel-direct-debit", "bank", &bank_name(bank));
    }
    match code {
        "CREDIT_CARD" => w.t("channel-card"),
        "EMONEY_SHOPEE_PAY" | "EMONEY_SHOPEEPAY" => "ShopeePay".to_owned(),
        "EMONEY_LINKAJA" => "LinkAja".to_owned(),
        "EMONEY_DOKU" => "DOKU e-Wallet".to_owned(),
        "ONLINE_TO_OFFLINE_ALFA" => "Alfamart".to_owned(),
        "ONLINE_TO_OFFLINE_INDOMARET" => "Indomaret".to_owned(),
        "GOOGLE_PAY" => "Google Pay".to_owned(),
        "JENIUS_PAY" => "Jenius Pay".to_owned(),
        _ => code.trim_start_matches("EMONEY_").trim_start_matches("PEER_TO_PEER_").replace('_', " "),
    }
}

/// A bank's name: short ones are spoken as letters, others are words.
fn bank_name(code: &str) -> String {
    match code {
        "MANDIRI" => "Mandiri".to_owned(),
        "SYARIAH_MANDIRI" => "BSI".to_owned(),
        "PERMATA" => "Permata".to_owned(),
        "DANAMON" => "Danamon".to_owned(),
        "MAYBANK" => "Maybank".to_owned(),
        "SINARMAS" => "Sinarmas".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The ways to pay that the shop names: those of the configuration, else the families every merchant has.
#[must_use]
pub fn offered(payments: &Payments, w: Words) -> Vec<String> {
    let named = |codes: &mut dyn Iterator<Item = &str>| codes.map(|code| name_of(code, w)).collect();
    match payments.gateway {
        PaymentGateway::None => Vec::new(),
        PaymentGateway::Sandbox => named(&mut Channel::ALL.iter().map(|channel| channel.as_str())),
        PaymentGateway::Doku if !payments.doku.payment_methods.is_empty() => {
            named(&mut payments.doku.payment_methods.iter().map(String::as_str))
        }
        PaymentGateway::Doku => {
            vec![
                "QRIS".to_owned(),
                w.t("channel-family-bank"),
                w.t("channel-family-wallet"),
                w.t("channel-family-shop"),
            ]
        }
    }
}
