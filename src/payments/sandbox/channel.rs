//! Ways to pay that the pay page offers: one of each family, since notices differ by family.

use std::str::FromStr;

/// A way to pay, by the word notices name it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// A code scanned by any bank or wallet.
    Qris,
    /// A transfer to a number of BCA's.
    BcaVirtualAccount,
    /// The wallet DANA.
    Dana,
    /// The wallet `ShopeePay`.
    ShopeePay,
    /// A card.
    Card,
    /// Cash at the counter of Alfamart.
    Alfamart,
}

impl Channel {
    /// Every one, in the order of the page.
    pub const ALL: [Self; 6] =
        [Self::Qris, Self::BcaVirtualAccount, Self::Dana, Self::ShopeePay, Self::Card, Self::Alfamart];

    /// The word in forms, rows and the configuration's `payment_methods`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qris => "QRIS",
            Self::BcaVirtualAccount => "VIRTUAL_ACCOUNT_BCA",
            Self::Dana => "EMONEY_DANA",
            Self::ShopeePay => "EMONEY_SHOPEE_PAY",
            Self::Card => "CREDIT_CARD",
            Self::Alfamart => "ONLINE_TO_OFFLINE_ALFA",
        }
    }

    /// `service.id`, `acquirer.id` and `channel.id` of its notices.
    pub(super) const fn ids(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Qris => ("QRIS", "DOKU", "QRIS_DOKU"),
            Self::BcaVirtualAccount => ("VIRTUAL_ACCOUNT", "BCA", "VIRTUAL_ACCOUNT_BCA"),
            Self::Dana => ("EMONEY", "DANA", "EMONEY_DANA"),
            Self::ShopeePay => ("EMONEY", "SHOPEE_PAY", "EMONEY_SHOPEE_PAY"),
            Self::Card => ("CREDIT_CARD", "BANK_CIMB", "CREDIT_CARD"),
            Self::Alfamart => ("ONLINE_TO_OFFLINE", "ALFA", "ONLINE_TO_OFFLINE_ALFA"),
        }
    }
}

impl FromStr for Channel {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no channel of the sandbox"))
    }
}
