use bytes::Bytes;

use super::client::*;
use crate::ingest::flv::{Break, FlvWriter, Step};
use crate::ingest::session::amf0::Writer;
use crate::ingest::session::{Media, MediaKind};

/// A tag as FFmpeg reads it: type, timestamp, body.
type Tag = (u8, u32, Vec<u8>);

/// Header flags and tags of an FLV file; panics on anything that is not one.
fn read(file: &[Bytes]) -> (u8, Vec<Tag>) {
    let bytes = file.concat();
    assert_eq!(bytes[..4], *b"FLV\x01");
    assert_eq!(bytes[5..13], [0, 0, 0, 9, 0, 0, 0, 0]);
    let mut tags = Vec::new();
    let mut rest = &bytes[13..];
    while !rest.is_empty() {
        let len = usize::from(rest[1]) << 16 | usize::from(rest[2]) << 8 | usize::from(rest[3]);
        let time = u32::from_be_bytes([rest[7], rest[4], rest[5], rest[6]]);
        assert_eq!(rest[8..11], [0, 0, 0]);
        tags.push((rest[0], time, rest[11..11 + len].to_vec()));
        assert_eq!(rest[11 + len..15 + len], u32::try_from(len + 11).unwrap().to_be_bytes());
        rest = &rest[15 + len..];
    }
    (bytes[4], tags)
}

fn metadata(audio: Option<f64>, video: Option<f64>) -> Media {
    let numbers: Vec<(&str, f64)> =
        [("audiocodecid", audio), ("videocodecid", video)].into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
    let payload = Writer::default().text("@setDataFrame").text("onMetaData").object(&[], &numbers).into_bytes();
    Media { kind: MediaKind::Script, timestamp_ms: 0, payload: payload.into() }
}

/// Pushes in order into one writer; all must go on in the same file.
fn write(flv: &mut FlvWriter, media: impl IntoIterator<Item = Media>) -> Vec<Bytes> {
    let mut out = Vec::new();
    for media in media {
        assert_eq!(flv.push(media, &mut out), Step::GoOn);
    }
    out
}

fn times(tags: &[Tag]) -> Vec<(u8, u32)> {
    tags.iter().map(|(kind, time, _)| (*kind, *time)).collect()
}

#[test]
fn a_stream_is_held_until_each_track_has_come() {
    let mut flv = FlvWriter::default();
    let held = [metadata(Some(10.0), Some(7.0)), video(0, AVC_HEADER), audio(0, AAC_HEADER), video(500, AVC_KEY)];
    assert!(write(&mut flv, held).is_empty());
    let file = write(&mut flv, [audio(490, AAC_FRAME), video(533, AVC_FRAME)]);
    let (flags, tags) = read(&file);
    assert_eq!(flags, 5);
    assert_eq!(times(&tags), [(18, 0), (9, 0), (8, 0), (9, 10), (8, 0), (9, 43)]);
    assert!(tags[0].2.starts_with(&[2, 0, 10]), "@setDataFrame is stripped");
    assert_eq!(tags[1].2, AVC_HEADER);
}

#[test]
fn metadata_that_declares_picture_alone_does_not_wait_for_sound() {
    let mut flv = FlvWriter::default();
    let file = write(&mut flv, [metadata(None, Some(7.0)), video(0, AVC_HEADER), video(0, AVC_KEY)]);
    assert_eq!(read(&file).0, 1);
    let mut flv = FlvWriter::default();
    let file = write(&mut flv, [metadata(Some(10.0), None), audio(0, AAC_HEADER), audio(0, AAC_FRAME)]);
    assert_eq!(read(&file).0, 4);
}

#[test]
fn a_track_that_never_comes_is_not_promised() {
    let mut flv = FlvWriter::default();
    write(&mut flv, [metadata(Some(10.0), Some(7.0)), audio(0, AAC_HEADER), video(0, AVC_HEADER)]);
    let mut out = Vec::new();
    for frame in 0..47 {
        flv.push(video(frame * 33, if frame == 0 { AVC_KEY } else { AVC_FRAME }), &mut out);
    }
    let (flags, tags) = read(&out);
    assert_eq!((flags, tags.len()), (1, 49), "metadata, header and 47 frames, no sound header");
    let mut late = Vec::new();
    assert_eq!(flv.push(audio(2_000, AAC_FRAME), &mut late), Step::Begin(Break::NewTrack));
    assert!(late.is_empty(), "the new file begins at a keyframe");
    let (flags, tags) = read(&write(&mut flv, [audio(2_010, AAC_FRAME), video(2_033, AVC_KEY)]));
    assert_eq!((flags, times(&tags)), (5, vec![(18, 0), (9, 0), (8, 0), (9, 0)]));
}

#[test]
fn after_a_restart_headers_come_again_and_the_stream_goes_on_at_a_keyframe() {
    let mut flv = FlvWriter::default();
    write(&mut flv, [video(0, AVC_HEADER), audio(0, AAC_HEADER), video(0, AVC_KEY), audio(0, AAC_FRAME)]);
    flv.restart();
    flv.remember(&metadata(Some(10.0), Some(7.0)));
    assert!(write(&mut flv, [video(33, AVC_FRAME), audio(40, AAC_FRAME)]).is_empty());
    let (flags, tags) =
        read(&write(&mut flv, [video(2_000, AVC_KEY), audio(1_990, AAC_FRAME), audio(2_013, AAC_FRAME)]));
    assert_eq!(flags, 5);
    assert_eq!(times(&tags), [(18, 0), (9, 0), (8, 0), (9, 0), (8, 0), (8, 13)]);
    assert_eq!(tags[2].2, AAC_HEADER);

    let mut sound_alone = FlvWriter::default();
    write(&mut sound_alone, [metadata(Some(10.0), None), audio(0, AAC_HEADER), audio(0, AAC_FRAME)]);
    sound_alone.restart();
    assert_eq!(read(&write(&mut sound_alone, [audio(23, AAC_FRAME)])).0, 4);
}

#[test]
fn times_beyond_24_and_32_bits_go_on() {
    for start in [0x00ff_ffff - 50, u32::MAX - 50, 0x7fff_ffff - 50] {
        let mut flv = FlvWriter::default();
        let at = |ms: u32| start.wrapping_add(ms);
        let file = write(
            &mut flv,
            [video(0, AVC_HEADER), video(at(0), AVC_KEY), audio(at(5), AAC_FRAME), video(at(100), AVC_FRAME)],
        );
        assert_eq!(times(&read(&file).1), [(9, 0), (9, 0), (8, 5), (9, 100)]);
    }
    // Five hours on, the file's own times need their fourth byte.
    let mut flv = FlvWriter::default();
    let mut file = write(&mut flv, [video(7, AVC_KEY), audio(7, AAC_FRAME)]);
    for step in 1..=900 {
        file.extend(write(&mut flv, [video(7 + step * 20_000, AVC_FRAME)]));
    }
    assert_eq!(read(&file).1.last().unwrap().1, 18_000_000);
}

#[test]
fn a_clock_that_was_set_anew_begins_a_new_file() {
    let mut flv = FlvWriter::default();
    write(&mut flv, [video(90_000, AVC_HEADER), video(90_000, AVC_KEY), audio(90_000, AAC_FRAME)]);
    let mut out = Vec::new();
    assert_eq!(flv.push(video(89_000, AVC_FRAME), &mut out), Step::GoOn, "a second back is no jump");
    assert_eq!(flv.push(video(100, AVC_KEY), &mut out), Step::Begin(Break::ClockJumped));
    let mut second = out.split_off(1);
    assert_eq!(flv.push(audio(110, AAC_FRAME), &mut second), Step::GoOn, "both clocks jump, the file begins once");
    assert_eq!(times(&read(&second).1), [(9, 0), (9, 0), (8, 10)]);
}

#[test]
fn script_data_that_is_long_deep_or_something_else_is_dropped() {
    let mut flv = FlvWriter::default();
    let mut file = write(&mut flv, [video(0, AVC_KEY), audio(0, AAC_FRAME)]);
    let script = |payload: Vec<u8>| Media { kind: MediaKind::Script, timestamp_ms: 0, payload: payload.into() };
    let long = Writer::default().text("onMetaData").object(&[("x", "y")], &[]).into_bytes();
    let long = [&long[..long.len() - 3], &[0, 1, b'z', 12, 0, 1, 0, 0], &vec![b'a'; 65_536], &[0, 0, 9]].concat();
    let deep = [Writer::default().text("onMetaData").into_bytes(), [3, 0, 1, b'a'].repeat(50)].concat();
    let other = Writer::default().text("onCuePoint").null().into_bytes();
    file.extend(write(&mut flv, [long, deep, other].map(script)));
    assert_eq!(read(&file).1.len(), 2);
    file.extend(write(&mut flv, [metadata(None, None)]));
    assert_eq!(read(&file).1.len(), 3);
}
