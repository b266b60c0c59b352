//! A real publisher's bytes, recorded from a socket and broken in thousands of ways: no panic, bounded memory.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::ingest::flv::FlvWriter;
use crate::ingest::session::{Event, Session};

/// What a session may hold: 8 MiB of unfinished messages, and what waits around them.
const HELD_LEN_MAX: usize = 8 * 1024 * 1024 + 512 * 1024;
const MUTATIONS: u64 = 5_000;

/// Serves a publisher on `socket` until it leaves; gives the bytes it sent, where each read ended, and the media.
fn serve(mut socket: TcpStream) -> (Vec<u8>, usize) {
    let (mut session, mut recorded, mut media) = (Session::new(), Vec::new(), 0);
    let mut buffer = [0; 4_096];
    loop {
        let len = socket.read(&mut buffer).unwrap_or(0);
        if len == 0 {
            return (recorded, media);
        }
        recorded.extend(&buffer[..len]);
        for event in session.receive(&buffer[..len]).expect("FFmpeg keeps to the protocol") {
            match event {
                Event::Publish(_) => session.accept(),
                Event::Media(_) => media += 1,
                Event::Ended | Event::Refused(_) => {}
            }
        }
        socket.write_all(&session.take_output()).unwrap();
    }
}

/// The bytes of FFmpeg publishing three seconds of picture and sound.
fn record() -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtmp://{}/live/key", listener.local_addr().unwrap());
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15", "-f", "lavfi", "-i", "sine"])
        .args(["-t", "3", "-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-c:a", "aac", "-f", "flv", &url])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let (recorded, media) = serve(listener.accept().unwrap().0);
    assert!(ffmpeg.wait().unwrap().success());
    assert!(media > 100, "{media}");
    recorded
}

/// A small, repeatable source of numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap()
    }
}

/// Breaks a stream in one to eight places: bits, bytes, bursts, cuts, repetitions, big numbers.
fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.roll(8) {
        // Mostly where commands and headers are; the handshake is of little interest.
        let span = if dice.roll(3) == 0 { bytes.len() } else { 6_000.min(bytes.len()) };
        let at = if dice.roll(20) == 0 { dice.roll(span) } else { 3_073 + dice.roll(span.saturating_sub(3_073)) };
        let at = at.min(bytes.len() - 1);
        let end = (at + 1 + dice.roll(64)).min(bytes.len());
        match dice.roll(7) {
            0 => bytes[at] ^= 1 << dice.roll(8),
            1 => bytes[at] = dice.byte(),
            2 => bytes[at..end].iter_mut().for_each(|b| *b = dice.byte()),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => bytes[at..end].fill(0xff),
            _ => bytes.truncate(at + 1),
        }
    }
}

#[test]
fn thousands_of_mutated_streams_neither_panic_nor_take_memory() {
    let recorded = record();
    let (mut cut, mut relayed) = (0, 0);
    for seed in 0..MUTATIONS {
        let mut dice = Dice(seed);
        let mut bytes = recorded.clone();
        mutate(&mut bytes, &mut dice);
        let (mut session, mut flv, mut out) = (Session::new(), FlvWriter::default(), Vec::new());
        let mut rest = bytes.as_slice();
        'stream: while !rest.is_empty() {
            let (part, after) = rest.split_at((1 + dice.roll(4_096)).min(rest.len()));
            rest = after;
            let mut events = session.receive(part);
            loop {
                let Ok(new) = events else {
                    cut += 1;
                    break 'stream;
                };
                let mut asked = false;
                for event in new {
                    match event {
                        Event::Publish(_) => {
                            session.accept();
                            asked = true;
                        }
                        Event::Media(media) => {
                            relayed += 1;
                            flv.push(media, &mut out);
                            out.clear();
                        }
                        Event::Ended | Event::Refused(_) => {}
                    }
                }
                if !asked {
                    break;
                }
                events = session.receive(&[]);
            }
            session.take_output();
            assert!(session.held_len() <= HELD_LEN_MAX, "seed {seed} holds {} bytes", session.held_len());
        }
    }
    assert!(cut > 1_000, "mutations bite: {cut}");
    assert!(relayed > 100_000, "mutated streams get far: {relayed}");
}
