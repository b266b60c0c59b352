//! 10,000 sockets: memory of each and the way of a support to the last of them, beside a bare actix-ws broadcast.
//!
//! `cargo bench --bench sockets` (or `make bench`); `-- 1000` for fewer sockets, to try it. Both servers are processes of
//! their own with 10,000 sockets open; they are asked in turn, and the bare one sends the very bytes that ours sent. Who
//! listens measures: one more process for each server holds the sockets, posts, and notes when its last socket has the
//! frame. Then 1,000 more join ours and never read.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a benchmark stops where it cannot measure"
)]

#[path = "sockets/clients.rs"]
mod clients;
#[path = "sockets/servers.rs"]
mod servers;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use servers::{Bare, Ours};

const SOCKETS: usize = 10_000;
const SLOW: usize = 1_000;
const POSTS: usize = 100;
const WARM_UP: usize = 5;
/// How long the slow ones are given to fall behind and be cut.
const SLOW_FOR: Duration = Duration::from_secs(60);
/// Files a process has open beside its sockets.
const OTHER_FILES: u64 = 300;

/// The process that listens to one server.
struct Listeners {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Listeners {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One post, in milliseconds from its sending.
struct Told {
    answered: f64,
    last: f64,
}

impl Listeners {
    fn open(host: &str, join: &str, sockets: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["clients", host, join, &sockets.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut listeners = Self { child, commands, answers };
        assert_eq!(listeners.answer(), "ready", "the sockets did not open");
        listeners
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn ask(&mut self, command: &str) -> String {
        writeln!(self.commands, "{command}").unwrap();
        self.answer()
    }

    /// Sends a request and waits until the last socket has a frame with the mark.
    fn post(&mut self, path: &str, headers: &str, mark: &str, body: &str) -> Told {
        let answer = self.ask(&format!("post\t{path}\t{headers}\t{mark}\t{body}"));
        let (answered, last) = answer.split_once(' ').unwrap_or_else(|| panic!("the listeners said {answer:?}"));
        Told { answered: answered.parse().unwrap(), last: last.parse().unwrap() }
    }
}

/// Every process of the benchmark has this limit too; it is never silently smaller than what is needed.
fn raise_limit(sockets: usize) {
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::try_from(sockets + SLOW).unwrap() + OTHER_FILES;
    assert!(
        limit.maximum.is_none_or(|most| most >= needed),
        "{needed} open files are needed and at most {:?} allowed: raise `ulimit -Hn`",
        limit.maximum
    );
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

/// Resident memory of a process in bytes.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn files_of(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// The value below which a part of all lies.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (0..sorted.len()).find(|rank| (*rank + 1) as f64 >= part * sorted.len() as f64).unwrap();
    sorted[rank]
}

/// Prints one row and returns its p99.
fn row(name: &str, values: &[f64]) -> f64 {
    let p99 = quantile(values, 0.99);
    println!(
        "{name}: p50 {:.1} ms, p99 {p99:.1} ms, most {:.1} ms ({} posts)",
        quantile(values, 0.5),
        quantile(values, 1.0),
        values.len()
    );
    p99
}

/// What a viewer writes: a mark of ever the same length, and more when it is to be long.
fn words(mark: &str, long: bool) -> String {
    if long { format!("{mark} {}", "👊".repeat(300)) } else { format!("{mark} Ayo, hantam! Satu untuk sudut merah.") }
}

fn support(ours: &Ours, listeners: &mut Listeners, number: &mut usize, long: bool) -> (Told, String) {
    *number += 1;
    let mark = format!("m{number:06}");
    let headers = format!("Cookie: {}|Idempotency-Key: {mark}", ours.cookie);
    let body = format!(r#"{{"coins":1,"message":"{}"}}"#, words(&mark, long));
    (listeners.post("/api/v1/events/night/supports", &headers, &mark, &body), mark)
}

fn opened(name: &str, pid: u32, sockets: usize, open: impl FnOnce() -> Listeners) -> (Listeners, f64) {
    let (before, started) = (resident(pid), Instant::now());
    let listeners = open();
    let after = resident(pid);
    let each = (after - before) as f64 / sockets as f64 / 1024.0;
    println!(
        "{name}: {sockets} sockets in {:.1} s, resident {} → {} kB: {each:.1} KiB a socket",
        started.elapsed().as_secs_f64(),
        before / 1024,
        after / 1024
    );
    (listeners, each)
}

/// Slow readers among the others: how the others fare, and what becomes of the slow ones.
fn with_slow(ours: &Ours, listeners: &mut Listeners, number: &mut usize) {
    let before: Vec<f64> = (0..POSTS).map(|_| support(ours, listeners, number, true).0.last).collect();
    let before = row("long messages, all read", &before);
    let files = files_of(ours.pid());
    assert_eq!(listeners.ask(&format!("slow\t{SLOW}")), "ready");
    let joined = files_of(ours.pid()) - files;
    let (started, resident_before, mut most) = (Instant::now(), resident(ours.pid()), 0);
    let mut meanwhile = Vec::new();
    let mut left = joined;
    while meanwhile.len() < POSTS || (left > 0 && started.elapsed() < SLOW_FOR) {
        meanwhile.push(support(ours, listeners, number, true).0.last);
        left = files_of(ours.pid()).saturating_sub(files);
        most = most.max(resident(ours.pid()));
    }
    let p99 = row(&format!("long messages, {joined} more never read"), &meanwhile);
    println!(
        "with the slow / without: {:.2} at p99; of {joined} slow {} were closed within {:.0} s; they held {:.0} KiB each at most",
        p99 / before,
        joined.saturating_sub(left),
        started.elapsed().as_secs_f64(),
        most.saturating_sub(resident_before) as f64 / joined as f64 / 1024.0
    );
}

fn measure(sockets: usize) {
    raise_limit(sockets);
    let (ours, bare) = (Ours::start(), Bare::start());
    let idle = resident(ours.pid());
    let join = r#"{"event":"superchat:join","room":"night"}"#;
    let (mut to_ours, each) = opened("ours", ours.pid(), sockets, || Listeners::open(&ours.host, join, sockets));
    let (mut to_bare, each_bare) = opened("bare", bare.pid(), sockets, || Listeners::open(&bare.host, "", sockets));

    let mut number = 0;
    let (mut a, mut answered, mut b) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    for turn in 0..WARM_UP + POSTS {
        let (told, mark) = support(&ours, &mut to_ours, &mut number, false);
        let frame = to_ours.ask("frame");
        assert!(frame.contains(&mark), "{frame}");
        let same = to_bare.post("/say", "", &mark, &frame);
        bytes = frame.len();
        if turn >= WARM_UP {
            a.push(told.last);
            answered.push(told.last - told.answered);
            b.push(same.last);
        }
    }
    println!("a frame of {bytes} bytes to {sockets} sockets, from sending the POST to the last socket's delivery:");
    let ours_p99 = row("ours", &a);
    row("ours, counted from the answer", &answered);
    let bare_p99 = row("bare", &b);
    println!(
        "p99 / bare {:.2} (goal: at most 1.30), p50 / bare {:.2}; {each:.1} KiB a socket (goal: at most 20; bare {each_bare:.1})",
        ours_p99 / bare_p99,
        quantile(&a, 0.5) / quantile(&b, 0.5)
    );
    drop(to_bare);
    drop(bare);
    let grown = resident(ours.pid()).saturating_sub(idle) as f64 / sockets as f64 / 1024.0;
    println!("after the posts: {grown:.1} KiB for each of ours");
    with_slow(&ours, &mut to_ours, &mut number);
    assert_eq!(to_ours.ask("open"), sockets.to_string(), "a socket that read was cut");
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare"] => servers::serve_bare(),
        ["clients", host, join, sockets] => clients::run(host, join, sockets.parse().unwrap()),
        [] => measure(SOCKETS),
        [sockets] => measure(sockets.parse().expect("a number of sockets")),
        other => panic!("{other:?} is not understood"),
    }
}
