//! What a file under `uploader.hls_dir` is: `<event>/<run>/<rendition>/<number>.ts`, or `index.m3u8` beside it.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::{Component, Path};

use crate::ids::{EventSlug, RenditionName, RunId};

/// Bytes of an MPEG-TS packet.
pub const PACKET: usize = 188;

/// First byte of every MPEG-TS packet.
pub const SYNC: u8 = 0x47;

/// Name of FFmpeg's playlist in a rendition's folder.
pub const PLAYLIST: &str = "index.m3u8";

/// A rendition's folder in a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The event.
    pub event: EventSlug,
    /// The run.
    pub run: RunId,
    /// The rendition.
    pub rendition: RenditionName,
}

/// What a file is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A segment and its number.
    Segment(u64),
    /// FFmpeg's playlist.
    Playlist,
    /// The head of fragmented MP4. The ladder writes MPEG-TS, so it is known and not used.
    Init,
}

/// Why a file, or a segment, is counted and left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ignored {
    /// A name of something unfinished: `….tmp`, or beginning with a dot.
    Temporary,
    /// Not laid out as `<event>/<run>/<rendition>/<file>`.
    Layout,
    /// A symbolic link: it may lead anywhere.
    Link,
    /// Neither a file nor a folder.
    NotAFile,
    /// The head of fragmented MP4.
    Init,
    /// A rendition the ladder does not have.
    NotInLadder,
    /// No bytes.
    Empty,
    /// Its length is no multiple of a packet, or a packet does not begin with 0x47: cut off, or no MPEG-TS.
    Broken,
    /// A segment of an older run, closed after a newer run took the timeline.
    OlderRun,
    /// Closed after the event has ended.
    Ended,
    /// Its number lies before what its run or rendition begins with.
    OutOfOrder,
}

impl Ignored {
    /// The label in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Temporary => "temporary",
            Self::Layout => "layout",
            Self::Link => "link",
            Self::NotAFile => "not_a_file",
            Self::Init => "init",
            Self::NotInLadder => "not_in_ladder",
            Self::Empty => "empty",
            Self::Broken => "broken",
            Self::OlderRun => "older_run",
            Self::Ended => "ended",
            Self::OutOfOrder => "out_of_order",
        }
    }
}

/// What a path below the root stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The root itself.
    Root,
    /// An event's folder.
    Event(EventSlug),
    /// A run's folder.
    Run(EventSlug, RunId),
    /// A rendition's folder.
    Rendition(Spot),
}

/// What a folder is.
///
/// # Errors
/// [`Ignored::Layout`], [`Ignored::Temporary`]
pub fn place(root: &Path, folder: &Path) -> Result<Place, Ignored> {
    let below = folder.strip_prefix(root).map_err(|_| Ignored::Layout)?;
    let mut names = Vec::with_capacity(3);
    for component in below.components() {
        let Component::Normal(name) = component else { return Err(Ignored::Layout) };
        let name = name.to_str().ok_or(Ignored::Layout)?;
        if is_temporary(name) {
            return Err(Ignored::Temporary);
        }
        names.push(name);
    }
    let mut names = names.into_iter();
    let Some(event) = names.next() else { return Ok(Place::Root) };
    let event: EventSlug = event.parse().map_err(|_| Ignored::Layout)?;
    let Some(run) = names.next() else { return Ok(Place::Event(event)) };
    let run: RunId = run.parse().map_err(|_| Ignored::Layout)?;
    let Some(rendition) = names.next() else { return Ok(Place::Run(event, run)) };
    let rendition: RenditionName = rendition.parse().map_err(|_| Ignored::Layout)?;
    match names.next() {
        None => Ok(Place::Rendition(Spot { event, run, rendition })),
        Some(_) => Err(Ignored::Layout),
    }
}

/// What a file in a rendition's folder is by its name.
///
/// # Errors
/// [`Ignored::Layout`], [`Ignored::Temporary`]
pub fn kind(name: &str) -> Result<FileKind, Ignored> {
    if is_temporary(name) {
        Err(Ignored::Temporary)
    } else if name == PLAYLIST {
        Ok(FileKind::Playlist)
    } else if name == "init.mp4" {
        Ok(FileKind::Init)
    } else {
        number(name).map(FileKind::Segment).ok_or(Ignored::Layout)
    }
}

/// The number in a segment's name: `000012.ts` is 12.
#[must_use]
pub fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".ts")?;
    let fine = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fine { digits.parse().ok() } else { None }
}

fn is_temporary(name: &str) -> bool {
    name.starts_with('.') || name.ends_with(".tmp")
}

/// Whether a segment's file is whole, as far as its length and its first packets tell. All packets are looked at when
/// it is read for the store.
///
/// # Errors
/// Why it cannot be published.
pub fn inspect(path: &Path, metadata: &Metadata) -> Result<u64, Ignored> {
    let bytes = metadata.len();
    if bytes == 0 {
        return Err(Ignored::Empty);
    }
    let packet = u64::try_from(PACKET).unwrap_or(u64::MAX);
    if !bytes.is_multiple_of(packet) {
        return Err(Ignored::Broken);
    }
    let mut first = [0_u8; 1];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    match read {
        Ok(()) if first == [SYNC] => Ok(bytes),
        _ => Err(Ignored::Broken),
    }
}

/// Whether every packet begins as it must.
#[must_use]
pub fn is_whole(body: &[u8]) -> bool {
    !body.is_empty()
        && body.len().is_multiple_of(PACKET)
        && body.chunks(PACKET).all(|packet| packet.first() == Some(&SYNC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_their_names_say() {
        assert_eq!(kind("000012.ts"), Ok(FileKind::Segment(12)));
        assert_eq!(kind("index.m3u8"), Ok(FileKind::Playlist));
        assert_eq!(kind("init.mp4"), Ok(FileKind::Init));
        for temporary in ["000012.ts.tmp", "index.m3u8.tmp", ".000012.ts"] {
            assert_eq!(kind(temporary), Err(Ignored::Temporary), "{temporary}");
        }
        for other in ["a.ts", "-1.ts", "+1.ts", "1.ts.x", "master.m3u8", "12.m4s", "0000000000000001.ts"] {
            assert_eq!(kind(other), Err(Ignored::Layout), "{other}");
        }
    }

    #[test]
    fn only_the_agreed_layout_is_taken() {
        let root = Path::new("/spool");
        let spot = "fight-night/01ARZ3NDEKTSV4RRFFQ69G5FAV/720p";
        assert!(
            matches!(place(root, &root.join(spot)), Ok(Place::Rendition(spot)) if spot.rendition.as_str() == "720p")
        );
        assert_eq!(place(root, root), Ok(Place::Root));
        for wrong in ["Fight", "fight/run1", "fight/01ARZ3NDEKTSV4RRFFQ69G5FAV/7 20p", &format!("{spot}/more")] {
            assert_eq!(place(root, &root.join(wrong)), Err(Ignored::Layout), "{wrong}");
        }
        assert_eq!(place(root, Path::new("/elsewhere/a")), Err(Ignored::Layout));
        assert_eq!(place(root, &root.join("../spool/a")), Err(Ignored::Layout));
    }

    #[test]
    fn a_cut_or_foreign_file_is_not_whole() {
        let mut body = vec![0_u8; PACKET * 3];
        assert!(!is_whole(&body));
        for start in [0, PACKET, 2 * PACKET] {
            body[start] = SYNC;
        }
        assert!(is_whole(&body));
        assert!(!is_whole(&body[..=PACKET * 2]));
        assert!(!is_whole(&[]));
    }
}
