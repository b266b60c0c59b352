//! Clients that mean no good, while someone publishes: each is cut, and the picture does not notice.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use bakuhantam::ingest::session::amf0::Writer;

use super::client::{Client, blocking, command, connect, handshake, message, publish};
use super::house::{House, KEY, until, words};

/// Five seconds to be let in, and some for a busy machine.
const CUT_WITHIN: Duration = Duration::from_secs(9);

/// Sends what `next` gives, a piece every `pause`, until the door closes.
fn send_until_closed(port: u16, pause: Duration, mut next: impl FnMut(usize) -> Vec<u8>) -> Duration {
    use std::io::{Read as _, Write as _};
    let begun = Instant::now();
    let mut client = Client::knock(port);
    client.0.set_read_timeout(Some(pause)).unwrap();
    for n in 0.. {
        let mut buffer = [0; 8_192];
        match client.0.read(&mut buffer) {
            Ok(0) => break,
            Err(why) if !matches!(why.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => break,
            _ => {}
        }
        if client.0.write_all(&next(n)).is_err() {
            break;
        }
        assert!(begun.elapsed() < CUT_WITHIN * 2, "still open");
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_slow_and_senseless_clients_are_cut_and_the_picture_goes_on() {
    let house = House::open();
    let port = house.port();
    let mut publisher = house.live(KEY);
    until("the run grows", || house.recorder.len(0) > 20_000).await;
    let before = house.recorder.len(0);

    let second = Duration::from_secs(1);
    let mut strangers = Vec::new();
    for kind in 0..50_usize {
        strangers.push(tokio::task::spawn_blocking(move || match kind % 5 {
            0 => send_until_closed(port, second, |_| Vec::new()),
            1 => send_until_closed(port, second, |n| vec![if n == 0 { 3 } else { 0 }]),
            2 => send_until_closed(port, Duration::from_millis(50), |n| {
                (0..500).map(|i| u8::try_from((n * 7_919 + i * 104_729) % 251).unwrap()).collect()
            }),
            // A right start, then nothing.
            3 => send_until_closed(
                port,
                second,
                |n| if n == 0 { [handshake(), connect("live")].concat() } else { vec![] },
            ),
            // RTMP garbage behind a right handshake.
            _ => send_until_closed(port, Duration::from_millis(50), |n| {
                if n == 0 { handshake() } else { (0..997).map(|i| u8::try_from((i * n * 31) % 256).unwrap()).collect() }
            }),
        }));
    }
    for stranger in strangers {
        let took = stranger.await.unwrap();
        assert!(took < CUT_WITHIN, "cut after {took:?}");
    }
    assert!(publisher.try_wait().unwrap().is_none());
    assert!(house.recorder.len(0) > before + 50_000, "the picture went on");
    assert_eq!(house.recorder.opened(), 1);
    publisher.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_lie_nest_or_come_out_of_turn_are_cut_at_once() {
    let house = House::open();
    let port = house.port();
    blocking(move || {
        let opening = [handshake(), connect("live")].concat();
        let raw = |name: &str, rest: &[u8]| {
            let amf = [Writer::default().text(name).number(1.0).into_bytes(), rest.to_vec()].concat();
            [message(2, 1, 0, &0x10_0000_u32.to_be_bytes()), message(3, 20, 0, &amf)].concat()
        };
        let nested = [3, 0, 1, b'a'].repeat(3_000);
        let huge = [&[0x0a, 255, 255, 255, 255][..], &[5; 100]].concat();
        for (what, bytes) in [
            ("nested AMF", [handshake(), raw("connect", &nested)].concat()),
            ("an array of 2^32 - 1", [handshake(), raw("connect", &huge)].concat()),
            ("a message of 16 MiB", [&opening[..], &[4, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0]].concat()),
            ("media before publish", [&opening[..], &message(4, 8, 0, &[0xaf, 1, 0])].concat()),
            ("a second connect", [&opening[..], &connect("live")].concat()),
            ("play", [&opening[..], &command(Writer::default().text("play").number(0.0).null().text(KEY))].concat()),
            ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ] {
            let begun = Instant::now();
            let mut client = Client::knock(port);
            client.send(&bytes);
            client.is_closed();
            assert!(begun.elapsed() < Duration::from_secs(3), "{what} was cut after {:?}", begun.elapsed());
        }
        // The twin that does it right.
        Client::publishing(port, KEY);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_idle_connections_do_not_keep_out_the_right_one() {
    let house = House::open();
    let port = house.port();
    let idle: Vec<TcpStream> =
        blocking(move || (0..200).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect()).await;
    let ffmpeg = house.ffmpeg(
        &format!("live/{KEY}"),
        &["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15", "-t", "2", "-c:v", "libx264", "-preset", "ultrafast"],
    );
    let output = words(ffmpeg).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_falls_silent_is_cut_after_fifteen_seconds() {
    let house = House::open();
    let port = house.port();
    let (took, words_of_wrong_turn) = blocking(move || {
        let mut client = Client::publishing(port, KEY);
        let begun = Instant::now();
        client.is_closed();
        let took = begun.elapsed();
        let mut again = Client::publishing(port, KEY);
        again.send(&publish(KEY));
        let begun = Instant::now();
        again.is_closed();
        (took, begun.elapsed())
    })
    .await;
    assert!((14..19).contains(&took.as_secs()), "cut after {took:?}");
    assert!(words_of_wrong_turn < Duration::from_secs(3), "a second publish is cut at once");
}
