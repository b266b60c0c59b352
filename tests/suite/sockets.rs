//! `GET /ws`, by the real binary and a real client.

use std::time::Duration;

use tokio_tungstenite::tungstenite::protocol::frame::{Frame, coding};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::harness::http;
use crate::harness::night;
use crate::harness::signal;
use crate::harness::socket::Socket;
use crate::harness::until;
use crate::harness::viewers::Viewer;

const JOIN: &str = r#"{"event":"superchat:join","room":"island-fight"}"#;
const PING: &str = r#"{"event":"ping"}"#;

#[tokio::test]
async fn who_joins_is_told_the_picture_and_a_ping_is_answered() {
    let server = night::serve("").await;
    let mut early = Socket::open(&server).await;
    early.say(PING).await;
    assert_eq!(early.hear().await, serde_json::json!({ "event": "pong" }));
    let (mut socket, told) = Socket::join(&server, "island-fight").await;
    assert_eq!(told["data"]["status"], "offline", "{told}");
    socket.say(PING).await;
    assert_eq!(socket.hear().await["event"], "pong");
    // `after` is for what a room will have in order; it may be sent already.
    socket.say(r#"{"event":"superchat:join","room":"island-fight","after":7}"#).await;
    assert_eq!(socket.hear().await["event"], "stream:status");
}

#[tokio::test]
async fn anything_else_closes_with_1008() {
    let server = night::serve("").await;
    let long = format!(r#"{{"event":"superchat:join","room":"{}"}}"#, "a".repeat(2_000));
    let texts = [
        "",
        "hello",
        "[]",
        "null",
        r#"{"event":"superchat:new"}"#,
        r#"{"event":"superchat:join"}"#,
        r#"{"event":"superchat:join","room":"island-fight","more":1}"#,
        r#"{"event":"superchat:join","room":"nobody"}"#,
        r#"{"event":"superchat:join","room":"hidden-night"}"#,
        r#"{"event":"superchat:join","room":7}"#,
        r#"{"event":"ping","room":"island-fight"}"#,
        long.as_str(),
    ];
    for text in texts {
        let mut socket = Socket::open(&server).await;
        socket.say(text).await;
        let (code, why) = socket.closed().await;
        assert_eq!(code, 1008, "{text:.80}: {why}");
        assert!(!why.is_empty());
    }
    let mut socket = Socket::open(&server).await;
    socket.send(Message::binary(JOIN.as_bytes().to_vec())).await;
    assert_eq!(socket.closed().await.0, 1008);
    // The header of a frame that is too long is enough: its content never comes.
    let mut socket = Socket::open(&server).await;
    socket.send_raw(&[0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4, 5]).await;
    let (code, why) = socket.closed().await;
    assert_eq!((code, why.as_str()), (1008, "messages are short"));
    let mut socket = Socket::open(&server).await;
    socket.send_raw(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).await;
    assert_eq!(socket.closed().await, (1008, "messages are short and in UTF-8".to_owned()));
    let mut socket = Socket::open(&server).await;
    socket.send_raw(&[0x83, 0x80, 0, 0, 0, 0]).await;
    assert_eq!(socket.closed().await.0, 1008);
    // Too much in pieces is too much.
    let mut socket = Socket::open(&server).await;
    let piece = |opcode, last| Message::Frame(Frame::message("x".repeat(300), coding::OpCode::Data(opcode), last));
    socket.send(piece(coding::Data::Text, false)).await;
    socket.send(piece(coding::Data::Continue, true)).await;
    assert_eq!(socket.closed().await.0, 1008);
    // A neighbour that keeps to the rules hears nothing of it.
    let (mut neighbour, _) = Socket::join(&server, "island-fight").await;
    neighbour.say(PING).await;
    assert_eq!(neighbour.hear().await["event"], "pong");
}

#[tokio::test]
async fn a_fight_on_air_is_heard_within_a_second_from_another_process_and_only_in_its_room() {
    let server = night::serve("").await;
    let (mut first, _) = Socket::join(&server, "island-fight").await;
    let (mut also, _) = Socket::join(&server, "island-fight").await;
    let (mut other, _) = Socket::join(&server, "second-night").await;
    for (arguments, on_air, status) in [
        (&["event", "on-air", "island-fight", "--fight", "1"][..], serde_json::json!(1), "live"),
        (&["event", "off-air", "island-fight"], serde_json::Value::Null, "ended"),
        (&["event", "on-air", "island-fight", "--fight", "1"], serde_json::json!(1), "live"),
        (&["event", "on-air", "island-fight", "--fight", "2"], serde_json::json!(2), "ended"),
    ] {
        server.cli_ok(arguments);
        for socket in [&mut first, &mut also] {
            let told =
                socket.hear_that("fight:update", Duration::from_secs(1), |told| told["data"]["on_air_fight"] == on_air);
            let told = told.await;
            assert_eq!(told["room"], "island-fight");
            assert_eq!(told["data"]["fights"][0]["status"], status, "{told}");
        }
    }
    // The next thing the other room hears is its own.
    other.say(PING).await;
    assert_eq!(other.hear().await["event"], "pong");
    server.cli_ok(&["event", "on-air", "second-night", "--fight", "1"]);
    assert_eq!(other.hear_kind("fight:update", Duration::from_secs(1)).await["room"], "second-night");
    // Joining another room leaves the first.
    other.say(JOIN).await;
    assert_eq!(other.hear().await["event"], "stream:status");
    server.cli_ok(&["event", "off-air", "second-night"]);
    server.cli_ok(&["event", "off-air", "island-fight"]);
    assert_eq!(other.hear().await["room"], "island-fight");
}

#[tokio::test]
async fn a_drain_says_come_back_and_ends_at_once_whoever_is_connected() {
    let mut server = night::serve("").await;
    let (mut socket, _) = Socket::join(&server, "island-fight").await;
    let mut idle = Socket::open(&server).await;
    // A kept-alive connection, as every browser and proxy has one.
    let kept = std::net::TcpStream::connect(server.url("").trim_start_matches("http://")).expect("a connection");
    let mut asked = kept.try_clone().expect("a clone");
    std::io::Write::write_all(&mut asked, b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").expect("a request");
    let mut some = [0; 64];
    assert!(std::io::Read::read(&mut asked, &mut some).expect("an answer") > 0);

    let begun = std::time::Instant::now();
    signal(server.pid(), "TERM");
    for socket in [&mut socket, &mut idle] {
        assert_eq!(socket.hear().await, serde_json::json!({ "event": "server:reconnect" }));
        assert_eq!(socket.closed().await, (1001, "come back".to_owned()));
    }
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(server.log().iter().any(|line| line.contains("\"stopped\"")), "{}", server.log().join("\n"));
    drop(kept);
    // It comes back, and so do they.
    server.serve().await;
    Socket::join(&server, "island-fight").await;
    assert_eq!(http::get(&server.url("/health")).await.json()["status"], "ok");
}

/// A client that asks and never reads: its answers fill every buffer, and then nobody may wait for it.
#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_a_drain_up() {
    let mut server = night::serve("").await;
    let address = server.url("").trim_start_matches("http://").to_owned();
    let mut deaf = std::net::TcpStream::connect(address).expect("a connection");
    let handshake = "GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    std::io::Write::write_all(&mut deaf, handshake.as_bytes()).expect("a request");
    let mut some = [0; 12];
    std::io::Read::read_exact(&mut deaf, &mut some).expect("an answer");
    assert_eq!(&some, b"HTTP/1.1 101");
    // Pings with 125 bytes each, masked with zeros, until the server has stopped to take them.
    let ping = [&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'x'; 125]].concat().repeat(500);
    deaf.set_write_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    while std::io::Write::write_all(&mut deaf, &ping).is_ok() {}

    let begun = std::time::Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert!(server.log().iter().any(|line| line.contains("\"stopped\"")), "{}", server.log().join("\n"));
}

/// The status with which a handshake is refused.
fn refused(opened: Result<Socket, Error>) -> u16 {
    match opened {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was let in"),
    }
}

#[tokio::test]
async fn an_address_has_so_many_sockets_and_more_for_who_is_signed_in() {
    let more = "[server]\nsockets_per_address = 2\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let server = night::serve(more).await;
    let viewer = Viewer::register(&server, 1).await;
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let one = Socket::try_open_as(&server, "", &from("203.0.113.1")).await.expect("the first");
    let _two = Socket::try_open_as(&server, "", &from("203.0.113.1")).await.expect("the second");
    assert_eq!(refused(Socket::try_open_as(&server, "", &from("203.0.113.1")).await), 429);
    // A cookie that nobody was given is no session.
    let stranger =
        [("x-forwarded-for", "203.0.113.1"), ("cookie", "bh_session=abcdefghijkmnpqrstuvwxyzabcdefghijkmnpqr")];
    assert_eq!(refused(Socket::try_open_as(&server, "", &stranger).await), 429);
    let signed_in = [("x-forwarded-for", "203.0.113.1"), ("cookie", viewer.cookie.as_str())];
    let mut more = Vec::new();
    for _ in 0..4 {
        more.push(Socket::try_open_as(&server, "", &signed_in).await.expect("somebody who is signed in"));
    }
    assert_eq!(refused(Socket::try_open_as(&server, "", &signed_in).await), 429);
    // A neighbour hears nothing of it, and what is closed makes room.
    drop(Socket::try_open_as(&server, "", &from("203.0.113.2")).await.expect("a neighbour"));
    drop((one, more));
    until("there is room again", Duration::from_secs(10), async || {
        Socket::try_open_as(&server, "", &from("203.0.113.1")).await.ok()
    })
    .await;
}

#[tokio::test]
async fn behind_a_proxy_that_is_not_listed_nobody_is_counted() {
    let server = night::serve("[server]\nsockets_per_address = 1\n").await;
    let forwarded = [("x-forwarded-for", "203.0.113.1")];
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(Socket::try_open_as(&server, "", &forwarded).await.expect("a socket"));
    }
    let _bare = Socket::open(&server).await;
    assert_eq!(refused(Socket::try_open(&server).await), 429);
}
