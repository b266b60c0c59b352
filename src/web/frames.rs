//! The length of a client's WebSocket frames, seen from their headers as the bytes come in (RFC 6455, 5.2).
//!
//! actix-ws refuses a frame that is too long only once it has all of it: whoever announces a gigabyte makes it keep a
//! gigabyte. Here the announcement is enough.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{Error, FromRequest as _, HttpRequest, web};
use futures_util::StreamExt as _;

/// Longest header: two bytes, eight of length, four of mask.
const HEADER_LEN_MAX: usize = 14;

/// The same bytes, which end in [`PayloadError::Overflow`] at the header of a frame longer than `len_max`.
///
/// # Errors
/// Never in practice: a payload is always a payload.
pub async fn bounded(req: &HttpRequest, body: web::Payload, len_max: u64) -> Result<web::Payload, Error> {
    let mut gauge = Gauge { len_max, ..Gauge::default() };
    let pieces = body.map(move |piece| {
        let piece = piece?;
        if gauge.takes(&piece) { Ok(piece) } else { Err(PayloadError::Overflow) }
    });
    web::Payload::from_request(req, &mut Payload::Stream { payload: Box::pin(pieces) }).await
}

/// Where in the frames the bytes are.
#[derive(Debug, Default)]
struct Gauge {
    len_max: u64,
    /// What has come of a header.
    header: Vec<u8>,
    /// What is to come of a frame's content.
    left: u64,
}

impl Gauge {
    /// Follows more bytes; `false` at a frame that is too long.
    fn takes(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left = self.left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
                bytes = bytes.get(here..).unwrap_or_default();
                continue;
            }
            bytes = rest;
            self.header.push(*first);
            if !self.read_header() {
                return false;
            }
        }
        true
    }

    /// Takes a whole header; `false` when it announces too much.
    fn read_header(&mut self) -> bool {
        let [_, second, rest @ ..] = self.header.as_slice() else { return true };
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some(length) = rest.get(..extended) else { return true };
        let announced = match extended {
            0 => u64::from(second & 0x7f),
            _ => length.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        };
        if announced > self.len_max {
            return false;
        }
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        if rest.len() >= extended + mask || self.header.len() >= HEADER_LEN_MAX {
            self.header.clear();
            self.left = announced;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(announced: &[u8], masked: bool, content: usize) -> Vec<u8> {
        let mut bytes = vec![0x81];
        bytes.extend(announced);
        bytes[1] |= if masked { 0x80 } else { 0 };
        bytes.extend(vec![0xff; if masked { 4 } else { 0 } + content]);
        bytes
    }

    #[test]
    fn frames_up_to_the_limit_pass_in_pieces_of_any_size_and_longer_ones_do_not() {
        let short = [frame(&[0], true, 0), frame(&[125], true, 125), frame(&[126, 2, 0], false, 512)].concat();
        for piece in [1, 2, 3, 7, 64, 10_000] {
            let mut gauge = Gauge { len_max: 512, ..Gauge::default() };
            assert!(short.chunks(piece).all(|bytes| gauge.takes(bytes)), "{piece}");
            assert!(gauge.header.is_empty() && gauge.left == 0, "{piece}");
            for long in [&[126, 2, 1][..], &[127, 0, 0, 0, 0, 0, 0, 2, 1], &[127, 0xff, 0, 0, 0, 0, 0, 0, 0]] {
                let mut gauge = Gauge { len_max: 512, ..Gauge::default() };
                // The header alone is enough.
                assert!(!frame(long, true, 0).chunks(piece).all(|bytes| gauge.takes(bytes)), "{long:?}");
            }
        }
    }
}
