//! Why an encode does not start, or does not go on.

/// Why a feed takes no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// FFmpeg has ended; open a new feed (a new run) and start again with headers and a keyframe.
    #[error("the encoder of this run has ended")]
    Ended,
    /// FFmpeg has taken nothing for ten seconds while the queue was full: cut the publisher.
    #[error("the encoder takes no more: it is too slow for this input")]
    Stuck,
    /// FFmpeg could not be started, or this input can never be encoded. One sentence.
    #[error("{0}")]
    NotStarted(String),
    /// The server is draining.
    #[error("the server is shutting down")]
    Draining,
}

/// Why an encode is refused for good: one sentence that says what is wrong and what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
