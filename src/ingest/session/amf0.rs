//! AMF0 (Adobe, "Action Message Format – AMF 0", 2007): as much as commands and metadata need.
//!
//! Reading borrows from the message, keeps no tree and allocates nothing: a count or a length on the wire is only
//! ever compared with the bytes that are there. Nesting deeper than [`DEPTH_MAX`] is refused.

/// Objects and arrays may nest this deep.
pub const DEPTH_MAX: u8 = 8;

/// Why bytes are not AMF0 that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmfError {
    /// The message ends inside a value.
    #[error("AMF0 ends inside a value")]
    Truncated,
    /// More than [`DEPTH_MAX`] levels.
    #[error("AMF0 nests too deep")]
    TooDeep,
    /// A marker without a meaning here.
    #[error("AMF0 has an unknown marker {0}")]
    Marker(u8),
}

/// One value; objects and arrays are read over, their content is not kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number.
    Number(f64),
    /// A string, long or short, as bytes (mostly UTF-8).
    Text(&'a [u8]),
    /// Null, undefined or unsupported.
    Null,
    /// Anything else, read over.
    Other,
}

/// Reads values one after another.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from their beginning.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next value.
    ///
    /// # Errors
    /// [`AmfError`]; the reader is of no use after one.
    pub fn value(&mut self) -> Result<Value<'a>, AmfError> {
        self.value_at(0)
    }

    /// The next value, which is an object or an ECMA array: calls `on_field` with each name and value of its first
    /// level. `false`, and the value read over, when it is something else.
    ///
    /// # Errors
    /// [`AmfError`]
    pub fn fields(&mut self, on_field: &mut dyn FnMut(&'a [u8], Value<'a>)) -> Result<bool, AmfError> {
        match self.rest.first() {
            Some(3) => {
                self.take(1)?;
                self.pairs(1, false, on_field)?;
                Ok(true)
            }
            Some(8) => {
                self.take(5)?;
                self.pairs(1, true, on_field)?;
                Ok(true)
            }
            _ => self.value().map(|_| false),
        }
    }

    fn value_at(&mut self, depth: u8) -> Result<Value<'a>, AmfError> {
        if depth > DEPTH_MAX {
            return Err(AmfError::TooDeep);
        }
        match self.byte()? {
            0 => {
                let bits = self.take(8)?.iter().fold(0_u64, |sum, b| (sum << 8) | u64::from(*b));
                Ok(Value::Number(f64::from_bits(bits)))
            }
            1 => self.take(1).map(|_| Value::Other),
            2 => self.short_text().map(Value::Text),
            3 => self.pairs(depth + 1, false, &mut |_, _| {}).map(|()| Value::Other),
            5 | 6 | 13 => Ok(Value::Null),
            7 => self.take(2).map(|_| Value::Other),
            8 => {
                // The count is a hint that encoders get wrong: the end marker decides.
                self.take(4)?;
                self.pairs(depth + 1, true, &mut |_, _| {}).map(|()| Value::Other)
            }
            10 => {
                // Every element takes at least one byte, so a lie in the count ends with the message.
                for _ in 0..self.length32()? {
                    self.value_at(depth + 1)?;
                }
                Ok(Value::Other)
            }
            11 => self.take(10).map(|_| Value::Other),
            12 => self.long_text().map(Value::Text),
            15 => self.long_text().map(|_| Value::Other),
            16 => {
                self.short_text()?;
                self.pairs(depth + 1, false, &mut |_, _| {}).map(|()| Value::Other)
            }
            marker => Err(AmfError::Marker(marker)),
        }
    }

    /// Names and values up to the end marker. Some encoders leave out the marker of an ECMA array that ends its
    /// message: `open_end` takes that.
    fn pairs(
        &mut self,
        depth: u8,
        open_end: bool,
        on_field: &mut dyn FnMut(&'a [u8], Value<'a>),
    ) -> Result<(), AmfError> {
        loop {
            if open_end && self.rest.is_empty() {
                return Ok(());
            }
            let name = self.short_text()?;
            if name.is_empty() && self.rest.first() == Some(&9) {
                self.take(1)?;
                return Ok(());
            }
            let value = self.value_at(depth)?;
            on_field(name, value);
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], AmfError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(AmfError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, AmfError> {
        self.take(1)?.first().copied().ok_or(AmfError::Truncated)
    }

    fn length32(&mut self) -> Result<usize, AmfError> {
        let len = self.take(4)?.iter().fold(0_usize, |sum, b| (sum << 8) | usize::from(*b));
        if len > self.rest.len() { Err(AmfError::Truncated) } else { Ok(len) }
    }

    fn short_text(&mut self) -> Result<&'a [u8], AmfError> {
        let len = self.take(2)?.iter().fold(0_usize, |sum, b| (sum << 8) | usize::from(*b));
        self.take(len)
    }

    fn long_text(&mut self) -> Result<&'a [u8], AmfError> {
        let len = self.length32()?;
        self.take(len)
    }
}

/// Writes values one after another.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A string; cut to 1,000 bytes.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.bytes.push(2);
        self.raw_text(text);
        self
    }

    /// A number.
    #[must_use]
    pub fn number(mut self, number: f64) -> Self {
        self.bytes.push(0);
        self.bytes.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Null.
    #[must_use]
    pub fn null(mut self) -> Self {
        self.bytes.push(5);
        self
    }

    /// An object of strings and numbers.
    #[must_use]
    pub fn object(mut self, texts: &[(&str, &str)], numbers: &[(&str, f64)]) -> Self {
        self.bytes.push(3);
        for (name, text) in texts {
            self.raw_text(name);
            self = self.text(text);
        }
        for (name, number) in numbers {
            self.raw_text(name);
            self = self.number(*number);
        }
        self.bytes.extend_from_slice(&[0, 0, 9]);
        self
    }

    /// The bytes written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn raw_text(&mut self, text: &str) {
        let mut end = text.len().min(1_000);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let text = text.get(..end).unwrap_or_default();
        let len = u16::try_from(text.len()).unwrap_or_default();
        self.bytes.extend_from_slice(&len.to_be_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }
}
