//! FFmpeg as the camera, and ffprobe as the judge.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{program, signal, until_blocking};

/// A running FFmpeg; killed when dropped.
#[derive(Debug)]
pub struct Ffmpeg {
    child: Child,
}

/// How a test picture is sent.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Width and height.
    pub size: (u32, u32),
    /// Frames per second.
    pub fps: u32,
    /// Seconds; `None`: until stopped.
    pub seconds: Option<u32>,
}

/// A picture that costs little to make and to encode.
pub const SMALL: Picture = Picture { size: (320, 180), fps: 15, seconds: None };

impl Default for Picture {
    fn default() -> Self {
        Self { size: (1280, 720), fps: 30, seconds: None }
    }
}

impl Ffmpeg {
    /// Publishes a test picture with a beep by RTMP, as fast as time passes.
    pub fn publish_rtmp(url: &str, picture: &Picture) -> Self {
        Self::publish(picture, "flv", url)
    }

    /// Publishes a test picture with a beep by SRT, as fast as time passes.
    pub fn publish_srt(url: &str, picture: &Picture) -> Self {
        Self::publish(picture, "mpegts", url)
    }

    fn publish(picture: &Picture, format: &str, url: &str) -> Self {
        let (width, height) = picture.size;
        let fps = picture.fps;
        let mut command = program("ffmpeg", "FFmpeg");
        command.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-re"]);
        command.args(["-f", "lavfi", "-i", &format!("testsrc2=size={width}x{height}:rate={fps}")]);
        command.args(["-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4:sample_rate=48000"]);
        if let Some(seconds) = picture.seconds {
            command.args(["-t", &seconds.to_string()]);
        }
        command.args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"]);
        command.args(["-g", &(2 * fps).to_string(), "-b:v", "1500k", "-c:a", "aac", "-b:a", "128k"]);
        command.args(["-f", format, url]);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        // Its words go to the test's own output, which is shown when the test fails.
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("ffmpeg starts");
        Self { child }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// Waits for its end; true when it succeeded.
    pub fn wait(&mut self, deadline: Duration) -> bool {
        let child = &mut self.child;
        until_blocking("FFmpeg ends", deadline, || child.try_wait().expect("a child can be waited for")).success()
    }

    /// Stops it as Ctrl-C does: it says good-bye to the server.
    pub fn interrupt(&mut self) {
        signal(self.child.id(), "INT");
        self.wait(Duration::from_secs(10));
    }

    /// Ends it without good-bye.
    pub fn sigkill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What ffprobe says of a file or an address: `streams` and `format`.
pub fn probe(of: &str) -> serde_json::Value {
    let done = program("ffprobe", "FFmpeg")
        .args(["-v", "error", "-show_streams", "-show_format", "-of", "json", of])
        .stdin(Stdio::null())
        .output()
        .expect("ffprobe runs");
    assert!(done.status.success(), "ffprobe {of}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("ffprobe's JSON")
}
