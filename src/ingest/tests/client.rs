//! A publisher's side of the protocol, as bytes.

use bytes::Bytes;

use crate::ingest::session::amf0::Writer;
use crate::ingest::session::{Cut, Event, Media, MediaKind, Session};

/// AVC sequence header, a keyframe and another frame; AAC sequence header and a frame. Shaped as FLV tag bodies.
pub const AVC_HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x4d, 0x40, 0x1f];
pub const AVC_KEY: &[u8] = &[0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88];
pub const AVC_FRAME: &[u8] = &[0x27, 1, 0, 0, 0, 0, 0, 0, 2, 0x41, 0x9a];
pub const AAC_HEADER: &[u8] = &[0xaf, 0, 0x12, 0x10];
pub const AAC_FRAME: &[u8] = &[0xaf, 1, 0x21, 0x10];

/// C0, C1 and C2.
pub fn handshake() -> Vec<u8> {
    let mut bytes = vec![3];
    bytes.extend((0..1_536_u32).map(|n| u8::try_from(n % 251).unwrap()));
    bytes.extend([0; 1_536]);
    bytes
}

/// A message as a type 0 chunk and its continuations of 128 bytes.
pub fn message(chunk_stream: u8, kind: u8, timestamp_ms: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let extended = timestamp_ms >= 0x00ff_ffff;
    let field = if extended { 0x00ff_ffff } else { timestamp_ms }.to_be_bytes();
    let mut bytes = vec![chunk_stream];
    bytes.extend(&field[1..]);
    bytes.extend(&len[1..]);
    bytes.extend([kind, 1, 0, 0, 0]);
    let ext = timestamp_ms.to_be_bytes();
    if extended {
        bytes.extend(ext);
    }
    for (index, part) in payload.chunks(128).enumerate() {
        if index > 0 {
            bytes.push(0xc0 | chunk_stream);
            if extended {
                bytes.extend(ext);
            }
        }
        bytes.extend(part);
    }
    bytes
}

pub fn command(writer: Writer) -> Vec<u8> {
    message(3, 20, 0, &writer.into_bytes())
}

pub fn connect(app: &str) -> Vec<u8> {
    command(Writer::default().text("connect").number(1.0).object(&[("app", app), ("type", "nonprivate")], &[]))
}

pub fn create_stream() -> Vec<u8> {
    command(Writer::default().text("createStream").number(4.0).null())
}

pub fn publish(name: &str) -> Vec<u8> {
    command(Writer::default().text("publish").number(5.0).null().text(name).text("live"))
}

/// Everything up to `publish`.
pub fn opening(app: &str, name: &str) -> Vec<u8> {
    [handshake(), connect(app), create_stream(), publish(name)].concat()
}

/// A session that has let its publisher in.
pub fn publishing() -> Session {
    let mut session = Session::new();
    let events = session.receive(&opening("live", "key")).unwrap();
    assert!(matches!(events.as_slice(), [Event::Publish(_)]), "{events:?}");
    session.accept();
    session.take_output();
    session
}

/// The media of what a publishing session receives.
pub fn media_of(bytes: &[u8]) -> Vec<(u32, usize)> {
    publishing()
        .receive(bytes)
        .unwrap()
        .into_iter()
        .map(|event| match event {
            Event::Media(media) => (media.timestamp_ms, media.payload.len()),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Why a session that has received `bytes` is cut.
pub fn cut_of(session: &mut Session, bytes: &[u8]) -> Cut {
    session.receive(bytes).expect_err("is cut")
}

pub fn video(timestamp_ms: u32, payload: &'static [u8]) -> Media {
    Media { kind: MediaKind::Video, timestamp_ms, payload: Bytes::from_static(payload) }
}

pub fn audio(timestamp_ms: u32, payload: &'static [u8]) -> Media {
    Media { kind: MediaKind::Audio, timestamp_ms, payload: Bytes::from_static(payload) }
}
