use std::net::IpAddr;
use std::sync::Arc;

use ring::hmac;

use crate::config::{SecretKey, hex};
use crate::events::{EventFacts, EventStatus, Mirror, StreamKeys};
use crate::ids::EventSlug;
use crate::ingest::hook::{HookLimits, Verdict, decide};

const KEY: &str = "right-key-of-island";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

struct House {
    keys: StreamKeys,
    limits: HookLimits,
    _folder: tempfile::TempDir,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let secret = SecretKey::new([7; 32]);
    let mirror = Arc::new(Mirror::open(folder.path().join("mirror.json")));
    let event = |slug: &str, key: &str, status: EventStatus| EventFacts {
        id: "01J00000000000000000000000".parse().unwrap(),
        slug: slug.parse().unwrap(),
        title: slug.to_owned(),
        status,
        starts_at: crate::clock::Micros(0),
        pass_price_coins: crate::money::Coins::default(),
        stream_key_mac: hex(hmac::sign(&secret.hmac_key("stream-key"), key.as_bytes()).as_ref()),
        epoch: "abcdefghijkmnpqrst".parse().unwrap(),
        interrupted: false,
        on_air_fight: None,
        stream: crate::events::RecordedStream::default(),
        fights: Vec::new(),
        milestones: Vec::new(),
        polls: Vec::new(),
        secret_sealed: None,
        overlay_key_mac: None,
        replay_days: 0,
        air_ranges: Vec::new(),
        hidden: Vec::new(),
        trims: Vec::new(),
    };
    mirror.replace(vec![
        event("island", KEY, EventStatus::Published),
        event("other", "key-of-other", EventStatus::Published),
        event("over", "key-of-over", EventStatus::Ended),
    ]);
    House { keys: StreamKeys::new(&secret, mirror), limits: HookLimits::default(), _folder: folder }
}

impl House {
    fn ask(&self, peer: &str, content_type: &str, body: &str) -> Verdict {
        let peer: IpAddr = peer.parse().unwrap();
        let trusted = ["10.0.0.5".parse().unwrap()];
        decide(&self.keys, &self.limits, peer, &trusted, content_type, None, body.as_bytes())
    }

    fn mediamtx(&self, fields: &str) -> Verdict {
        self.ask("127.0.0.1", JSON, &format!("{{\"user\":\"\",\"ip\":\"203.0.113.9\",{fields}}}"))
    }
}

fn island() -> Verdict {
    Verdict::Allow { event: Some("island".parse::<EventSlug>().unwrap()) }
}

fn yes() -> Verdict {
    Verdict::Allow { event: None }
}

#[test]
fn mediamtx_may_hand_the_key_over_in_each_of_its_places() {
    let house = house();
    let places = [
        format!(r#""action":"publish","path":"live/island","password":"{KEY}""#),
        format!(r#""action":"publish","path":"island","token":"{KEY}""#),
        format!(r#""action":"publish","path":"live/island","query":"user=u&pass={KEY}""#),
        format!(r#""action":"publish","path":"live/island","query":"?token={KEY}""#),
        format!(r#""action":"publish","path":"live/{KEY}","password":"","protocol":"rtmp","id":null"#),
        format!(r#""action":"publish","path":"publish:live/island:u:{KEY}","protocol":"srt""#),
        format!(r##""action":"publish","path":"#!::m=publish,r=live/island,u=u,s={KEY}","protocol":"srt""##),
    ];
    for place in &places {
        assert_eq!(house.mediamtx(place), island(), "{place}");
        assert_eq!(house.mediamtx(&place.replace(KEY, "wrong")), Verdict::Deny, "{place}");
    }
}

#[test]
fn nginx_rtmp_may_hand_the_key_over_as_name_or_argument() {
    let house = house();
    let form = |rest: &str| format!("app=live&flashver=&addr=203.0.113.9&clientid=1&{rest}");
    for call in ["publish", "update_publish"] {
        for rest in [
            format!("call={call}&name={KEY}&type=live"),
            format!("call={call}&name=island&type=live&pass={KEY}"),
            format!("call={call}&name=island%3Ftoken%3D{KEY}&type=live"),
        ] {
            assert_eq!(house.ask("::1", "application/x-www-form-urlencoded; charset=utf-8", &form(&rest)), island());
            assert_eq!(house.ask("::1", FORM, &form(&rest.replace(KEY, "wrong"))), Verdict::Deny);
        }
    }
    // What the publisher appends does not stand for the server's own fields.
    assert_eq!(house.ask("::1", FORM, &form("call=play&name=island&addr=127.0.0.1")), Verdict::Deny);
    assert_eq!(house.ask("::1", FORM, &form("call=publish_done&name=island")), yes());
    let query = format!("call=publish&name={KEY}");
    let by_query = decide(&house.keys, &house.limits, [127, 0, 0, 1].into(), &[], FORM, Some(&query), b"");
    assert_eq!(by_query, island());
}

#[test]
fn a_key_opens_its_own_events_path_and_only_while_it_has_not_ended() {
    let house = house();
    let ask =
        |path: &str, key: &str| house.mediamtx(&format!(r#""action":"publish","path":"{path}","password":"{key}""#));
    assert_eq!(ask("live/island", KEY), island());
    assert_eq!(ask("live/other", KEY), Verdict::Deny);
    assert_eq!(ask("live/unknown", KEY), Verdict::Deny);
    assert_eq!(ask("live/over", "key-of-over"), Verdict::Deny);
}

#[test]
fn only_the_machine_itself_reads_and_operates() {
    let house = house();
    for action in ["read", "playback", "api", "metrics", "pprof"] {
        let body = |ip: &str| format!(r#"{{"action":"{action}","ip":"{ip}","path":"live/island","password":"{KEY}"}}"#);
        assert_eq!(house.ask("127.0.0.1", JSON, &body("127.0.0.1")), yes(), "{action}");
        assert_eq!(house.ask("127.0.0.1", JSON, &body("::ffff:127.0.0.1")), yes(), "{action}");
        for ip in ["203.0.113.9", "10.0.0.5", "", "localhost"] {
            assert_eq!(house.ask("127.0.0.1", JSON, &body(ip)), Verdict::Deny, "{action} {ip}");
        }
    }
}

#[test]
fn strangers_may_not_ask_and_trusted_servers_may() {
    let house = house();
    let body = format!(r#"{{"action":"publish","ip":"203.0.113.9","path":"live/island","password":"{KEY}"}}"#);
    assert_eq!(house.ask("10.0.0.6", JSON, &body), Verdict::NotTrusted);
    assert_eq!(house.ask("10.0.0.5", JSON, &body), island());
    assert_eq!(house.ask("::ffff:10.0.0.5", JSON, &body), island());
}

#[test]
fn wrong_keys_become_too_many_by_reported_address_and_a_right_key_always_passes() {
    let house = house();
    let ask = |ip: &str, key: &str| {
        let body = format!(r#"{{"action":"publish","ip":"{ip}","path":"live/island","password":"{key}"}}"#);
        house.ask("127.0.0.1", JSON, &body)
    };
    let answers: Vec<_> = (0..30).map(|_| ask("203.0.113.9", "wrong")).collect();
    assert!(answers[..20].iter().all(|answer| *answer == Verdict::Deny));
    assert!(answers[25..].iter().all(|answer| *answer == Verdict::TooMany));
    assert_eq!(ask("203.0.113.9", KEY), island());
    assert_eq!(ask("203.0.113.10", "wrong"), Verdict::Deny);
}

#[test]
fn what_is_no_question_is_said_to_be_none() {
    let house = house();
    for (content_type, body) in [
        (JSON, "{"),
        (JSON, "[]"),
        (JSON, r#"{"action":"dance"}"#),
        (JSON, "{}"),
        (FORM, "name=x"),
        (FORM, "call=connect"),
        ("text/plain", "call=publish"),
        ("", ""),
        (FORM, &"x".repeat(20_000)),
    ] {
        assert!(matches!(house.ask("127.0.0.1", content_type, body), Verdict::BadRequest(_)), "{content_type} {body}");
    }
}
