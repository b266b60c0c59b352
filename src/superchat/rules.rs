//! What may be given and said: the ladder of tiers, the words that are masked, how often.

use std::sync::Arc;

use super::support::Kind;
use super::words::Words;
use super::{SupportError, text};
use crate::config::{Superchat, Tier};
use crate::money::Coins;

/// Longest name that is shown.
const NAME_LEN_MAX: usize = 40;

/// The rules of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rules(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tiers: Vec<Tier>,
    words: Words,
    supports_per_minute: u32,
}

/// What is given, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// With a message or without.
    pub kind: Kind,
    /// The message, cleaned and masked.
    pub message: Option<String>,
    /// The tier's name.
    pub tier: Option<String>,
}

impl Rules {
    /// The rules of `[superchat]`. Blocking: it reads the list of words.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn open(config: &Superchat) -> Result<Self, std::io::Error> {
        let list = config.words_file.as_ref().map(std::fs::read_to_string).transpose()?;
        Ok(Self(Arc::new(Inner {
            tiers: config.tiers.clone(),
            words: Words::new(list.as_deref(), &config.extra_words),
            supports_per_minute: config.supports_per_minute,
        })))
    }

    /// Supports of one viewer within a minute.
    #[must_use]
    pub fn supports_per_minute(&self) -> i64 {
        self.0.supports_per_minute.into()
    }

    /// The tier that coins reach.
    #[must_use]
    pub fn tier_of(&self, coins: Coins) -> Option<&Tier> {
        self.0.tiers.iter().rev().find(|tier| coins.0 >= tier.from_coins)
    }

    /// A stored support's tier: by its name, and by its coins where the ladder has been changed since.
    pub(super) fn find_tier(&self, name: Option<&str>, coins: Coins) -> Option<&Tier> {
        let name = name?;
        self.0.tiers.iter().find(|tier| tier.name == name).or_else(|| self.tier_of(coins))
    }

    /// A name as it may be shown.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        self.0.words.mask(&text::cut(&text::clean(name), NAME_LEN_MAX))
    }

    /// What is given with `message`, which counts as none when it is blank.
    ///
    /// # Errors
    /// `superchat.bad_amount`, `superchat.message_too_long`, `superchat.message_empty`.
    pub fn word(&self, coins: Coins, message: Option<&str>) -> Result<Worded, SupportError> {
        if coins.0 < 1 {
            return Err(SupportError::BadAmount(coins));
        }
        let tier = self.tier_of(coins);
        let name = tier.map(|tier| tier.name.clone());
        let Some(given) = message.filter(|message| !message.trim().is_empty()) else {
            return Ok(Worded { kind: Kind::Donation, message: None, tier: name });
        };
        let shown = text::clean(given);
        if !shown.chars().any(|letter| !letter.is_whitespace()) {
            return Err(SupportError::NothingLeft);
        }
        let (len, max) = (text::len_of(&shown), tier.map_or(0, |tier| tier.max_chars));
        if len > max {
            return Err(SupportError::TooLong { len, max, coins });
        }
        Ok(Worded { kind: Kind::Superchat, message: Some(self.0.words.mask(&shown)), tier: name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::open(&Superchat::default()).unwrap()
    }

    #[test]
    fn coins_reach_the_highest_tier_they_pay_for() {
        let rules = rules();
        for (coins, tier) in [
            (1, None),
            (9, None),
            (10, Some("blue")),
            (19, Some("blue")),
            (20, Some("light-blue")),
            (999, Some("magenta")),
            (1_000, Some("red")),
            (i64::MAX, Some("red-5")),
        ] {
            assert_eq!(rules.tier_of(Coins(coins)).map(|tier| tier.name.as_str()), tier, "{coins}");
        }
        assert_eq!(rules.find_tier(Some("gone"), Coins(50)).map(|tier| tier.name.as_str()), Some("green"));
    }

    #[test]
    fn a_message_of_a_paid_tier_is_a_superchat_and_all_else_a_donation() {
        let rules = rules();
        let kind = |coins, message| rules.word(Coins(coins), message).map(|worded| worded.kind);
        assert_eq!(kind(20, Some("ayo")).unwrap(), Kind::Superchat);
        for message in [None, Some(""), Some(" \n ")] {
            assert_eq!(kind(20, message).unwrap(), Kind::Donation);
            assert_eq!(kind(1, message).unwrap(), Kind::Donation);
        }
        let code = |coins, message| rules.word(Coins(coins), message).unwrap_err().code();
        assert_eq!(code(0, None), Some("superchat.bad_amount"));
        assert_eq!(code(-1, None), Some("superchat.bad_amount"));
        assert_eq!(code(19, Some("a")), Some("superchat.message_too_long"));
        assert_eq!(code(5, Some("a")), Some("superchat.message_too_long"));
        assert_eq!(code(20, Some("https://a.test")), Some("superchat.message_empty"));
        assert_eq!(code(20, Some(&"x".repeat(51))), Some("superchat.message_too_long"));
        assert!(rules.word(Coins(20), Some(&"😀".repeat(50))).is_ok());
        // Counted as it is shown.
        let shown = rules.word(Coins(20), Some(&format!("{}   https://a.test/{}", "x".repeat(50), "y".repeat(99))));
        assert_eq!(shown.unwrap().message.unwrap(), "x".repeat(50));
        let masked = rules.word(Coins(20), Some("dasar goblok")).unwrap();
        assert_eq!((masked.message.as_deref(), masked.tier.as_deref()), (Some("dasar ******"), Some("light-blue")));
        assert_eq!(rules.name("  kont0l\u{202e} Budi "), "****** Budi");
    }
}
