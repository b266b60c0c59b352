//! Indonesian mobile numbers as people type them, stored as E.164.

use std::fmt;

/// A mobile number in E.164: `+628…`. `Debug` shows only its end, since numbers never reach a log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Why a text is no number we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing was typed.
    #[error("no number was given")]
    Empty,
    /// Something that is neither a digit nor a usual sign between digits.
    #[error("the number holds something that is no digit")]
    Characters,
    /// Fewer digits than any mobile number.
    #[error("the number is too short")]
    Short,
    /// More digits than any mobile number.
    #[error("the number is too long")]
    Long,
    /// A fixed line, or a number that is no telephone of a person.
    #[error("the number is no mobile number")]
    NotMobile,
    /// 084…, which no operator has.
    #[error("no operator has numbers that begin with 084")]
    NoOperator,
    /// Another country's.
    #[error("the number is not Indonesian")]
    Foreign,
}

impl Phone {
    /// E.164, `+628…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number as stored.
    #[must_use]
    pub(super) fn of_row(text: String) -> Self {
        Self(text)
    }

    /// Reads what a person typed: 08…, 8…, 62…, +62…, 0062…, with blanks, dots, dashes or brackets, full-width too.
    ///
    /// # Errors
    /// [`PhoneError`]
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        use unicode_normalization::UnicodeNormalization as _;
        let text: String = text.nfkc().collect();
        let text = text.trim();
        let text = text.strip_prefix("tel:").unwrap_or(text);
        let mut digits = String::new();
        for (at, c) in text.char_indices() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if at == 0 => digits.push(c),
                ' ' | '.' | '-' | '(' | ')' | '\u{2010}'..='\u{2015}' => {}
                _ => return Err(PhoneError::Characters),
            }
        }
        if digits.is_empty() {
            return Err(PhoneError::Empty);
        }
        let national = digits
            .strip_prefix("+62")
            .or_else(|| digits.strip_prefix("0062"))
            .or_else(|| digits.strip_prefix("62"))
            .unwrap_or(&digits);
        if national.starts_with('+') || national.starts_with("00") {
            return Err(PhoneError::Foreign);
        }
        let national = national.strip_prefix('0').unwrap_or(national);
        if national.starts_with("84") {
            return Err(PhoneError::NoOperator);
        }
        if !national.starts_with('8') || national.starts_with("80") {
            return Err(PhoneError::NotMobile);
        }
        match national.len() {
            0..=8 => Err(PhoneError::Short),
            9..=12 => Ok(Self(format!("+62{national}"))),
            _ => Err(PhoneError::Long),
        }
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(***)")
    }
}
