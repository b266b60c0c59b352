//! From a camera's bytes to a playlist on object storage. See docs/ARCHITECTURE.md, walk 2.
//!
//! `encoder` runs FFmpeg; the publisher (watch → spool → plan → uploader → journal → playlist) puts what FFmpeg wrote
//! on the store. This room depends on disk and object storage only: facts about events come in through
//! [`facts::FactsSource`], reports go out through [`facts::ReportSink`].

pub mod encoder;
pub mod facts;

#[expect(missing_docs, reason = "stand-in until the merge")]
pub mod stub {
    use crate::{clock::SharedClock, config, ids::SharedRandom, objects::SharedObjects};
    use std::sync::Arc;
    #[derive(Debug)]
    pub struct PublisherParts {
        pub config: config::Uploader,
        pub encoder: config::Encoder,
        pub objects: SharedObjects,
        pub facts: super::facts::SharedFacts,
        pub reports: super::facts::SharedReports,
        pub clock: SharedClock,
        pub random: SharedRandom,
    }
    #[derive(Debug)]
    pub struct Publisher(Arc<PublisherParts>);
    #[derive(Debug, Default)]
    pub struct PublisherHealth {
        pub store_failing_for_ms: Option<i64>,
        pub live_edge_age_ms: Option<i64>,
        pub late: bool,
    }
    impl Publisher {
        pub async fn start(parts: PublisherParts) -> Result<Self, std::io::Error> {
            Ok(Self(Arc::new(parts)))
        }
        pub fn health(&self) -> PublisherHealth {
            PublisherHealth::default()
        }
        pub async fn drain(&self, _within: std::time::Duration) {}
    }
}
pub use stub::{Publisher, PublisherParts};
