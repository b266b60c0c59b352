//! `[superchat]`: support with coins. The meaning and unit of every field stand in the shipped file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[superchat]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Superchat {
    /// Supports of one viewer within a minute.
    pub supports_per_minute: u32,
    /// The operator's own list of words to mask. Empty text in the file: the built-in one.
    #[serde(with = "super::maybe_path")]
    pub words_file: Option<PathBuf>,
    /// Words to mask beside the list.
    pub extra_words: Vec<String>,
    /// The ladder, lowest first.
    pub tiers: Vec<Tier>,
}

/// One `[[superchat.tiers]]`: a rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// The fewest coins.
    pub from_coins: i64,
    /// `#rrggbb`
    pub color: String,
    /// Longest message in characters as people count them; 0: none.
    pub max_chars: usize,
    /// How long it stays on the broadcast, in milliseconds.
    pub hold_ms: u64,
    /// How long it stays pinned on the watch page, in milliseconds; 0: not at all.
    pub pin_ms: u64,
}

impl Default for Superchat {
    fn default() -> Self {
        let tier = |name: &str, from_coins, color: &str, max_chars, hold_ms, pin_minutes: u64| Tier {
            name: name.into(),
            from_coins,
            color: color.into(),
            max_chars,
            hold_ms,
            pin_ms: pin_minutes * 60_000,
        };
        Self {
            supports_per_minute: 10,
            words_file: None,
            extra_words: Vec::new(),
            tiers: vec![
                tier("blue", 10, "#1e88e5", 0, 5_000, 0),
                tier("light-blue", 20, "#00e5ff", 50, 6_000, 0),
                tier("green", 50, "#1de9b6", 150, 8_000, 2),
                tier("yellow", 100, "#ffca28", 200, 10_000, 5),
                tier("orange", 200, "#f57c00", 225, 12_000, 10),
                tier("magenta", 500, "#e91e63", 250, 15_000, 30),
                tier("red", 1_000, "#e62117", 270, 20_000, 60),
                tier("red-2", 2_000, "#e62117", 290, 25_000, 120),
                tier("red-3", 3_000, "#e62117", 310, 30_000, 180),
                tier("red-4", 4_000, "#e62117", 330, 35_000, 240),
                tier("red-5", 5_000, "#e62117", 350, 40_000, 300),
            ],
        }
    }
}
