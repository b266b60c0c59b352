//! `bakuhantam replay`: what replays show, and where they begin and end.

use super::event::with_database;
use super::{fail, say};
use crate::clock::Micros;
use crate::config::Loaded;
use crate::events::{self, Act, EventError, EventFacts, EventStatus, TrimTo};
use crate::ids::{EventSlug, ReplayName, RowId};
use crate::objects::{self, ObjectKey};
use crate::store::Store;

/// How a moment is written.
const MOMENT: &str = "A moment is written as a date with its offset (2026-12-05T20:14:00+07:00), or as +MM:SS or \
                      +HH:MM:SS: the place in the replay as it plays now";

/// Arguments of `replay`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    verb: Verb,
}

/// What `replay` does.
#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// List the replays of an event, how long they are, and what is hidden
    List {
        /// The event
        slug: EventSlug,
    },
    /// Let a replay begin or end elsewhere than its fight
    #[command(after_help = MOMENT)]
    Trim {
        /// The event
        slug: EventSlug,
        /// The replay: a fight's number, or `all`
        name: ReplayName,
        /// What lies before this moment is left out
        #[arg(long, value_name = "MOMENT")]
        from: Option<Moment>,
        /// What lies from this moment on is left out
        #[arg(long, value_name = "MOMENT")]
        until: Option<Moment>,
        /// Show the whole fight again
        #[arg(long, conflicts_with_all = ["from", "until"])]
        clear: bool,
    },
    /// Leave a part of the night out of every replay and of rewinding
    #[command(after_help = MOMENT)]
    Hide {
        /// The event
        slug: EventSlug,
        /// The first moment that is left out
        #[arg(long, value_name = "MOMENT")]
        from: Moment,
        /// The first moment that is shown again
        #[arg(long, value_name = "MOMENT")]
        until: Moment,
        /// The replay that +MM:SS is a place in
        #[arg(long, value_name = "NAME", default_value = "all")]
        of: ReplayName,
    },
    /// Show again what was hidden
    Show {
        /// The event
        slug: EventSlug,
        /// The id that `replay hide` and `replay list` print
        id: RowId,
    },
}

/// A moment, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    At(Micros),
    /// Microseconds into a replay as it plays now.
    Into(i64),
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no moment. {MOMENT}");
        if let Some(place) = text.strip_prefix('+') {
            let parts = place.split(':').map(|part| part.parse::<u32>().map(i64::from));
            let parts: Vec<i64> = parts.collect::<Result<_, _>>().map_err(|_| bad())?;
            let seconds = match parts[..] {
                [minutes, seconds] if seconds < 60 => minutes * 60 + seconds,
                [hours, minutes, seconds] if minutes < 60 && seconds < 60 => (hours * 60 + minutes) * 60 + seconds,
                _ => return Err(bad()),
            };
            return Ok(Self::Into(seconds * 1_000_000));
        }
        let at: jiff::Timestamp = text.parse().map_err(|_| bad())?;
        Ok(Self::At(Micros(at.as_microsecond())))
    }
}

/// Why a command was refused.
#[derive(Debug, thiserror::Error)]
enum ReplayError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("replay {0} is not on the store, so +MM:SS means no place in it: give dates with their offsets")]
    NotStored(ReplayName),
    #[error("the object store cannot be read: {0}; give dates with their offsets")]
    Objects(String),
    #[error("replay {name} is {length} long: +MM:SS must be within it")]
    TooFar { name: ReplayName, length: String },
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    match with_database(loaded, async |store, act, _| one(args.verb, loaded, store, act).await) {
        Ok(said) => {
            say(said);
            0
        }
        Err(error) => fail(error),
    }
}

/// Does it, and says what is true now.
async fn one(verb: Verb, loaded: &Loaded, store: &Store, act: &Act) -> Result<String, ReplayError> {
    Ok(match verb {
        Verb::List { slug } => list(&find(store, &slug).await?),
        Verb::Trim { slug, name, clear: true, .. } => {
            events::trim_replay(store, act, &slug, &name, TrimTo::Whole).await?;
            format!("replay {name} of {slug} is whole")
        }
        Verb::Trim { slug, name, from, until, clear: false } => {
            let event = find(store, &slug).await?;
            let (from, until) = (at(loaded, &event, &name, from).await?, at(loaded, &event, &name, until).await?);
            events::trim_replay(store, act, &slug, &name, TrimTo::Ends { from, until }).await?;
            let event = find(store, &slug).await?;
            format!("replay {name} of {slug}: {}", trim_of(&event, &name).unwrap_or_else(|| "whole".to_owned()))
        }
        Verb::Hide { slug, from, until, of } => {
            let event = find(store, &slug).await?;
            let ends = (at(loaded, &event, &of, Some(from)).await?, at(loaded, &event, &of, Some(until)).await?);
            let (from, until) = (ends.0.unwrap_or_default(), ends.1.unwrap_or_default());
            let id = events::hide_range(store, act, &slug, from, until).await?;
            format!("hidden {id}: {} to {}", date(from), date(until))
        }
        Verb::Show { slug, id } => {
            events::show_range(store, act, &slug, &id).await?;
            format!("{id} of {slug} is shown again")
        }
    })
}

async fn find(store: &Store, slug: &EventSlug) -> Result<EventFacts, EventError> {
    let events = store.read(events::load_facts).await?;
    events.into_iter().find(|event| event.slug == *slug).ok_or_else(|| EventError::NotFound(slug.clone()))
}

fn date(at: Micros) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| at.0.to_string(), |at| format!("{at:.3}"))
}

fn length(us: i64) -> String {
    let seconds = us / 1_000_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn trim_of(event: &EventFacts, name: &ReplayName) -> Option<String> {
    let trim = event.trims.iter().find(|trim| trim.replay == *name)?;
    let end = |word: &str, at: Option<Micros>| at.map(|at| format!("{word} {}", date(at)));
    let ends: Vec<String> = [end("from", trim.from), end("until", trim.until)].into_iter().flatten().collect();
    Some(format!("trimmed {}", ends.join(" ")))
}

/// One line for each replay, one for each range it is made of, one for each hidden part.
fn list(event: &EventFacts) -> String {
    let mut lines = Vec::new();
    let mut names: Vec<ReplayName> = event.air_ranges.iter().map(|range| ReplayName::of_fight(range.fight)).collect();
    names.sort_by_key(ReplayName::fight);
    names.dedup();
    names.push(ReplayName::all());
    for name in &names {
        let ranges: Vec<_> = event.air_ranges.iter().filter(|range| Some(range.fight) == name.fight()).collect();
        let is_open = if name.fight().is_some() {
            ranges.iter().any(|range| range.until.is_none())
        } else {
            event.status != EventStatus::Ended
        };
        let state = match (event.stream.replays.contains(name), is_open) {
            (true, _) => "stored",
            (false, true) => "not yet",
            (false, false) => "not stored",
        };
        let trim = trim_of(event, name).map(|trim| format!(", {trim}")).unwrap_or_default();
        let us: i64 = ranges.iter().filter_map(|range| Some(range.until?.0 - range.from.0)).sum();
        let long = if name.fight().is_some() { format!(", {}", length(us)) } else { String::new() };
        lines.push(format!("{name}: {state}{long}{trim}"));
        for range in ranges {
            let until = range.until.map_or_else(|| "on air".to_owned(), date);
            lines.push(format!("  {} to {until}", date(range.from)));
        }
    }
    for hidden in &event.hidden {
        let long = length(hidden.until.0 - hidden.from.0);
        lines.push(format!("hidden {}: {} to {}, {long}", hidden.id, date(hidden.from), date(hidden.until)));
    }
    lines.join("\n")
}

/// The moment that was meant.
async fn at(
    loaded: &Loaded,
    event: &EventFacts,
    name: &ReplayName,
    moment: Option<Moment>,
) -> Result<Option<Micros>, ReplayError> {
    match moment {
        None => Ok(None),
        Some(Moment::At(at)) => Ok(Some(at)),
        Some(Moment::Into(us)) => {
            let text = playlist(loaded, event, name).await?.ok_or_else(|| ReplayError::NotStored(name.clone()))?;
            let too_far = |us| ReplayError::TooFar { name: name.clone(), length: length(us) };
            place(&text, us).map(Some).map_err(too_far)
        }
    }
}

/// A rendition's playlist of a replay, as stored.
async fn playlist(loaded: &Loaded, event: &EventFacts, name: &ReplayName) -> Result<Option<String>, ReplayError> {
    let Some(epoch) = event.stream.epoch.as_ref().filter(|_| event.stream.replays.contains(name)) else {
        return Ok(None);
    };
    let objects = objects::open(&loaded.config.objects).map_err(ReplayError::Objects)?;
    for rendition in &loaded.config.encoder.renditions {
        let key = format!("{}/{epoch}/{}/replay-{name}.m3u8", event.slug, rendition.name);
        let Ok(key) = key.parse::<ObjectKey>() else { continue };
        let body = objects.get(&key).await.map_err(|error| ReplayError::Objects(error.to_string()))?;
        if let Some(body) = body {
            return Ok(Some(String::from_utf8_lossy(&body).into_owned()));
        }
    }
    Ok(None)
}

/// The moment that plays so many microseconds into a playlist; `Err`: how long it is.
fn place(playlist: &str, us: i64) -> Result<Micros, i64> {
    let (mut at, mut played) = (Micros::default(), 0);
    for line in playlist.lines() {
        if let Some(date) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
            if let Ok(date) = date.trim().parse::<jiff::Timestamp>() {
                at = Micros(date.as_microsecond());
            }
        } else if let Some(long) = line.strip_prefix("#EXTINF:") {
            let seconds: f64 = long.trim_end_matches(',').parse().unwrap_or_default();
            let long = i64::try_from(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default().as_micros());
            let long = long.unwrap_or_default();
            if us < played + long {
                return Ok(Micros(at.0 + us - played));
            }
            (at, played) = (Micros(at.0 + long), played + long);
        }
    }
    // Its very end is a place in it too.
    if us == played { Ok(at) } else { Err(played) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:2026-12-05T12:00:00.000Z\n#EXTINF:2,\na.ts\n#EXTINF:1.5,\nb.ts\n\
                        #EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-12-05T12:10:00.000Z\n#EXTINF:2,\nc.ts\n";

    #[test]
    fn a_place_in_a_replay_is_a_moment_of_the_night_over_what_is_left_out() {
        let at = |us| place(LIST, us).map(date);
        assert_eq!(at(0).unwrap(), "2026-12-05T12:00:00.000Z");
        assert_eq!(at(3_000_000).unwrap(), "2026-12-05T12:00:03.000Z");
        assert_eq!(at(4_000_000).unwrap(), "2026-12-05T12:10:00.500Z");
        assert_eq!(at(5_500_000).unwrap(), "2026-12-05T12:10:02.000Z");
        assert_eq!(at(5_500_001), Err(5_500_000));
    }

    #[test]
    fn a_moment_is_a_date_with_its_offset_or_a_place() {
        let moment = |text: &str| text.parse::<Moment>();
        assert_eq!(moment("+01:30"), Ok(Moment::Into(90_000_000)));
        assert_eq!(moment("+1:00:05"), Ok(Moment::Into(3_605_000_000)));
        assert_eq!(moment("2026-12-05T19:00:00+07:00"), moment("2026-12-05T12:00:00Z"));
        for bad in ["", "+", "+90", "+1:60", "1:30", "2026-12-05T19:00:00", "+-1:00", "+1:1:1:1"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}
