//! `bakuhantam doctor`: tries everything an event night depends on, one line each, and says what to do.
//!
//! Each part is a function from the [`Scene`] to [`Finding`]s; adding one is a line in [`examine`]. Nothing is changed
//! but for test objects under `doctor/` on the object store, which are removed again.

mod database;
mod machine;
mod media;
mod payments;
mod ports;

use std::path::Path;

use super::fetch::Fetcher;
use super::{fail, logs, runtime, say};
use crate::clock::{SharedClock, SystemClock};
use crate::config::{self, Loaded};
use crate::ids::{SharedRandom, SystemRandom};
use crate::stream::encoder;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// As it should be.
    Ok,
    /// Works, and may hurt on the night.
    Warning,
    /// Does not work.
    Failing,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    part: &'static str,
    state: State,
    /// What is, and unless it is ok, what to do.
    says: String,
}

impl Finding {
    fn new(part: &'static str, state: State, says: impl Into<String>) -> Self {
        Self { part, state, says: says.into() }
    }

    fn ok(part: &'static str, says: impl Into<String>) -> Self {
        Self::new(part, State::Ok, says)
    }

    fn warning(part: &'static str, says: impl Into<String>) -> Self {
        Self::new(part, State::Warning, says)
    }

    fn failing(part: &'static str, says: impl Into<String>) -> Self {
        Self::new(part, State::Failing, says)
    }

    fn line(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failing => "failing",
        };
        // One line each, whatever a driver or a store said.
        let says = self.says.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{state:7}  {part:22}  {says}", part = self.part)
    }
}

/// What the parts look at and with.
struct Scene<'a> {
    loaded: &'a Loaded,
    fetcher: Fetcher,
    clock: SharedClock,
    random: SharedRandom,
    /// Whether `serve` answers at `server.listen`; the first of the async parts finds out.
    is_serving: bool,
}

/// Exit code: 0 when nothing is failing.
pub(super) fn run(_args: &Args, file: Option<&Path>) -> u8 {
    let loaded = match config::load(file) {
        Ok(loaded) => loaded,
        Err(error) => {
            say(Finding::failing("configuration", error.to_string()).line());
            return 1;
        }
    };
    logs::start("error");
    let (runtime, fetcher) = match (runtime(), Fetcher::new()) {
        (Ok(runtime), Ok(fetcher)) => (runtime, fetcher),
        (Err(error), _) => return fail(error),
        (_, Err(error)) => return fail(error),
    };
    let mut scene = Scene {
        loaded: &loaded,
        fetcher,
        clock: std::sync::Arc::new(SystemClock),
        random: std::sync::Arc::new(SystemRandom::default()),
        is_serving: false,
    };
    let mut has_failed = false;
    let mut report = |findings: Vec<Finding>| {
        for finding in findings {
            has_failed |= finding.state == State::Failing;
            say(finding.line());
        }
    };
    examine(&mut scene, &runtime, &mut report);
    u8::from(has_failed)
}

/// All parts in order; each is reported as soon as it is known.
fn examine(scene: &mut Scene<'_>, runtime: &tokio::runtime::Runtime, report: &mut impl FnMut(Vec<Finding>)) {
    report(machine::configuration(scene));
    report(machine::folders(scene));
    report(machine::open_files());
    report(runtime.block_on(ports::ports(scene)));
    report(database::database(scene));
    report(ffmpeg(scene));
    report(runtime.block_on(media::store(scene)));
    report(runtime.block_on(media::public(scene)));
    report(runtime.block_on(machine::clock(scene)));
    report(runtime.block_on(payments::provider(scene)));
}

/// FFmpeg and what the ladder needs of it. Blocking.
fn ffmpeg(scene: &Scene<'_>) -> Vec<Finding> {
    let found = encoder::examine(&scene.loaded.config.encoder);
    let told = found.into_iter().map(|found| {
        let state = match found.state {
            encoder::FindingState::Ok => State::Ok,
            encoder::FindingState::Warning => State::Warning,
            encoder::FindingState::Failing => State::Failing,
        };
        Finding::new(found.name, state, found.advice)
    });
    told.collect()
}
