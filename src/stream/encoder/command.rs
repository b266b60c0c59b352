//! FFmpeg's command for one run: any input into the configured ladder. Pure.

use std::fmt;
use std::path::Path;

use super::input::Input;
use super::program::Program;
use crate::config;

/// Segments in FFmpeg's own playlists, which only the publisher reads: enough for it to have been away for a while.
const LIST_LEN: &str = "30";

/// Where the sound comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    /// The input's first sound track.
    Own,
    /// The input has none: silence, so that every rung has a sound track.
    Silence,
}

/// A command as it is started. Printing it quotes it for a shell and masks secrets.
#[derive(Clone)]
pub struct CommandLine {
    words: Vec<String>,
    /// The same words as they may be seen.
    shown: Vec<String>,
}

impl CommandLine {
    pub(super) fn build(
        program: &Program,
        encoder: &config::Encoder,
        input: &Input,
        sound: Sound,
        folder: &Path,
    ) -> Self {
        let mut words: Vec<String> = Vec::new();
        if program.guarded {
            words.extend(["setpriv", "--pdeathsig", "KILL", "--"].map(str::to_owned));
        }
        words.push(program.ffmpeg.clone());
        let say = "-hide_banner -nostdin -nostats -loglevel level+info -progress pipe:1 -stats_period 1";
        words.extend(say.split(' ').map(str::to_owned));
        words.extend(input.args());
        if sound == Sound::Silence {
            words.extend("-f lavfi -i anullsrc=r=48000:cl=stereo".split(' ').map(str::to_owned));
        }
        let ladder = Ladder(encoder);
        words.extend(["-filter_complex".into(), ladder.pictures(), "-filter_complex".into(), ladder.sounds(sound)]);
        words.extend(ladder.codecs());
        if sound == Sound::Silence {
            // Silence never ends by itself.
            words.push("-shortest".into());
        }
        words.extend(ladder.muxer(folder));
        let shown = words.iter().map(|word| input.mask(word)).collect();
        Self { words, shown }
    }

    /// The program to start.
    pub(super) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Its arguments, secrets included.
    pub(super) fn args(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, word) in self.shown.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&quoted(word))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandLine({self})")
    }
}

/// `word` as a POSIX shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `[s0][s1][s2]`
fn pads(name: &str, count: usize) -> String {
    (0..count).map(|n| format!("[{name}{n}]")).collect::<Vec<_>>().concat()
}

/// The rungs as FFmpeg's options.
struct Ladder<'a>(&'a config::Encoder);

impl Ladder<'_> {
    /// One decode, one picture per rung: deinterlaced where frames say so, at the rung's rate, fitted into exactly 16:9
    /// with square pixels. The size is fitted by display ratio, rounded to even, so that 16:9 fills the frame whole.
    fn pictures(&self) -> String {
        let rungs = &self.0.renditions;
        let split = format!("[0:v:0]yadif=deint=interlaced,split={}{}", rungs.len(), pads("s", rungs.len()));
        let branches = rungs.iter().enumerate().map(|(n, rung)| {
            let (w, h, fps) = (rung.width(), rung.height, rung.fps);
            format!(
                "[s{n}]fps={fps},scale=w='trunc(min({w},{h}*dar)/2+0.5)*2':h='trunc(min({h},{w}/dar)/2+0.5)*2',\
                 pad={w}:{h}:-1:-1,setsar=1,format=yuv420p[v{n}]"
            )
        });
        std::iter::once(split).chain(branches).collect::<Vec<_>>().join(";")
    }

    /// One resampling, one sound track per rung; late sound begins with the picture, holes are filled with silence.
    fn sounds(&self, sound: Sound) -> String {
        let count = self.0.renditions.len();
        let source = match sound {
            Sound::Own => "[0:a:0]",
            Sound::Silence => "[1:a:0]",
        };
        let outs = pads("a", count);
        format!("{source}aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,asplit={count}{outs}")
    }

    fn codecs(&self) -> Vec<String> {
        let seconds = self.0.segment_seconds;
        let mut args: Vec<String> = Vec::new();
        let mut set = |name: &str, value: String| args.extend([name.to_owned(), value]);
        for n in 0..self.0.renditions.len() {
            set("-map", format!("[v{n}]"));
            set("-map", format!("[a{n}]"));
        }
        set("-c:v", "libx264".into());
        set("-preset:v", self.0.preset.clone());
        set("-profile:v", "high".into());
        set("-sc_threshold:v", "0".into());
        set("-force_key_frames:v", format!("expr:gte(t,n_forced*{seconds})"));
        set("-c:a", "aac".into());
        set("-ar", "48000".into());
        set("-ac", "2".into());
        for (n, rung) in self.0.renditions.iter().enumerate() {
            let frames = rung.fps.saturating_mul(seconds);
            set(&format!("-level:v:{n}"), rung.level.clone());
            set(&format!("-r:v:{n}"), rung.fps.to_string());
            set(&format!("-g:v:{n}"), frames.to_string());
            set(&format!("-keyint_min:v:{n}"), frames.to_string());
            set(&format!("-b:v:{n}"), format!("{}k", rung.bitrate_kbps));
            set(&format!("-maxrate:v:{n}"), format!("{}k", rung.maxrate_kbps));
            set(&format!("-bufsize:v:{n}"), format!("{}k", rung.bufsize_kbps));
            set(&format!("-b:a:{n}"), format!("{}k", rung.audio_kbps));
        }
        args
    }

    /// The HLS muxer. Segments are renamed when complete, a playlist names them after; nothing is deleted.
    fn muxer(&self, folder: &Path) -> Vec<String> {
        let folder = folder.display();
        let map: Vec<String> =
            self.0.renditions.iter().enumerate().map(|(n, rung)| format!("v:{n},a:{n},name:{}", rung.name)).collect();
        let mut args: Vec<String> = Vec::new();
        let mut set = |name: &str, value: String| args.extend([name.to_owned(), value]);
        // Sound that stops must not hold the picture back for FFmpeg's default of ten seconds.
        set("-max_interleave_delta", "2000000".into());
        set("-f", "hls".into());
        set("-hls_time", self.0.segment_seconds.to_string());
        set("-hls_list_size", LIST_LEN.into());
        set("-hls_flags", "temp_file+program_date_time+independent_segments".into());
        set("-hls_segment_type", "mpegts".into());
        set("-hls_segment_filename", format!("{folder}/%v/%06d.ts"));
        set("-var_stream_map", map.join(" "));
        args.push(format!("{folder}/%v/index.m3u8"));
        args
    }
}
