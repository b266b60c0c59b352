//! Looks at FLV as it passes: is there a picture, is there sound. Nothing is kept but a tag's first bytes.
//!
//! Layout: Adobe Flash Video File Format Specification 10.1, annex E.

/// AAC in an audio tag's first byte (sound format, high nibble), AVC in a video tag's (codec, low nibble).
const AAC: u8 = 10;
const AVC: u8 = 7;

/// The start of a feed must show a picture within this much sound, in milliseconds.
const PICTURE_WITHIN_MS: u32 = 5_000;
/// … and sound within this much picture; else it is taken as silent.
const SOUND_WITHIN_MS: u32 = 3_000;
/// … and both within this many bytes.
const LOOK_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Sound later than this needs a longer look by FFmpeg, in milliseconds.
const LATE_MS: u32 = 700;

/// What the start of a feed shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Picture and sound; late: the sound begins well after the picture.
    Both { late: bool },
    /// A picture without sound.
    Silent,
    /// Sound without a picture.
    NoPicture,
}

/// Walks over tags in pieces of any length.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The first bytes of the file header (9) or of a tag (11 and up to 2 of its body).
    head: Vec<u8>,
    past_header: bool,
    skip: u64,
    seen: u64,
    /// Not FLV: nothing is known, FFmpeg decides.
    strange: bool,
    picture: Option<Span>,
    sound: Option<Span>,
}

/// First and last timestamp of a kind of tag, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: u32,
    last: u32,
}

impl Look {
    /// Looks at the next bytes.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        self.seen = self.seen.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        while !bytes.is_empty() && !self.strange {
            if self.skip > 0 {
                let len = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                self.skip = self.skip.saturating_sub(u64::try_from(len).unwrap_or(0));
                bytes = bytes.get(len..).unwrap_or_default();
                continue;
            }
            let missing = self.wanted().saturating_sub(self.head.len()).min(bytes.len());
            let (now, later) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.head.extend_from_slice(now);
            bytes = later;
            if self.head.len() == self.wanted() {
                self.close_head();
            }
        }
    }

    /// Length of the head that is being collected; a tag's grows once its size is known.
    fn wanted(&self) -> usize {
        if !self.past_header {
            return 9;
        }
        match self.tag_size() {
            Some(size) => 11 + usize::try_from(size.min(2)).unwrap_or(0),
            None => 11,
        }
    }

    fn tag_size(&self) -> Option<u64> {
        match *self.head.as_slice() {
            [_, a, b, c, _, _, _, _, _, _, _, ..] => Some(u64::from(u32::from_be_bytes([0, a, b, c]))),
            _ => None,
        }
    }

    fn close_head(&mut self) {
        if !self.past_header {
            self.strange = !self.head.starts_with(b"FLV");
            self.past_header = true;
            // After the header comes the length of the tag before the first one: four bytes.
            self.skip = 4;
        } else if let Some(size) = self.tag_size() {
            let body = self.head.get(11..).unwrap_or_default();
            if let [kind, _, _, _, t1, t2, t3, t0, ..] = *self.head.as_slice() {
                // Milliseconds in three bytes, the fourth holds their upper eight bits.
                let at = u32::from_be_bytes([t0, t1, t2, t3]);
                match (kind & 0x1f, body) {
                    (8, [first, second]) if first >> 4 != AAC || *second == 1 => extend(&mut self.sound, at),
                    (9, [first, second]) if first & 0x0f != AVC || *second == 1 => extend(&mut self.picture, at),
                    _ => {}
                }
            }
            let body_seen = u64::try_from(body.len()).unwrap_or(0);
            self.skip = size.saturating_sub(body_seen).saturating_add(4);
        }
        self.head.clear();
    }

    /// Whether sound was seen.
    pub(super) const fn has_sound(&self) -> bool {
        self.sound.is_some()
    }

    /// Whether a picture was seen.
    pub(super) const fn has_picture(&self) -> bool {
        self.picture.is_some()
    }

    /// What the start shows, once that is clear.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let long = |span: Span, limit: u32| span.last.saturating_sub(span.first) >= limit;
        match (self.picture, self.sound) {
            _ if self.strange => Some(Verdict::Both { late: false }),
            (Some(picture), Some(sound)) => {
                Some(Verdict::Both { late: sound.first.saturating_sub(picture.first) > LATE_MS })
            }
            (Some(picture), None) if long(picture, SOUND_WITHIN_MS) => Some(Verdict::Silent),
            (None, Some(sound)) if long(sound, PICTURE_WITHIN_MS) => Some(Verdict::NoPicture),
            _ if self.seen > LOOK_BYTES_MAX => Some(self.last_word()),
            _ => None,
        }
    }

    /// What to believe when no more can be waited for.
    pub(super) fn last_word(&self) -> Verdict {
        match (self.picture, self.sound) {
            _ if self.strange => Verdict::Both { late: false },
            (Some(_), Some(_)) => Verdict::Both { late: true },
            (Some(_), None) => Verdict::Silent,
            (None, _) => Verdict::NoPicture,
        }
    }
}

fn extend(span: &mut Option<Span>, at: u32) {
    match span {
        Some(span) => span.last = at,
        None => *span = Some(Span { first: at, last: at }),
    }
}
