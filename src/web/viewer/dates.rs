//! Moments in words: the site's time zone, always named.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::Micros;
use crate::web::i18n::Words;

/// A moment as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// For machines, RFC 3339 with the zone's offset.
    pub iso: String,
    /// Unix milliseconds, for the countdown.
    pub ms: i64,
    /// `Sabtu, 5 Desember 2026 pukul 19.00 WIB`.
    pub long: String,
    /// `5 Des 2026`.
    pub day: String,
    /// `19.00 WIB`.
    pub time: String,
}

const WEEKDAYS: [&str; 7] = [
    "weekday-monday",
    "weekday-tuesday",
    "weekday-wednesday",
    "weekday-thursday",
    "weekday-friday",
    "weekday-saturday",
    "weekday-sunday",
];

const MONTHS: [&str; 12] = [
    "month-january",
    "month-february",
    "month-march",
    "month-april",
    "month-may",
    "month-june",
    "month-july",
    "month-august",
    "month-september",
    "month-october",
    "month-november",
    "month-december",
];

impl When {
    /// A moment in the named zone; UTC, and called so, where the zone is not known.
    #[must_use]
    pub fn new(at: Micros, zone: &str, words: Words) -> Self {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let at = Timestamp::from_microsecond(at.0).unwrap_or_default();
        let local = at.to_zoned_datetime(zone);
        let name = |names: &[&str], from_one: i8| {
            usize::try_from(from_one - 1).ok().and_then(|at| names.get(at)).map(|key| words.t(key)).unwrap_or_default()
        };
        let month = name(&MONTHS, local.month());
        let (day, year) = (local.day().to_string(), local.year().to_string());
        let zone = local.strftime("%Z").to_string();
        let (hour, minute) = (format!("{:02}", local.hour()), format!("{:02}", local.minute()));
        let time = words.fill("date-time", &[("hour", &hour), ("minute", &minute), ("zone", &zone)]);
        let weekday = name(&WEEKDAYS, local.weekday().to_monday_one_offset());
        let parts = [("weekday", weekday.as_str()), ("day", &day), ("month", &month), ("year", &year), ("time", &time)];
        let short: String = month.chars().take(3).collect();
        Self {
            iso: local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            ms: at.as_millisecond(),
            long: words.fill("date-long", &parts),
            day: words.fill("date-short", &[("day", &day), ("month", &short), ("year", &year)]),
            time,
        }
    }
}
