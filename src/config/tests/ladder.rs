//! Every wrong rung of the ladder of supports, and the whole sentence it is answered with.

use super::{accepted, refused};

#[test]
fn wrong_ladders_are_answered_with_one_sentence() {
    for (text, sentence) in WRONG {
        assert_eq!(refused(text, &[]), *sentence, "for {text}");
    }
}

#[test]
fn a_ladder_at_its_bounds_is_taken() {
    let tier = |name: &str, coins: i64, hold: u64| {
        format!(
            "[[superchat.tiers]]\nname = \"{name}\"\nfrom_coins = {coins}\ncolor = \"#1E88e5\"\nmax_chars = 1000\n\
             hold_ms = {hold}\npin_ms = 86400000\n"
        )
    };
    let ladder = tier("a-1", 1, 1_000) + &tier(&"x".repeat(32), 1_000_000_000, 600_000);
    assert_eq!(accepted(&ladder, &[]).superchat.tiers.len(), 2);
}

/// A file, and the whole sentence it is answered with.
const WRONG: &[(&str, &str)] = &[
    (
        "[superchat]\ntiers = []",
        "superchat.tiers (bakuhantam.toml:2) is empty: write at least one [[superchat.tiers]] with name, from_coins, color, max_chars, hold_ms, pin_ms",
    ),
    (
        "[[superchat.tiers]]\nname = \"\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].name (bakuhantam.toml:2) cannot be \"\": write 1 to 32 small letters, digits or dashes",
    ),
    (
        "[[superchat.tiers]]\nname = \"Biru laut\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].name (bakuhantam.toml:2) cannot be \"Biru laut\": write 1 to 32 small letters, digits or dashes",
    ),
    (
        "[[superchat.tiers]]\nname = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].name (bakuhantam.toml:2) cannot be \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\": write 1 to 32 small letters, digits or dashes",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].color (bakuhantam.toml:4) cannot be \"1e88e5\": write it as \"#1e88e5\"",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"#1e88e\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].color (bakuhantam.toml:4) cannot be \"#1e88e\": write it as \"#1e88e5\"",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"blue\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].color (bakuhantam.toml:4) cannot be \"blue\": write it as \"#1e88e5\"",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 1000000001\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].from_coins (bakuhantam.toml:3) cannot be 1000000001: write 1000000000 or less",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 0\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].from_coins (bakuhantam.toml:3) cannot be 0: write more than 0, the lowest tier first",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 1001\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[0].max_chars (bakuhantam.toml:5) cannot be 1001: write 1000 or less",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 999\npin_ms = 0\n",
        "superchat.tiers[0].hold_ms (bakuhantam.toml:6) cannot be 999: write 1000 to 600000",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 600001\npin_ms = 0\n",
        "superchat.tiers[0].hold_ms (bakuhantam.toml:6) cannot be 600001: write 1000 to 600000",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 86400001\n",
        "superchat.tiers[0].pin_ms (bakuhantam.toml:7) cannot be 86400001: write 86400000 or less",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 20\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[1].name (bakuhantam.toml:9) is \"a\" a second time: give each tier a name of its own",
    ),
    (
        "[[superchat.tiers]]\nname = \"a\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n[[superchat.tiers]]\nname = \"b\"\nfrom_coins = 10\ncolor = \"#1e88e5\"\nmax_chars = 5\nhold_ms = 5000\npin_ms = 0\n",
        "superchat.tiers[1].from_coins (bakuhantam.toml:10) cannot be 10: write more than 10, the lowest tier first",
    ),
    (
        "[superchat]\nwords_file = \"/nowhere/words\"",
        "superchat.words_file (bakuhantam.toml:2) names \"/nowhere/words\", which cannot be read (No such file or directory (os error 2)): write the path of a text file, or \"\"",
    ),
];
