//! What goes wrong on an evening, one thing at a time, and what a player sees of it.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::harness::ffmpeg::{Ffmpeg, Picture, SMALL};
use crate::harness::night::{self, KEY, SECRET, SMALL_LADDER, door, event_that};
use crate::harness::playlist::{Playlist, playlist_that, steps_back, stored_twice};
use crate::harness::processes::descendants;
use crate::harness::s3::S3Server;
use crate::harness::s3_proxy::S3Proxy;
use crate::harness::server::TestServer;
use crate::harness::socket::Socket;
use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::{http, signal, until};
use crate::postgres::TestDatabase;

const EVENT: &str = "island-fight";
const LIVE_WITHIN: Duration = Duration::from_secs(45);
const SOON: Duration = Duration::from_secs(30);

fn publish(port: u16, key: &str) -> Ffmpeg {
    Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/live/{key}"), &SMALL)
}

async fn live(server: &TestServer) {
    event_that(server, EVENT, "the picture is live", LIVE_WITHIN, |event| event["stream"] == "live").await;
}

async fn list_that(server: &TestServer, kind: &str, what: &str, wanted: impl Fn(&Playlist) -> bool) -> Playlist {
    playlist_that(server, (EVENT, "180p", kind), what, SOON, wanted).await
}

/// The live playlist once it has `more` segments than now.
async fn goes_on(server: &TestServer, more: u64) -> Playlist {
    let end = list_that(server, "live", "a playlist", |_| true).await.end();
    list_that(server, "live", "it goes on", |list| list.end() >= end + more).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_goes_on_after_sigkill_of_the_server_and_nothing_is_stored_twice() {
    let store = S3Server::start().await;
    let proxy = S3Proxy::to(store.address());
    let (door, port) = door();
    let mut server = night::serve(&format!("{door}{SMALL_LADDER}{}", store.toml(proxy.address()))).await;
    let publisher = publish(port, KEY);
    live(&server).await;
    let mut before = goes_on(&server, 3).await;
    for _ in 0..2 {
        server.sigkill();
        let killed_at = proxy.requests().len();
        server.serve().await;
        // The publisher comes back as OBS does.
        let _again = publish(port, KEY);
        let end = before.end();
        let after = list_that(&server, "live", "it goes on", |after| after.end() >= end + 3).await;
        assert!(after.sequence >= before.sequence && after.discontinuities >= before.discontinuities, "{after:?}");
        after.fetch_all().await;
        assert!(proxy.requests().len() > killed_at);
        before = after;
    }
    drop(publisher);
    let dvr = list_that(&server, "dvr", "three runs", |dvr| dvr.runs().len() == 3).await;
    dvr.fetch_all().await;
    drop(server);
    let requests = proxy.requests();
    assert_eq!(proxy.broken_promises(), Vec::<String>::new());
    assert_eq!(stored_twice(&requests), Vec::<String>::new());
    let back: Vec<_> = steps_back(&requests).into_iter().filter(|step| !step.contains("twice within")).collect();
    assert_eq!(back, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_goes_on_in_a_new_run_when_ffmpeg_is_killed_and_the_publisher_stays() {
    let (door, port) = door();
    // Three segments without a listed one would be "interrupted": the new FFmpeg waits for the publisher's next keyframe.
    let ladder = SMALL_LADDER.replace("segment_seconds = 1", "segment_seconds = 2");
    let mut server = night::serve(&format!("{door}{ladder}")).await;
    server.allow("the encoder ended by itself").allow("a new one goes on at a keyframe");
    // Killed between the rungs' last segments, one of them lacks it.
    server.allow("missed its deadline");
    let mut publisher = publish(port, KEY);
    live(&server).await;
    let (mut socket, told) = Socket::join(&server, EVENT).await;
    assert_eq!(told["data"]["status"], "live");
    let before = goes_on(&server, 2).await;
    let encoders = descendants(server.pid(), "ffmpeg");
    assert_eq!(encoders.len(), 1);
    signal(encoders[0], "KILL");
    let dvr =
        list_that(&server, "dvr", "a second run", |dvr| dvr.runs().len() == 2 && dvr.end() > before.end() + 2).await;
    let breaks: Vec<_> = dvr.segments.iter().filter(|segment| segment.discontinuity).collect();
    assert_eq!(breaks.len(), 1, "{dvr:?}");
    assert_eq!(breaks[0].run(), dvr.runs()[1]);
    assert!(dvr.gaps() <= 1, "{dvr:?}");
    dvr.fetch_all().await;
    assert!(publisher.is_running(), "the publisher need not come back");
    // Viewers were told nothing: the address is the same, and the picture was back in time.
    socket.say(r#"{"event":"ping"}"#).await;
    assert_eq!(socket.hear().await["event"], "pong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_of_the_right_one_goes_on_whatever_strangers_do() {
    let (door, port) = door();
    let mut server = night::serve(&format!("{door}{SMALL_LADDER}")).await;
    server.allow("publisher refused");
    let mut publisher = publish(port, KEY);
    live(&server).await;
    goes_on(&server, 2).await;

    let short = Picture { seconds: Some(6), ..SMALL };
    let mut second = Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/live/{KEY}"), &short);
    let mut wrong = Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/live/wrong"), &short);
    let mut other = Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/other/{KEY}"), &short);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let connect = || TcpStream::connect(address).expect("a connection");
    let idle: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 5_000], &[3; 3_000], &[0xff; 3_000]] {
        let mut stranger = connect();
        // It may be cut while it writes.
        drop(stranger.write_all(garbage));
    }
    for (name, publisher) in
        [("a second", &mut second), ("a wrong key", &mut wrong), ("a wrong application", &mut other)]
    {
        assert!(!publisher.wait(SOON), "{name} was let in");
    }
    let list = goes_on(&server, 4).await;
    drop(idle);
    let dvr = list_that(&server, "dvr", "all of it", |dvr| dvr.end() >= list.end()).await;
    assert_eq!((dvr.gaps(), dvr.runs().len()), (0, 1), "{dvr:?}");
    assert!(publisher.is_running());
    assert_eq!(http::get(&server.url("/api/v1/events/second-night")).await.json()["stream"], "offline");

    // Killed, and back: a new run.
    publisher.sigkill();
    drop(publisher);
    let _back = publish(port, KEY);
    let dvr =
        list_that(&server, "dvr", "a second run", |dvr| dvr.runs().len() == 2 && dvr.end() > list.end() + 2).await;
    assert_eq!(dvr.segments.iter().filter(|segment| segment.discontinuity).count(), 1, "{dvr:?}");
    dvr.fetch_all().await;
}

fn expect_database_alarms(server: &mut TestServer) {
    for words in ["the database is away", "event facts cannot be read", "the outbox cannot be read"] {
        server.allow(words);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_goes_on_and_starts_with_postgres_away() {
    let db = TestDatabase::postgres();
    let url: url::Url = db.url().parse().expect("an address");
    let address = SocketAddr::from(([127, 0, 0, 1], url.port().expect("a port")));
    let proxy = TcpProxy::to(address);
    let (door, port) = door();
    let by_proxy = db.overrides().replace(&address.to_string(), &proxy.address().to_string());
    let mut server = night::serve(&format!("{by_proxy}{door}{SMALL_LADDER}")).await;
    expect_database_alarms(&mut server);
    let publisher = publish(port, KEY);
    live(&server).await;
    goes_on(&server, 1).await;

    proxy.refuse(true);
    proxy.cut();
    until("health says degraded", SOON, async || {
        (http::get(&server.url("/health")).await.json()["checks"]["database"]["status"] == "failing").then_some(())
    })
    .await;
    let list = goes_on(&server, 3).await;
    assert_eq!(list.gaps(), 0);
    list.fetch_all().await;
    let dvr = list_that(&server, "dvr", "all of it", |dvr| dvr.end() >= list.end()).await;
    assert_eq!(dvr.runs().len(), 1, "{dvr:?}");

    // Restarted with the database still away: door and publisher start from the mirror and the journal.
    server.allow("publisher refused");
    server.stop();
    drop(publisher);
    server.serve().await;
    let _again = publish(port, KEY);
    live(&server).await;
    let on = list_that(&server, "live", "it goes on", |on| on.end() >= list.end() + 2).await;
    assert!(on.sequence >= list.sequence);
    proxy.refuse(false);
    // What happened meanwhile is written down when it is back.
    server.cli_ok(&["event", "end", EVENT]);
    event_that(&server, EVENT, "the end", SOON, |event| event["stream"] == "ended").await;
    list_that(&server, "live", "ENDLIST", |list| list.ended).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_goes_on_and_starts_with_sqlite_locked_by_another() {
    let (door, port) = door();
    let mut server = night::serve(&format!("{SECRET}{door}{SMALL_LADDER}")).await;
    expect_database_alarms(&mut server);
    let publisher = publish(port, KEY);
    live(&server).await;
    goes_on(&server, 1).await;

    // Another process writes and does not end.
    let file = server.data().join("bakuhantam.db");
    let connect = || SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("the database");
    let mut writer = connect();
    writer.batch_execute("BEGIN IMMEDIATE; CREATE TABLE held (id INTEGER)").expect("the lock");
    let list = goes_on(&server, 3).await;
    assert_eq!((list.gaps(), list.runs().len()), (0, 1), "{list:?}");
    drop(writer);

    server.allow("publisher refused");
    server.stop();
    drop(publisher);

    // Locked before it starts, so that nothing can be read either.
    let mut other = connect();
    other
        .batch_execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE held (id INTEGER)")
        .expect("the lock");
    server.serve().await;
    let end = list_that(&server, "live", "a playlist", |_| true).await.end();
    let _again = publish(port, KEY);
    list_that(&server, "live", "it goes on", |list| list.end() >= end + 3).await.fetch_all().await;
    assert_eq!(http::get(&server.url("/health")).await.json()["status"], "degraded");
    assert_eq!(http::get(&server.url("/watch/island-fight")).await.status, 200);
    drop(other);
    until("health is ok again", SOON, async || {
        (http::get(&server.url("/health")).await.json()["status"] == "ok").then_some(())
    })
    .await;
    server.cli_ok(&["event", "on-air", EVENT, "--fight", "1"]);
    event_that(&server, EVENT, "fight 1 on air", SOON, |event| event["on_air_fight"] == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_is_back_after_the_store_was_away_and_no_list_names_what_is_not_there() {
    let store = S3Server::start().await;
    let proxy = S3Proxy::to(store.address());
    let line = TcpProxy::to(proxy.address());
    let (door, port) = door();
    let mut server = night::serve(&format!("{door}{SMALL_LADDER}{}", store.toml(line.address()))).await;
    server.allow("the object store fails").allow("missed its deadline").allow("a segment is lost");
    let _publisher = publish(port, KEY);
    live(&server).await;
    let before = goes_on(&server, 2).await;

    line.refuse(true);
    line.cut();
    until("health tells that the store is away", SOON, async || {
        let health = http::get(&server.url("/health")).await.json();
        (health["checks"]["objects"]["status"] == "failing" && health["status"] == "degraded").then_some(())
    })
    .await;
    event_that(&server, EVENT, "interrupted", SOON, |event| event["stream"] == "interrupted").await;
    let away = std::time::Instant::now();
    until("it was away for ten seconds", SOON, async || (away.elapsed() > Duration::from_secs(7)).then_some(())).await;
    line.refuse(false);

    live(&server).await;
    let after = list_that(&server, "live", "it goes on", |after| after.end() >= before.end() + 8).await;
    after.fetch_all().await;
    let dvr = list_that(&server, "dvr", "all of it", |dvr| dvr.end() >= after.end()).await;
    dvr.fetch_all().await;
    assert_eq!(dvr.runs().len(), 1, "the encoder never stopped: {dvr:?}");
    drop(server);
    assert_eq!(proxy.broken_promises(), Vec::<String>::new());
    assert_eq!(stored_twice(&proxy.requests()), Vec::<String>::new());
}
