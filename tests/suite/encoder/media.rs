//! Makes inputs, and judges what came out.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use bakuhantam::ids::EventSlug;
use tempfile::TempDir;

use crate::harness::ffmpeg::probe;
use crate::harness::program;

/// First and last moment of a track, in seconds; the last sample's length is part of it.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub first: f64,
    pub last: f64,
}

impl Span {
    pub fn length(self) -> f64 {
        self.last - self.first
    }
}

/// A file of H.264 and AAC from FFmpeg's own sources, the picture first; its name tells the format.
pub fn make(dir: &TempDir, name: &str, sources: &[&str], more: &[&str]) -> PathBuf {
    let file = dir.path().join(name);
    let mut command = program("ffmpeg", "FFmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    for source in sources {
        command.args(["-f", "lavfi", "-i", source]);
    }
    command.args([
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "60",
    ]);
    command.args(["-c:a", "aac"]).args(more).arg(&file).stdin(Stdio::null());
    assert!(command.status().expect("ffmpeg runs").success(), "{name} is made");
    file
}

/// An event's runs, oldest first.
pub fn runs(dir: &TempDir, event: &EventSlug) -> Vec<PathBuf> {
    sorted(&dir.path().join("hls").join(event.as_str()), |_| true)
}

/// A rung's finished segments in order.
pub fn segments(rung: &Path) -> Vec<PathBuf> {
    sorted(rung, |path| path.extension().is_some_and(|end| end == "ts"))
}

fn sorted(dir: &Path, keep: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| keep(path)).collect();
    found.sort();
    found
}

/// The lengths FFmpeg's own playlist gives, in seconds.
pub fn durations(rung: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(rung.join("index.m3u8")).expect("a playlist");
    let lengths = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','));
    lengths.map(|length| length.parse().expect("a length")).collect()
}

/// One stream of a file, as ffprobe tells it.
pub fn stream(file: &Path, kind: &str) -> serde_json::Value {
    let told = probe(file.to_str().expect("a path"));
    let streams = told["streams"].as_array().expect("streams");
    streams.iter().find(|stream| stream["codec_type"] == kind).expect("a stream of the kind").clone()
}

pub fn starts_with_a_keyframe(file: &Path) -> bool {
    packets(file.to_str().expect("a path"), "v:0").first().is_some_and(|packet| packet.is_key)
}

/// Picture and sound over all of a run's segments.
pub fn spans(files: &[PathBuf]) -> (Span, Span) {
    let names: Vec<&str> = files.iter().map(|file| file.to_str().expect("a path")).collect();
    let all = format!("concat:{}", names.join("|"));
    (span(&packets(&all, "v:0")), span(&packets(&all, "a:0")))
}

fn span(packets: &[Packet]) -> Span {
    let first = packets.iter().map(|packet| packet.at).fold(f64::INFINITY, f64::min);
    let last = packets.iter().map(|packet| packet.at + packet.length).fold(f64::NEG_INFINITY, f64::max);
    Span { first, last }
}

struct Packet {
    at: f64,
    length: f64,
    is_key: bool,
}

fn packets(of: &str, track: &str) -> Vec<Packet> {
    let done = program("ffprobe", "FFmpeg")
        .args(["-v", "error", "-select_streams", track, "-show_packets", "-of", "json"])
        .args(["-show_entries", "packet=pts_time,duration_time,flags", of])
        .stdin(Stdio::null())
        .output()
        .expect("ffprobe runs");
    let told: serde_json::Value = serde_json::from_slice(&done.stdout).expect("ffprobe's JSON");
    let number = |packet: &serde_json::Value, key: &str| packet[key].as_str().and_then(|text| text.parse::<f64>().ok());
    let packets = told["packets"].as_array().expect("packets").iter().filter_map(|packet| {
        Some(Packet {
            at: number(packet, "pts_time")?,
            length: number(packet, "duration_time").unwrap_or(0.0),
            is_key: packet["flags"].as_str().is_some_and(|flags| flags.starts_with('K')),
        })
    });
    packets.collect()
}

/// Every running FFmpeg whose command names `dir`, which is where it writes.
pub fn ffmpegs_of(dir: &Path) -> Vec<u32> {
    let dir = dir.join("hls").to_str().expect("a path").to_owned();
    let processes = std::fs::read_dir("/proc").expect("/proc is mounted").filter_map(Result::ok);
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let writes_there = |pid: &u32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        command.contains(&dir) && command.split('\0').next().is_some_and(|program| program.ends_with("ffmpeg"))
    };
    pids.filter(writes_there).collect()
}
