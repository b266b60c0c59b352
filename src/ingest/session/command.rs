//! Commands of `NetConnection` and `NetStream` (Adobe RTMP 1.0, 7.2) as a publisher sends them, and our answers.

use super::amf0::{AmfError, Reader, Value, Writer};

/// A command, with what we need of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command<'a> {
    /// `connect`, with the application's name.
    Connect { transaction: f64, app: &'a [u8] },
    /// `createStream`.
    CreateStream { transaction: f64 },
    /// `releaseStream` or `FCPublish`: an empty result is enough.
    Courtesy { transaction: f64 },
    /// `publish`, with the stream's name.
    Publish { name: &'a [u8] },
    /// `FCUnpublish`, `deleteStream` or `closeStream`.
    End,
    /// `play` and its kin: this is no place to watch.
    Play,
    /// Anything else; not answered.
    Other,
}

impl<'a> Command<'a> {
    /// Reads a command message's AMF0.
    ///
    /// # Errors
    /// [`AmfError`]
    pub fn read(payload: &'a [u8]) -> Result<Self, AmfError> {
        let mut reader = Reader::new(payload);
        let name = text(reader.value()?);
        let transaction = match reader.value()? {
            Value::Number(number) => number,
            _ => 0.0,
        };
        Ok(match name {
            b"connect" => {
                let mut app: &[u8] = &[];
                reader.fields(&mut |name, value| {
                    if name == b"app" {
                        app = text(value);
                    }
                })?;
                Self::Connect { transaction, app }
            }
            b"createStream" => Self::CreateStream { transaction },
            b"releaseStream" | b"FCPublish" => Self::Courtesy { transaction },
            b"publish" => {
                // The command object comes first: null.
                reader.value()?;
                Self::Publish { name: text(reader.value()?) }
            }
            b"FCUnpublish" | b"deleteStream" | b"closeStream" => Self::End,
            b"play" | b"play2" | b"receiveVideo" | b"receiveAudio" => Self::Play,
            _ => Self::Other,
        })
    }
}

fn text(value: Value<'_>) -> &[u8] {
    match value {
        Value::Text(text) => text,
        _ => &[],
    }
}

/// The answer to a `connect`.
pub fn connected(transaction: f64) -> Vec<u8> {
    Writer::default()
        .text("_result")
        .number(transaction)
        .object(&[("fmsVer", "FMS/3,0,1,123")], &[("capabilities", 31.0)])
        .object(
            &[("level", "status"), ("code", "NetConnection.Connect.Success"), ("description", "Connection succeeded.")],
            &[("objectEncoding", 0.0)],
        )
        .into_bytes()
}

/// An empty result.
pub fn empty_result(transaction: f64) -> Vec<u8> {
    Writer::default().text("_result").number(transaction).null().null().into_bytes()
}

/// The result of `createStream`: stream 1.
pub fn stream_created(transaction: f64) -> Vec<u8> {
    Writer::default().text("_result").number(transaction).null().number(1.0).into_bytes()
}

/// `onStatus` of the published stream.
pub fn status(level: &str, code: &str, words: &str) -> Vec<u8> {
    Writer::default()
        .text("onStatus")
        .number(0.0)
        .null()
        .object(&[("level", level), ("code", code), ("description", words)], &[])
        .into_bytes()
}
