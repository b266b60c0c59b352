//! `[locale]`: languages and times of the pages.

use serde::{Deserialize, Serialize};

/// `[locale]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Locale {
    /// Language of a page when the reader has not chosen.
    pub default: Language,
    /// IANA time zone of times on pages.
    pub timezone: String,
}

impl Default for Locale {
    fn default() -> Self {
        Self { default: Language::Id, timezone: "Asia/Jakarta".into() }
    }
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// English.
    En,
}

impl Language {
    /// The language's tag: `id` or `en`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }
}
