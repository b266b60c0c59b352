//! From media messages to an FLV byte stream for FFmpeg's standard input (Adobe FLV 10.1, annex E).
//!
//! One [`FlvWriter`] serves one publishing session, over as many encoders as it takes. Every start – the first, and
//! each after [`FlvWriter::restart`] – gives a complete file from its header on, with times from 0:
//!
//! - **First start**: media is held until each track that the metadata declares (without metadata: one of each kind)
//!   has shown itself, at most 1.5 s of media. FFmpeg writes nothing while it waits for a track that the header
//!   promises and that never comes, and it never encodes one that the header left out.
//! - **Restart**: header, metadata and sequence headers are sent again, and the stream goes on at the next keyframe.
//!
//! The sender's 32-bit clock may start anywhere and wrap. Depends on the session alone, so that `fuzz/` builds it.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::session::amf0::{Reader, Value};
use super::session::{Content, Media, MediaKind};

/// Longer metadata is dropped.
const METADATA_LEN_MAX: usize = 64 * 1024;
/// Media held at the start: milliseconds, bytes, messages.
const HELD_MS_MAX: i64 = 1_500;
const HELD_LEN_MAX: usize = 4 * 1024 * 1024;
const HELD_COUNT_MAX: usize = 1_024;
/// A track's clock that goes back or forth by more than this has been set anew.
const BACK_MS_MAX: i32 = 3_000;
const FORTH_MS_MAX: i32 = 30_000;

/// Why the stream cannot go on in the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// A track has come that the header did not promise.
    NewTrack,
    /// The sender's clock has jumped.
    ClockJumped,
}

/// What to do with what [`FlvWriter::push`] gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on with the same file.
    GoOn,
    /// End the file; what was given, if anything, begins the next.
    Begin(Break),
}

/// Tracks by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tracks {
    audio: bool,
    video: bool,
}

impl Tracks {
    const fn has(self, kind: MediaKind) -> bool {
        match kind {
            MediaKind::Audio => self.audio,
            MediaKind::Video => self.video,
            MediaKind::Script => true,
        }
    }

    const fn add(&mut self, kind: MediaKind) {
        match kind {
            MediaKind::Audio => self.audio = true,
            MediaKind::Video => self.video = true,
            MediaKind::Script => {}
        }
    }

    const fn cover(self, others: Self) -> bool {
        (self.audio || !others.audio) && (self.video || !others.video)
    }
}

#[derive(Debug)]
enum State {
    /// Before the first start: what came so far.
    Gathering { held: Vec<Media>, held_len: usize },
    /// After a break: the next keyframe is awaited, or any sound where there is no picture.
    Waiting,
    /// A file is being written, with these tracks in its header.
    Open { tracks: Tracks, clock: Clock },
}

/// The sender's wrapping clock, unfolded: milliseconds since the file's first picture or sound.
#[derive(Clone, Copy, Debug)]
struct Clock {
    last: u32,
    elapsed_ms: i64,
}

impl Clock {
    fn at(&mut self, timestamp_ms: u32) -> i64 {
        self.elapsed_ms = self.elapsed_ms.saturating_add(i64::from(ahead(timestamp_ms, self.last)));
        self.last = timestamp_ms;
        self.elapsed_ms
    }
}

/// How far `later` is ahead of `earlier` on the wrapping clock, in milliseconds.
const fn ahead(later: u32, earlier: u32) -> i32 {
    later.wrapping_sub(earlier).cast_signed()
}

/// Writes FLV.
#[derive(Debug)]
pub struct FlvWriter {
    state: State,
    /// The tracks that have come since the session began.
    seen: Tracks,
    /// The tracks that the metadata declares.
    declared: Option<Tracks>,
    metadata: Option<Bytes>,
    audio_header: Option<Bytes>,
    video_header: Option<Bytes>,
    last_audio_ms: Option<u32>,
    last_video_ms: Option<u32>,
}

impl Default for FlvWriter {
    fn default() -> Self {
        Self {
            state: State::Gathering { held: Vec::new(), held_len: 0 },
            seen: Tracks::default(),
            declared: None,
            metadata: None,
            audio_header: None,
            video_header: None,
            last_audio_ms: None,
            last_video_ms: None,
        }
    }
}

impl FlvWriter {
    /// Takes the next message of the session; appends what FFmpeg must read to `out`.
    pub fn push(&mut self, media: Media, out: &mut Vec<Bytes>) -> Step {
        let content = media.content();
        let jumped = self.note(&media, content);
        let step = match &self.state {
            State::Open { tracks, .. } if !tracks.has(media.kind) && content != Content::Header => {
                Step::Begin(Break::NewTrack)
            }
            State::Open { .. } if jumped => Step::Begin(Break::ClockJumped),
            _ => Step::GoOn,
        };
        if step != Step::GoOn {
            self.restart();
        }
        match &mut self.state {
            State::Gathering { held, held_len } => {
                if matches!(content, Content::Frame | Content::Keyframe) {
                    *held_len = held_len.saturating_add(media.payload.len());
                    held.push(media);
                }
                self.start_when_gathered(out);
            }
            State::Waiting => {
                let starts = content == Content::Keyframe || (content == Content::Frame && !self.seen.video);
                if starts {
                    self.open(media.timestamp_ms, out);
                    self.tag(&media, out);
                }
            }
            State::Open { tracks, .. } => match content {
                Content::Script => {
                    if let Some(metadata) = metadata_of(&media.payload) {
                        self.tag(&Media { payload: metadata, ..media }, out);
                    }
                }
                Content::Nothing | Content::Unreadable => {}
                // The header of a track that has not come yet would make FFmpeg wait for it.
                Content::Header if !tracks.has(media.kind) => {}
                Content::Header | Content::Frame | Content::Keyframe => self.tag(&media, out),
            },
        }
        step
    }

    /// Keeps of a message what a later start needs, and gives nothing out: for the time without an FFmpeg.
    pub fn remember(&mut self, media: &Media) {
        self.note(media, media.content());
    }

    /// The file has ended: the next one begins with headers, at a keyframe.
    pub fn restart(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Waiting) {
            State::Gathering { .. } => State::Gathering { held: Vec::new(), held_len: 0 },
            State::Waiting | State::Open { .. } => State::Waiting,
        };
    }

    /// Keeps headers, metadata, tracks and clocks; tells whether the track's clock has jumped.
    fn note(&mut self, media: &Media, content: Content) -> bool {
        match (content, media.kind) {
            (Content::Script, _) => {
                if let Some(metadata) = metadata_of(&media.payload) {
                    self.declared = declared_tracks(&metadata);
                    self.metadata = Some(metadata);
                }
                return false;
            }
            (Content::Header, MediaKind::Audio) => self.audio_header = Some(media.payload.clone()),
            (Content::Header, MediaKind::Video) => self.video_header = Some(media.payload.clone()),
            (Content::Frame | Content::Keyframe, _) => {}
            _ => return false,
        }
        if content == Content::Header {
            // A header promises no frames; its time is 0 or that of the next frame and means nothing.
            return false;
        }
        self.seen.add(media.kind);
        let last = if media.kind == MediaKind::Audio { &mut self.last_audio_ms } else { &mut self.last_video_ms };
        let step = last.replace(media.timestamp_ms).map_or(0, |last| ahead(media.timestamp_ms, last));
        !(-BACK_MS_MAX..=FORTH_MS_MAX).contains(&step)
    }

    /// Begins the first file once every expected track has come, or waiting on would help nothing.
    fn start_when_gathered(&mut self, out: &mut Vec<Bytes>) {
        let State::Gathering { held, held_len } = &mut self.state else { return };
        let Some(reference) = held.first().map(|media| media.timestamp_ms) else { return };
        let times = held.iter().map(|media| ahead(media.timestamp_ms, reference));
        let earliest = times.clone().min().unwrap_or_default();
        let span_ms = i64::from(times.max().unwrap_or_default()) - i64::from(earliest);
        let expected = self.declared.unwrap_or(Tracks { audio: true, video: true });
        let shown = held.iter().fold(Tracks::default(), |mut shown, media| {
            shown.add(media.kind);
            shown
        });
        let full = span_ms >= HELD_MS_MAX || *held_len >= HELD_LEN_MAX || held.len() >= HELD_COUNT_MAX;
        if shown.cover(expected) || full {
            let held = std::mem::take(held);
            self.seen = shown;
            self.open(reference.wrapping_add_signed(earliest), out);
            for media in &held {
                self.tag(media, out);
            }
        }
    }

    /// Begins a file at `base_ms` of the sender's clock.
    fn open(&mut self, base_ms: u32, out: &mut Vec<Bytes>) {
        let tracks = self.seen;
        let flags = if tracks.audio { 4 } else { 0 } | u8::from(tracks.video);
        out.push(Bytes::copy_from_slice(&[b'F', b'L', b'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]));
        self.state = State::Open { tracks, clock: Clock { last: base_ms, elapsed_ms: 0 } };
        // A clock can jump within a file only: when both tracks' clocks jump, one new file is enough.
        (self.last_audio_ms, self.last_video_ms) = (None, None);
        let headers = [
            (MediaKind::Script, self.metadata.as_ref()),
            (MediaKind::Video, self.video_header.as_ref().filter(|_| tracks.video)),
            (MediaKind::Audio, self.audio_header.as_ref().filter(|_| tracks.audio)),
        ];
        for (kind, payload) in headers {
            out.extend(payload.map(|payload| tag(kind, 0, payload)));
        }
    }

    /// A tag at its time since the file's beginning.
    fn tag(&mut self, media: &Media, out: &mut Vec<Bytes>) {
        let State::Open { clock, .. } = &mut self.state else { return };
        let elapsed_ms = match media.content() {
            Content::Frame | Content::Keyframe => clock.at(media.timestamp_ms),
            // Headers and metadata take effect where they stand.
            _ => clock.elapsed_ms,
        };
        // What is older than the beginning by a few frames is shown with it.
        let wrapped = u32::try_from(elapsed_ms.max(0) & 0xffff_ffff).unwrap_or_default();
        out.push(tag(media.kind, wrapped, &media.payload));
    }
}

fn tag(kind: MediaKind, timestamp_ms: u32, payload: &[u8]) -> Bytes {
    let kind = match kind {
        MediaKind::Audio => 8,
        MediaKind::Video => 9,
        MediaKind::Script => 18,
    };
    let len = u32::try_from(payload.len()).unwrap_or_default();
    let [_, len_a, len_b, len_c] = len.to_be_bytes();
    let [time_high, time_a, time_b, time_c] = timestamp_ms.to_be_bytes();
    let mut tag = BytesMut::with_capacity(payload.len().saturating_add(15));
    tag.put_slice(&[kind, len_a, len_b, len_c, time_a, time_b, time_c, time_high, 0, 0, 0]);
    tag.put_slice(payload);
    tag.put_u32(len.saturating_add(11));
    tag.freeze()
}

/// The `onMetaData` of a script message, without the `@setDataFrame` before it; `None` for anything else, and for
/// what is longer than 64 KiB or cannot be read.
fn metadata_of(payload: &Bytes) -> Option<Bytes> {
    let mut reader = Reader::new(payload);
    let mut name = reader.value().ok()?;
    let mut skipped = 0;
    if name == Value::Text(b"@setDataFrame") {
        skipped = payload.len().saturating_sub(reader.rest().len());
        name = reader.value().ok()?;
    }
    let metadata = payload.slice(skipped..);
    if name != Value::Text(b"onMetaData") || metadata.len() > METADATA_LEN_MAX {
        return None;
    }
    reader.fields(&mut |_, _| {}).ok()?;
    Some(metadata)
}

/// The tracks that metadata declares by a codec, when it declares any.
fn declared_tracks(metadata: &Bytes) -> Option<Tracks> {
    let mut reader = Reader::new(metadata);
    reader.value().ok()?;
    let mut tracks = Tracks::default();
    reader
        .fields(&mut |name, value| {
            let declared = match value {
                Value::Number(id) => id > 0.0,
                Value::Text(id) => !id.is_empty(),
                _ => false,
            };
            match name {
                b"audiocodecid" => tracks.audio = declared,
                b"videocodecid" => tracks.video = declared,
                _ => {}
            }
        })
        .ok()?;
    (tracks != Tracks::default()).then_some(tracks)
}
