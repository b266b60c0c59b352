//! `[superchat]`

use std::collections::BTreeSet;

use super::at_least;
use crate::config::keys::quoted;
use crate::config::tree::Origins;
use crate::config::{ConfigError, Superchat, Tier};

/// Longest message a tier can allow.
const CHARS_MAX: usize = 1_000;
/// The most coins a tier can ask for.
const COINS_MAX: i64 = 1_000_000_000;
/// A day, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// # Errors
/// A ladder that is none, or a list of words that cannot be read.
pub(super) fn superchat(section: &Superchat, origins: &Origins) -> Result<(), ConfigError> {
    at_least("superchat.supports_per_minute", section.supports_per_minute.into(), 1, origins)?;
    if let Some(path) = &section.words_file
        && let Err(error) = std::fs::read_to_string(path)
    {
        let path = quoted(&path.display().to_string());
        let what = format!("names {path}, which cannot be read ({error}): write the path of a text file, or \"\"");
        return Err(origins.wrong("superchat.words_file", &what));
    }
    if section.tiers.is_empty() {
        let what =
            "is empty: write at least one [[superchat.tiers]] with name, from_coins, color, max_chars, hold_ms, pin_ms";
        return Err(origins.wrong("superchat.tiers", what));
    }
    let mut names = BTreeSet::new();
    let mut below = 0;
    for (index, tier) in section.tiers.iter().enumerate() {
        let key = |field: &str| format!("superchat.tiers[{index}].{field}");
        let wrong = |field: &str, what: String| Err(origins.wrong(&key(field), &what));
        one(tier, &wrong)?;
        if !names.insert(&tier.name) {
            return wrong("name", format!("is {} a second time: give each tier a name of its own", quoted(&tier.name)));
        }
        if tier.from_coins <= below {
            let what = format!("cannot be {}: write more than {below}, the lowest tier first", tier.from_coins);
            return wrong("from_coins", what);
        }
        below = tier.from_coins;
    }
    Ok(())
}

/// One tier by itself.
fn one(tier: &Tier, wrong: &dyn Fn(&str, String) -> Result<(), ConfigError>) -> Result<(), ConfigError> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if tier.name.is_empty() || tier.name.len() > 32 || !tier.name.bytes().all(fits) {
        let what = format!("cannot be {}: write 1 to 32 small letters, digits or dashes", quoted(&tier.name));
        return wrong("name", what);
    }
    let digits = tier.color.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return wrong("color", format!("cannot be {}: write it as \"#1e88e5\"", quoted(&tier.color)));
    }
    if tier.from_coins > COINS_MAX {
        return wrong("from_coins", format!("cannot be {}: write {COINS_MAX} or less", tier.from_coins));
    }
    if tier.max_chars > CHARS_MAX {
        return wrong("max_chars", format!("cannot be {}: write {CHARS_MAX} or less", tier.max_chars));
    }
    if !(1_000..=600_000).contains(&tier.hold_ms) {
        return wrong("hold_ms", format!("cannot be {}: write 1000 to 600000", tier.hold_ms));
    }
    if tier.pin_ms > DAY_MS {
        return wrong("pin_ms", format!("cannot be {}: write {DAY_MS} or less", tier.pin_ms));
    }
    Ok(())
}
