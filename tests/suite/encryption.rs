//! What is sold lies on the store encrypted, and opens with its keys alone: a real FFmpeg publishes, the real binary
//! encodes and encrypts, and FFmpeg and OpenSSL are the judges.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bakuhantam::config;
use bakuhantam::events::{Mirror, Secrets, mirror_path};
use bakuhantam::ids::{KeyId, SystemRandom};

use crate::harness::ffmpeg::{Ffmpeg, SMALL};
use crate::harness::night::{self, KEY, SMALL_LADDER, door, event_that};
use crate::harness::playlist::{Key, Playlist, Segment, playlist_that};
use crate::harness::server::TestServer;
use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::{http, program, until};
use crate::postgres::TestDatabase;

const EVENT: &str = "island-fight";
const RUNGS: [&str; 2] = ["180p", "144p"];
const LIVE_WITHIN: Duration = Duration::from_secs(45);
const SOON: Duration = Duration::from_secs(40);
/// Keys take turns often enough that a short fight has several.
const TURNS: &str = "[playback]\nkey_rotation_ms = 4000\n";

fn publish(port: u16) -> Ffmpeg {
    Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/live/{KEY}"), &SMALL)
}

async fn live(server: &TestServer) {
    event_that(server, EVENT, "the picture is live", LIVE_WITHIN, |event| event["stream"] == "live").await;
}

async fn list_that(server: &TestServer, rung: &str, what: &str, wanted: impl Fn(&Playlist) -> bool) -> Playlist {
    playlist_that(server, (EVENT, rung, "dvr"), what, SOON, wanted).await
}

/// How many of the segments that a playlist lists are sold.
fn sold(list: &Playlist) -> usize {
    list.segments.iter().filter(|segment| segment.key.is_some()).count()
}

/// How many free ones follow the last sold one.
fn free_after(list: &Playlist) -> usize {
    list.segments.iter().rev().take_while(|segment| segment.key.is_none()).count()
}

/// The keys of a server's events, made from its mirror and its secret key as the server makes them.
struct Keys {
    secrets: Secrets,
    mirror: Mirror,
}

impl Keys {
    fn of(server: &TestServer) -> Self {
        let loaded = config::load(Some(&server.config())).expect("the configuration");
        let key = loaded.secret_key().expect("the secret key");
        let random: bakuhantam::ids::SharedRandom = Arc::new(SystemRandom::default());
        Self { secrets: Secrets::new(&key, &random), mirror: Mirror::open(mirror_path(&loaded.config)) }
    }

    fn key(&self, key: &Key) -> [u8; 16] {
        let id: KeyId = key.id().parse().expect("a key's id");
        let event = self.mirror.find(&EVENT.parse().expect("a slug")).expect("the event");
        self.secrets.content_key(&event, &id).expect("a key")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes all");
        text
    })
}

/// Decrypts with OpenSSL's own program.
fn openssl_opens(stored: &[u8], key: &[u8; 16], iv: &str) -> Vec<u8> {
    let mut openssl = program("openssl", "OpenSSL")
        .args(["enc", "-d", "-aes-128-cbc", "-K", &hex(key), "-iv", iv])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl runs");
    let (mut input, stored) = (openssl.stdin.take().expect("stdin is piped"), stored.to_vec());
    let writer = std::thread::spawn(move || input.write_all(&stored));
    let done = openssl.wait_with_output().expect("openssl ends");
    writer.join().expect("it writes").expect("openssl reads");
    assert!(done.status.success(), "OpenSSL finds no padding of ours");
    done.stdout
}

/// What FFmpeg wrote on the server's disk for a line of a playlist.
fn source(server: &TestServer, rung: &str, segment: &Segment) -> std::path::PathBuf {
    let name = segment.name.rsplit('/').next().expect("a name").trim_end_matches(".ts");
    let (run, n) = name.split_once('-').expect("a run and a number");
    let n: u64 = n.parse().expect("a number");
    server.data().join("hls").join(EVENT).join(run).join(rung).join(format!("{n:06}.ts"))
}

/// The pictures FFmpeg decodes of a playlist: a checksum for each.
fn pictures(list: &Path) -> Vec<String> {
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-allowed_extensions", "ALL"])
        .args(["-protocol_whitelist", "file,http,tcp,crypto", "-i"])
        .arg(list)
        .args(["-map", "0:v", "-f", "framemd5", "-"])
        .output()
        .expect("ffmpeg runs");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let checksum = |line: &str| line.rsplit(',').next().map(|md5| md5.trim().to_owned());
    text.lines().filter(|line| !line.starts_with('#')).filter_map(checksum).collect()
}

/// A playlist on the disk with these lines: where each segment is, and where its key is asked for.
fn write_list(path: &Path, lines: &[(String, &Segment, Option<String>)]) {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n".to_owned();
    for (address, segment, key) in lines {
        let iv = segment.key.as_ref().map_or("", |key| &key.iv);
        match key {
            Some(key) => writeln!(text, "#EXT-X-KEY:METHOD=AES-128,URI=\"{key}\",IV=0x{iv}"),
            None => writeln!(text, "#EXT-X-KEY:METHOD=NONE"),
        }
        .expect("a text takes all");
        writeln!(text, "#EXTINF:{},\n{address}", segment.seconds).expect("a text takes all");
    }
    text.push_str("#EXT-X-ENDLIST\n");
    std::fs::write(path, text).expect("a file");
}

/// Everything that a DVR lists is what FFmpeg wrote: free segments as they are, sold ones once they are opened.
async fn opens_bit_exact(server: &TestServer, keys: &Keys, rung: &str, dvr: &Playlist) {
    for segment in dvr.segments.iter().filter(|segment| !segment.gap) {
        let whole = std::fs::read(source(server, rung, segment)).expect("FFmpeg's file");
        let stored = http::get(&dvr.address(segment)).await.body;
        match &segment.key {
            None => assert!(stored[..] == whole[..], "{} is free and not what FFmpeg wrote", segment.name),
            Some(key) => {
                assert!(stored[..] != whole[..] && stored.len() % 16 == 0, "{} lies there in clear", segment.name);
                let opened = openssl_opens(&stored, &keys.key(key), &key.iv);
                assert!(opened == whole, "{} does not open to what FFmpeg wrote", segment.name);
            }
        }
    }
}

/// FFmpeg decodes nothing sold of what it is given with the keys' own address and no cookie, and all of it with the keys.
async fn ffmpeg_needs_the_keys(server: &TestServer, keys: &Keys, rung: &str, dvr: &Playlist) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let sold: Vec<&Segment> = dvr.segments.iter().filter(|segment| segment.key.is_some() && !segment.gap).collect();
    let mut files = HashMap::new();
    for key in sold.iter().filter_map(|segment| segment.key.as_ref()) {
        assert_ne!(http::get(&key.url).await.status, 200, "{} is given to anyone", key.url);
        std::fs::write(at(key.id()), keys.key(key)).expect("a file");
        files.insert(key.clone(), at(key.id()).display().to_string());
    }
    let stored = |segment: &&Segment| dvr.address(segment);
    let asked: Vec<_> = sold.iter().map(|s| (stored(s), *s, s.key.as_ref().map(|key| key.url.clone()))).collect();
    let given: Vec<_> = sold.iter().map(|s| (stored(s), *s, s.key.as_ref().map(|key| files[key].clone()))).collect();
    let local: Vec<_> = sold.iter().map(|s| (source(server, rung, s).display().to_string(), *s, None)).collect();
    for (name, lines) in [("asked.m3u8", asked), ("given.m3u8", given), ("local.m3u8", local)] {
        write_list(&at(name), &lines);
    }
    assert_eq!(pictures(&at("asked.m3u8")), Vec::<String>::new(), "FFmpeg decodes what is sold without a key");
    let (given, local) = (pictures(&at("given.m3u8")), pictures(&at("local.m3u8")));
    assert!(local.len() > sold.len() * 10, "the sources are pictures: {}", local.len());
    assert!(given == local, "with the keys {} pictures of {} are the sources'", given.len(), local.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sold_fight_opens_with_its_keys_alone_and_what_is_around_it_is_free() {
    let (door, port) = door();
    let server = night::serve(&format!("{door}{TURNS}{SMALL_LADDER}")).await;
    let publisher = publish(port);
    live(&server).await;
    list_that(&server, "180p", "two free segments", |list| list.end() >= 2).await;
    server.cli_ok(&["event", "on-air", EVENT, "--fight", "1"]);
    list_that(&server, "180p", "a fight", |list| sold(list) >= 7).await;
    server.cli_ok(&["event", "off-air", EVENT]);
    let free = |list: &Playlist| sold(list) > 0 && free_after(list) >= 2;
    list_that(&server, "180p", "two free ones after it", free).await;
    // The second fight costs nothing.
    server.cli_ok(&["event", "on-air", EVENT, "--fight", "2"]);
    list_that(&server, "180p", "a free fight", |list| free_after(list) >= 5).await;
    server.cli_ok(&["event", "end", EVENT]);
    drop(publisher);

    let mut lists = Vec::new();
    for rung in RUNGS {
        lists.push(list_that(&server, rung, "all of it", |list| list.ended).await);
    }
    let keys = Keys::of(&server);
    let under = |list: &Playlist| list.segments.iter().map(|segment| segment.key.clone()).collect::<Vec<_>>();
    let by_index = |list: &Playlist| (list.sequence..).zip(under(list)).collect::<HashMap<_, _>>();
    let other = by_index(&lists[1]);
    let common = by_index(&lists[0]).into_iter().filter(|(index, _)| other.contains_key(index)).collect::<Vec<_>>();
    assert!(common.len() + 1 >= lists[0].segments.len());
    assert!(common.iter().all(|(index, key)| other[index] == *key), "both renditions switch at the same index");
    let (first, last) = (under(&lists[0]).iter().position(Option::is_some), sold(&lists[0]));
    let run = first.expect("a sold segment");
    assert!(run >= 2 && under(&lists[0])[run..run + last].iter().all(Option::is_some), "one fight, in one piece");
    let mut turns: Vec<_> = under(&lists[0]).into_iter().flatten().map(|key| key.id().to_owned()).collect();
    turns.dedup();
    assert!(turns.len() >= 2 && turns.is_sorted(), "keys take turns: {turns:?}");
    let home = server.url("/api/v1/keys/");
    for (rung, list) in RUNGS.into_iter().zip(&lists) {
        let of_list = under(list);
        assert!(of_list.iter().flatten().all(|key| key.method == "AES-128" && key.url.starts_with(&home)), "{list:?}");
        opens_bit_exact(&server, &keys, rung, list).await;
        ffmpeg_needs_the_keys(&server, &keys, rung, list).await;
    }
    // FFmpeg given our own playlist without a cookie decodes what is free and no more.
    let folder = tempfile::tempdir().expect("a folder");
    let only_free: Vec<_> = lists[0].segments.iter().filter(|segment| segment.key.is_none() && !segment.gap).collect();
    let lines: Vec<_> = only_free.iter().map(|s| (lists[0].address(s), *s, None)).collect();
    write_list(&folder.path().join("free.m3u8"), &lines);
    let free = pictures(&folder.path().join("free.m3u8"));
    let all = pictures(Path::new(&lists[0].url));
    assert!(!free.is_empty() && all.len() <= free.len(), "{} of {} pictures", all.len(), free.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fight_stays_sold_while_the_database_is_away_and_over_a_restart_without_it() {
    let db = TestDatabase::postgres();
    let url: url::Url = db.url().parse().expect("an address");
    let address = SocketAddr::from(([127, 0, 0, 1], url.port().expect("a port")));
    let proxy = TcpProxy::to(address);
    let (door, port) = door();
    let by_proxy = db.overrides().replace(&address.to_string(), &proxy.address().to_string());
    let mut server = night::serve(&format!("{by_proxy}{door}{TURNS}{SMALL_LADDER}")).await;
    for words in ["the database is away", "event facts cannot be read", "the outbox cannot be read"] {
        server.allow(words);
    }
    let publisher = publish(port);
    live(&server).await;
    server.cli_ok(&["event", "on-air", EVENT, "--fight", "1"]);
    let before = list_that(&server, "180p", "a fight", |list| sold(list) >= 1).await;

    proxy.refuse(true);
    proxy.cut();
    until("health says degraded", SOON, async || {
        (http::get(&server.url("/health")).await.json()["checks"]["database"]["status"] == "failing").then_some(())
    })
    .await;
    let away = list_that(&server, "180p", "it goes on", |list| list.end() >= before.end() + 4).await;
    assert_eq!(free_after(&away), 0, "it is still on air: {away:?}");

    server.allow("publisher refused");
    server.stop();
    drop(publisher);
    server.serve().await;
    let _again = publish(port);
    live(&server).await;
    let on = list_that(&server, "180p", "it goes on", |on| on.end() >= away.end() + 3).await;
    assert_eq!(free_after(&on), 0, "it is on air after the restart: {on:?}");
    let keys = Keys::of(&server);
    opens_bit_exact(&server, &keys, "180p", &on).await;

    proxy.refuse(false);
    until("the database is back", SOON, async || {
        (http::get(&server.url("/health")).await.json()["checks"]["database"]["status"] == "ok").then_some(())
    })
    .await;
    server.cli_ok(&["event", "off-air", EVENT]);
    list_that(&server, "180p", "free again", |list| free_after(list) >= 2).await;
}
