//! What `bakuhantam doctor` tells of the encoder.

use super::program;
use crate::config;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub state: FindingState,
    /// What was found, and what to do where it is not ok.
    pub advice: String,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingState {
    /// As it should be.
    Ok,
    /// Works, but something is missing.
    Warning,
    /// The encoder cannot work.
    Failing,
}

/// Looks at FFmpeg and what the ladder needs of it. Blocking, some hundred milliseconds.
#[must_use]
pub fn examine(encoder: &config::Encoder) -> Vec<Finding> {
    let ffmpeg = encoder.ffmpeg.as_str();
    let version = match program::version(ffmpeg) {
        Ok(version) => version,
        Err(refusal) => return vec![finding("FFmpeg", FindingState::Failing, refusal.0)],
    };
    let mut findings = vec![finding("FFmpeg", FindingState::Ok, format!("version {version}"))];
    for (name, encoder) in [("FFmpeg encoder libx264", "libx264"), ("FFmpeg encoder aac", "aac")] {
        let state = ok_or(program::has_encoder(ffmpeg, encoder) == Ok(true), FindingState::Failing);
        let advice = if state == FindingState::Ok { "built in" } else { "install a complete FFmpeg, such as Debian's" };
        findings.push(finding(name, state, advice.into()));
    }
    let srt = ok_or(program::has_protocol(ffmpeg, "srt") == Ok(true), FindingState::Warning);
    let advice = if srt == FindingState::Ok {
        "built in"
    } else {
        "only RTMP and pulls work: install an FFmpeg with libsrt for transcode --input srt://…"
    };
    findings.push(finding("FFmpeg protocol srt", srt, advice.into()));
    let text = ok_or(program::has_filter(ffmpeg, "drawtext") == Ok(true), FindingState::Warning);
    let advice = if text == FindingState::Ok { "built in" } else { "the test picture has no clock and no title" };
    findings.push(finding("FFmpeg filter drawtext", text, advice.into()));
    let guard = ok_or(program::has_guard(), FindingState::Warning);
    let advice = if guard == FindingState::Ok {
        "FFmpeg ends with the server"
    } else {
        "an FFmpeg may outlive a killed server and keep its port: install util-linux"
    };
    findings.push(finding("setpriv --pdeathsig", guard, advice.into()));
    findings.push(rungs(encoder));
    findings
}

/// Encodes a few pictures of the ladder's own sizes, rates and levels, so that a bad preset or level shows here.
fn rungs(encoder: &config::Encoder) -> Finding {
    const NAME: &str = "FFmpeg ladder";
    match program::try_ladder(encoder) {
        Ok(rungs) => finding(NAME, FindingState::Ok, format!("{rungs} rungs at preset {} encode", encoder.preset)),
        Err(refusal) => finding(NAME, FindingState::Failing, refusal.0),
    }
}

const fn ok_or(is_ok: bool, otherwise: FindingState) -> FindingState {
    if is_ok { FindingState::Ok } else { otherwise }
}

const fn finding(name: &'static str, state: FindingState, advice: String) -> Finding {
    Finding { name, state, advice }
}
