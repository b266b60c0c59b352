//! `bakuhantam transcode`: encodes one event's picture from an address, a file, an SRT listener or standard input.
//! What a media server's hook starts; SIGINT and SIGTERM are a clean end.

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::config::Loaded;
use crate::events::{EventStatus, Mirror, mirror_path};
use crate::ids::{EventSlug, SystemRandom};
use crate::stream::encoder::{Encoders, Input, Refusal};

/// Arguments of `transcode`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The event whose picture this is
    #[arg(long, value_name = "SLUG")]
    event: String,

    /// What to encode: a file, an address (srt, rtmp, rtsp, http, udp …), or - for MPEG-TS on standard input. To
    /// listen for SRT: `srt://0.0.0.0:9000?mode=listener&passphrase=…`
    #[arg(long, value_name = "URL")]
    input: String,

    /// Print the FFmpeg command, secrets masked, and stop
    #[arg(long)]
    print: bool,
}

/// Runs the command; returns the exit code: 0 when the input ended or a signal came, 1 when FFmpeg is missing, the
/// input is refused for good or the event is over.
#[must_use]
pub fn run(args: Args, loaded: &Loaded) -> u8 {
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Refusal(format!("no event loop can be made: {error}")))
        .and_then(|runtime| runtime.block_on(transcode(args, loaded)));
    match done {
        Ok(()) => 0,
        Err(refusal) => {
            write(&mut std::io::stderr().lock(), format_args!("error: {refusal}"));
            1
        }
    }
}

async fn transcode(args: Args, loaded: &Loaded) -> Result<(), Refusal> {
    let Args { event, input: address, print } = args;
    let event: EventSlug = event.parse().map_err(|error| Refusal(format!("--event: {error}")))?;
    let input = Input::parse(&address)?;
    if address == "-" && !print && std::io::stdin().is_terminal() {
        return Err(Refusal(
            "--input - reads MPEG-TS from standard input, which is a terminal: pipe the stream in".into(),
        ));
    }
    let config = &loaded.config;
    let random = Arc::new(SystemRandom::default());
    let encoders =
        Encoders::new(config.encoder.clone(), config.uploader.hls_dir.clone(), Arc::new(SystemClock), random);
    if print {
        let command = encoders.command(&event, &input).await?;
        write(&mut std::io::stdout().lock(), command);
        return Ok(());
    }
    refuse_ended(&event, loaded)?;
    if input.is_open_to_anyone() {
        tracing::warn!("this SRT listener has no passphrase: anyone who reaches its port can take the broadcast over");
    }
    let version = encoders.version().await?;
    tracing::info!(%event, input = input.shown(), version, into = %encoders.hls_dir().display(), "transcode starts");
    let stop = CancellationToken::new();
    let mut interrupted = listen(SignalKind::interrupt())?;
    let mut terminated = listen(SignalKind::terminate())?;
    let mut pull = std::pin::pin!(encoders.pull(&event, &input, &stop));
    let name = tokio::select! {
        done = &mut pull => return done,
        _ = interrupted.recv() => "SIGINT",
        _ = terminated.recv() => "SIGTERM",
    };
    tracing::info!(%event, signal = name, "transcode ends");
    stop.cancel();
    pull.await
}

fn listen(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Refusal> {
    signal(kind).map_err(|error| Refusal(format!("signals cannot be heard: {error}")))
}

/// An event that has ended takes no picture; one that the mirror does not know is only said, since the picture's path
/// depends on nothing but the disk.
fn refuse_ended(event: &EventSlug, loaded: &Loaded) -> Result<(), Refusal> {
    let mirror = Mirror::open(mirror_path(&loaded.config));
    match mirror.find(event) {
        Some(facts) if facts.status == EventStatus::Ended => {
            Err(Refusal(format!("the event {event} has ended: choose another event for --event")))
        }
        Some(_) => Ok(()),
        None => {
            tracing::warn!(%event, "no event of this name is known here: encoding goes on, check --event");
            Ok(())
        }
    }
}

/// Writes one line; a reader that has gone is no error.
fn write(to: &mut impl std::io::Write, line: impl Display) {
    drop(writeln!(to, "{line}"));
}
