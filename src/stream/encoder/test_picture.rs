//! A picture to try things out with: an arena in the dark, the event's title, a running clock and a beep each second.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::input::Input;
use super::{Encoders, Refusal, program};
use crate::ids::EventSlug;

/// Time until a test picture that could not be started is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Where fonts are looked for without fontconfig.
const FONT_DIRS: [&str; 3] = ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/texmf/fonts"];

/// A test picture on air. It goes on until it is stopped, dropped, or all encoders are stopped.
#[derive(Debug)]
pub struct TestPicture {
    stop: CancellationToken,
}

impl TestPicture {
    /// Puts a test picture on air for `event`, with `title` on it: the same ladder, supervised as any input is.
    ///
    /// # Errors
    /// FFmpeg is missing or unfit: one sentence.
    pub async fn start(encoders: &Encoders, event: &EventSlug, title: &str) -> Result<Self, Refusal> {
        let ffmpeg = encoders.shared.program().await?.ffmpeg.clone();
        let fps = encoders.shared.config.renditions.first().map_or(30, |rung| rung.fps);
        let words = title.to_owned();
        let drawn = tokio::task::spawn_blocking(move || {
            let font = if program::has_filter(&ffmpeg, "drawtext") == Ok(true) { find_font() } else { None };
            graph(&words, font.as_deref(), fps)
        });
        let drawn =
            drawn.await.map_err(|_| Refusal::new("the test picture was not drawn: the server is shutting down"))?;
        let stop = CancellationToken::new();
        let (encoders, event, token) = (encoders.clone(), event.clone(), stop.clone());
        let shared = std::sync::Arc::clone(&encoders.shared);
        shared.tracker.spawn(async move {
            let input = Input::drawn(&drawn);
            while let Err(refusal) = encoders.pull(&event, &input, &token).await {
                tracing::warn!(%event, "the test picture is tried again: {refusal}");
                tokio::select! {
                    () = token.cancelled() => return,
                    () = encoders.shared.stop.cancelled() => return,
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
        });
        Ok(Self { stop })
    }

    /// Takes it off air; FFmpeg ends in the background.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for TestPicture {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The filter graph: `out0` the picture, `out1` a beep of 80 ms at the start of each second.
pub(super) fn graph(title: &str, font: Option<&Path>, fps: u32) -> String {
    let beep = "aevalsrc=exprs='0.22*sin(2*PI*if(lt(mod(t,10),1),1320,880)*t)*lt(mod(t,1),0.08)':s=48000:c=mono[out1]";
    let Some(font) = font.and_then(Path::to_str) else {
        // Without letters: FFmpeg's own test picture has a timer.
        return format!("testsrc2=s=1280x720:r={fps},format=yuv420p[out0];{beep}");
    };
    let font = escaped(font);
    let title: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).take(48).collect();
    // Bold letters are about 0.65 of their size wide; the title keeps a margin.
    let letters = u32::try_from(title.chars().count()).unwrap_or(48).max(1);
    let size = (1_700 / letters).clamp(24, 58);
    let text = |text: &str, more: &str| format!("drawtext=fontfile={font}:text={}:{more}", escaped(text));
    let head = text(&title, &format!("expansion=none:fontcolor=white:fontsize={size}:x=(w-tw)/2:y=84"));
    let sub = text("UJI GAMBAR   TEST PICTURE", "expansion=none:fontcolor=white@0.6:fontsize=22:x=(w-tw)/2:y=164");
    let wib = text("WIB", "expansion=none:fontcolor=0xFFB020:fontsize=30:x=(w-tw)/2:y=452");
    let clock = text(r"%{localtime:%H\:%M\:%S}", "fontcolor=white:fontsize=164:x=(w-tw)/2:y=(h-120)/2-12");
    let count = text("%{frame_num}", "fontcolor=white@0.75:fontsize=26:x=w-tw-32:y=h-86");
    format!(
        "{},{head},{sub},{wib},loop=loop=-1:size=1:start=0,setpts=N/{fps}/TB,{clock},{count}[still];\
         color=c=0xFFB020:s=128x6:r={fps}[bar];\
         [still][bar]overlay=x='mod(t,1)*(W+w)-w':y=H-44,\
         drawbox=x=600:y=232:w=80:h=8:color=0xFFB020:t=fill:enable='lt(mod(t,1),0.1)',format=yuv420p[out0];{beep}",
        arena(fps)
    )
}

/// The background, computed once and then repeated: red and blue corners, a lamp above, ropes below.
fn arena(fps: u32) -> String {
    let glow = |x: u32, y: u32, w: u32, h: u32| format!("exp(-(pow((X-{x})/{w},2)+pow((Y-{y})/{h},2)))");
    let (red, blue, lamp) = (glow(0, 400, 430, 330), glow(1280, 400, 430, 330), glow(640, 0, 480, 270));
    let channel = |base: u32, r: u32, b: u32, l: u32| format!("'clip({base}+{r}*{red}+{b}*{blue}+{l}*{lamp},0,255)'");
    let rope = |y: u32, alpha: &str| format!("drawbox=x=0:y={y}:w=1280:h=4:color=white@{alpha}:t=fill");
    format!(
        "color=c=black:s=1280x720:r={fps}:d=0.1,trim=end_frame=1,format=rgb24,geq=r={}:g={}:b={},format=yuv420p,{},{},{}",
        channel(9, 118, 8, 60),
        channel(11, 10, 26, 58),
        channel(18, 22, 128, 50),
        rope(540, "0.20"),
        rope(578, "0.14"),
        rope(616, "0.09"),
    )
}

/// `text` as one option's value in a filter graph: escaped for the option, then for the graph (FFmpeg's
/// "Quoting and escaping" and "Notes on filtergraph escaping").
pub(super) fn escaped(text: &str) -> String {
    let escape = |text: &str, special: &str| {
        text.chars().fold(String::new(), |mut out, c| {
            if special.contains(c) {
                out.push('\\');
            }
            out.push(c);
            out
        })
    };
    escape(&escape(text, r"\':"), r"\'[],;")
}

/// A bold sans-serif font, as fontconfig says or as the usual folders have. Blocking.
fn find_font() -> Option<PathBuf> {
    let asked = Command::new("fc-match").args(["-f", "%{file}", "sans:bold"]).stdin(Stdio::null()).output();
    let matched = asked.ok().filter(|answer| answer.status.success());
    let matched = matched.map(|answer| PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim().to_owned()));
    matched.filter(|file| is_font(file) && file.is_file()).or_else(|| {
        let mut found: Vec<PathBuf> = Vec::new();
        for dir in FONT_DIRS {
            collect_fonts(Path::new(dir), 5, &mut found);
        }
        found.sort_by_key(|file| std::cmp::Reverse(liking(file)));
        found.into_iter().next()
    })
}

fn is_font(file: &Path) -> bool {
    file.extension().is_some_and(|end| ["ttf", "otf"].iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// How well a font fits, by its name.
fn liking(file: &Path) -> usize {
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let likes = [("dejavusans-bold.", 5), ("sans", 2), ("bold", 2), ("liberation", 1), ("noto", 1)];
    let odd = ["italic", "oblique", "condensed", "emoji", "serif", "math", "symbol"];
    let worth: usize = likes.iter().filter(|(part, _)| name.contains(part)).map(|(_, value)| value).sum();
    if odd.iter().any(|part| name.contains(part)) { 0 } else { worth.saturating_add(1) }
}

fn collect_fonts(dir: &Path, depth: u32, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() && depth > 0 {
            collect_fonts(&path, depth.saturating_sub(1), found);
        } else if is_font(&path) {
            found.push(path);
        }
    }
}
