//! DOKU's ways of writing a time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::clock::Micros;

/// Western Indonesian time, in which `expired_date` is written: UTC+7, all year.
const WIB: Offset = Offset::constant(7);

/// `YYYY-MM-DDTHH:MM:SSZ`, UTC, without a fraction: the only form DOKU takes.
pub(super) fn written(at: Micros) -> String {
    let seconds = Timestamp::from_second(at.0.div_euclid(1_000_000)).unwrap_or(Timestamp::UNIX_EPOCH);
    seconds.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 3339, with a fraction or another offset too.
pub(super) fn read(text: &str) -> Option<Micros> {
    text.trim().parse::<Timestamp>().ok().map(|at| Micros(at.as_microsecond()))
}

/// `yyyyMMddHHmmss` in Western Indonesian time.
pub(super) fn read_wib(text: &str) -> Option<Micros> {
    let text = text.trim();
    if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let local = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    WIB.to_timestamp(local).ok().map(|at| Micros(at.as_microsecond()))
}
