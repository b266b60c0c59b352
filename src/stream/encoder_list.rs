//! Reads FFmpeg's own playlist: what it says of the segments it has closed.
//!
//! `hls_m3u8` panics on a few kinds of broken input (a file cut inside a quoted string, an overflowing number). It
//! gets a copy that holds nothing but lines checked here, and is kept from taking the process with it all the same.
//! What cannot be read is not readable *yet*: FFmpeg writes the next version in a moment.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use hls_m3u8::MediaPlaylist;

use super::spool;
use crate::clock::Micros;

/// Longest segment that is believed, seconds.
const SECONDS_MAX: f64 = 600.0;

/// A segment as FFmpeg names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSegment {
    /// Its number.
    pub n: u64,
    /// Its file name.
    pub file: Arc<str>,
    /// Its length, microseconds.
    pub duration_us: u64,
    /// The moment of its first frame.
    pub start: Option<Micros>,
}

/// Why a playlist tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("FFmpeg's playlist cannot be read yet: {0}")]
pub struct NotReadable(&'static str);

/// The segments a playlist names with numbers above `after`, ascending. A playlist grows with the event, so only its
/// end is parsed.
///
/// # Errors
/// [`NotReadable`]: half-written, or not a playlist.
pub fn read(text: &str, after: Option<u64>) -> Result<Vec<NamedSegment>, NotReadable> {
    if !text.starts_with("#EXTM3U") {
        return Err(NotReadable("it does not begin with #EXTM3U"));
    }
    if !text.ends_with('\n') {
        return Err(NotReadable("its last line is cut off"));
    }
    let copy = copy_of_end(text, after)?;
    if copy.is_empty() {
        return Ok(Vec::new());
    }
    let longest = Duration::from_secs(3_600);
    let text = format!("#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:1\n{copy}");
    let parse = || {
        let playlist = MediaPlaylist::builder().allowable_excess_duration(longest).parse(&text).ok()?;
        Some(playlist.segments.values().filter_map(named).collect::<Vec<_>>())
    };
    let mut segments =
        catch_unwind(AssertUnwindSafe(parse)).ok().flatten().ok_or(NotReadable("it is no media playlist"))?;
    segments.sort_by_key(|segment| segment.n);
    segments.dedup_by_key(|segment| segment.n);
    Ok(segments)
}

fn named(segment: &hls_m3u8::MediaSegment<'_>) -> Option<NamedSegment> {
    let n = spool::number(segment.uri())?;
    let start = segment.program_date_time.as_ref().and_then(|tag| date_time(&tag.date_time));
    let duration_us = u64::try_from(segment.duration.duration().as_micros()).ok()?.max(1_000);
    Some(NamedSegment { n, file: Arc::from(segment.uri().as_ref()), duration_us, start })
}

/// A date-time as FFmpeg writes it: `2026-11-24T23:06:54.957+0700`.
#[must_use]
pub fn date_time(text: &str) -> Option<Micros> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Micros(at.as_microsecond()))
}

/// The lines that matter of the segments after `after`, each checked.
fn copy_of_end(text: &str, after: Option<u64>) -> Result<String, NotReadable> {
    // From the end back to the line that names a segment already known.
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().rev().map(str::trim) {
        let known =
            !line.starts_with('#') && spool::number(line).is_some_and(|n| after.is_some_and(|after| n <= after));
        if known {
            break;
        }
        lines.push(line);
    }
    let mut copy = String::new();
    let mut about = String::new();
    let mut has_length = false;
    for line in lines.into_iter().rev() {
        if let Some(value) = line.strip_prefix("#EXTINF:") {
            let seconds = length(value).ok_or(NotReadable("a segment's length is no number"))?;
            has_length = true;
            write_line(&mut about, format_args!("#EXTINF:{seconds},"));
        } else if let Some(value) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
            if date_time(value).is_some() {
                write_line(&mut about, format_args!("#EXT-X-PROGRAM-DATE-TIME:{value}"));
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            if has_length && spool::number(line).is_some() {
                copy.push_str(&about);
                write_line(&mut copy, format_args!("{line}"));
            }
            about.clear();
            has_length = false;
        }
    }
    Ok(copy)
}

fn length(value: &str) -> Option<f64> {
    let seconds: f64 = value.split(',').next()?.trim().parse().ok()?;
    (seconds.is_finite() && (0.0..=SECONDS_MAX).contains(&seconds)).then_some(seconds)
}

fn write_line(to: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _infallible = writeln!(to, "{line}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WRITTEN_BY_FFMPEG: &str = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n\
        #EXT-X-INDEPENDENT-SEGMENTS\n#EXTINF:2.000000,\n#EXT-X-PROGRAM-DATE-TIME:2026-11-24T23:06:54.957+0000\n\
        000000.ts\n#EXTINF:2.000000,\n#EXT-X-PROGRAM-DATE-TIME:2026-11-25T06:06:56.957+0700\n000001.ts\n\
        #EXTINF:0.966667,\n#EXT-X-PROGRAM-DATE-TIME:2026-11-24T23:06:58.957+0000\n000002.ts\n#EXT-X-ENDLIST\n";

    #[test]
    fn ffmpegs_playlist_tells_number_length_and_moment() {
        let all = read(WRITTEN_BY_FFMPEG, None).unwrap();
        assert_eq!(all.iter().map(|s| s.n).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(all[2].duration_us, 966_667);
        assert_eq!(all[1].start.unwrap().0 - all[0].start.unwrap().0, 2_000_000);
        assert_eq!(read(WRITTEN_BY_FFMPEG, Some(1)).unwrap(), all[2..]);
        assert_eq!(read(WRITTEN_BY_FFMPEG, Some(2)).unwrap(), []);
    }

    #[test]
    fn a_half_written_playlist_is_not_readable_yet() {
        for cut in ["", "\u{feff}#EXTM3U\n", "#EXTM3U\n#EXTINF:-1,\n000000.ts\n", "#EXTM3U\n#EXTINF:nan,\n000000.ts\n"]
        {
            assert!(read(cut, None).is_err(), "{cut:?}");
        }
        assert!(read(&WRITTEN_BY_FFMPEG[..WRITTEN_BY_FFMPEG.len() - 3], None).is_err());
        let hostile = "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"\n#EXT-X-MEDIA-SEQUENCE:99999999999999999999999\n\
            #EXT-X-VERSION:9\n#EXTINF:2,\n000000.ts\n";
        assert_eq!(read(hostile, None).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_takes_the_process_down(text in "(#EXTM3U\n)?[#A-Z0-9:=,.\"\n\\-]{0,200}\n?") {
            let _either = read(&text, None);
        }

        #[test]
        fn no_cut_invents_a_segment(at in 0..WRITTEN_BY_FFMPEG.len()) {
            if let Ok(segments) = read(&WRITTEN_BY_FFMPEG[..at], None) {
                let all = read(WRITTEN_BY_FFMPEG, None).unwrap();
                prop_assert_eq!(&segments[..], &all[..segments.len()]);
            }
        }
    }
}
