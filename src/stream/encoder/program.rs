//! FFmpeg itself: is it there, new enough, and can it do what the ladder needs.

use std::io;
use std::process::{Command, Stdio};

use super::Refusal;
use crate::config;

/// The oldest FFmpeg that works: `timeout` of its RTSP reader changed its meaning in 5.0.
const OLDEST: (u32, u32) = (5, 0);

/// A fit FFmpeg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Path, or name on PATH.
    pub(super) ffmpeg: String,
    /// As it names itself, `5.1.9-0+deb12u1`.
    pub(super) version: String,
    /// `setpriv --pdeathsig` works here: FFmpeg dies with us even on SIGKILL.
    pub(super) guarded: bool,
}

impl Program {
    /// Looks at `ffmpeg`. Blocking, some tens of milliseconds.
    ///
    /// # Errors
    /// Missing, too old, or built without libx264 or AAC: one sentence.
    pub(super) fn find(ffmpeg: &str) -> Result<Self, Refusal> {
        let version = version(ffmpeg)?;
        for encoder in ["libx264", "aac"] {
            if !has_encoder(ffmpeg, encoder)? {
                return Err(Refusal::new(format!(
                    "this FFmpeg ({version}) has no {encoder} encoder: install a complete build, such as Debian's \
                     ffmpeg package, or set encoder.ffmpeg to one"
                )));
            }
        }
        let guarded = has_guard();
        if !guarded {
            tracing::warn!(
                "setpriv with --pdeathsig is missing (install util-linux): an FFmpeg may outlive a killed server"
            );
        }
        Ok(Self { ffmpeg: ffmpeg.to_owned(), version, guarded })
    }
}

/// The version, refused when too old. A build from a repository (`N-109741-g…`) is believed to be new.
pub(super) fn version(ffmpeg: &str) -> Result<String, Refusal> {
    let text = ask(ffmpeg, &["-hide_banner", "-version"])?;
    let Some(version) = text.strip_prefix("ffmpeg version ").and_then(|rest| rest.split_whitespace().next()) else {
        return Err(Refusal::new(format!("{ffmpeg} does not answer as FFmpeg does: set encoder.ffmpeg to FFmpeg")));
    };
    match major_minor(version) {
        Some(found) if found < OLDEST => Err(Refusal::new(format!(
            "FFmpeg {version} is too old: install FFmpeg {}.{} or newer, or set encoder.ffmpeg to one",
            OLDEST.0, OLDEST.1
        ))),
        _ => Ok(version.to_owned()),
    }
}

/// `5.1.9-0+deb12u1` or `n6.0` as numbers; `None` for what is not a release.
pub(super) fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('n').split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
}

/// Whether an encoder of this name is built in.
pub(super) fn has_encoder(ffmpeg: &str, name: &str) -> Result<bool, Refusal> {
    Ok(second_words(&ask(ffmpeg, &["-hide_banner", "-encoders"])?, name))
}

/// Whether a filter of this name is built in.
pub(super) fn has_filter(ffmpeg: &str, name: &str) -> Result<bool, Refusal> {
    Ok(second_words(&ask(ffmpeg, &["-hide_banner", "-filters"])?, name))
}

/// Whether a protocol of this name can be read.
pub(super) fn has_protocol(ffmpeg: &str, name: &str) -> Result<bool, Refusal> {
    let text = ask(ffmpeg, &["-hide_banner", "-protocols"])?;
    Ok(text.lines().take_while(|line| line.trim() != "Output:").any(|line| line.trim() == name))
}

/// Whether children can be tied to our life.
pub(super) fn has_guard() -> bool {
    ask("setpriv", &["--pdeathsig", "KILL", "--", "true"]).is_ok()
}

/// A list of FFmpeg's: flags, name, words.
fn second_words(text: &str, name: &str) -> bool {
    text.lines().any(|line| line.split_whitespace().nth(1) == Some(name))
}

fn ask(program: &str, args: &[&str]) -> Result<String, Refusal> {
    let answer = Command::new(program).args(args).stdin(Stdio::null()).output().map_err(|error| {
        Refusal::new(match error.kind() {
            io::ErrorKind::NotFound => format!(
                "FFmpeg was not found as \"{program}\": install it (apt install ffmpeg) or set encoder.ffmpeg to its path"
            ),
            _ => format!("\"{program}\" cannot be run ({error}): set encoder.ffmpeg to FFmpeg's path"),
        })
    })?;
    if !answer.status.success() {
        return Err(Refusal::new(format!(
            "\"{program}\" does not work ({}): install FFmpeg again or set encoder.ffmpeg to another",
            answer.status
        )));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// Encodes two seconds of nothing with the ladder's preset, sizes, rates and levels; gives the number of rungs.
///
/// # Errors
/// FFmpeg refuses them: one sentence.
pub(super) fn try_ladder(encoder: &config::Encoder) -> Result<usize, Refusal> {
    for rung in &encoder.renditions {
        let (w, h, fps) = (rung.width(), rung.height, rung.fps);
        let source = format!("color=c=black:s={w}x{h}:r={fps}:d=0.2");
        let rates = [rung.bitrate_kbps, rung.maxrate_kbps, rung.bufsize_kbps].map(|kbps| format!("{kbps}k"));
        let [bitrate, maxrate, bufsize] = rates.each_ref().map(String::as_str);
        let args = [
            "-hide_banner",
            "-nostdin",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            &source,
            "-c:v",
            "libx264",
            "-preset",
            &encoder.preset,
            "-profile:v",
            "high",
            "-level:v",
            &rung.level,
            "-b:v",
            bitrate,
            "-maxrate:v",
            maxrate,
            "-bufsize:v",
            bufsize,
            "-pix_fmt",
            "yuv420p",
            "-f",
            "null",
            "-",
        ];
        ask(&encoder.ffmpeg, &args).map_err(|_| {
            Refusal::new(format!(
                "FFmpeg cannot encode rendition {}: check its level, rates and fps, and encoder.preset \"{}\"",
                rung.name, encoder.preset
            ))
        })?;
    }
    Ok(encoder.renditions.len())
}
