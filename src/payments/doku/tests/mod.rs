//! The room's own tests: signatures against published vectors, characters, notices and answers in every shape.
//! `tests/suite/doku.rs` talks to a stand-in server.

mod bodies;
mod characters;
mod notices;
mod vectors;

use std::sync::Arc;

use super::signature::{self, Direction};
use super::{Doku, Parts, Timings, timestamp};
use crate::clock::{ManualClock, Micros, SharedClock};
use crate::config::{self, Secret};
use crate::ids::SystemRandom;
use crate::payments::NoticeHeaders;

const CLIENT_ID: &str = "BRN-0200-1700000000001";
const SECRET: &str = "SK-selftest0123456789ab";

/// 2026-11-24T03:30:05Z
const NOW: Micros = Micros(1_795_491_005_000_000);

fn doku_at(base_url: &str, public_url: &str) -> Doku {
    let clock: SharedClock = Arc::new(ManualClock::at(NOW));
    let config = config::Doku {
        base_url: base_url.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        secret_key: Secret::new(SECRET),
        ..config::Doku::default()
    };
    let random = Arc::new(SystemRandom::default());
    let parts = Parts { config, public_url: public_url.to_owned(), clock, random, timings: Timings::default() };
    Doku::new(parts).unwrap()
}

fn doku() -> Doku {
    doku_at("https://api-sandbox.doku.com", "https://bakuhantam.tv")
}

/// Headers of a notice, rightly signed.
fn signed(target: &str, timestamp: &str, body: &[u8]) -> NoticeHeaders {
    let digest = signature::digest_of(body);
    let request_id = "VIRTUAL_ACCOUNT_BCA2226000001";
    let parts = signature::Parts {
        client_id: CLIENT_ID,
        request_id,
        timestamp,
        target,
        digest: Some(&digest),
        direction: Direction::Request,
    };
    NoticeHeaders {
        client_id: CLIENT_ID.to_owned(),
        request_id: request_id.to_owned(),
        timestamp: timestamp.to_owned(),
        signature: signature::sign(&signature::key_of(SECRET), &parts),
    }
}

#[test]
fn times_are_written_and_read_as_doku_does() {
    assert_eq!(timestamp::written(NOW), "2026-11-24T03:30:05Z");
    assert_eq!(timestamp::written(Micros(NOW.0 + 999_999)), "2026-11-24T03:30:05Z");
    for same in
        ["2026-11-24T03:30:05Z", "2026-11-24T03:30:05.000Z", "2026-11-24T10:30:05+07:00", " 2026-11-24T03:30:05Z"]
    {
        assert_eq!(timestamp::read(same), Some(NOW), "{same}");
    }
    for bad in ["", "2026-11-24", "2026-11-24T03:30:05", "20261124033005", "now", "1795491005"] {
        assert_eq!(timestamp::read(bad), None, "{bad}");
    }
    // 14:57:32 in Jakarta is 07:57:32 UTC.
    assert_eq!(timestamp::read_wib("20251204145732"), timestamp::read("2025-12-04T07:57:32Z"));
    for bad in ["", "2025120414573", "20251304145732", "2025120414573Z", "+2025120414573"] {
        assert_eq!(timestamp::read_wib(bad), None, "{bad}");
    }
}
