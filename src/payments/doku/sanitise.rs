//! DOKU's characters and lengths. One character it does not take refuses the whole request, and the answer names no
//! field: every text that people typed goes through here.

use deunicode::deunicode_char;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Longest `customer.name`.
const NAME_LEN_MAX: usize = 255;
/// Longest `customer.phone`.
const PHONE_LEN_MAX: usize = 16;
/// The buyer of whose name nothing is left: "customer".
const NAMELESS: &str = "Pelanggan";

/// A name within `[A-Za-z0-9 .,_-]`, the set all of DOKU's own shop plugins keep to: letters are transliterated, all else
/// becomes a blank, blanks are joined, and what is left of nothing is "Pelanggan".
pub(super) fn name(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(NAME_LEN_MAX));
    // Composed and with compatibility forms undone, so that an accent of its own does not split a word.
    for letter in text.nfkc().filter(|letter| !is_combining_mark(*letter)) {
        if is_of_a_name(letter) {
            out.push(letter);
        } else if letter.is_alphanumeric() {
            let latin = deunicode_char(letter).unwrap_or(" ");
            out.extend(latin.chars().map(|letter| if is_of_a_name(letter) { letter } else { ' ' }));
        } else {
            out.push(' ');
        }
        // What is far too long need not be looked at to its end; blanks joined below shorten it at most to nothing.
        if out.len() > 4 * NAME_LEN_MAX {
            break;
        }
    }
    let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = joined.chars().take(NAME_LEN_MAX).collect();
    let cut = cut.trim();
    // A name of dots and dashes alone is nobody's, and a channel may refuse it.
    if cut.bytes().any(|b| b.is_ascii_alphanumeric()) { cut.to_owned() } else { NAMELESS.to_owned() }
}

const fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '.' | ',' | '_' | '-')
}

/// A number as `{country code}{number}`, without `+`; `None` when it holds none that fits.
pub(super) fn phone(e164: &str) -> Option<String> {
    let digits: String = e164.chars().filter(char::is_ascii_digit).collect();
    (1..=PHONE_LEN_MAX).contains(&digits.len()).then_some(digits)
}

/// Whether DOKU takes a text: its rule for every value of a request. The parentheses of the newer rule are left out,
/// since the older one does not have them.
#[must_use]
pub fn is_taken(text: &str) -> bool {
    text.bytes().all(|b| {
        b.is_ascii_alphanumeric()
            || matches!(b, b' ' | b'.' | b'-' | b'/' | b'+' | b',' | b'=' | b'_' | b':' | b'\'' | b'@' | b'%')
    })
}
