//! A publish-only RTMP session without I/O: bytes in, events and bytes out.
//!
//! Source: Adobe, "Real-Time Messaging Protocol (RTMP) specification 1.0". The driver owns the socket and the time;
//! it hands in what it read, sends what [`Session::take_output`] gives, and answers [`Event::Publish`] with
//! [`Session::accept`] or [`Session::deny`]. Whatever the bytes are, the session does not panic and holds no more
//! than [`Session::held_len`] says: a message before `publish` is at most 16 KiB and after it 4 MiB, all unfinished
//! ones together 8 MiB, on at most 16 chunk streams.
//!
//! Depends on no other part of the program, so that `fuzz/` builds it alone.

pub mod amf0;
mod chunk;
mod command;
mod handshake;
mod media;

use std::fmt;

use bytes::{Buf as _, Bytes, BytesMut};

use chunk::{ChunkReader, Message, SEND_CHUNK_LEN, be, write_message};
use command::Command;
use handshake::Handshake;
pub use media::{Content, Media, MediaKind};

/// The one application.
pub const APP: &str = "live";
/// Longest message before the publisher is let in.
const EARLY_MESSAGE_LEN_MAX: usize = 16 * 1024;
/// Longest message after.
const MESSAGE_LEN_MAX: usize = 4 * 1024 * 1024;
/// What is received is acknowledged each time this much has come.
const ACKNOWLEDGE_EACH: u64 = 1024 * 1024;
/// Bytes that may wait behind a `publish` that is not answered yet.
const WAITING_LEN_MAX: usize = 128 * 1024;
/// What is sent to a client whose application is not [`APP`].
const WRONG_APP: &str = "unknown application: the server address must end in /live";
/// What is sent for a codec that FFmpeg cannot read.
pub const UNREADABLE_CODEC: &str = "this codec cannot be read: choose H.264 and AAC in OBS";

/// A stream's name as published: the key. It prints as stars.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamName(String);

impl StreamName {
    /// The name itself; never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamName(***)")
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Someone asks to publish. Nothing more is read until the driver has answered; then hand in what came next,
    /// or nothing, to go on.
    Publish(StreamName),
    /// Picture, sound or metadata of the publisher that was let in, in a codec that can be read.
    Media(Media),
    /// The publisher has ended its stream.
    Ended,
    /// The session has refused by itself and said so to the client: send the output, close.
    Refused(Refusal),
}

/// What the session refuses by itself, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another application than [`APP`].
    App,
    /// A codec that FFmpeg cannot read.
    Codec,
}

/// Why a connection is cut without words: it breaks the protocol or a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// The first byte is not RTMP version 3.
    #[error("does not speak RTMP")]
    NotRtmp,
    /// Chunk size outside 1 to 0xffffff.
    #[error("sets an impossible chunk size")]
    ChunkSize,
    /// A message header where an unfinished message should go on.
    #[error("interrupts a message of the same chunk stream")]
    Interrupted,
    /// Longer than the limit for its time.
    #[error("sends a message longer than allowed")]
    MessageTooLong,
    /// Unfinished messages beyond 8 MiB.
    #[error("leaves too many bytes of unfinished messages")]
    TooMuchPartial,
    /// A chunk stream that was never begun.
    #[error("goes on with a chunk stream that was not begun")]
    UnknownChunkStream,
    /// More than 16 chunk streams.
    #[error("opens too many chunk streams")]
    TooManyChunkStreams,
    /// A command that is not AMF0, or nests too deep.
    #[error("sends a command that cannot be read: {0}")]
    Command(#[from] amf0::AmfError),
    /// A control message of the wrong length.
    #[error("sends a control message of the wrong length")]
    Control,
    /// A command out of turn: a second connect or publish, publish before connect.
    #[error("sends a command out of turn")]
    OutOfTurn,
    /// Picture, sound or metadata before it was let in.
    #[error("sends media before it was let in")]
    EarlyMedia,
    /// It asks to watch.
    #[error("asks to play")]
    Play,
    /// Aggregate messages, which no encoder in use sends.
    #[error("sends aggregate messages")]
    Aggregate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Handshake(Handshake),
    /// `connect` is awaited.
    Connecting,
    /// `publish` is awaited.
    Connected,
    /// The driver's answer is awaited.
    Asked,
    Publishing,
    /// Ended or refused: what else comes is ignored.
    Over,
}

/// One connection's state.
#[derive(Debug)]
pub struct Session {
    stage: Stage,
    right_app: bool,
    input: BytesMut,
    output: BytesMut,
    chunks: ChunkReader,
    received: u64,
    acknowledged: u64,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stage: Stage::Handshake(Handshake::First),
            right_app: false,
            input: BytesMut::new(),
            output: BytesMut::new(),
            chunks: ChunkReader::new(EARLY_MESSAGE_LEN_MAX),
            received: 0,
            acknowledged: 0,
        }
    }

    /// Takes bytes from the client and tells what they mean, in order.
    ///
    /// # Errors
    /// [`Cut`]: close without a word.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Cut> {
        let mut events = Vec::new();
        if self.stage == Stage::Over {
            return Ok(events);
        }
        self.received = self.received.saturating_add(u64::try_from(bytes.len()).unwrap_or_default());
        self.input.extend_from_slice(bytes);
        self.go_on(&mut events)?;
        if self.stage == Stage::Asked && self.input.len() > WAITING_LEN_MAX {
            return Err(Cut::EarlyMedia);
        }
        if self.input.is_empty() && self.input.capacity() > WAITING_LEN_MAX {
            self.input = BytesMut::new();
        }
        if self.received.saturating_sub(self.acknowledged) >= ACKNOWLEDGE_EACH {
            self.acknowledged = self.received;
            let total = u32::try_from(self.received & 0xffff_ffff).unwrap_or_default();
            write_message(&mut self.output, 2, 3, 0, &total.to_be_bytes());
        }
        Ok(events)
    }

    /// Lets the publisher in.
    pub fn accept(&mut self) {
        if self.stage == Stage::Asked {
            self.stage = Stage::Publishing;
            self.chunks.set_message_len_max(MESSAGE_LEN_MAX);
            // User control 0, stream begin: stream 1.
            write_message(&mut self.output, 2, 4, 0, &[0, 0, 0, 0, 0, 1]);
            let status = command::status("status", "NetStream.Publish.Start", "You are on air.");
            write_message(&mut self.output, 3, 20, 1, &status);
        }
    }

    /// Refuses the publisher, or cuts one that was let in, in words that its program shows. Send the output, close the
    /// sending side, and read on for a moment so that the words arrive before a reset.
    pub fn deny(&mut self, words: &str) {
        if matches!(self.stage, Stage::Asked | Stage::Publishing) {
            self.stage = Stage::Over;
            write_message(&mut self.output, 3, 20, 1, &command::status("error", "NetStream.Publish.Denied", words));
            self.input = BytesMut::new();
        }
    }

    /// What is to be sent to the client.
    pub fn take_output(&mut self) -> Bytes {
        self.output.split().freeze()
    }

    /// Bytes received since the beginning.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Bytes held now: unread, unfinished and unsent.
    #[must_use]
    pub fn held_len(&self) -> usize {
        self.input.len() + self.output.len() + self.chunks.partial_len()
    }

    fn go_on(&mut self, events: &mut Vec<Event>) -> Result<(), Cut> {
        if let Stage::Handshake(handshake) = self.stage {
            let next = handshake.go_on(&mut self.input, &mut self.output)?;
            self.stage = if next == Handshake::Done { Stage::Connecting } else { Stage::Handshake(next) };
        }
        while matches!(self.stage, Stage::Connecting | Stage::Connected | Stage::Publishing) {
            let Some(message) = self.chunks.next_message(&mut self.input)? else { break };
            if let Some(event) = self.on_message(message)? {
                events.push(event);
            }
        }
        Ok(())
    }

    fn on_message(&mut self, message: Message) -> Result<Option<Event>, Cut> {
        let payload = &message.payload;
        match message.kind {
            1 => self.chunks.set_chunk_len(number(payload)?).map(|()| None),
            2 => {
                self.chunks.abort(number(payload)?);
                Ok(None)
            }
            4 => {
                // User control 6, a ping: answered with its own four bytes.
                if let [0, 6, a, b, c, d] = *payload.as_ref() {
                    write_message(&mut self.output, 2, 4, 0, &[0, 7, a, b, c, d]);
                }
                Ok(None)
            }
            8 => self.on_media(MediaKind::Audio, message),
            9 => self.on_media(MediaKind::Video, message),
            18 => self.on_media(MediaKind::Script, message),
            15 => self.on_media(MediaKind::Script, without_amf3_mark(message)),
            17 | 20 => {
                let message = if message.kind == 17 { without_amf3_mark(message) } else { message };
                self.on_command(Command::read(&message.payload)?)
            }
            22 => Err(Cut::Aggregate),
            // Acknowledgement, window sizes, shared objects: nothing to do.
            _ => Ok(None),
        }
    }

    fn on_media(&mut self, kind: MediaKind, message: Message) -> Result<Option<Event>, Cut> {
        if self.stage != Stage::Publishing {
            return Err(Cut::EarlyMedia);
        }
        let media = Media { kind, timestamp_ms: message.timestamp_ms, payload: message.payload };
        Ok(match media.content() {
            Content::Nothing => None,
            Content::Unreadable => {
                self.deny(UNREADABLE_CODEC);
                Some(Event::Refused(Refusal::Codec))
            }
            _ => Some(Event::Media(media)),
        })
    }

    fn on_command(&mut self, command: Command<'_>) -> Result<Option<Event>, Cut> {
        match (command, self.stage) {
            (Command::Connect { transaction, app }, Stage::Connecting) => {
                self.on_connect(transaction, app);
                Ok(None)
            }
            (Command::CreateStream { transaction }, Stage::Connected) => {
                write_message(&mut self.output, 3, 20, 0, &command::stream_created(transaction));
                Ok(None)
            }
            (Command::Courtesy { transaction }, Stage::Connected) => {
                write_message(&mut self.output, 3, 20, 0, &command::empty_result(transaction));
                Ok(None)
            }
            (Command::Publish { name }, Stage::Connected) => {
                self.stage = Stage::Asked;
                if !self.right_app {
                    self.deny(WRONG_APP);
                    return Ok(Some(Event::Refused(Refusal::App)));
                }
                let key = name.split(|b| *b == b'?').next().unwrap_or_default();
                Ok(Some(Event::Publish(StreamName(String::from_utf8_lossy(key).into_owned()))))
            }
            (Command::End, Stage::Publishing) => {
                self.stage = Stage::Over;
                Ok(Some(Event::Ended))
            }
            (Command::Play, _) => Err(Cut::Play),
            (Command::Other | Command::End | Command::Courtesy { .. }, _) => Ok(None),
            (Command::Connect { .. } | Command::CreateStream { .. } | Command::Publish { .. }, _) => {
                Err(Cut::OutOfTurn)
            }
        }
    }

    fn on_connect(&mut self, transaction: f64, app: &[u8]) {
        let name = app.split(|b| *b == b'?').next().unwrap_or_default();
        let name = name.strip_suffix(b"/").unwrap_or(name);
        // A wrong one is refused at `publish`: OBS shows the words of that refusal, and of one at `connect` none.
        self.right_app = name == APP.as_bytes();
        self.stage = Stage::Connected;
        let window: [u8; 4] = 2_500_000_u32.to_be_bytes();
        write_message(&mut self.output, 2, 5, 0, &window);
        let [a, b, c, d] = window;
        // Peer bandwidth, limit type 2: dynamic.
        write_message(&mut self.output, 2, 6, 0, &[a, b, c, d, 2]);
        write_message(&mut self.output, 2, 1, 0, &SEND_CHUNK_LEN.to_be_bytes());
        write_message(&mut self.output, 3, 20, 0, &command::connected(transaction));
    }
}

/// The four bytes of a control message.
fn number(payload: &[u8]) -> Result<u32, Cut> {
    match payload.len() {
        4 => Ok(be(payload)),
        _ => Err(Cut::Control),
    }
}

/// AMF3 messages of encoders begin with a zero byte; AMF0 follows.
fn without_amf3_mark(mut message: Message) -> Message {
    if message.payload.first() == Some(&0) {
        message.payload.advance(1);
    }
    message
}
