use proptest::prelude::*;

use super::client::*;
use crate::ingest::session::amf0::{AmfError, Reader, Value, Writer};
use crate::ingest::session::{Cut, Event, Refusal, Session};

/// Whether `text` stands in what the session sends.
fn says(session: &mut Session, text: &str) -> bool {
    let output = session.take_output();
    output.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_handshake_echoes_the_client() {
    let mut session = Session::new();
    let hello = handshake();
    session.receive(&hello).unwrap();
    let answer = session.take_output();
    assert_eq!(answer.len(), 1 + 1_536 + 1_536);
    assert_eq!(answer[0], 3);
    assert_eq!(answer[1_537..], hello[1..1_537]);
    assert_eq!(cut_of(&mut Session::new(), b"GET / HTTP/1.1\r\n"), Cut::NotRtmp);
}

#[test]
fn a_publisher_is_asked_about_and_let_in() {
    let mut session = Session::new();
    let events = session.receive(&opening("live/", "the-key?user=x")).unwrap();
    let [Event::Publish(name)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(name.expose(), "the-key");
    assert_eq!(format!("{name:?}"), "StreamName(***)");
    assert!(says(&mut session, "NetConnection.Connect.Success"));
    session.accept();
    assert!(says(&mut session, "NetStream.Publish.Start"));
    assert_eq!(session.receive(&message(4, 8, 7, AAC_FRAME)).unwrap(), [Event::Media(audio(7, AAC_FRAME))]);
    let end = command(Writer::default().text("FCUnpublish").number(6.0).null().text("the-key"));
    assert_eq!(session.receive(&end).unwrap(), [Event::Ended]);
}

#[test]
fn a_denied_publisher_gets_the_words_and_nothing_more_is_read() {
    let mut session = Session::new();
    session.receive(&opening("live", "wrong")).unwrap();
    session.deny("wrong stream key");
    let output = session.take_output();
    let text = String::from_utf8_lossy(&output).into_owned();
    assert!(text.contains("NetStream.Publish.Denied") && text.contains("wrong stream key"), "{text}");
    assert_eq!(session.receive(&message(4, 8, 0, AAC_FRAME)).unwrap(), []);
    assert_eq!(session.held_len(), 0);
}

#[test]
fn another_application_is_refused_in_words() {
    for app in ["", "live2", "live/sub", "LIVE", "other"] {
        let mut session = Session::new();
        let events = session.receive(&opening(app, "key")).unwrap();
        assert_eq!(events, [Event::Refused(Refusal::App)], "{app}");
        let output = session.take_output();
        let text = String::from_utf8_lossy(&output).into_owned();
        assert!(text.contains("NetStream.Publish.Denied") && text.contains("must end in /live"), "{text}");
    }
}

#[test]
fn commands_out_of_turn_are_cut() {
    let connected = [handshake(), connect("live")].concat();
    let cases = [
        (connect("live"), Cut::OutOfTurn),
        (command(Writer::default().text("play").number(0.0).null().text("key")), Cut::Play),
        (message(4, 8, 0, AAC_FRAME), Cut::EarlyMedia),
        (message(4, 9, 0, AVC_KEY), Cut::EarlyMedia),
        (message(4, 18, 0, &Writer::default().text("onMetaData").into_bytes()), Cut::EarlyMedia),
        (message(4, 22, 0, &[0; 20]), Cut::Aggregate),
    ];
    for (bytes, why) in cases {
        let mut session = Session::new();
        session.receive(&connected).unwrap();
        assert_eq!(cut_of(&mut session, &bytes), why);
    }
    assert_eq!(cut_of(&mut Session::new(), &[handshake(), publish("key")].concat()), Cut::OutOfTurn);
    assert_eq!(cut_of(&mut publishing(), &publish("key")), Cut::OutOfTurn);
}

#[test]
fn a_codec_that_ffmpeg_cannot_read_is_refused_in_words() {
    let hevc_enhanced = [0x90, b'h', b'v', b'c', b'1', 0];
    let hevc_by_number = [0x1c, 0, 0, 0, 0];
    let opus_enhanced = [0x90, b'O', b'p', b'u', b's'];
    for (kind, payload) in [(9, &hevc_enhanced[..]), (9, &hevc_by_number), (8, &opus_enhanced), (8, &[0x32, 0, 1])] {
        let mut session = publishing();
        let events = session.receive(&message(4, kind, 0, payload)).unwrap();
        assert_eq!(events, [Event::Refused(Refusal::Codec)]);
        assert!(says(&mut session, "choose H.264 and AAC in OBS"));
    }
    let mp3 = message(4, 8, 0, &[0x2f, 0xff, 0xfb]);
    assert!(matches!(publishing().receive(&mp3).unwrap().as_slice(), [Event::Media(_)]));
}

#[test]
fn limits_of_chunks_and_messages_hold() {
    for size in [0_u32, 0x0100_0000, 0x8000_0000] {
        assert_eq!(cut_of(&mut publishing(), &message(2, 1, 0, &size.to_be_bytes())), Cut::ChunkSize);
    }
    for size in [1_u32, 0x00ff_ffff] {
        assert!(publishing().receive(&message(2, 1, 0, &size.to_be_bytes())).is_ok());
    }
    assert_eq!(cut_of(&mut publishing(), &message(2, 1, 0, &[0; 3])), Cut::Control);

    // The length in the header decides, before a byte of content has come.
    let claims = |len: u32| {
        let [_, a, b, c] = len.to_be_bytes();
        [4, 0, 0, 0, a, b, c, 8, 1, 0, 0, 0]
    };
    let mut early = Session::new();
    early.receive(&[handshake(), connect("live")].concat()).unwrap();
    assert_eq!(cut_of(&mut early, &claims(16 * 1024 + 1)), Cut::MessageTooLong);
    assert_eq!(cut_of(&mut publishing(), &claims(4 * 1024 * 1024 + 1)), Cut::MessageTooLong);
    let mut session = publishing();
    session.receive(&claims(4 * 1024 * 1024)).unwrap();
    assert!(session.held_len() < 1_024, "a claim takes no memory");

    let streams = |count: u8| (5..5 + count).flat_map(|id| message(id, 8, 0, AAC_FRAME)).collect::<Vec<_>>();
    assert!(publishing().receive(&streams(15)).is_ok(), "with the one of commands: 16");
    assert_eq!(cut_of(&mut publishing(), &streams(16)), Cut::TooManyChunkStreams);
    assert_eq!(cut_of(&mut publishing(), &[0xc9]), Cut::UnknownChunkStream);
}

#[test]
fn unfinished_messages_are_bounded_together() {
    let mut session = publishing();
    session.receive(&message(2, 1, 0, &0x0040_0000_u32.to_be_bytes())).unwrap();
    let almost = vec![0xaf_u8; 4 * 1024 * 1024 - 1];
    let begin = |id: u8| [vec![id, 0, 0, 0, 0x40, 0, 0, 8, 1, 0, 0, 0], almost.clone()].concat();
    // A chunk of 4 MiB that lacks a byte is open: the next one cannot begin, so cut the chunks in halves.
    session.receive(&message(2, 1, 0, &0x0020_0000_u32.to_be_bytes())).unwrap();
    let half = |id: u8| begin(id)[..12 + 0x0020_0000].to_vec();
    for id in 5..9 {
        session.receive(&half(id)).unwrap();
    }
    session.take_output();
    assert_eq!(session.held_len(), 8 * 1024 * 1024);
    assert_eq!(cut_of(&mut session, &half(9)), Cut::TooMuchPartial);
}

#[test]
fn an_aborted_message_is_forgotten() {
    let mut session = publishing();
    let begun = &message(5, 8, 0, &[0xaf; 300])[..140];
    session.receive(begun).unwrap();
    assert!(session.held_len() >= 128);
    session.receive(&message(2, 2, 0, &5_u32.to_be_bytes())).unwrap();
    assert_eq!(session.held_len(), 0);
    assert_eq!(session.receive(&message(5, 8, 9, AAC_FRAME)).unwrap(), [Event::Media(audio(9, AAC_FRAME))]);
    let twice = [begun, begun].concat();
    assert_eq!(cut_of(&mut publishing(), &twice), Cut::Interrupted);
}

#[test]
fn messages_of_two_chunk_streams_may_interleave() {
    let a = message(4, 8, 10, &[0xaf; 200]);
    let b = message(6, 9, 20, &[0x27; 200]);
    let woven = [&a[..140], &b[..140], &a[140..], &b[140..]].concat();
    assert_eq!(media_of(&woven), [(10, 200), (20, 200)]);
}

#[test]
fn a_message_without_header_repeats_the_last_delta() {
    let first = message(4, 8, 1_000, AAC_FRAME);
    let with_delta = [&[0x44, 0, 0, 23, 0, 0, 4, 8][..], AAC_FRAME].concat();
    let delta_alone = [&[0x84, 0, 0, 21][..], AAC_FRAME].concat();
    let bare = [&[0xc4][..], AAC_FRAME].concat();
    let times = |parts: &[&[u8]]| media_of(&parts.concat()).iter().map(|media| media.0).collect::<Vec<_>>();
    assert_eq!(times(&[&first, &with_delta, &bare, &delta_alone, &bare]), [1_000, 1_023, 1_046, 1_067, 1_088]);
    assert_eq!(times(&[&first, &bare]), [1_000, 2_000], "after a type 0 the timestamp is the delta");
    let late = message(4, 8, u32::MAX - 10, AAC_FRAME);
    assert_eq!(times(&[&late, &with_delta]), [u32::MAX - 10, 12], "32 bits wrap");
}

#[test]
fn extended_timestamps_are_read_with_and_without_their_repetition() {
    let time = 0x0123_4567_u32;
    let long = [&[0xaf, 1][..], &[7; 298]].concat();
    let repeated = message(4, 8, time, &long);
    assert_eq!(media_of(&repeated), [(time, 300)]);
    // librtmp: header with the extended timestamp, continuations without.
    let mut bare = repeated[..16 + 128].to_vec();
    for part in long[128..].chunks(128) {
        bare.push(0xc4);
        bare.extend(part);
    }
    assert_eq!(media_of(&[bare.clone(), bare].concat()), [(time, 300), (time, 300)]);
    assert_eq!(media_of(&message(4, 8, 0x00ff_ffff, AAC_FRAME)), [(0x00ff_ffff, 4)]);
}

#[test]
fn what_is_received_is_acknowledged_each_mebibyte_and_pings_are_answered() {
    let mut session = publishing();
    let frame = message(4, 8, 0, &[0xaf; 120]);
    while session.received() < 1024 * 1024 {
        session.receive(&frame).unwrap();
    }
    let total = u32::try_from(session.received()).unwrap().to_be_bytes();
    let output = session.take_output();
    assert_eq!(output[..], [&[2, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0][..], &total].concat());
    session.receive(&message(2, 4, 0, &[0, 6, 1, 2, 3, 4])).unwrap();
    assert!(session.take_output().ends_with(&[0, 7, 1, 2, 3, 4]));
}

#[test]
fn amf0_lies_and_nesting_are_refused() {
    let nested = |levels: usize| {
        let mut bytes = Vec::new();
        for _ in 0..levels {
            bytes.extend([3, 0, 1, b'a']);
        }
        bytes.push(5);
        bytes.extend([0, 0, 9].repeat(levels));
        bytes
    };
    assert_eq!(Reader::new(&nested(8)).value(), Ok(Value::Other));
    assert_eq!(Reader::new(&nested(9)).value(), Err(AmfError::TooDeep));
    assert_eq!(Reader::new(&nested(100_000)).value(), Err(AmfError::TooDeep));
    let arrays = [10, 0, 0, 0, 1].repeat(100);
    assert_eq!(Reader::new(&arrays).value(), Err(AmfError::TooDeep));
    assert_eq!(Reader::new(&[10, 255, 255, 255, 255, 5, 5]).value(), Err(AmfError::Truncated));
    assert_eq!(Reader::new(&[12, 255, 255, 255, 255, 5, 5]).value(), Err(AmfError::Truncated));
    assert_eq!(Reader::new(&[10, 0, 0, 0, 2, 5, 5]).value(), Ok(Value::Other));
    // The count of an ECMA array is a hint.
    assert_eq!(Reader::new(&[8, 255, 255, 255, 255, 0, 1, b'a', 5, 0, 0, 9]).value(), Ok(Value::Other));

    let deep = [Writer::default().text("connect").number(1.0).into_bytes(), nested(9)].concat();
    let bytes = [handshake(), message(3, 20, 0, &deep)].concat();
    assert_eq!(cut_of(&mut Session::new(), &bytes), Cut::Command(AmfError::TooDeep));
}

proptest! {
    #[test]
    fn how_the_bytes_are_cut_makes_no_difference(cuts in prop::collection::vec(1_usize..400, 1..40)) {
        let media = [
            message(4, 9, 5, AVC_HEADER),
            message(2, 1, 0, &700_u32.to_be_bytes()),
            message(6, 8, 0x0100_0000, AAC_FRAME),
            [&[0xc6][..], AAC_FRAME].concat(),
        ]
        .concat();
        let whole = publishing().receive(&media).unwrap();
        prop_assert_eq!(whole.len(), 3);

        let mut session = Session::new();
        let mut events = Vec::new();
        let bytes = [opening("live", "key"), media].concat();
        let (mut rest, mut cuts) = (bytes.as_slice(), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let len = cuts.next().unwrap().min(rest.len());
            let mut new = session.receive(&rest[..len]).unwrap();
            rest = &rest[len..];
            while !new.is_empty() {
                let asked = new.iter().any(|event| matches!(event, Event::Publish(_)));
                events.extend(new.drain(..).filter(|event| matches!(event, Event::Media(_))));
                if asked {
                    session.accept();
                    new = session.receive(&[]).unwrap();
                }
            }
        }
        prop_assert_eq!(events, whole);
    }
}
