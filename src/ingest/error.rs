//! Why a publisher is refused or cut, in the words that its program shows.

use super::session::{Refusal, UNREADABLE_CODEC};

/// A refusal. Its text is sent to the publisher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No event has this stream key.
    #[error("wrong stream key: copy the event's key again, without spaces")]
    WrongKey,
    /// No event has this stream key, and this address has sent many such.
    #[error("wrong stream key, too often from this address: copy the event's key again, then wait a minute")]
    TooManyWrongKeys,
    /// Another application than `live`. The session says it.
    #[error("unknown application: the server address must end in /live")]
    App,
    /// A codec that FFmpeg cannot read. The session says it.
    #[error("{UNREADABLE_CODEC}")]
    Codec,
    /// The event has been ended.
    #[error("this event has ended: use the stream key of another event")]
    Ended,
    /// Another publisher of the event is sending.
    #[error("already live: another encoder is sending to this event; stop it first")]
    AlreadyLive,
    /// A newer publisher of the event has been let in.
    #[error("another encoder has taken over this event")]
    Replaced,
    /// The event's stream key is another one now.
    #[error("the event's stream key was changed: use the new one")]
    KeyChanged,
    /// FFmpeg does not keep up.
    #[error("the server's encoder cannot keep up: send a smaller picture or fewer frames")]
    EncoderStuck,
    /// FFmpeg does not start, or not with this stream; the encoder's own words.
    #[error("the server's encoder does not start: {0}")]
    NoEncoder(String),
    /// The server is shutting down.
    #[error("the server is restarting: connect again")]
    Draining,
}

impl Refused {
    /// The word in metrics and logs.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongKey | Self::TooManyWrongKeys => "wrong_key",
            Self::App => "wrong_app",
            Self::Codec => "codec",
            Self::Ended => "event_ended",
            Self::AlreadyLive => "already_live",
            Self::Replaced => "replaced",
            Self::KeyChanged => "key_changed",
            Self::EncoderStuck => "encoder_stuck",
            Self::NoEncoder(_) => "no_encoder",
            Self::Draining => "draining",
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::App => Self::App,
            Refusal::Codec => Self::Codec,
        }
    }
}
