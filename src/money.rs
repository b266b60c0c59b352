//! Coins and rupiah: whole numbers with a name, so that one is never taken for the other.

use std::fmt;

/// Prepaid coins. Never negative where a price or a balance is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Coins(pub i64);

/// Indonesian rupiah, whole (the currency has no minor unit in use).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Rupiah(pub i64);

/// `1234567` as `1.234.567`, with the mark of a language between the groups.
fn grouped_by(mark: char, value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        out.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    out
}

/// The Indonesian grouping (CLDR `id`).
fn grouped(value: i64) -> String {
    grouped_by('.', value)
}

impl Coins {
    /// The number with `mark` between the groups of three: `1,000` by a comma.
    #[must_use]
    pub fn grouped_by(self, mark: char) -> String {
        grouped_by(mark, self.0)
    }
}

impl fmt::Display for Coins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.0))
    }
}

impl fmt::Display for Rupiah {
    /// `Rp 10.000` with a no-break space (CLDR 48, `id`); a minus stands before the symbol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = grouped(self.0);
        match text.strip_prefix('-') {
            Some(rest) => write!(f, "-Rp\u{a0}{rest}"),
            None => write!(f, "Rp\u{a0}{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupiah_are_grouped_by_dots() {
        assert_eq!(Rupiah(10_000).to_string(), "Rp\u{a0}10.000");
        assert_eq!(Rupiah(-1_234_567).to_string(), "-Rp\u{a0}1.234.567");
        assert_eq!(Coins(999).to_string(), "999");
        assert_eq!(Coins(1_000).grouped_by(','), "1,000");
        assert_eq!(Coins(i64::MIN).to_string(), "-9.223.372.036.854.775.808");
    }
}
