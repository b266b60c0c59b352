//! Attends one FFmpeg from start to end: reads what it says, notices silence, stops it.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader, Split};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::command::{CommandLine, Sound};
use super::input::{Input, Kind};
use super::progress::{Meter, Reader};
use super::said::{Fault, Listener};
use super::{Refusal, Shared};
use crate::ids::{EventSlug, RunId};

/// No new picture for this long, once there was one, is a fault.
const SILENCE: Duration = Duration::from_secs(10);

/// A start may take this long once FFmpeg has opened its input.
const FIRST_PICTURE: Duration = Duration::from_secs(20);

/// After the end of its input FFmpeg has this long to write its last segment.
const END_GRACE: Duration = Duration::from_secs(3);

/// Signals after that, each with the time until the next step.
const LADDER: [(Signal, Duration); 3] = [
    (Signal::TERM, Duration::from_secs(2)),
    (Signal::TERM, Duration::from_millis(1_500)),
    (Signal::KILL, Duration::from_secs(2)),
];

/// A FFmpeg that was started for a run.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) run: RunId,
    child: Child,
    /// Open for a feed only.
    pub(super) stdin: Option<ChildStdin>,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) how: How,
    /// Length of the pictures it gave.
    pub(super) gave: Duration,
    /// The input has no sound track.
    pub(super) no_sound: bool,
    /// The input has no picture.
    pub(super) no_picture: bool,
    /// In words, as far as FFmpeg told.
    pub(super) why: Option<String>,
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By itself.
    Exited(Option<ExitStatus>),
    /// It gave nothing for too long and was stopped.
    Silent,
    /// It was asked to end.
    Asked,
}

/// Starts FFmpeg as a new run in folders of its own.
///
/// # Errors
/// No FFmpeg, no folder: one sentence.
pub(super) async fn start(shared: &Shared, event: &EventSlug, input: &Input, sound: Sound) -> Result<Started, Refusal> {
    let made = super::folder::make(shared, event).await;
    let (run, folder) = made.map_err(|error| {
        let dir = shared.hls_dir.display();
        Refusal::new(format!("no folder can be made under {dir} ({error}): check uploader.hls_dir and its owner"))
    })?;
    start_in(shared, event, input, sound, run, &folder).await
}

/// Starts FFmpeg for a run whose folders are made and still empty.
pub(super) async fn start_in(
    shared: &Shared,
    event: &EventSlug,
    input: &Input,
    sound: Sound,
    run: RunId,
    folder: &Path,
) -> Result<Started, Refusal> {
    let program = shared.program().await?;
    let line = CommandLine::build(program, &shared.config, input, sound, folder);
    let mut command = Command::new(line.program());
    command.args(line.args()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
    command.stdin(match input.kind {
        Kind::Feed => Stdio::piped(),
        Kind::Stdin => Stdio::inherit(),
        _ => Stdio::null(),
    });
    if input.kind == Kind::Drawn {
        // Western Indonesian time without a time zone database: POSIX counts westward.
        command.env("TZ", "WIB-7");
    }
    let spawned = shared.spawner.spawn(command).await;
    let mut child = spawned.map_err(|error| Refusal::new(format!("FFmpeg could not be started: {error}")))?;
    tracing::info!(%event, %run, input = input.shown(), version = program.version, "FFmpeg started");
    tracing::debug!(%event, %run, "{line}");
    let stdin = child.stdin.take();
    Ok(Started { run, child, stdin })
}

/// Attends a started FFmpeg until it has ended. `ending` asks it to end: a feed's input is closed then and it has a
/// little time; others get the first TERM at once. `fed` counts the bytes handed to a feed.
pub(super) async fn attend(
    started: Started,
    event: &EventSlug,
    input: &Input,
    ending: &CancellationToken,
    fed: &Arc<AtomicU64>,
) -> Ended {
    let Started { run, mut child, stdin } = started;
    drop(stdin);
    let mut watch = Watch::new(event, &run, input, fed);
    let mut out = child.stdout.take().map(|pipe| BufReader::new(pipe).split(b'\n'));
    let mut err = child.stderr.take().map(|pipe| BufReader::new(pipe).split(b'\n'));
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    let mut stopping: Option<Stopping> = None;
    let status = loop {
        let next_step = stopping.as_ref().map_or_else(|| Instant::now() + Duration::from_secs(3_600), |s| s.at);
        tokio::select! {
            status = child.wait() => break status.ok(),
            line = next(&mut out) => match line { Some(line) => watch.progress(&line), None => out = None },
            line = next(&mut err) => match line { Some(line) => watch.said.line(&line, input), None => err = None },
            () = ending.cancelled(), if stopping.is_none() => {
                let grace = if input.kind == Kind::Feed { END_GRACE } else { Duration::ZERO };
                stopping = Some(Stopping::after(How::Asked, grace));
            }
            _ = tick.tick(), if stopping.is_none() => if watch.is_silent() {
                tracing::warn!(%event, %run, input = input.shown(), "no picture for too long: FFmpeg is stopped");
                stopping = Some(Stopping::after(How::Silent, Duration::ZERO));
            },
            () = tokio::time::sleep_until(next_step), if stopping.is_some() => {
                if !stopping.as_mut().is_some_and(|stopping| stopping.step(&child)) {
                    tracing::error!(%event, %run, "FFmpeg did not end after KILL: the disk may hang");
                    break None;
                }
            }
        }
    };
    let drained = tokio::time::timeout(Duration::from_millis(500), watch.drain(&mut out, &mut err, input)).await;
    if drained.is_err() {
        tracing::debug!(%event, %run, "FFmpeg's output stayed open after its end");
    }
    watch.end(stopping.map_or(How::Exited(status), |stopping| stopping.how))
}

async fn next<R: AsyncRead + Unpin>(lines: &mut Option<Split<BufReader<R>>>) -> Option<String> {
    match lines {
        Some(lines) => match lines.next_segment().await {
            Ok(Some(line)) => Some(String::from_utf8_lossy(&line).into_owned()),
            _ => None,
        },
        None => std::future::pending().await,
    }
}

/// The steps towards an end.
struct Stopping {
    how: How,
    at: Instant,
    steps: std::array::IntoIter<(Signal, Duration), 3>,
}

impl Stopping {
    fn after(how: How, grace: Duration) -> Self {
        Self { how, at: Instant::now() + grace, steps: LADDER.into_iter() }
    }

    /// Takes the next step; false when none is left.
    fn step(&mut self, child: &Child) -> bool {
        let Some((signal, wait)) = self.steps.next() else { return false };
        self.at = Instant::now() + wait;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(error) = pid.and_then(|pid| kill_process_group(pid, signal).err()) {
            tracing::debug!(%error, "FFmpeg could not be signalled");
        }
        true
    }
}

/// What is known of a run while it runs.
struct Watch<'a> {
    reader: Reader,
    meter: Meter,
    said: Listener,
    input: &'a Input,
    fed: &'a Arc<AtomicU64>,
    since: Instant,
    /// FFmpeg has opened its input.
    opened: Option<Instant>,
    /// The last new picture, and the bytes fed until then.
    last: Option<(Instant, u64)>,
}

impl<'a> Watch<'a> {
    fn new(event: &EventSlug, run: &RunId, input: &'a Input, fed: &'a Arc<AtomicU64>) -> Self {
        let (meter, said) = (Meter::new(event, run), Listener::new(event, run));
        Self { reader: Reader::default(), meter, said, input, fed, since: Instant::now(), opened: None, last: None }
    }

    fn progress(&mut self, line: &str) {
        let Some(snapshot) = self.reader.line(line) else { return };
        self.opened.get_or_insert_with(Instant::now);
        let fed = self.fed.load(Ordering::Relaxed);
        if self.meter.take(snapshot, fed) {
            if self.last.is_none() {
                self.said.forget();
            }
            self.last = Some((Instant::now(), fed));
        }
    }

    fn is_silent(&self) -> bool {
        match self.last {
            // A feed without input is its pusher's matter: the door cuts an idle publisher.
            Some((at, fed)) => {
                at.elapsed() > SILENCE && (self.input.kind != Kind::Feed || self.fed.load(Ordering::Relaxed) > fed)
            }
            None => {
                self.opened.is_some_and(|at| at.elapsed() > FIRST_PICTURE)
                    || self.input.first_picture_within().is_some_and(|limit| self.since.elapsed() > limit)
            }
        }
    }

    async fn drain<O, E>(
        &mut self,
        out: &mut Option<Split<BufReader<O>>>,
        err: &mut Option<Split<BufReader<E>>>,
        input: &Input,
    ) where
        O: AsyncRead + Unpin,
        E: AsyncRead + Unpin,
    {
        while let Some(line) = next_if(out).await {
            self.progress(&line);
        }
        while let Some(line) = next_if(err).await {
            self.said.line(&line, input);
        }
    }

    fn end(self, how: How) -> Ended {
        Ended {
            how,
            gave: Duration::from_micros(self.meter.last().out_us),
            no_sound: self.said.told(Fault::NoSound),
            no_picture: self.said.told(Fault::NoPicture),
            why: self.said.why(),
        }
    }
}

async fn next_if<R: AsyncRead + Unpin>(lines: &mut Option<Split<BufReader<R>>>) -> Option<String> {
    if lines.is_some() { next(lines).await } else { None }
}
