//! What FFmpeg says on standard error: sorted, masked, told to the log; known faults are put into words.

use std::time::Duration;

use tokio::time::Instant;

use super::input::Input;
use crate::ids::{EventSlug, RunId};

/// A fault that FFmpeg's words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NoPicture,
    NoSound,
    PortTaken,
    WrongPassphrase,
    Refused,
    Unreachable,
    NotFound,
    NotVideo,
    DiskFull,
    NoPermission,
    BadOption,
}

impl Fault {
    /// The fault that a line tells, if it tells one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let has = |part: &str| text.contains(part);
        if has("matches no streams") {
            let specifier = text.split("Stream specifier '").nth(1).and_then(|rest| rest.split('\'').next())?;
            return match specifier.trim_start_matches(':').chars().next() {
                Some('v') => Some(Self::NoPicture),
                Some('a') => Some(Self::NoSound),
                _ => None,
            };
        }
        // A damaged picture on the way is no reason to doubt the input, nor is a lost folder of the output.
        if has("moov atom not found") || (has("Invalid data found when processing input") && !has("decod")) {
            return Some(Self::NotVideo);
        }
        if has("No such file or directory") && !text.starts_with("hls") {
            return Some(Self::NotFound);
        }
        let known: [(&[&str], Self); 8] = [
            (&["does not contain any stream"], Self::NoPicture),
            (&["Address already in use", "Cannot assign requested address"], Self::PortTaken),
            (&["BADSECRET", "Incorrect passphrase", "incorrect passphrase"], Self::WrongPassphrase),
            (
                &["401 Unauthorized", "403 Forbidden", "authorization failed", "Server error: Not allowed"],
                Self::Refused,
            ),
            (
                &["Connection refused", "timed out", "Failed to resolve", "No route to host", "Network is unreachable"],
                Self::Unreachable,
            ),
            (&["404 Not Found", "Server returned 404"], Self::NotFound),
            (&["No space left on device", "Disk quota exceeded"], Self::DiskFull),
            (&["Permission denied", "Read-only file system"], Self::NoPermission),
        ];
        let fault = known.iter().find(|(parts, _)| parts.iter().any(|part| has(part))).map(|(_, fault)| *fault);
        fault.or_else(|| {
            let option = [
                "Unrecognized option",
                "Unknown encoder",
                "Error setting option",
                "Invalid argument",
                "Undefined constant",
            ];
            option.iter().any(|part| has(part)).then_some(Self::BadOption)
        })
    }

    /// One sentence that says what is wrong and what to change.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::NoPicture => "the input has no picture: send H.264 video with it",
            Self::NoSound => "the input has no sound: silence is sent in its place",
            Self::PortTaken => "the port to listen on is taken: stop the other program or choose another port",
            Self::WrongPassphrase => {
                "the other side has another SRT passphrase: set the same one (10 to 79 characters) on both sides"
            }
            Self::Refused => "the server refuses to let us read: check user, password or key in the input's address",
            Self::Unreachable => "the input's server does not answer: check host, port and firewall",
            Self::NotFound => "the input is not there: check the path or stream name",
            Self::NotVideo => "the input is not video that FFmpeg can read: send H.264 and AAC",
            Self::DiskFull => "the disk under uploader.hls_dir is full: free space or choose another folder",
            Self::NoPermission => "permission denied: check who owns uploader.hls_dir and the input",
            Self::BadOption => "FFmpeg refuses an option: check encoder.preset and the renditions' levels and rates",
        }
    }
}

/// Lines told at warning level in one window; the rest is counted.
const LOUD_LINES_MAX: u32 = 10;
const WINDOW: Duration = Duration::from_secs(10);

/// Listens to one run.
#[derive(Debug)]
pub(super) struct Listener {
    event: EventSlug,
    run: RunId,
    faults: Vec<Fault>,
    last_error: Option<String>,
    since: Instant,
    loud: u32,
    hidden: u32,
}

impl Listener {
    pub(super) fn new(event: &EventSlug, run: &RunId) -> Self {
        Self {
            event: event.clone(),
            run: run.clone(),
            faults: Vec::new(),
            last_error: None,
            since: Instant::now(),
            loud: 0,
            hidden: 0,
        }
    }

    /// Takes one line.
    pub(super) fn line(&mut self, line: &str, input: &Input) {
        let (level, text) = split_level(line);
        if text.is_empty() {
            return;
        }
        let mut text = input.mask(&text);
        let fault = if level == Level::Info { None } else { Fault::of(&text) };
        if matches!(fault, Some(Fault::NoSound | Fault::NoPicture)) {
            // FFmpeg repeats the whole filter graph here.
            text = fault.map_or(text, |fault| fault.words().to_owned());
        }
        let (event, run) = (self.event.clone(), self.run.clone());
        match level {
            Level::Info => tracing::debug!(%event, %run, "FFmpeg: {text}"),
            Level::Warning if self.may_be_loud() => tracing::info!(%event, %run, "FFmpeg: {text}"),
            Level::Error if self.may_be_loud() => tracing::warn!(%event, %run, "FFmpeg: {text}"),
            Level::Warning | Level::Error => tracing::debug!(%event, %run, "FFmpeg: {text}"),
        }
        if level != Level::Info {
            if let Some(fault) = fault.filter(|fault| !self.faults.contains(fault)) {
                self.faults.push(fault);
                if fault == Fault::DiskFull {
                    tracing::error!(%event, %run, "{}", fault.words());
                }
            }
            if level == Level::Error {
                self.last_error = Some(text.chars().take(300).collect());
            }
        }
    }

    fn may_be_loud(&mut self) -> bool {
        if self.since.elapsed() >= WINDOW {
            if self.hidden > 0 {
                tracing::info!(event = %self.event, run = %self.run, lines = self.hidden, "FFmpeg said more of this");
            }
            (self.since, self.loud, self.hidden) = (Instant::now(), 0, 0);
        }
        self.loud = self.loud.saturating_add(1);
        let loud = self.loud <= LOUD_LINES_MAX;
        self.hidden = self.hidden.saturating_add(u32::from(!loud));
        loud
    }

    /// There are pictures: what was told before is over.
    pub(super) fn forget(&mut self) {
        self.faults.clear();
        self.last_error = None;
    }

    /// Whether this fault was told.
    pub(super) fn told(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Why the run ended, in words, as far as FFmpeg told.
    pub(super) fn why(&self) -> Option<String> {
        let known = self.faults.iter().find(|fault| **fault != Fault::NoSound).map(|fault| fault.words().to_owned());
        known.or_else(|| self.last_error.as_ref().map(|text| format!("FFmpeg said: {text}")))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Info,
    Warning,
    Error,
}

/// `[srt @ 0x5579] [error] text` → level and `srt: text`. A library that writes past FFmpeg's log has no level: its
/// lines count as warnings.
fn split_level(line: &str) -> (Level, String) {
    let line = line.trim();
    let (part, rest) = match line.strip_prefix('[').and_then(|rest| rest.split_once(" @ ")) {
        Some((part, rest)) if !part.contains(']') => (Some(part), rest.split_once("] ").map_or("", |(_, text)| text)),
        _ => (None, line),
    };
    let (level, text) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some(("panic" | "fatal" | "error", text)) => (Level::Error, text),
        Some(("warning", text)) => (Level::Warning, text),
        Some(("info" | "verbose" | "debug" | "trace" | "quiet", text)) => (Level::Info, text),
        _ => (Level::Warning, rest),
    };
    let text = text.trim();
    match part {
        Some(part) if !text.is_empty() => (level, format!("{part}: {text}")),
        _ => (level, text.to_owned()),
    }
}

#[cfg(test)]
pub(super) fn level_and_text(line: &str) -> (String, String) {
    let (level, text) = split_level(line);
    (format!("{level:?}"), text)
}
