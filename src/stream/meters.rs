//! The publisher's numbers. Names begin with `bakuhantam_publisher_`.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::spool::Ignored;
use crate::ids::{EventSlug, RenditionName};

/// A file, or a segment, was counted and left alone.
pub fn ignored(reason: Ignored) {
    counter!("bakuhantam_publisher_ignored_files_total", "reason" => reason.as_str()).increment(1);
}

/// A PUT ended well.
pub fn put(kind: &'static str, took: Duration, bytes: u64) {
    histogram!("bakuhantam_publisher_put_seconds", "kind" => kind).record(took.as_secs_f64());
    counter!("bakuhantam_publisher_put_bytes_total", "kind" => kind).increment(bytes);
}

/// A PUT failed and will be tried again.
pub fn retried(kind: &'static str) {
    counter!("bakuhantam_publisher_put_retries_total", "kind" => kind).increment(1);
}

/// From the file's end to the confirmed live playlist that lists it.
pub fn listed(event: &EventSlug, took: Duration) {
    histogram!("bakuhantam_publisher_closed_to_listed_seconds", "event" => event.to_string())
        .record(took.as_secs_f64());
}

/// A live playlist has a gap.
pub fn gap(event: &EventSlug, rendition: &RenditionName) {
    let labels = [("event", event.to_string()), ("rendition", rendition.to_string())];
    counter!("bakuhantam_publisher_gaps_total", &labels).increment(1);
}

/// How old the live edge is, and how many segments wait.
pub fn state(event: &EventSlug, edge_age: Option<Duration>, queue_len: usize) {
    if let Some(age) = edge_age {
        gauge!("bakuhantam_publisher_live_edge_age_seconds", "event" => event.to_string()).set(age.as_secs_f64());
    }
    let len = u32::try_from(queue_len).unwrap_or(u32::MAX);
    gauge!("bakuhantam_publisher_queue", "event" => event.to_string()).set(f64::from(len));
}
