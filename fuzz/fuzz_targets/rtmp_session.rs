//! Whatever a stranger sends, in whatever pieces: the session does not panic and holds no more than it may, and
//! neither does the FLV writer behind it.
//!
//! The first byte of an input says how long the pieces are and whether the publisher is let in, the rest is what the
//! stranger sends behind the handshake, which is of no interest: it is put before it.

#![no_main]

use bakuhantam_fuzz::flv::FlvWriter;
use bakuhantam_fuzz::session::{Event, Session};
use libfuzzer_sys::fuzz_target;

/// 8 MiB of unfinished messages, and what waits around them.
const HELD_LEN_MAX: usize = 8 * 1024 * 1024 + 512 * 1024;

fuzz_target!(|data: &[u8]| {
    let Some((&how, stream)) = data.split_first() else { return };
    let piece_len = usize::from(how & 0x3f) * 37 + 1;
    let (mut session, mut flv, mut out) = (Session::new(), FlvWriter::default(), Vec::new());
    let greeted = session.receive(&[&[3][..], &[0; 3_072]].concat());
    assert_eq!(greeted, Ok(Vec::new()));
    for (n, piece) in stream.chunks(piece_len).enumerate() {
        let mut received = session.receive(piece);
        loop {
            // Cut: nothing more is read.
            let Ok(events) = received else { return };
            let mut asked = false;
            for event in events {
                match event {
                    Event::Publish(_) if how & 0x80 != 0 => session.deny("no"),
                    Event::Publish(_) => {
                        session.accept();
                        asked = true;
                    }
                    Event::Media(media) => {
                        flv.push(media, &mut out);
                        out.clear();
                    }
                    Event::Ended | Event::Refused(_) => {}
                }
            }
            if how & 0x40 != 0 && n % 16 == 15 {
                flv.restart();
            }
            assert!(session.held_len() <= HELD_LEN_MAX);
            if !asked {
                break;
            }
            received = session.receive(&[]);
        }
        session.take_output();
    }
});
