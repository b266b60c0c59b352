//! Writes seeds for `rtmp_session`: what FFmpeg really sends as a publisher, and short openings by hand.
//!
//! `cargo run --bin rtmp_seeds` in `fuzz/`; needs FFmpeg.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use bakuhantam_fuzz::session::amf0::Writer;
use bakuhantam_fuzz::session::{Event, Session};

/// C0, C1 and C2, which the target puts there itself.
const HANDSHAKE_LEN: usize = 3_073;
/// Longer seeds only slow the fuzzer down.
const SEED_LEN_MAX: usize = 24 * 1024;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/rtmp_session");
    fs::create_dir_all(&folder).expect("the corpus folder can be made");
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=64x36:rate=5"];
    let sound = ["-f", "lavfi", "-i", "anullsrc=r=44100"];
    let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "5"];
    let publishers: [(&str, Vec<&str>); 5] = [
        ("both", [&picture[..], &sound, &["-t", "2"], &h264, &["-c:a", "aac", "-b:a", "16k"]].concat()),
        ("picture", [&picture[..], &["-t", "2"], &h264].concat()),
        ("sound", [&sound[..], &["-t", "2", "-c:a", "aac", "-b:a", "16k"]].concat()),
        ("late", [&picture[..], &["-t", "2", "-output_ts_offset", "16777"], &h264].concat()),
        ("old", [&picture[..], &["-t", "1", "-c:v", "flv1"]].concat()),
    ];
    let mut seeds: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, options) in publishers {
        seeds.push((format!("ffmpeg-{name}"), record(&options)));
    }
    seeds.extend(by_hand());
    for (name, bytes) in seeds {
        for how in [0_u8, 5, 0x3f, 0x44, 0x90] {
            let mut seed = vec![how];
            seed.extend(bytes.iter().take(SEED_LEN_MAX));
            fs::write(folder.join(format!("{name}-{how:02x}")), seed).expect("the seed can be written");
        }
    }
    println!("seeds are in {}", folder.display());
}

/// What FFmpeg sends behind its handshake.
fn record(options: &[&str]) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("rtmp://{}/live/key", listener.local_addr().expect("an address"));
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error"])
        .args(options)
        .args(["-f", "flv", &url])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("FFmpeg is installed");
    let (mut socket, _) = listener.accept().expect("FFmpeg connects");
    let (mut session, mut recorded, mut buffer) = (Session::new(), Vec::new(), [0; 4_096]);
    while let Ok(len @ 1..) = socket.read(&mut buffer) {
        recorded.extend(&buffer[..len]);
        let events = session.receive(&buffer[..len]).expect("FFmpeg keeps to the protocol");
        if events.iter().any(|event| matches!(event, Event::Publish(_))) {
            session.accept();
        }
        let refused = events.iter().any(|event| matches!(event, Event::Refused(_)));
        if socket.write_all(&session.take_output()).is_err() || refused {
            break;
        }
    }
    drop(socket);
    ffmpeg.wait().expect("FFmpeg ends");
    recorded.split_off(HANDSHAKE_LEN.min(recorded.len()))
}

/// Openings with every kind of message, and the odd ones.
fn by_hand() -> Vec<(String, Vec<u8>)> {
    let message = |chunk_stream: u8, kind: u8, payload: &[u8]| {
        let [_, a, b, c] = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
        [&[chunk_stream, 0, 0, 1, a, b, c, kind, 1, 0, 0, 0][..], payload].concat()
    };
    let command = |writer: Writer| message(3, 20, &writer.into_bytes());
    let connect = |app: &str| command(Writer::default().text("connect").number(1.0).object(&[("app", app)], &[]));
    let publish = command(Writer::default().text("publish").number(5.0).null().text("key").text("live"));
    let create = command(Writer::default().text("createStream").number(4.0).null());
    let opening = [connect("live"), create.clone(), publish.clone()].concat();
    let nested = [&[2, 0, 7][..], b"connect", &[0; 9], &[3, 0, 1, b'a'].repeat(20)].concat();
    let extended = [0x04, 0xff, 0xff, 0xff, 0, 0, 160, 8, 1, 0, 0, 0, 1, 2, 3, 4].to_vec();
    let continued = [&extended[..], &[0xaf; 128], &[0xc4, 1, 2, 3, 4], &[7; 32]].concat();
    let metadata = Writer::default()
        .text("@setDataFrame")
        .text("onMetaData")
        .object(&[("encoder", "x")], &[("videocodecid", 7.0), ("audiocodecid", 10.0)])
        .into_bytes();
    let media = [
        message(4, 18, &metadata),
        message(6, 9, &[0x17, 0, 0, 0, 0, 1]),
        message(4, 8, &[0xaf, 0, 0x12, 0x10]),
        message(6, 9, &[0x17, 1, 0, 0, 0, 5]),
        message(4, 8, &[0xaf, 1, 5]),
        vec![0xc4, 0xaf, 1, 5],
        message(2, 1, &[0, 0, 16, 0]),
        message(2, 2, &[0, 0, 0, 4]),
        message(2, 4, &[0, 6, 1, 2, 3, 4]),
        message(2, 5, &[0, 0x26, 0x25, 0xa0]),
        message(6, 9, &[0x90, b'h', b'v', b'c', b'1']),
    ]
    .concat();
    let end = command(Writer::default().text("FCUnpublish").number(6.0).null().text("key"));
    let amf3 = message(3, 17, &[&[0][..], &Writer::default().text("connect").number(1.0).null().into_bytes()].concat());
    [
        ("whole", [&opening[..], &media, &end].concat()),
        ("extended", [&opening[..], &continued].concat()),
        ("wrong-app", [connect("other"), create, publish].concat()),
        ("nested", message(3, 20, &nested)),
        ("play", [connect("live"), command(Writer::default().text("play").number(0.0).null().text("k"))].concat()),
        ("amf3", amf3),
        ("wide-ids", vec![0x00, 200, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0x01, 1, 2, 0, 0, 0, 0, 0, 1, 9, 1, 0, 0, 0, 5]),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}
