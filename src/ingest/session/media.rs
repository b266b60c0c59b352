//! Media messages, and what their first bytes say (Adobe FLV 10.1, E.4.2 and E.4.3).

use bytes::Bytes;

/// What a media message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
    /// Script data: metadata.
    Script,
}

/// A media message as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// What it carries.
    pub kind: MediaKind,
    /// The sender's timestamp: milliseconds, all 32 bits, wrapping.
    pub timestamp_ms: u32,
    /// The body of an FLV tag.
    pub payload: Bytes,
}

/// What a media message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The decoder's set-up: AVC or AAC sequence header.
    Header,
    /// Picture that can be decoded without any before it.
    Keyframe,
    /// Sound, or picture that needs others.
    Frame,
    /// Script data.
    Script,
    /// Nothing to pass on: empty, or a command to a player.
    Nothing,
    /// A codec that our FFmpeg cannot read from FLV.
    Unreadable,
}

impl Media {
    /// What this message is for. H.264 with AAC or MP3 is readable. Enhanced RTMP (video byte 0 with its highest bit
    /// set, audio format 9) carries HEVC, AV1 and others: FFmpeg reads it only from version 6.1 on.
    #[must_use]
    pub fn content(&self) -> Content {
        let (first, second) = match *self.payload.as_ref() {
            [first, second, ..] => (first, second),
            [first] if self.kind == MediaKind::Video && first & 0x80 != 0 => return Content::Unreadable,
            _ => return Content::Nothing,
        };
        match self.kind {
            MediaKind::Script => Content::Script,
            MediaKind::Audio => match (first >> 4, second) {
                (10, 0) => Content::Header,
                (10 | 2, _) => Content::Frame,
                _ => Content::Unreadable,
            },
            MediaKind::Video if first & 0x80 != 0 => Content::Unreadable,
            MediaKind::Video => match (first >> 4, first & 0x0f, second) {
                (5, _, _) => Content::Nothing,
                (_, 7, 0) => Content::Header,
                (1, 7, 1) => Content::Keyframe,
                (_, 7, _) => Content::Frame,
                _ => Content::Unreadable,
            },
        }
    }
}
