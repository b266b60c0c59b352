//! From a camera's bytes to a playlist on object storage. See docs/ARCHITECTURE.md, walk 2.
//!
//! `encoder` runs FFmpeg; the publisher (watch → spool → plan → uploader → journal → playlist) puts what FFmpeg wrote
//! on the store. This room depends on disk and object storage only: facts about events come in through
//! [`facts::FactsSource`], reports go out through [`facts::ReportSink`].

pub mod encoder;
pub mod facts;

mod encoder_list;
mod journal;
mod plan;
mod playlist;
mod record;
mod spool;
