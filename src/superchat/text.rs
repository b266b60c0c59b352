//! What may be shown of a text: no control over the line it stands in, no links, no towers of marks.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

/// Marks that one letter may carry: Arabic and Hebrew need up to three.
const MARKS_MAX: usize = 3;
/// Code points of one character as people count them; the longest families of emoji have as many.
const POINTS_MAX: usize = 12;

/// Endings of addresses that are taken for links without a scheme.
const ENDINGS: [&str; 44] = [
    "com", "net", "org", "id", "io", "co", "me", "tv", "gg", "ly", "xyz", "info", "biz", "app", "dev", "link", "site",
    "online", "store", "shop", "top", "club", "live", "vip", "win", "bet", "asia", "my", "sg", "ru", "cn", "to", "cc",
    "ws", "tk", "ml", "ga", "cf", "gq", "be", "uk", "page", "icu", "fun",
];

/// A text as it may be shown: one line, trimmed, without links and without characters that nobody sees.
pub(super) fn clean(text: &str) -> String {
    let shown = visible(text);
    let words = shown.split_whitespace().filter(|word| !is_link(word));
    words.collect::<Vec<_>>().join(" ")
}

/// Length in characters as people count them. One that is made of too many code points counts for more.
pub(super) fn len_of(text: &str) -> usize {
    text.graphemes(true).map(|one| one.chars().count().div_ceil(POINTS_MAX)).sum()
}

/// The first characters of a text.
pub(super) fn cut(text: &str, len_max: usize) -> String {
    text.graphemes(true).take(len_max).filter(|one| one.chars().count() <= POINTS_MAX).collect()
}

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for letter in text.nfc() {
        if letter.is_whitespace() {
            out.push(' ');
            marks = 0;
        } else if is_joiner(letter) {
            // Part of an emoji; within words it only hides from filters.
            if out.chars().next_back().is_some_and(|last| !last.is_alphanumeric() && last != ' ') {
                out.push(letter);
            }
        } else if is_combining_mark(letter) {
            marks += 1;
            if marks <= MARKS_MAX && !out.is_empty() {
                out.push(letter);
            }
        } else if !is_unseen(letter) {
            out.push(letter);
            marks = 0;
        }
    }
    out
}

/// Joins emoji, or says how one is drawn.
const fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

/// Control, direction, zero width, private use, tags: nothing of it is a letter.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// Whether a word is an address. Full-width letters and other dots are read as what they stand for.
fn is_link(word: &str) -> bool {
    let plain: String = word.nfkc().collect::<String>().to_lowercase().replace(['。', '．'], ".");
    let plain = plain.trim_matches(|letter: char| !letter.is_alphanumeric());
    if plain.contains("://") || plain.starts_with("www.") {
        return true;
    }
    let plain = plain.strip_prefix("mailto:").unwrap_or(plain);
    let host = plain.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let Some((before, ending)) = host.rsplit_once('.') else { return false };
    let label =
        |label: &str| !label.is_empty() && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-');
    ENDINGS.contains(&ending) && before.split('.').all(label) && before.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_gone_and_what_people_write_stays() {
        for (given, shown) in [
            ("  halo \n\t dunia  ", "halo dunia"),
            ("a\u{202e}b\u{200b}c\u{0}d\u{feff}", "abcd"),
            ("an\u{200d}jing", "anjing"),
            ("👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}", "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}"),
            ("🇮🇩 ayo 👍🏽", "🇮🇩 ayo 👍🏽"),
            ("مُحَمَّد", "مُحَمَّد"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("Cafe\u{301}", "Café"),
            ("\u{301}\u{301}", ""),
        ] {
            assert_eq!(clean(given), shown.nfc().collect::<String>(), "{given:?}");
        }
        let tower = format!("z{}", "\u{300}\u{316}".repeat(50));
        assert!(clean(&tower).chars().count() <= 1 + MARKS_MAX);
    }

    #[test]
    fn links_go_and_sentences_stay() {
        for link in [
            "https://a.test/x",
            "HTTP://A",
            "www.judi.example",
            "t.me/slot",
            "slot-gacor.com",
            "(judi.co.id)",
            "bit.ly/3",
            "mailto:a@b.com",
            "a@b.com",
            "ｊｕｄｉ．ｃｏｍ",
            "judi.com:8080/x",
            "judi.xyz!",
        ] {
            assert_eq!(clean(&format!("lihat {link} ya")), "lihat ya", "{link}");
        }
        for fine in
            ["ayo.gas", "3.5", "jam 19.00", "wow...", "menang!!!com", "pukul.dia", "Rp.100", "1.000.000", "@ari"]
        {
            assert_eq!(clean(fine), fine);
        }
    }

    #[test]
    fn length_is_counted_as_people_count() {
        for (text, len) in [("abc", 3), ("👨\u{200d}👩\u{200d}👧", 1), ("🇮🇩🇮🇩", 2), ("é", 1), ("", 0)]
        {
            assert_eq!(len_of(text), len, "{text}");
        }
        assert!(len_of(&"👍\u{200d}".repeat(100)) > 10);
        assert_eq!(cut("👨\u{200d}👩\u{200d}👧abc", 2), "👨\u{200d}👩\u{200d}👧a");
    }
}
