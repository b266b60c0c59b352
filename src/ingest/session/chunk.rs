//! Chunk streams (Adobe RTMP 1.0, 5.3): bytes to messages and back.
//!
//! A chunk's payload goes to its message as it arrives, so that nothing waits for a whole chunk, and memory is that
//! of the bytes received, never of a length that was claimed.

use bytes::{Buf as _, Bytes, BytesMut};

use super::Cut;

/// Chunk streams of one connection.
const STREAMS_MAX: usize = 16;
/// Bytes of unfinished messages over all chunk streams.
const PARTIAL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A timestamp field with this value says that four more bytes follow.
const EXTENDED: u32 = 0x00ff_ffff;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Message type id.
    pub kind: u8,
    /// Milliseconds, wrapping at 2³².
    pub timestamp_ms: u32,
    /// Content.
    pub payload: Bytes,
}

#[derive(Debug, Default)]
struct ChunkStream {
    id: u32,
    timestamp_ms: u32,
    delta_ms: u32,
    extended: Option<u32>,
    len: usize,
    kind: u8,
    partial: BytesMut,
}

/// A chunk's header as read; fields that its format leaves out are `None`.
#[derive(Debug)]
struct Header {
    format: u8,
    id: u32,
    time: Option<u32>,
    extended: Option<u32>,
    len_kind: Option<(usize, u8)>,
    /// Bytes of the header itself.
    size: usize,
}

/// Puts messages together.
#[derive(Debug)]
pub struct ChunkReader {
    streams: Vec<ChunkStream>,
    chunk_len: usize,
    message_len_max: usize,
    partial_len: usize,
    /// The chunk whose payload is being read: index of its stream, bytes to come.
    open: Option<(usize, usize)>,
}

impl ChunkReader {
    /// A reader that takes messages of up to `message_len_max` bytes.
    #[must_use]
    pub const fn new(message_len_max: usize) -> Self {
        Self { streams: Vec::new(), chunk_len: 128, message_len_max, partial_len: 0, open: None }
    }

    /// Changes the longest message from the next header on.
    pub const fn set_message_len_max(&mut self, message_len_max: usize) {
        self.message_len_max = message_len_max;
    }

    /// Takes the sender's chunk size: 1 to 0xffffff.
    ///
    /// # Errors
    /// [`Cut::ChunkSize`]
    pub fn set_chunk_len(&mut self, len: u32) -> Result<(), Cut> {
        match usize::try_from(len) {
            Ok(size @ 1..=0x00ff_ffff) => {
                self.chunk_len = size;
                Ok(())
            }
            _ => Err(Cut::ChunkSize),
        }
    }

    /// Bytes of unfinished messages.
    #[must_use]
    pub const fn partial_len(&self) -> usize {
        self.partial_len
    }

    /// Drops the unfinished message of a chunk stream (abort message).
    pub fn abort(&mut self, id: u32) {
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) {
            self.partial_len = self.partial_len.saturating_sub(stream.partial.len());
            stream.partial = BytesMut::new();
        }
    }

    /// The next whole message, `None` when `input` holds no more of one.
    ///
    /// # Errors
    /// [`Cut`]: the bytes break the protocol or a limit.
    pub fn next_message(&mut self, input: &mut BytesMut) -> Result<Option<Message>, Cut> {
        loop {
            let (index, missing) = match self.open {
                Some(open) => open,
                None => match self.begin_chunk(input)? {
                    Some(open) => open,
                    None => return Ok(None),
                },
            };
            let Some(stream) = self.streams.get_mut(index) else { return Ok(None) };
            let arrived = missing.min(input.len());
            if self.partial_len.saturating_add(arrived) > PARTIAL_BYTES_MAX {
                return Err(Cut::TooMuchPartial);
            }
            stream.partial.extend_from_slice(input.get(..arrived).unwrap_or_default());
            self.partial_len = self.partial_len.saturating_add(arrived);
            input.advance(arrived);
            if arrived < missing {
                self.open = Some((index, missing.saturating_sub(arrived)));
                return Ok(None);
            }
            self.open = None;
            if stream.partial.len() >= stream.len {
                let payload = std::mem::take(&mut stream.partial).freeze();
                self.partial_len = self.partial_len.saturating_sub(payload.len());
                return Ok(Some(Message { kind: stream.kind, timestamp_ms: stream.timestamp_ms, payload }));
            }
        }
    }

    /// Reads a chunk's header; gives its stream and the length of its payload.
    fn begin_chunk(&mut self, input: &mut BytesMut) -> Result<Option<(usize, usize)>, Cut> {
        let Some(header) = self.read_header(input) else { return Ok(None) };
        let index = self.find_stream(&header)?;
        let Some(stream) = self.streams.get_mut(index) else { return Ok(None) };
        let continues = !stream.partial.is_empty();
        if continues && header.format != 3 {
            return Err(Cut::Interrupted);
        }
        if let Some((len, kind)) = header.len_kind {
            if len > self.message_len_max {
                return Err(Cut::MessageTooLong);
            }
            (stream.len, stream.kind) = (len, kind);
        }
        if let Some(time) = header.time {
            stream.extended = header.extended;
            stream.delta_ms = header.extended.unwrap_or(time);
        }
        if !continues {
            // A type 3 chunk that starts a message repeats the last delta, which after a type 0 is its timestamp.
            stream.timestamp_ms = match header.format {
                0 => stream.delta_ms,
                _ => stream.timestamp_ms.wrapping_add(stream.delta_ms),
            };
        }
        input.advance(header.size);
        let open = (index, self.chunk_len.min(stream.len.saturating_sub(stream.partial.len())));
        self.open = Some(open);
        Ok(Some(open))
    }

    /// The stream of a header; a new one only where the header says enough (types 0 and 1: librtmp begins its
    /// control stream with type 1).
    fn find_stream(&mut self, header: &Header) -> Result<usize, Cut> {
        if let Some(index) = self.streams.iter().position(|stream| stream.id == header.id) {
            return Ok(index);
        }
        if header.format > 1 {
            return Err(Cut::UnknownChunkStream);
        }
        if self.streams.len() >= STREAMS_MAX {
            return Err(Cut::TooManyChunkStreams);
        }
        self.streams.push(ChunkStream { id: header.id, ..ChunkStream::default() });
        Ok(self.streams.len().saturating_sub(1))
    }

    /// A header, `None` until all of it is there.
    fn read_header(&self, input: &[u8]) -> Option<Header> {
        let mut rest = input;
        let first = take(&mut rest, 1)?.first().copied()?;
        let id = match first & 0x3f {
            0 => 64 + be(take(&mut rest, 1)?),
            // The third byte counts 256: little-endian.
            1 => match take(&mut rest, 2)? {
                [low, high] => 64 + u32::from(*low) + 256 * u32::from(*high),
                _ => return None,
            },
            small => u32::from(small),
        };
        let format = first >> 6;
        let mut time = None;
        let mut len_kind = None;
        if format < 3 {
            time = Some(be(take(&mut rest, 3)?));
        }
        if format < 2 {
            let len = usize::try_from(be(take(&mut rest, 3)?)).ok()?;
            len_kind = Some((len, take(&mut rest, 1)?.first().copied()?));
        }
        if format == 0 {
            // The message stream id: there is one stream to publish to, so it decides nothing.
            take(&mut rest, 4)?;
        }
        let mut extended = None;
        if time == Some(EXTENDED) {
            extended = Some(be(take(&mut rest, 4)?));
        }
        if format == 3 {
            let last = self.streams.iter().find(|stream| stream.id == id).and_then(|stream| stream.extended);
            if let Some(last) = last {
                // The specification repeats the extended timestamp here, OBS's librtmp does not: the bytes are
                // one only if they say the same.
                let bytes = rest.get(..4)?;
                if be(bytes) == last {
                    take(&mut rest, 4)?;
                }
            }
        }
        let size = input.len().saturating_sub(rest.len());
        Some(Header { format, id, time, extended, len_kind, size })
    }
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(taken)
}

/// A big-endian number of up to four bytes.
pub(super) fn be(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, b| (sum << 8) | u32::from(*b))
}

/// Chunk size of what we send.
pub(super) const SEND_CHUNK_LEN: u32 = 4_096;

/// Appends a message to `output` as one type 0 chunk. Every message we send is shorter than [`SEND_CHUNK_LEN`]; the
/// ones sent before that size is announced are shorter than the initial 128.
pub(super) fn write_message(output: &mut BytesMut, chunk_stream: u8, kind: u8, message_stream: u8, payload: &[u8]) {
    let len = u32::try_from(payload.len()).unwrap_or_default();
    debug_assert!(len <= SEND_CHUNK_LEN, "our messages fit one chunk");
    let [_, a, b, c] = len.to_be_bytes();
    // The message stream id alone is little-endian.
    output.extend_from_slice(&[chunk_stream & 0x3f, 0, 0, 0, a, b, c, kind, message_stream, 0, 0, 0]);
    output.extend_from_slice(payload);
}
