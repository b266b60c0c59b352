//! Writes our own playlists.
//!
//! `hls_m3u8` writes them and reads the result again: what it cannot read is never stored. It has no tag for a gap
//! when writing, so the gap's line is put before its EXTINF here, and it takes no playlist that has both independent
//! segments and something free after something encrypted, so that tag is put in here too. Segment names are relative to the playlist; those
//! of an older epoch are `../../<epoch>/<rendition>/<name>`.

mod keys;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use hls_m3u8::tags::{ExtXProgramDateTime, VariantStream};
use hls_m3u8::types::{Codecs, PlaylistType, Resolution, StreamData, UFloat};
use hls_m3u8::{MasterPlaylist, MediaPlaylist, MediaSegment};

use self::keys::key_tag;
pub use self::keys::protection_of;
use super::plan::{Line, ListBody, ListKind, Listing, MediaList, segment_name};
use super::record::Protection;
use crate::clock::Micros;
use crate::config;
use crate::ids::EventSlug;
use crate::objects::ObjectKey;

/// The tag of a segment that is not there (RFC 8216bis, 4.4.4.7).
pub const GAP: &str = "#EXT-X-GAP";

/// The tag that says that every segment can be decoded alone, which is true of ours, encrypted or not. `hls_m3u8` 0.7
/// reads RFC 8216, 6.2.3 as "all of them AES-128 or none" where it stands, and refuses `METHOD=NONE` after a key; the RFC
/// says no such thing. So it is written and read without the tag.
const INDEPENDENT: &str = "#EXT-X-INDEPENDENT-SEGMENTS";

/// A DVR playlist tells the date-time at its start, after a discontinuity or a gap, and at every so-many-th index:
/// players work out the rest, and 7,200 segments stay half as long.
const DVR_DATE_EVERY: u64 = 30;

/// A rung up to this total bit rate comes first in the master: native players begin with the first one, and phones on
/// mobile networks start at once with 480p instead of waiting for the best.
const FIRST_KBPS_MAX: u32 = 2_000;

/// A playlist that could not be written: a bug, since it is made of checked parts.
#[derive(Clone, Debug, thiserror::Error)]
#[error("our own playlist is not valid: {0}")]
pub struct BadPlaylist(String);

impl BadPlaylist {
    #[expect(clippy::needless_pass_by_value, reason = "errors are mapped into it")]
    fn new(why: impl ToString) -> Self {
        Self(why.to_string())
    }
}

/// The key of a playlist.
#[must_use]
pub fn key(event: &EventSlug, ladder: &[config::Rendition], listing: &Listing) -> Option<ObjectKey> {
    let folder = format!("{event}/{}", listing.id.epoch);
    let file = listing.id.kind.file();
    let key = match listing.id.kind.rung() {
        Some(rung) => format!("{folder}/{}/{file}", ladder.get(rung)?.name),
        None => format!("{folder}/{file}"),
    };
    key.parse().ok()
}

/// The text of a playlist. Keys are asked for at `key_address`: scheme and host, without a slash at the end.
///
/// # Errors
/// [`BadPlaylist`]
pub fn render(listing: &Listing, ladder: &[config::Rendition], key_address: &str) -> Result<String, BadPlaylist> {
    let kind = listing.id.kind;
    // hls_m3u8 is known to panic on some input; none of it is known to get here.
    let write = || match &listing.body {
        ListBody::Master(rungs) => render_master(rungs, ladder, &kind.media_file()),
        ListBody::Media(list) => {
            let rung = kind.rung().ok_or_else(|| BadPlaylist::new("segments in a master"))?;
            let rendition = ladder.get(rung).ok_or_else(|| BadPlaylist::new("a rendition outside the ladder"))?;
            render_media(list, rendition.name.as_str(), kind, key_address)
        }
    };
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| Err(BadPlaylist::new("hls_m3u8 panicked")))
}

fn uri(line: &Line, rendition: &str) -> String {
    let name = segment_name(&line.run, line.n);
    match &line.elsewhere {
        Some(epoch) => format!("../../{epoch}/{rendition}/{name}"),
        None => name,
    }
}

/// A date-time as playlists carry it: UTC with milliseconds.
#[must_use]
pub fn date_time(at: Micros) -> Option<String> {
    let at = jiff::Timestamp::from_microsecond(at.0).ok()?;
    Some(format!("{at:.3}"))
}

/// Reads a media playlist of ours.
///
/// # Errors
/// [`BadPlaylist`]
pub fn parse(text: &str) -> Result<MediaPlaylist<'static>, BadPlaylist> {
    let text = text.replacen(&format!("{INDEPENDENT}\n"), "", 1);
    Ok(MediaPlaylist::try_from(text.as_str()).map_err(BadPlaylist::new)?.into_owned())
}

fn render_media(list: &MediaList, rendition: &str, kind: ListKind, key_address: &str) -> Result<String, BadPlaylist> {
    let is_live = matches!(kind, ListKind::Live(_));
    let mut segments = Vec::with_capacity(list.lines.len());
    let mut dated = false;
    let mut before = &Protection::Free;
    for (index, line) in (list.media_sequence..).zip(&list.lines) {
        let mut segment = MediaSegment::builder();
        segment.duration(Duration::from_micros(line.duration_us)).has_discontinuity(line.breaks);
        segment.uri(uri(line, rendition));
        // A gap keeps what its index was given, so that a playlist does not change its mind around it.
        if line.protection != *before {
            segment.keys(vec![key_tag(&line.protection, key_address)?]);
            before = &line.protection;
        }
        if is_live || !dated || line.breaks || index.is_multiple_of(DVR_DATE_EVERY) {
            segment.program_date_time(ExtXProgramDateTime::new(date_time(line.start).unwrap_or_default()));
        }
        dated = !line.gap;
        segments.push(segment.build().map_err(BadPlaylist::new)?);
    }
    let number = |n: u64| usize::try_from(n).map_err(BadPlaylist::new);
    let mut playlist = MediaPlaylist::builder();
    if matches!(kind, ListKind::Replay(..)) {
        playlist.playlist_type(PlaylistType::Vod);
    }
    let playlist = playlist
        .target_duration(Duration::from_secs(list.target_seconds))
        .media_sequence(number(list.media_sequence)?)
        .discontinuity_sequence(number(list.discontinuity_sequence)?)
        .has_end_list(list.ended)
        .segments(segments)
        .build()
        .map_err(BadPlaylist::new)?;
    let text = with_tags(&versioned(&playlist.to_string()), list);
    check(&text, list, rendition)?;
    Ok(text)
}

/// The tags of a playlist's head.
const HEAD: [&str; 6] = [
    "#EXTM3U",
    "#EXT-X-VERSION:",
    "#EXT-X-TARGETDURATION:",
    "#EXT-X-MEDIA-SEQUENCE:",
    "#EXT-X-DISCONTINUITY-SEQUENCE:",
    "#EXT-X-PLAYLIST-TYPE:",
];

/// The version of every playlist of ours. `hls_m3u8` writes the lowest that would do, which changes with a segment's
/// length; one playlist keeps to one version.
const VERSION: &str = "#EXT-X-VERSION:6";

/// Sets the version.
fn versioned(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("#EXT-X-VERSION:"));
    let mut out = String::with_capacity(text.len() + 32);
    for line in lines {
        out.push_str(line);
        out.push('\n');
        if line == "#EXTM3U" {
            out.push_str(VERSION);
            out.push('\n');
        }
    }
    out
}

/// Puts the gaps in, the tag of independent segments at the head's end, and the media sequence where it is 0: it may be
/// left out then, but is easier to read by hand.
fn with_tags(text: &str, list: &MediaList) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut lines = list.lines.iter();
    let mut head = true;
    for line in text.lines() {
        if head && !HEAD.iter().any(|tag| line.starts_with(tag)) {
            head = false;
            out.push_str(INDEPENDENT);
            out.push('\n');
        }
        if line.starts_with("#EXTINF:") && lines.next().is_some_and(|line| line.gap) {
            out.push_str(GAP);
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        if list.media_sequence == 0 && line.starts_with("#EXT-X-TARGETDURATION:") {
            out.push_str("#EXT-X-MEDIA-SEQUENCE:0\n");
        }
    }
    out
}

/// Reads what was written and compares it with what was meant.
fn check(text: &str, list: &MediaList, rendition: &str) -> Result<(), BadPlaylist> {
    let read = parse(text)?;
    let same_start = u64::try_from(read.media_sequence) == Ok(list.media_sequence);
    let same_count = read.segments.num_elements() == list.lines.len();
    let same_names = read.segments.values().zip(&list.lines).all(|(read, line)| *read.uri() == uri(line, rendition));
    let same_keys = read
        .segments
        .values()
        .zip(&list.lines)
        .all(|(read, line)| protection_of(read).as_ref() == Some(&line.protection));
    let gaps = text.lines().filter(|line| *line == GAP).count();
    let same_gaps = gaps == list.lines.iter().filter(|line| line.gap).count();
    if same_start && same_count && same_names && same_keys && same_gaps && read.has_end_list == list.ended {
        Ok(())
    } else {
        Err(BadPlaylist::new("it reads differently from what was meant"))
    }
}

/// The order of renditions in a master: the best one up to [`FIRST_KBPS_MAX`] first, then the others, best first.
fn order<'a>(rungs: &[usize], ladder: &'a [config::Rendition]) -> Vec<&'a config::Rendition> {
    let mut chosen: Vec<_> = rungs.iter().filter_map(|rung| ladder.get(*rung)).collect();
    chosen.sort_by_key(|rendition| std::cmp::Reverse(rendition.maxrate_kbps.saturating_add(rendition.audio_kbps)));
    let fits = |rendition: &&config::Rendition| rendition.maxrate_kbps + rendition.audio_kbps <= FIRST_KBPS_MAX;
    if let Some(first) = chosen.iter().position(fits) {
        let first = chosen.remove(first);
        chosen.insert(0, first);
    }
    chosen
}

/// RFC 6381: High profile of H.264 at the rung's level, and AAC-LC.
fn codecs(level: &str) -> Option<[String; 2]> {
    let (major, minor) = level.split_once('.').unwrap_or((level, "0"));
    let level: u8 = major.parse::<u8>().ok()?.checked_mul(10)?.checked_add(minor.parse().ok()?)?;
    Some([format!("avc1.6400{level:02x}"), "mp4a.40.2".to_owned()])
}

fn render_master(rungs: &[usize], ladder: &[config::Rendition], file: &str) -> Result<String, BadPlaylist> {
    let mut streams = Vec::new();
    for rendition in order(rungs, ladder) {
        let bits = |kbps: u32| u64::from(kbps.saturating_add(rendition.audio_kbps)) * 1_000;
        let side = |pixels: u32| usize::try_from(pixels).map_err(BadPlaylist::new);
        let mut data = StreamData::builder();
        data.bandwidth(bits(rendition.maxrate_kbps)).average_bandwidth(bits(rendition.bitrate_kbps));
        data.resolution(Resolution::new(side(rendition.width())?, side(rendition.height)?));
        if let Some(codecs) = codecs(&rendition.level) {
            data.codecs(Codecs::from(codecs.to_vec()));
        }
        streams.push(VariantStream::ExtXStreamInf {
            uri: format!("{}/{file}", rendition.name).into(),
            frame_rate: u16::try_from(rendition.fps).ok().map(|fps| UFloat::new(f32::from(fps))),
            audio: None,
            subtitles: None,
            closed_captions: None,
            stream_data: data.build().map_err(BadPlaylist::new)?,
        });
    }
    let count = streams.len();
    let text = MasterPlaylist::builder()
        .has_independent_segments(true)
        .variant_streams(streams)
        .build()
        .map_err(BadPlaylist::new)?
        .to_string();
    let text = versioned(&text);
    let read = MasterPlaylist::try_from(text.as_str()).map_err(BadPlaylist::new)?;
    if count > 0 && read.variant_streams.len() == count {
        Ok(text)
    } else {
        Err(BadPlaylist::new("a master without its renditions"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Epoch, RunId};
    use crate::stream::plan::ListId;

    const HOST: &str = "https://api.example";

    pub fn line(n: u64, gap: bool) -> Line {
        Line {
            run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse::<RunId>().unwrap(),
            n,
            elsewhere: None,
            start: Micros(1_790_000_000_000_000 + i64::try_from(n).unwrap() * 2_000_000),
            duration_us: 2_000_000,
            breaks: false,
            gap,
            protection: Protection::Free,
        }
    }

    pub fn listing(kind: ListKind, body: ListBody) -> Listing {
        let epoch: Epoch = "abcdefghijkmnpqrstuvwxyz23".parse().unwrap();
        Listing { id: ListId { epoch, kind }, body }
    }

    #[test]
    fn a_gap_stands_before_its_extinf_and_is_read_again() {
        let old: Epoch = "zzzzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap();
        let mut lines = vec![line(6, false), line(7, true), line(8, false)];
        lines[0].elsewhere = Some(old);
        lines[2].breaks = true;
        let list = MediaList { media_sequence: 6, discontinuity_sequence: 2, target_seconds: 2, ended: true, lines };
        let text =
            render(&listing(ListKind::Live(0), ListBody::Media(list)), &config::Encoder::default().renditions, HOST);
        let run = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        assert_eq!(
            text.unwrap(),
            format!(
                "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:6\n\
                 #EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXT-X-INDEPENDENT-SEGMENTS\n\
                 #EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:32.000Z\n#EXTINF:2,\n\
                 ../../zzzzzzzzzzzzzzzzzzzzzzzzzz/720p/{run}-00000006.ts\n\
                 #EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:34.000Z\n#EXT-X-GAP\n#EXTINF:2,\n{run}-00000007.ts\n\
                 #EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:36.000Z\n#EXTINF:2,\n\
                 {run}-00000008.ts\n#EXT-X-ENDLIST\n"
            )
        );
    }

    #[test]
    fn the_master_tells_rate_size_and_codecs_with_a_middle_rung_first() {
        let ladder = config::Encoder::default().renditions;
        let text = render(&listing(ListKind::Master, ListBody::Master(vec![0, 1, 2])), &ladder, HOST).unwrap();
        assert_eq!(
            text,
            "#EXTM3U\n#EXT-X-VERSION:6\n\
             #EXT-X-STREAM-INF:BANDWIDTH=1728000,AVERAGE-BANDWIDTH=1528000,CODECS=\"avc1.64001f,mp4a.40.2\",\
             RESOLUTION=854x480,FRAME-RATE=30.000\n480p/live.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH=3628000,AVERAGE-BANDWIDTH=3128000,CODECS=\"avc1.64001f,mp4a.40.2\",\
             RESOLUTION=1280x720,FRAME-RATE=30.000\n720p/live.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH=896000,AVERAGE-BANDWIDTH=796000,CODECS=\"avc1.64001e,mp4a.40.2\",\
             RESOLUTION=640x360,FRAME-RATE=30.000\n360p/live.m3u8\n\
             #EXT-X-INDEPENDENT-SEGMENTS\n"
        );
        assert!(render(&listing(ListKind::Master, ListBody::Master(vec![])), &ladder, HOST).is_err());
    }

    #[test]
    fn a_dvr_of_four_hours_stays_small() {
        let lines: Vec<_> = (0..7_200).map(|n| line(n, false)).collect();
        let list = MediaList { media_sequence: 0, discontinuity_sequence: 0, target_seconds: 2, ended: false, lines };
        let dvr = listing(ListKind::Dvr(0), ListBody::Media(list));
        let text = render(&dvr, &config::Encoder::default().renditions, HOST).unwrap();
        assert!(text.len() < 420_000, "{}", text.len());
        assert_eq!(text.matches("#EXT-X-PROGRAM-DATE-TIME").count(), 240);
    }
}
