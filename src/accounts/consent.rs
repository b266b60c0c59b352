//! What people agree to: which version of which document, and when.

use std::str::FromStr;

use crate::clock::Micros;

/// The version of the terms that is shown now. Change it with the words of `/terms`.
pub const TERMS_VERSION: &str = "2026-11";
/// The version of the privacy notice that is shown now. Change it with the words of `/privacy`.
pub const PRIVACY_VERSION: &str = "2026-11";

/// A document people agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Document {
    /// `/terms`
    Terms,
    /// `/privacy`
    Privacy,
}

impl Document {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::Privacy => "privacy",
        }
    }

    /// The version that is shown now.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Terms => TERMS_VERSION,
            Self::Privacy => PRIVACY_VERSION,
        }
    }
}

impl FromStr for Document {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Terms, Self::Privacy]
            .into_iter()
            .find(|document| document.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no document"))
    }
}

/// Somebody agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// To what.
    pub document: Document,
    /// In which version.
    pub version: String,
    /// When.
    pub agreed_at: Micros,
}
