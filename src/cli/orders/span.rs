//! Days in the operator's time zone.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::clock::Micros;
use crate::config::Config;

/// The most days of one list.
const DAYS_MAX: usize = 400;

/// `locale.timezone`
pub(super) fn zone(config: &Config) -> TimeZone {
    // The configuration was checked.
    TimeZone::get(&config.locale.timezone).unwrap_or(TimeZone::UTC)
}

/// Days that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Days {
    pub(super) dates: Vec<Date>,
    /// From one midnight to the next.
    pub(super) spans: Vec<Range<Micros>>,
}

impl Days {
    /// From `from` to `to`, both counted; a week until today where nothing is said.
    pub(super) fn read(from: Option<Date>, to: Option<Date>, now: Micros, zone: &TimeZone) -> Result<Self, String> {
        let today =
            Timestamp::from_microsecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(zone.clone()).date();
        let to = to.unwrap_or(today);
        let from = from.unwrap_or_else(|| to.saturating_sub(6.days()));
        if from > to {
            return Err(format!("--from {from} is after --to {to}: turn them round"));
        }
        let dates: Vec<Date> = from.series(1.day()).take_while(|day| *day <= to).take(DAYS_MAX + 1).collect();
        if dates.len() > DAYS_MAX {
            return Err(format!("{from} to {to} is more than {DAYS_MAX} days: ask for fewer"));
        }
        let midnight = |day: Date| {
            let begun =
                day.to_zoned_datetime(zone.clone()).map_err(|error| format!("{day} is no day here: {error}"))?;
            Ok::<_, String>(Micros(begun.timestamp().as_microsecond()))
        };
        let spans = dates
            .iter()
            .map(|day| Ok(midnight(*day)?..midnight(day.saturating_add(1.day()))?))
            .collect::<Result<_, String>>()?;
        Ok(Self { dates, spans })
    }
}

/// A moment as people write it there.
pub(super) fn written(at: Micros, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
