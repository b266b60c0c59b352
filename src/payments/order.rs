//! An order: a promise to sell coins at a price, and what became of it.

use std::fmt;
use std::str::FromStr;

use crate::clock::Micros;
use crate::config::Language;
use crate::ids::{AccountId, Invoice, RowId};
use crate::money::{Coins, Rupiah};

/// Who takes the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gateway {
    /// DOKU Checkout.
    Doku,
    /// The built-in pay page for trying things out.
    Sandbox,
}

impl Gateway {
    /// The word in the database and in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Doku => "doku",
            Self::Sandbox => "sandbox",
        }
    }
}

impl FromStr for Gateway {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "doku" => Ok(Self::Doku),
            "sandbox" => Ok(Self::Sandbox),
            _ => Err(format!("\"{text}\" is no gateway")),
        }
    }
}

/// Where an order stands with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderStatus {
    /// Money may still come.
    Pending,
    /// Money came, coins were booked. Never left again.
    Paid,
    /// Its time ran out. Money that comes all the same is credited.
    Expired,
    /// The provider would not make a checkout of it. Money that comes all the same is credited.
    Failed,
}

impl OrderStatus {
    /// The word in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrderStatus {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Pending, Self::Paid, Self::Expired, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no status of an order"))
    }
}

/// What a checkout tells the provider of its buyer.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// The display name, as typed.
    pub name: String,
    /// The number, E.164.
    pub phone: String,
    /// The language of the provider's page.
    pub language: Language,
}

impl fmt::Debug for Customer {
    /// Without name and number, since neither may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer").field("language", &self.language).finish_non_exhaustive()
    }
}

/// An order as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its row.
    pub id: RowId,
    /// Its name for people, the provider and the ledger.
    pub invoice: Invoice,
    /// Who buys.
    pub account: AccountId,
    /// Who takes the money.
    pub gateway: Gateway,
    /// The package it was, by its code.
    pub package_code: String,
    /// Coins bought.
    pub coins: Coins,
    /// Coins on top.
    pub bonus_coins: Coins,
    /// What is to be paid.
    pub price: Rupiah,
    /// Where it stands.
    pub status: OrderStatus,
    /// The provider's Request-Id of its checkout.
    pub request_id: String,
    /// Where it is paid; `None` until the provider has said so.
    pub payment_url: Option<String>,
    /// When it was made.
    pub created_at: Micros,
    /// Until when it can be paid.
    pub expires_at: Micros,
    /// When the money came, by our clock.
    pub paid_at: Option<Micros>,
    /// By which channel, in the provider's word.
    pub channel: Option<String>,
    /// The provider's own reference of the payment.
    pub provider_ref: Option<String>,
    /// Whether the money came after the order had expired or failed here.
    pub paid_late: bool,
    /// When the provider gave the money back.
    pub refunded_at: Option<Micros>,
    /// Coins taken back for that.
    pub reversed_coins: Coins,
}

impl Order {
    /// Coins that paying it books.
    #[must_use]
    pub const fn coins_in_all(&self) -> Coins {
        Coins(self.coins.0.saturating_add(self.bonus_coins.0))
    }
}
