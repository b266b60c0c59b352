//! Indonesian mobile numbers as people type them, stored as E.164.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType, Region};
use unicode_normalization::UnicodeNormalization as _;

/// Bytes that are looked at: nobody types more.
const TYPED_MAX: usize = 128;

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
    /// Our own reading gives the reason of a refusal and knows 0062…, which libphonenumber does not; what it takes must
    /// then be a valid Indonesian mobile number to libphonenumber as well.
    ///
    /// # Errors
    /// [`PhoneError`]
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let digits = digits_of(text)?;
        let national = digits
            .strip_prefix("+62")
            .or_else(|| digits.strip_prefix("0062"))
            .or_else(|| digits.strip_prefix("62"))
            .unwrap_or(&digits);
        if national.starts_with('+') || national.starts_with("00") {
            return Err(PhoneError::Foreign);
        }
        let national = national.strip_prefix('0').unwrap_or(national);
        if national.is_empty() {
            return Err(PhoneError::Short);
        }
        if national.starts_with("84") {
            return Err(PhoneError::NoOperator);
        }
        // 80… is toll-free, premium and shared-cost.
        if !national.starts_with('8') || national.starts_with("80") {
            return Err(PhoneError::NotMobile);
        }
        match national.len() {
            0..=8 => Err(PhoneError::Short),
            9..=12 => Self::known(format!("+62{national}")),
            _ => Err(PhoneError::Long),
        }
    }

    /// Lets pass what the numbering plan has.
    fn known(e164: String) -> Result<Self, PhoneError> {
        let plan = &*PHONE_NUMBER_UTIL;
        let number = plan.parse(&e164, Some(Region::ID)).map_err(|_| PhoneError::NotMobile)?;
        let is_valid = plan.is_valid_number(&number);
        let is_mobile = plan.get_number_type(&number) == PhoneNumberType::Mobile;
        if is_valid && is_mobile && number.country_code == 62 { Ok(Self(e164)) } else { Err(PhoneError::NotMobile) }
    }
}

/// The digits, and a plus before them, without what people put between.
fn digits_of(text: &str) -> Result<String, PhoneError> {
    // A long text costs no more than a short one.
    if text.len() > TYPED_MAX {
        return Err(PhoneError::Long);
    }
    let text: String = text.nfkc().collect();
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let mut digits = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '+' if digits.is_empty() => digits.push(letter),
            ' ' | '.' | '-' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            letter if is_invisible(letter) => {}
            _ => return Err(PhoneError::Characters),
        }
    }
    if digits.trim_start_matches('+').is_empty() {
        return Err(PhoneError::Empty);
    }
    Ok(digits)
}

/// Marks of direction and joiners that come along when a number is copied from a contact.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(***)")
    }
}
