//! Encryption of segments, beside `openssl speed -evp aes-128-cbc` in the same run: the same bytes at once, each first in
//! turn, one core.
//!
//! `cargo bench --bench cipher` (or `make bench`). Needs the `openssl` program.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark stops where it cannot measure"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use bakuhantam::ids::{KeyId, Random as _, SystemRandom};
use bakuhantam::stream::cipher;
use bakuhantam::stream::facts::ContentKey;

const SEGMENT_BYTES: usize = 188 * 4_000; // 752 kB: two seconds at 3 Mbit/s
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

/// MB/s of the publisher's own way: vector, context, padding, for each segment anew.
fn ours() -> f64 {
    let (mut body, mut key) = (vec![0_u8; SEGMENT_BYTES], [0_u8; 16]);
    let random = SystemRandom::default();
    random.fill(&mut body);
    random.fill(&mut key);
    body.reserve_exact(cipher::BLOCK);
    let id: KeyId = "01ARZ3NDEKTSV4RRFFQ69G5FAW-1790000100".parse().unwrap();
    let (began, mut segments) = (Instant::now(), 0_u32);
    while began.elapsed() < ROUND {
        body.truncate(SEGMENT_BYTES);
        cipher::encrypt(&mut body, &ContentKey(key), &id.iv()).unwrap();
        segments += 1;
    }
    f64::from(segments) * f64::from(u32::try_from(SEGMENT_BYTES).unwrap()) / began.elapsed().as_secs_f64() / 1e6
}

/// MB/s by OpenSSL's own benchmark: encryption alone, again and again under one key.
fn openssl() -> f64 {
    let seconds = ROUND.as_secs().to_string();
    let bytes = SEGMENT_BYTES.to_string();
    let done = Command::new("openssl")
        .args(["speed", "-elapsed", "-mr", "-seconds", &seconds, "-bytes", &bytes, "-evp", "aes-128-cbc"])
        .output()
        .expect("openssl is installed");
    let text = String::from_utf8(done.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("+F:")).expect("openssl tells its speed");
    line.rsplit(':').next().unwrap().trim().parse::<f64>().unwrap() / 1e6
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let (mut we, mut they) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            we.push(ours());
            they.push(openssl());
        } else {
            they.push(openssl());
            we.push(ours());
        }
        println!("ours {:7.0} MB/s   openssl speed {:7.0} MB/s", we[round], they[round]);
    }
    let (we, they) = (median(&mut we), median(&mut they));
    let a_segment = f64::from(u32::try_from(SEGMENT_BYTES).unwrap()) / we / 1e3;
    println!("median: ours {we:.0} MB/s, openssl speed {they:.0} MB/s, ratio {:.2} (goal: at least 0.8)", we / they);
    println!("a segment of {SEGMENT_BYTES} bytes takes {a_segment:.2} ms");
}
