//! What takes a minute and more; `make test-long` runs it (the cargo feature `long`).

use std::time::{Duration, Instant};

use crate::harness::ffmpeg::{Ffmpeg, SMALL};
use crate::harness::http;
use crate::harness::night::{self, KEY, SMALL_LADDER, door, event_that};
use crate::harness::playlist::{Playlist, playlist_that, steps_back, stored_twice};
use crate::harness::processes::descendants;
use crate::harness::s3::S3Server;
use crate::harness::s3_proxy::{HttpFault, S3Proxy};
use crate::harness::server::TestServer;
use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::{signal, until};

const EVENT: &str = "island-fight";
const PATIENCE: Duration = Duration::from_secs(60);

/// An evening on S3, with a hand on everything that can break.
struct Evening {
    server: TestServer,
    proxy: S3Proxy,
    line: TcpProxy,
    door: u16,
    publisher: Ffmpeg,
}

impl Evening {
    async fn begin(store: &S3Server) -> Self {
        let proxy = S3Proxy::to(store.address());
        let line = TcpProxy::to(proxy.address());
        let (door, port) = door();
        let mut server = night::serve(&format!("{door}{SMALL_LADDER}{}", store.toml(line.address()))).await;
        for words in [
            "the object store fails",
            "the object store refuses",
            "the object store cannot be read",
            "missed its deadline",
            "a segment is lost",
            "the encoder ended by itself",
            "a new one goes on at a keyframe",
            "publisher refused",
        ] {
            server.allow(words);
        }
        Self { server, proxy, line, door: port, publisher: publish(port) }
    }

    /// The live playlist, once it has four segments more than `end`; everything it names is there.
    async fn goes_on(&self, end: u64, round: usize) -> u64 {
        let what = format!("it goes on in round {round}");
        let wanted = |list: &Playlist| list.end() >= end + 4;
        let list = playlist_that(&self.server, (EVENT, "180p", "live"), &what, PATIENCE, wanted).await;
        list.fetch_all().await;
        list.end()
    }

    async fn break_something(&mut self, round: usize) {
        match round % 6 {
            0 => {
                self.server.sigkill();
                self.server.serve().await;
                self.publisher = publish(self.door);
            }
            1 => descendants(self.server.pid(), "ffmpeg").into_iter().for_each(|pid| signal(pid, "KILL")),
            2 => {
                self.publisher.sigkill();
                self.publisher = publish(self.door);
            }
            3 => {
                self.line.refuse(true);
                self.line.cut();
                let away = Instant::now();
                until("five seconds", PATIENCE, async || (away.elapsed() > Duration::from_secs(5)).then_some(())).await;
                self.line.refuse(false);
            }
            // Some answers are errors, others are lost after the store has done its work.
            4 => self.proxy.plan(|_, _, number| match number % 6 {
                0 => Some(HttpFault::Status(503)),
                3 => Some(HttpFault::ReplyLost),
                _ => None,
            }),
            _ => {
                self.proxy.heal();
                self.server.cli_ok(&["event", "rotate-epoch", EVENT]);
            }
        }
    }
}

fn publish(door: u16) -> Ffmpeg {
    Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{door}/live/{KEY}"), &SMALL)
}

/// A bad evening: everything that can break does, one after the other and again, for about three minutes. Afterwards
/// the recording is whole: what it names is there, and nothing went back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_of_a_bad_evening_is_a_recording_that_names_only_what_is_there() {
    let store = S3Server::start().await;
    let mut evening = Evening::begin(&store).await;
    let begun = Instant::now();
    let (mut end, mut round) = (0, 0);
    while begun.elapsed() < Duration::from_secs(150) {
        end = evening.goes_on(end, round).await;
        evening.break_something(round).await;
        round += 1;
    }
    assert!(round >= 7, "everything was broken once: {round}");
    evening.proxy.heal();
    evening.publisher.interrupt();
    let Evening { server, proxy, .. } = evening;
    server.cli_ok(&["event", "end", EVENT]);
    event_that(&server, EVENT, "the end", PATIENCE, |event| event["stream"] == "ended").await;
    for rendition in ["180p", "144p"] {
        let dvr = playlist_that(&server, (EVENT, rendition, "dvr"), "ENDLIST", PATIENCE, |dvr| dvr.ended).await;
        dvr.fetch_all().await;
        assert!(dvr.end() >= end, "{rendition}: {} of {end}", dvr.end());
        assert!(dvr.gaps() * 4 < dvr.segments.len(), "{rendition}: {} gaps of {}", dvr.gaps(), dvr.segments.len());
    }
    drop(server);
    let requests = proxy.requests();
    assert_eq!(proxy.broken_promises(), Vec::<String>::new());
    // An answer that was lost is asked for again; what was answered is not.
    assert_eq!(stored_twice(&requests), Vec::<String>::new());
    let back: Vec<_> = steps_back(&requests).into_iter().filter(|step| !step.contains("twice within")).collect();
    assert_eq!(back, Vec::<String>::new());
}

/// Five minutes of an ordinary evening: nothing is lost, nobody waits, memory stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_of_five_quiet_minutes_has_no_gap_and_memory_stays() {
    let (door, port) = door();
    let server = night::serve(&format!("{door}{SMALL_LADDER}")).await;
    let _publisher = publish(port);
    event_that(&server, EVENT, "the picture is live", PATIENCE, |event| event["stream"] == "live").await;
    let at = async |seconds: u64| -> Playlist {
        let what = format!("{seconds} segments");
        let patience = Duration::from_secs(seconds + 60);
        playlist_that(&server, (EVENT, "180p", "live"), &what, patience, |list| list.end() >= seconds).await
    };
    at(30).await;
    let early = memory_kb(server.pid());
    let begun = Instant::now();
    at(300).await;
    let (late, took) = (memory_kb(server.pid()), begun.elapsed().as_secs_f64());
    assert!((took - 270.0).abs() < 8.0, "270 s of picture came in {took} s");
    assert!(late < early + 20_000, "memory grew from {early} kB to {late} kB");
    let dvr = playlist_that(&server, (EVENT, "180p", "dvr"), "all of it", PATIENCE, |dvr| dvr.end() >= 300).await;
    assert_eq!((dvr.gaps(), dvr.runs().len(), dvr.sequence), (0, 1, 0));
    assert_eq!(http::get(&server.url("/health")).await.json()["status"], "ok");
}

/// Resident memory of a process.
fn memory_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number")
}
