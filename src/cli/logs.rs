//! The log: to standard error, for people on a terminal and as JSON lines otherwise.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::log_filter;

/// Starts the process's log. `BAKUHANTAM_LOG` decides what is said (`debug`, `info,bakuhantam::ingest=trace`), else
/// `level`. A second start changes nothing.
pub(super) fn start(level: &str) {
    let (filter, refused) = match log_filter().map(EnvFilter::try_new) {
        None => (EnvFilter::new(usual(level)), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new(usual(level)), Some(error)),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        builder.finish().try_init()
    } else {
        builder.json().flatten_event(true).with_span_list(false).finish().try_init()
    };
    if let Err(error) = started {
        tracing::debug!(%error, "the log was started before");
    }
    if let Some(error) = refused {
        tracing::warn!("BAKUHANTAM_LOG is not a filter ({error}): write a level such as info, or target=level pairs");
    }
}

/// `level`, without what strangers could fill the log with: the HTTP library calls every request that is none an error
/// of ours.
fn usual(level: &str) -> String {
    format!("{level},actix_http::h1::dispatcher=off")
}
