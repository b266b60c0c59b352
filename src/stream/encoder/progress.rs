//! FFmpeg's `-progress`: read, told to the log and the metrics.

use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{EventSlug, RunId};

/// Time between two lines for people.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// One block of `-progress`: totals since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    /// Pictures encoded on the first rung.
    pub(super) frames: u64,
    /// Pictures per second, averaged by FFmpeg over the run.
    pub(super) fps: f64,
    /// Length written, in microseconds.
    pub(super) out_us: u64,
    /// Pictures shown twice to keep the rate.
    pub(super) duplicated: u64,
    /// Pictures left out to keep the rate.
    pub(super) dropped: u64,
    /// Length written per time passed, averaged by FFmpeg over the run; 0 while unknown.
    pub(super) speed: f64,
}

/// Collects `key=value` lines into blocks.
#[derive(Debug, Default)]
pub(super) struct Reader {
    open: Snapshot,
}

impl Reader {
    /// Takes one line; gives a snapshot where it closes a block. What is `N/A` or unknown is left as it was.
    pub(super) fn line(&mut self, line: &str) -> Option<Snapshot> {
        let (key, value) = line.trim().split_once('=')?;
        let value = value.trim();
        match key {
            "frame" => set(&mut self.open.frames, value),
            "fps" => set(&mut self.open.fps, value),
            "out_time_us" => set(&mut self.open.out_us, value),
            "dup_frames" => set(&mut self.open.duplicated, value),
            "drop_frames" => set(&mut self.open.dropped, value),
            "speed" => set(&mut self.open.speed, value.trim_end_matches('x')),
            "progress" => return Some(self.open),
            _ => {}
        }
        None
    }
}

fn set<T: std::str::FromStr>(field: &mut T, value: &str) {
    if let Ok(value) = value.parse() {
        *field = value;
    }
}

/// Tells of one run.
#[derive(Debug)]
pub(super) struct Meter {
    event: EventSlug,
    run: RunId,
    last: Snapshot,
    /// Input bytes counted so far, where we see them.
    last_input: u64,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    out_us: u64,
    input: u64,
}

impl Meter {
    pub(super) fn new(event: &EventSlug, run: &RunId) -> Self {
        let slug = event.to_string();
        metrics::counter!("bakuhantam_encoder_runs_total", "event" => slug.clone()).increment(1);
        metrics::gauge!("bakuhantam_encoder_running", "event" => slug).set(1.0);
        Self {
            event: event.clone(),
            run: run.clone(),
            last: Snapshot::default(),
            last_input: 0,
            window: Window { since: Instant::now(), out_us: 0, input: 0 },
        }
    }

    /// Takes a snapshot, and the input bytes handed to FFmpeg so far (0 where FFmpeg reads the input itself).
    /// Tells whether the picture went on.
    pub(super) fn take(&mut self, now: Snapshot, input: u64) -> bool {
        let slug = || self.event.to_string();
        let grown = |before: u64, after: u64| after.saturating_sub(before);
        metrics::gauge!("bakuhantam_encoder_fps", "event" => slug()).set(now.fps);
        metrics::gauge!("bakuhantam_encoder_speed", "event" => slug()).set(now.speed);
        metrics::counter!("bakuhantam_encoder_frames_total", "event" => slug())
            .increment(grown(self.last.frames, now.frames));
        metrics::counter!("bakuhantam_encoder_duplicated_frames_total", "event" => slug())
            .increment(grown(self.last.duplicated, now.duplicated));
        metrics::counter!("bakuhantam_encoder_dropped_frames_total", "event" => slug())
            .increment(grown(self.last.dropped, now.dropped));
        metrics::counter!("bakuhantam_encoder_input_bytes_total", "event" => slug())
            .increment(grown(self.last_input, input));
        tracing::debug!(event = %self.event, run = %self.run, frames = now.frames, fps = now.fps, speed = now.speed,
            out_ms = now.out_us / 1_000, duplicated = now.duplicated, dropped = now.dropped, "encoder progress");
        let went_on = now.frames > self.last.frames || now.out_us > self.last.out_us;
        if self.last.frames == 0 && now.frames > 0 {
            tracing::info!(event = %self.event, run = %self.run, "the encoder gives pictures");
            self.window = Window { since: Instant::now(), out_us: now.out_us, input };
        }
        self.last = now;
        self.last_input = input;
        if self.window.since.elapsed() >= TELL_EVERY {
            self.tell(input);
        }
        went_on
    }

    /// The line for people, over the window that ends now.
    fn tell(&mut self, input: u64) {
        let took_ms = u64::try_from(self.window.since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let out_ms = self.last.out_us.saturating_sub(self.window.out_us) / 1_000;
        let percent = out_ms.saturating_mul(100) / took_ms;
        // Bits per millisecond are kilobits per second.
        let input_kbps = input.saturating_sub(self.window.input).saturating_mul(8) / took_ms;
        let Self { event, run, last, .. } = self;
        if self.last_input > 0 {
            metrics::gauge!("bakuhantam_encoder_input_kbps", "event" => event.to_string())
                .set(f64::from(u32::try_from(input_kbps).unwrap_or(u32::MAX)));
        }
        tracing::info!(%event, %run, fps = last.fps, speed_percent = percent, input_kbps, frames = last.frames,
            duplicated = last.duplicated, dropped = last.dropped, "encoding");
        if percent < 95 {
            tracing::warn!(%event, %run, speed_percent = percent,
                "the picture comes slower than real time: the input stalls, or encoder.preset is too slow here");
        }
        self.window = Window { since: Instant::now(), out_us: self.last.out_us, input };
    }

    /// What was reached.
    pub(super) const fn last(&self) -> Snapshot {
        self.last
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        for name in ["running", "fps", "speed", "input_kbps"] {
            metrics::gauge!(format!("bakuhantam_encoder_{name}"), "event" => self.event.to_string()).set(0.0);
        }
    }
}
