//! `bakuhantam transcode`, the binary itself.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::media::{Span, ffmpegs_of, make, runs, segments, spans};
use super::{LONG, event};
use crate::harness::ffmpeg::{Ffmpeg, Picture};
use crate::harness::{ports, signal, until_blocking};

const BIN: &str = env!("CARGO_BIN_EXE_bakuhantam");

const SMALL: Picture = Picture { size: (320, 180), fps: 30, seconds: None };

/// `bakuhantam transcode` with the small ladder; killed when dropped.
struct Transcode {
    child: Child,
    dir: TempDir,
}

impl Transcode {
    fn command(dir: &TempDir, input: &str) -> Command {
        let rungs = "[[encoder.renditions]]\nname = \"180p\"\nheight = 180\nfps = 30\nlevel = \"3.0\"\n\
                     bitrate_kbps = 300\nmaxrate_kbps = 400\nbufsize_kbps = 600\naudio_kbps = 96\n";
        let folder = dir.path().display();
        let text = format!(
            "[server]\ndata_dir = \"{folder}\"\n[uploader]\nhls_dir = \"{folder}/hls\"\n[encoder]\n\
             preset = \"ultrafast\"\n{rungs}"
        );
        let file = dir.path().join("bakuhantam.toml");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(BIN);
        command.arg("--config").arg(file).args(["transcode", "--event", event().as_str(), "--input", input]);
        command
    }

    fn start(input: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = Self::command(&dir, input).stdin(Stdio::null()).spawn().unwrap();
        Self { child, dir }
    }

    /// Waits for `count` segments in the run at `place`.
    fn wait_for_segments(&self, place: usize, count: usize) {
        until_blocking(&format!("{count} segments in run {place}"), LONG, || {
            let run = runs(&self.dir, &event()).into_iter().nth(place)?;
            (segments(&run.join("180p")).len() >= count).then_some(())
        });
    }

    fn end(mut self, name: &str) {
        signal(self.child.id(), name);
        let child = &mut self.child;
        let status = until_blocking("transcode ends", Duration::from_secs(12), || child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{name} is a clean end");
        assert!(ffmpegs_of(self.dir.path()).is_empty(), "{name} leaves no FFmpeg");
    }
}

impl Drop for Transcode {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn an_srt_listener_takes_the_right_passphrase_only_and_listens_again() {
    let port = ports::free();
    let transcode = Transcode::start(&format!("srt://127.0.0.1:{port}?mode=listener&passphrase=kata-sandi-kami"));
    let send = |phrase: &str| Ffmpeg::publish_srt(&format!("srt://127.0.0.1:{port}?passphrase={phrase}"), &SMALL);
    until_blocking("FFmpeg listens", LONG, || ffmpegs_of(transcode.dir.path()).first().copied());
    let mut wrong = send("salah-salah-salah");
    assert!(!wrong.wait(Duration::from_secs(20)), "a wrong passphrase is refused");
    assert!(segments(&runs(&transcode.dir, &event())[0].join("180p")).is_empty());
    // Until the listener is up again a caller is turned away as from a closed port: so calls are repeated.
    let mut caller: Option<Ffmpeg> = None;
    for place in 0..2 {
        until_blocking("a segment", LONG, || {
            if caller.as_mut().is_none_or(|ffmpeg| !ffmpeg.is_running()) {
                caller = Some(send("kata-sandi-kami"));
            }
            let run = runs(&transcode.dir, &event()).into_iter().nth(place)?;
            segments(&run.join("180p")).into_iter().next()
        });
        caller.take().unwrap().interrupt();
    }
    transcode.end("INT");
}

#[test]
fn an_input_that_falls_silent_is_opened_again_as_a_new_run() {
    let port = ports::free();
    let transcode = Transcode::start(&format!("udp://127.0.0.1:{port}"));
    until_blocking("FFmpeg listens", LONG, || ffmpegs_of(transcode.dir.path()).first().copied());
    let address = format!("udp://127.0.0.1:{port}?pkt_size=1316");
    let first = Ffmpeg::publish_srt(&address, &SMALL);
    transcode.wait_for_segments(0, 1);
    drop(first);
    // FFmpeg itself would wait for ever for the next datagram.
    until_blocking("a second run", LONG, || runs(&transcode.dir, &event()).into_iter().nth(1));
    let _second = Ffmpeg::publish_srt(&address, &SMALL);
    transcode.wait_for_segments(1, 1);
    transcode.end("TERM");
}

#[test]
fn a_killed_supervisor_takes_its_ffmpeg_along() {
    let port = ports::free();
    let mut transcode = Transcode::start(&format!("srt://127.0.0.1:{port}?mode=listener"));
    until_blocking("FFmpeg listens", LONG, || ffmpegs_of(transcode.dir.path()).first().copied());
    transcode.child.kill().unwrap();
    transcode.child.wait().unwrap();
    until_blocking("FFmpeg is gone", Duration::from_secs(5), || {
        ffmpegs_of(transcode.dir.path()).is_empty().then_some(())
    });
}

#[test]
fn a_file_and_standard_input_end_with_success() {
    let dir = tempfile::tempdir().unwrap();
    let file = make(&dir, "in.ts", &["testsrc2=s=320x180:r=30:d=3", "sine=f=440:d=3"], &[]);
    let path = file.to_str().unwrap();
    let done = Transcode::command(&dir, path).stdin(Stdio::null()).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let piped = std::fs::File::open(&file).unwrap();
    let done = Transcode::command(&dir, "-").stdin(piped).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    for run in runs(&dir, &event()) {
        assert_eq!(segments(&run.join("180p")).len(), 2);
        let Span { first, last } = spans(&segments(&run.join("180p"))).0;
        assert!((last - first - 3.0).abs() < 0.05);
    }
    assert_eq!(runs(&dir, &event()).len(), 2);
}

#[test]
fn what_can_never_be_encoded_is_refused_with_code_one() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    writeln!(std::fs::File::create(&text).unwrap(), "not a film").unwrap();
    let sound = make(&dir, "sound.flv", &["sine=f=440:d=2"], &[]);
    for (input, says) in [
        ("nowhere.mp4", "cannot be read"),
        (text.to_str().unwrap(), "not video"),
        (sound.to_str().unwrap(), "no picture"),
        ("srt://0.0.0.0:9000?mode=listener&passphrase=short", "it must have 10 to 79"),
        ("gopher://host/x", "cannot be read"),
    ] {
        let done = Transcode::command(&dir, input).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(1), "{input}: {said}");
        assert!(said.lines().last().unwrap_or_default().contains(says), "{input}: {said}");
    }
}

#[test]
fn print_shows_a_command_a_shell_reads_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let input = "srt://0.0.0.0:9000?mode=listener&passphrase=kata-sandi-kami";
    let done = Transcode::command(&dir, input).arg("--print").stdin(Stdio::null()).output().unwrap();
    assert_eq!(done.status.code(), Some(0));
    let line = String::from_utf8(done.stdout).unwrap();
    assert!(!line.contains("kata-sandi") && line.contains("mode=listener") && line.contains("-passphrase"), "{line}");
    let words = Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output().unwrap();
    let words = String::from_utf8(words.stdout).unwrap();
    assert!(words.lines().any(|word| word == "v:0,a:0,name:180p"), "{words}");
    assert!(runs(&dir, &event()).is_empty(), "printing starts nothing");
}
