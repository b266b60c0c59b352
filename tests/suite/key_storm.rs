//! The key storm: a crowd presses play, and then every player asks for the next key within the lead of each rotation,
//! over real connections that are kept. `make test` plays a small one; the full one of 5,000 players is run by hand, as
//! its reason says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bakuhantam::clock::{Clock as _, Micros, SystemClock};
use bakuhantam::ids::{Random as _, SystemRandom};
use bakuhantam::store::{Conn, StoreError};
use diesel::connection::SimpleConnection as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::harness::gate::{self, fight};
use crate::harness::http;
use crate::harness::server::TestServer;
use crate::postgres::TestDatabase;

/// Time between two keys, in seconds.
const ROTATION_S: i64 = 4;
/// Players ask for the next key at some moment of so long before its turn: the minute of a real night, compressed.
const LEAD_MS: i64 = 2_000;

/// How large a storm is.
#[derive(Clone, Copy, Debug)]
struct Size {
    players: usize,
    rotations: i64,
    /// In which all press play, as people do when a fight begins.
    press_ms: u64,
}

const SMALL: Size = Size { players: 200, rotations: 3, press_ms: 1_000 };
const FULL: Size = Size { players: 5_000, rotations: 10, press_ms: 10_000 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_on_sqlite() {
    play(TestDatabase::sqlite(), SMALL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_on_postgres() {
    play(TestDatabase::postgres(), SMALL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "by hand: scripts/with-postgres.sh cargo nextest run --release --run-ignored only -E 'test(/^key_storm::/)'"]
async fn full_on_sqlite() {
    let calm = play(TestDatabase::sqlite(), FULL).await;
    assert!(calm <= Duration::from_millis(250), "p99 {} ms", calm.as_millis());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "by hand: scripts/with-postgres.sh cargo nextest run --release --run-ignored only -E 'test(/^key_storm::/)'"]
async fn full_on_postgres() {
    let calm = play(TestDatabase::postgres(), FULL).await;
    assert!(calm <= Duration::from_millis(250), "p99 {} ms", calm.as_millis());
}

/// Plays a storm; returns the 99th percentile of the time to a key.
async fn play(db: TestDatabase, size: Size) -> Duration {
    let config = format!("[playback]\nkey_rotation_ms = {}\n", ROTATION_S * 1_000);
    let server = gate::serve(&db, &config).await;
    let first = fight(&server, "grand-night", 1).await;
    let cookies = gather(&db, &server, size.players).await;
    let address: SocketAddr = server.url("").trim_start_matches("http://").parse().expect("an address");
    let begun = Instant::now();
    // All players know the same clock: turns are counted from here, after everybody has pressed play.
    let pressed_s = i64::try_from(size.press_ms / 1_000).expect("few") + 2;
    let from_s = ((gate::now_s() + pressed_s) / ROTATION_S + 1) * ROTATION_S;
    let mut players = JoinSet::new();
    for (number, cookie) in cookies.into_iter().enumerate() {
        let player = Player { address, cookie, fight: first.clone(), number, from_s, size };
        players.spawn(async move { player.play().await });
    }
    let (mut presses, mut keys) = (Vec::new(), Vec::new());
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    while let Some(told) = players.join_next().await {
        let told = told.expect("a player");
        for (is_press, status, took) in told {
            *statuses.entry(status).or_default() += 1;
            if is_press { presses.push(took) } else { keys.push(took) }
        }
    }
    let wanted = size.players * (1 + usize::try_from(size.rotations).expect("few"));
    println!("{} players, {} rotations in {:.1} s", size.players, size.rotations, begun.elapsed().as_secs_f64());
    println!("press of play: {}", words(&mut presses));
    println!("next key:      {}", words(&mut keys));
    println!("statuses: {statuses:?}");
    let batches = asked(&server).await;
    println!("questions to the database: {batches:?}");
    assert_eq!(statuses, BTreeMap::from([(200, wanted)]), "everybody is answered, and nobody is sent away");
    let most = size.players / 2;
    for kind in ["sessions", "claims"] {
        let batches = batches.get(kind).copied().unwrap_or_default();
        assert!((1..most).contains(&batches), "{kind}: a crowd is asked for together, not {batches} times");
    }
    percentile(&mut keys, 99)
}

/// Accounts that have opened the first fight, each with a session: its cookie. Passwords are left out, which would take
/// longest: a session is what signing in leaves behind.
async fn gather(db: &TestDatabase, server: &TestServer, many: usize) -> Vec<String> {
    let store = db.open();
    // One by the public way, as the pattern of all.
    let one = gate::buyer(server, 1).await;
    let token = |number: usize| format!("stormstormstormstormstormstormstorm{number:05}");
    let hashes: Vec<String> = (0..many).map(|number| hash_of(&token(number))).collect();
    let now = SystemClock.now();
    let id = |kind: u8, number: usize| format!("01J0000000000000000{kind}{number:06}");
    let work = move |conn: &mut Conn| -> Result<(), StoreError> {
        for (number, hash) in hashes.iter().enumerate() {
            let (account, session, unlock) = (id(1, number), id(2, number), id(3, number));
            run(
                conn,
                &format!(
                    "INSERT INTO accounts (id, name, phone, password_hash, role, totp_last_step, locale, created_at) \
                 SELECT '{account}', name, '+62899{number:07}', password_hash, role, 0, locale, created_at \
                 FROM accounts WHERE id = '{pattern}'; \
                 INSERT INTO sessions (id, account_id, token_hash, kind, created_at, seen_at, expires_at, agent, address) \
                 VALUES ('{session}', '{account}', '{hash}', 'viewer', {now}, {now}, {later}, '', ''); \
                 INSERT INTO unlocks (id, account_id, event_id, fight_id, charged_coins, at) \
                 SELECT '{unlock}', '{account}', event_id, fight_id, 0, at FROM unlocks WHERE account_id = '{pattern}'",
                    pattern = one.id,
                    now = now.0,
                    later = now.plus_ms(3_600_000).0,
                ),
            )?;
        }
        Ok(())
    };
    store.write(work).await.expect("a crowd");
    (0..many).map(|number| format!("bh_session={}", token(number))).collect()
}

fn run(conn: &mut Conn, sql: &str) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => conn.batch_execute(sql)?,
        Conn::Postgres(conn) => conn.batch_execute(sql)?,
    }
    Ok(())
}

fn hash_of(token: &str) -> String {
    let hash = bakuhantam::accounts::TokenHash::of(token);
    hash.bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// What a player was answered: whether it was the press of play, the status, how long it took.
type Told = (bool, u16, Duration);

/// One browser.
struct Player {
    address: SocketAddr,
    cookie: String,
    fight: String,
    number: usize,
    from_s: i64,
    size: Size,
}

impl Player {
    async fn play(self) -> Vec<Told> {
        let mut told = Vec::new();
        let spread = |ms: u64| Duration::from_millis(some(ms));
        tokio::time::sleep(spread(self.size.press_ms)).await;
        let mut line = Line::open(self.address).await;
        let body = r#"{"take":true}"#;
        let press = format!(
            "POST /api/v1/events/grand-night/lease HTTP/1.1\r\nhost: x\r\ncookie: {}\r\ncontent-type: \
             application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.cookie,
            body.len()
        );
        let (status, took) = line.ask(&press).await;
        told.push((true, status, took));
        for turn in 0..self.size.rotations {
            let from_s = self.from_s + turn * ROTATION_S;
            let at = Micros(from_s * 1_000_000).plus_ms(-i64::try_from(some(LEAD_MS.unsigned_abs())).expect("short"));
            let wait = at.ms_since(SystemClock.now()).max(0);
            tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
            let ask = format!(
                "GET /api/v1/keys/{}-{from_s} HTTP/1.1\r\nhost: x\r\ncookie: {}\r\naccept-encoding: gzip, br\r\n\r\n",
                self.fight, self.cookie
            );
            let (status, took) = line.ask(&ask).await;
            told.push((false, status, took));
        }
        assert!(self.number < self.size.players);
        told
    }
}

/// A moment within so many milliseconds.
fn some(ms: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::default().fill(&mut bytes);
    u64::from_le_bytes(bytes) % ms
}

/// A connection that is kept.
struct Line {
    address: SocketAddr,
    stream: TcpStream,
}

impl Line {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Self { address, stream }
    }

    /// Sends a request; its status, and the time to the whole answer. A connection that the server has closed while it
    /// was idle is opened again, as browsers do.
    async fn ask(&mut self, request: &str) -> (u16, Duration) {
        let begun = Instant::now();
        if let Some(status) = self.try_ask(request).await {
            return (status, begun.elapsed());
        }
        self.stream = Self::open(self.address).await.stream;
        (self.try_ask(request).await.unwrap_or(0), begun.elapsed())
    }

    async fn try_ask(&mut self, request: &str) -> Option<u16> {
        self.stream.write_all(request.as_bytes()).await.ok()?;
        let mut read = Vec::with_capacity(2_048);
        loop {
            if self.stream.read_buf(&mut read).await.ok()? == 0 {
                return None;
            }
            let Some(head) = read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            if read.len() >= head + 4 + length?.parse::<usize>().ok()? {
                return text.split(' ').nth(1)?.parse().ok();
            }
        }
    }
}

/// Batches of questions to the database, by kind.
async fn asked(server: &TestServer) -> BTreeMap<String, usize> {
    let text = http::get(&server.url("/metrics")).await;
    let lines = text.text().lines().filter_map(|line| line.strip_prefix("bakuhantam_gate_batches_total{kind=\""));
    let read = |line: &str| {
        let (kind, many) = line.split_once("\"} ")?;
        Some((kind.to_owned(), many.parse().ok()?))
    };
    lines.filter_map(read).collect()
}

fn percentile(took: &mut [Duration], percent: usize) -> Duration {
    took.sort_unstable();
    took[(took.len() * percent / 100).min(took.len() - 1)]
}

fn words(took: &mut [Duration]) -> String {
    let at = |took: &mut [Duration], percent| percentile(took, percent).as_secs_f64() * 1_000.0;
    format!("{} answers; ms: p50 {:.1}, p99 {:.1}, most {:.1}", took.len(), at(took, 50), at(took, 99), at(took, 100))
}
