//! The encoder without FFmpeg: commands, inputs, what FFmpeg says, what a feed shows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::command::{CommandLine, Sound, quoted};
use super::flv::{Look, Verdict};
use super::input::{Input, Kind};
use super::program::{Program, major_minor};
use super::progress::Reader;
use super::said::{Fault, level_and_text};
use super::{Encoders, FeedError, FindingState, examine, test_picture};
use crate::clock::{ManualClock, Micros};
use crate::config;
use crate::ids::{Random, RunId, SystemRandom};

fn program() -> Program {
    Program { ffmpeg: "ffmpeg".into(), version: "5.1".into(), guarded: true }
}

fn line(input: &Input, sound: Sound) -> CommandLine {
    CommandLine::build(&program(), &config::Encoder::default(), input, sound, Path::new("hls/e/R"))
}

fn value_of<'a>(line: &'a CommandLine, option: &str) -> &'a str {
    let at = line.args().iter().position(|arg| arg == option).unwrap_or_else(|| panic!("{option} is missing"));
    &line.args()[at + 1]
}

#[test]
fn the_ladder_of_the_configuration_becomes_one_encode() {
    let line = line(&Input::feed(1_000_000), Sound::Own);
    assert_eq!(line.program(), "setpriv");
    assert_eq!(line.args()[..4], ["--pdeathsig", "KILL", "--", "ffmpeg"]);
    for (option, value) in [
        ("-analyzeduration", "1000000"),
        ("-level:v:0", "3.1"),
        ("-level:v:1", "3.1"),
        ("-level:v:2", "3.0"),
        ("-b:v:0", "3000k"),
        ("-maxrate:v:0", "3500k"),
        ("-bufsize:v:0", "6000k"),
        ("-g:v:2", "60"),
        ("-keyint_min:v:1", "60"),
        ("-sc_threshold:v", "0"),
        ("-force_key_frames:v", "expr:gte(t,n_forced*2)"),
        ("-b:a:2", "96k"),
        ("-hls_segment_filename", "hls/e/R/%v/%06d.ts"),
        ("-var_stream_map", "v:0,a:0,name:720p v:1,a:1,name:480p v:2,a:2,name:360p"),
        ("-hls_flags", "temp_file+program_date_time+independent_segments"),
    ] {
        assert_eq!(value_of(&line, option), value, "{option}");
    }
    assert_eq!(line.args().last().map(String::as_str), Some("hls/e/R/%v/index.m3u8"));
    assert!(!line.args().contains(&"-shortest".to_owned()));
}

#[test]
fn an_input_without_sound_gets_silence_for_every_rung() {
    let line = line(&Input::feed(1_000_000), Sound::Silence);
    let graphs: Vec<&String> = line.args().iter().filter(|arg| arg.contains("asplit")).collect();
    assert_eq!(graphs.len(), 1);
    assert!(graphs[0].starts_with("[1:a:0]") && graphs[0].ends_with("asplit=3[a0][a1][a2]"), "{}", graphs[0]);
    assert!(line.args().iter().any(|arg| arg.starts_with("anullsrc")) && line.args().contains(&"-shortest".to_owned()));
}

#[test]
fn nothing_secret_is_printed() {
    for (address, secrets) in [
        (
            "srt://0.0.0.0:9000?mode=listener&passphrase=kata%20sandi%20kami",
            vec!["kata%20sandi%20kami", "kata sandi kami"],
        ),
        ("srt://host:9000?streamid=publish:live:me:KEYKEY", vec!["KEYKEY"]),
        ("rtmp://host/live/KEYKEY", vec!["KEYKEY"]),
        ("rtmp://host:1935/live/room/KEYKEY?token=TOKEN", vec!["KEYKEY", "TOKEN"]),
        ("rtsp://admin:camera1@10.0.0.7/stream", vec!["admin", "camera1"]),
        ("https://host/live.m3u8?sig=abcdef", vec!["abcdef"]),
    ] {
        let input = Input::parse(address).unwrap();
        let shown = format!("{} {input:?} {}", line(&input, Sound::Own), input.shown());
        for secret in secrets {
            assert!(!shown.contains(secret), "{address}: {shown}");
            let said = input.mask(&format!("{address}: Input/output error ({secret})"));
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn an_srt_listener_gets_its_passphrase_as_meant_and_a_latency() {
    let input = Input::parse("srt://0.0.0.0:9000?mode=listener&passphrase=kata%2Bsandi+kami").unwrap();
    assert_eq!(input.kind, Kind::Listener);
    assert!(!input.is_open_to_anyone());
    let args = input.args();
    let at = args.iter().position(|arg| arg == "-passphrase").unwrap();
    assert_eq!(args[at + 1], "kata+sandi+kami");
    assert_eq!(args.last().unwrap(), "srt://0.0.0.0:9000?mode=listener&latency=1000000&timeout=10000000");
    let chosen = Input::parse("srt://:9000?mode=listener&latency=4000000").unwrap();
    assert_eq!(chosen.args().last().unwrap(), "srt://:9000?mode=listener&latency=4000000&timeout=10000000");
    assert!(chosen.is_open_to_anyone());
}

#[test]
fn bad_inputs_are_refused_in_words() {
    for (input, says) in [
        ("", "empty"),
        ("no/such/file.mp4", "cannot be read"),
        ("/", "is a folder"),
        ("concat://a|b", "cannot be read"),
        ("srt://host", "port"),
        ("srt://host:0", "port"),
        ("srt://host:9000?mode=server", "listener, caller or rendezvous"),
        ("srt://host:9000?passphrase=ninechars", "has 9 characters: it must have 10 to 79"),
    ] {
        let refusal = Input::parse(input).unwrap_err().to_string();
        assert!(refusal.contains(says), "{input}: {refusal}");
    }
    let longest = "x".repeat(79);
    assert!(Input::parse(&format!("srt://host:9000?passphrase={longest}")).is_ok());
    assert!(Input::parse(&format!("srt://host:9000?passphrase={longest}x")).is_err());
    assert!(Input::parse("srt://host:9000?passphrase=ten_chars_").is_ok());
    assert!(Input::parse(file!()).is_ok() && Input::parse("-").is_ok());
}

#[test]
fn words_are_quoted_for_a_shell() {
    assert_eq!(quoted("-hls_time"), "-hls_time");
    assert_eq!(quoted("it's [v0]"), r"'it'\''s [v0]'");
    assert_eq!(quoted(""), "''");
}

#[test]
fn progress_is_read_by_blocks() {
    let mut reader = Reader::default();
    let text =
        "frame=361\nfps=29.97\nstream_0_0_q=-1.0\nbitrate=N/A\nout_time_us=12033333\ndup_frames=2\ndrop_frames=1\n";
    assert!(text.lines().all(|line| reader.line(line).is_none()));
    assert!(reader.line("speed=0.998x").is_none());
    let block = reader.line("progress=continue").unwrap();
    assert_eq!((block.frames, block.out_us, block.duplicated, block.dropped), (361, 12_033_333, 2, 1));
    assert!((block.speed - 0.998).abs() < 1e-9);
    for odd in ["speed=N/A", "out_time_us=-20", "frame=", "=", "nonsense"] {
        assert!(reader.line(odd).is_none());
    }
    assert_eq!(reader.line("progress=end").unwrap().out_us, 12_033_333);
}

#[test]
fn what_ffmpeg_says_is_sorted_and_put_into_words() {
    let sorted = level_and_text("[srt @ 0x5579579120c0] [error] Connection setup failure: socket");
    assert_eq!(sorted, ("Error".into(), "srt: Connection setup failure: socket".into()));
    assert_eq!(level_and_text("[info] Stream mapping:"), ("Info".into(), "Stream mapping:".into()));
    assert_eq!(level_and_text("23:02:16/SRT:RcvQ: ERROR:BADSECRET").0, "Warning");
    for (text, fault) in [
        ("Stream specifier ':a:0' in filtergraph description [0:a:0]x matches no streams.", Some(Fault::NoSound)),
        ("Stream specifier 'v:0' in filtergraph description [0:v:0]x matches no streams.", Some(Fault::NoPicture)),
        ("srt://0.0.0.0:9000: Address already in use", Some(Fault::PortTaken)),
        (
            "newConnection: connection rejected due to: INTERNAL REJECTION - ERROR:BADSECRET",
            Some(Fault::WrongPassphrase),
        ),
        ("av_interleaved_write_frame(): No space left on device", Some(Fault::DiskFull)),
        ("file:notes.txt: Invalid data found when processing input", Some(Fault::NotVideo)),
        ("Error while decoding stream #0:0: Invalid data found when processing input", None),
        ("deprecated pixel format used", None),
    ] {
        assert_eq!(Fault::of(text), fault, "{text}");
    }
}

/// FLV of `(type, timestamp, body)`.
fn flv(tags: &[(u8, u32, &[u8])]) -> Vec<u8> {
    let mut out = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
    for (kind, at, body) in tags {
        let size = u32::try_from(body.len()).unwrap();
        let [t0, t1, t2, t3] = at.to_be_bytes();
        out.push(*kind);
        out.extend(&size.to_be_bytes()[1..]);
        out.extend([t1, t2, t3, t0, 0, 0, 0]);
        out.extend(*body);
        out.extend((size + 11).to_be_bytes());
    }
    out
}

const PICTURE: &[u8] = &[0x17, 1, 0, 0, 0, 9, 9, 9];
const PICTURE_HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1];
const SOUND: &[u8] = &[0xaf, 1, 9, 9];
const SOUND_HEADER: &[u8] = &[0xaf, 0, 0x12, 0x10];

#[test]
fn a_look_tells_what_a_feed_has_however_it_is_cut() {
    let script: &[u8] = b"\x02\0\x0aonMetaData";
    let both = flv(&[(18, 0, script), (9, 0, PICTURE_HEADER), (8, 0, SOUND_HEADER), (9, 0, PICTURE), (8, 20, SOUND)]);
    let late = flv(&[(9, 0, PICTURE), (9, 1_500, PICTURE), (8, 1_500, SOUND)]);
    let silent = flv(&[(8, 0, SOUND_HEADER), (9, 16_777_000, PICTURE), (9, 16_780_100, PICTURE)]);
    let blind = flv(&[(8, 0, SOUND), (9, 0, PICTURE_HEADER), (8, 5_100, SOUND)]);
    let open = flv(&[(9, 0, PICTURE), (9, 2_900, PICTURE), (9, 2_950, &[])]);
    for (bytes, verdict) in [
        (both, Some(Verdict::Both { late: false })),
        (late, Some(Verdict::Both { late: true })),
        (silent, Some(Verdict::Silent)),
        (blind, Some(Verdict::NoPicture)),
        (open, None),
        (b"not FLV at all, but many bytes".to_vec(), Some(Verdict::Both { late: false })),
    ] {
        for cut in [1, 2, 3, 7, 64, 4_096] {
            let mut look = Look::default();
            bytes.chunks(cut).for_each(|piece| look.take(piece));
            assert_eq!(look.verdict(), verdict, "in pieces of {cut}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn a_look_survives_any_bytes(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        let mut look = Look::default();
        look.take(b"FLV\x01\x05\0\0\0\x09\0\0\0\0");
        bytes.chunks(13).for_each(|piece| look.take(piece));
        look.last_word();
    }
}

#[test]
fn waits_grow_and_a_good_run_forgives() {
    let random = SystemRandom::default();
    let mut backoff = Backoff::default();
    let mut longest = Duration::ZERO;
    for _ in 0..40 {
        let wait = backoff.after(Duration::ZERO, &random);
        assert!(wait <= Duration::from_secs(15) && wait >= Duration::from_millis(125));
        longest = longest.max(wait);
    }
    assert!(longest > Duration::from_secs(7));
    assert!(backoff.after(Duration::from_secs(60), &random) <= Duration::from_millis(250));
}

#[test]
fn versions_are_read_as_people_build_them() {
    assert_eq!(major_minor("5.1.9-0+deb12u1"), Some((5, 1)));
    assert_eq!(major_minor("n7.1"), Some((7, 1)));
    assert_eq!(major_minor("8"), Some((8, 0)));
    assert_eq!(major_minor("N-109741-gbbe95f7353"), None);
}

#[test]
fn any_title_is_one_value_of_the_graph() {
    assert_eq!(test_picture::escaped("it's 1:2, [a]; b\\"), r"it\\\'s 1\\:2\, \[a\]\; b\\\\");
    let graph = test_picture::graph("Malam\nJuara: 'Final', 100% [live]", Some(Path::new("/f/a.ttf")), 30);
    assert!(graph.contains("[out0]") && graph.contains("[out1]") && !graph.contains('\n'));
    assert!(test_picture::graph("x", None, 25).contains("testsrc2"));
}

/// Always the same byte.
#[derive(Debug)]
struct Same(u8);

impl Random for Same {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn encoders(ffmpeg: &str, dir: PathBuf, at: Micros) -> Encoders {
    let config = config::Encoder { ffmpeg: ffmpeg.into(), ..config::Encoder::default() };
    Encoders::new(config, dir, Arc::new(ManualClock::at(at)), Arc::new(Same(7)))
}

#[tokio::test]
async fn a_run_sorts_after_what_is_there_even_when_the_clock_went_back() {
    let dir = tempfile::tempdir().unwrap();
    let event = "malam-juara".parse().unwrap();
    let later = RunId::new(Micros(2_000_000_000_000_000), &Same(255));
    std::fs::create_dir_all(dir.path().join("malam-juara").join(later.as_str())).unwrap();
    std::fs::create_dir_all(dir.path().join("malam-juara/lost+found")).unwrap();
    let encoders = encoders("ffmpeg", dir.path().into(), Micros(1_000_000_000_000_000));
    let run = super::folder::next_run(&encoders.shared, &event).await;
    assert!(run > later, "{run} after {later}");
}

#[tokio::test]
async fn a_missing_ffmpeg_is_said_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let event = "malam-juara".parse().unwrap();
    let encoders = encoders("no-such-ffmpeg", dir.path().into(), Micros(0));
    let Err(FeedError::NotStarted(said)) = encoders.open_feed(&event).await else { panic!("it started") };
    assert!(said.contains("no-such-ffmpeg") && said.contains("encoder.ffmpeg"), "{said}");
    let config = config::Encoder { ffmpeg: "no-such-ffmpeg".into(), ..config::Encoder::default() };
    let findings = examine(&config);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].state, FindingState::Failing);
}

#[tokio::test]
async fn a_drained_encoder_opens_no_feed() {
    let dir = tempfile::tempdir().unwrap();
    let encoders = encoders("ffmpeg", dir.path().into(), Micros(0));
    encoders.stop_all().await;
    let opened = encoders.open_feed(&"malam-juara".parse().unwrap()).await;
    assert_eq!(opened.map(|_| ()), Err(FeedError::Draining));
}
