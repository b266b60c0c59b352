//! Who a notice is from, when it was sent, what it says.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NOW, doku, doku_at, signed, vectors};
use crate::clock::Micros;
use crate::money::Rupiah;
use crate::payments::{NoticeRefusal, PaymentProvider as _, PaymentReport, ProviderStatus, SignedNotice};

const TARGET: &str = "/api/v1/hooks/doku";
const AT: &str = "2026-11-24T03:30:05Z";

fn read(body: &[u8]) -> SignedNotice {
    doku().read_notice(&signed(TARGET, AT, body), body, NOW).unwrap()
}

fn report(body: &Value) -> PaymentReport {
    read(body.to_string().as_bytes()).report.unwrap_or_else(|| panic!("{body}"))
}

fn order(amount: &Value, word: &str) -> Value {
    json!({"order": {"invoice_number": "BH1", "amount": amount}, "transaction": {"status": word}})
}

#[test]
fn the_public_path_is_what_is_signed() {
    let body = vectors::QRIS.as_bytes();
    for (public_url, target, is_ours) in [
        ("https://bakuhantam.tv", "/api/v1/hooks/doku", true),
        ("https://bakuhantam.tv", "/x/api/v1/hooks/doku", false),
        ("https://venue.id/tv", "/tv/api/v1/hooks/doku", true),
        ("https://venue.id/tv", "/api/v1/hooks/doku", false),
        ("https://venue.id/a/b", "/a/b/api/v1/hooks/doku", true),
        ("https://bakuhantam.tv", "/api/v1/hooks/doku/", false),
        ("https://bakuhantam.tv", "https://bakuhantam.tv/api/v1/hooks/doku", false),
    ] {
        let doku = doku_at("https://api.doku.com", public_url);
        let read = doku.read_notice(&signed(target, AT, body), body, NOW);
        assert_eq!(read.is_ok(), is_ours, "{public_url} {target}: {read:?}");
    }
}

#[test]
fn a_stranger_is_told_apart_from_a_wrong_signature() {
    let body = vectors::QRIS.as_bytes();
    let right = signed(TARGET, AT, body);
    let read = |change: &dyn Fn(&mut crate::payments::NoticeHeaders)| {
        let mut headers = right.clone();
        change(&mut headers);
        doku().read_notice(&headers, body, NOW)
    };
    assert!(read(&|_| {}).is_ok(), "the twin that is let in");
    for client_id in ["", "BRN-0200-1700000000002", "brn-0200-1700000000001", "BRN-0200-1700000000001 "] {
        assert_eq!(read(&|headers| client_id.clone_into(&mut headers.client_id)), Err(NoticeRefusal::ClientId));
    }
    let wrong = Err(NoticeRefusal::Signature);
    assert_eq!(read(&|headers| headers.signature.clear()), wrong);
    assert_eq!(read(&|headers| headers.request_id.push('1')), wrong);
    assert_eq!(read(&|headers| "2026-11-24T03:30:06Z".clone_into(&mut headers.timestamp)), wrong);
    assert_eq!(doku().read_notice(&right, &body[1..], NOW), wrong);
    assert_eq!(doku().read_notice(&right, b"", NOW), wrong);
}

#[test]
fn a_notice_outside_the_window_is_stale_and_not_lost() {
    let body = vectors::QRIS.as_bytes();
    let is_stale = |at: &str, now: Micros| {
        let notice = doku().read_notice(&signed(TARGET, at, body), body, now).unwrap();
        assert!(notice.report.is_some(), "{at}");
        notice.is_stale
    };
    assert!(!is_stale(AT, NOW));
    assert!(!is_stale(AT, NOW.plus_ms(300_000)), "five minutes to the millisecond");
    assert!(is_stale(AT, NOW.plus_ms(300_001)));
    assert!(!is_stale(AT, NOW.plus_ms(-300_000)));
    assert!(is_stale(AT, NOW.plus_ms(-300_001)));
    assert!(is_stale(AT, NOW.plus_ms(24 * 3_600_000)));
    assert!(!is_stale("2026-11-24T10:30:05+07:00", NOW), "the same moment, written elsewhere");
    for unreadable in ["", "yesterday", "2026-11-24 03:30", "20261124033005"] {
        assert!(is_stale(unreadable, NOW), "{unreadable}");
    }
}

#[test]
fn the_published_body_is_understood() {
    let notice = read(vectors::QRIS.as_bytes());
    let expected = PaymentReport {
        invoice: "KOIN-000001".to_owned(),
        amount: Some(Rupiah(10_000)),
        is_rupiah: true,
        word: "SUCCESS".to_owned(),
        status: ProviderStatus::Paid,
        channel: Some("QRIS_DOKU".to_owned()),
        provider_ref: Some("123456".to_owned()),
    };
    assert_eq!(notice.report, Some(expected));
    assert_eq!(notice.request_id, "VIRTUAL_ACCOUNT_BCA2226000001");
}

#[test]
fn words_are_translated_and_an_unknown_one_is_kept() {
    use ProviderStatus as S;
    for (word, status) in [
        ("SUCCESS", S::Paid),
        ("success", S::Paid),
        ("FAILED", S::FailedAttempt),
        ("PENDING", S::Pending),
        ("TIMEOUT", S::Pending),
        ("REDIRECT", S::Pending),
        ("EXPIRED", S::Expired),
        ("REFUNDED", S::Refunded),
        ("SETTLED", S::Unknown("SETTLED".to_owned())),
        ("", S::Unknown(String::new())),
    ] {
        let report = report(&order(&json!(1), word));
        assert_eq!((report.status, report.word.as_str()), (status, word));
    }
}

#[test]
fn amounts_are_whole_rupiah_however_they_are_written() {
    for (amount, read) in [
        (json!(25_000), Some(25_000)),
        (json!("25000"), Some(25_000)),
        (json!("25000.00"), Some(25_000)),
        (json!("25000.0"), Some(25_000)),
        (json!(25_000.0), Some(25_000)),
        (json!(" 25000 "), Some(25_000)),
        (json!("25000.50"), None),
        (json!(25_000.5), None),
        (json!("25.000"), None),
        (json!("25,000"), None),
        (json!("25000."), None),
        (json!(".00"), None),
        (json!("-25000"), None),
        (json!(-25_000), None),
        (json!("+25000"), None),
        (json!("2e4"), None),
        (json!(1e300), None),
        (json!("99999999999999999999"), None),
        (json!("Rp 25000"), None),
        (json!(""), None),
        (json!(null), None),
        (json!(true), None),
        (json!([25_000]), None),
        (json!({"value": 25_000}), None),
    ] {
        assert_eq!(report(&order(&amount, "SUCCESS")).amount, read.map(Rupiah), "{amount}");
    }
}

#[test]
fn another_currency_is_told() {
    for (currency, is_rupiah) in
        [(json!("IDR"), true), (json!("idr"), true), (json!(null), true), (json!("USD"), false)]
    {
        let mut body = order(&json!(1), "SUCCESS");
        body["order"]["currency"] = currency.clone();
        assert_eq!(report(&body).is_rupiah, is_rupiah, "{currency}");
    }
    assert!(report(&order(&json!(1), "SUCCESS")).is_rupiah);
}

#[test]
fn what_is_signed_and_not_understood_is_kept_without_a_report() {
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let unread: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"SUCCESS\"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"\xff\xfe".to_vec(),
        b"TRANSIDMERCHANT=BH1&AMOUNT=1".to_vec(),
        br#"{"order":{"amount":1},"transaction":{"status":"SUCCESS"}}"#.to_vec(),
        br#"{"order":"BH1","transaction":{"status":"SUCCESS"}}"#.to_vec(),
        br#"{"order":{"invoice_number":""}}"#.to_vec(),
        // The same key twice: which of the two was meant?
        br#"{"order":{"invoice_number":"BH1","amount":1,"amount":2},"transaction":{"status":"SUCCESS"}}"#.to_vec(),
        br#"{"order":{"invoice_number":"BH1"},"order":{"invoice_number":"BH2"}}"#.to_vec(),
        br#"{"order":{"invoice_number":"BH1"}} {}"#.to_vec(),
        b"{\"order\":{\"invoice_number\":\"\xff\"}}".to_vec(),
        deep(60_000).into_bytes(),
    ];
    for body in unread {
        assert_eq!(read(&body).report, None, "{}", String::from_utf8_lossy(&body[..body.len().min(80)]));
    }
}

#[test]
fn what_is_not_needed_may_be_anything() {
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let needed = r#""order":{"invoice_number":"BH1","amount":"10000.00"},"transaction":{"status":"SUCCESS"}"#;
    for more in [
        r#""uuid":2225251204135732700107182560247753618523"#.to_owned(),
        r#""uuid":1e99999"#.to_owned(),
        format!(r#""additional_info":{deep}"#),
        r#""x":1,"x":2,"x":3"#.to_owned(),
        r#""channel":null,"service":"QRIS","acquirer":[1],"emoney_payment":7,"card_payment":true"#.to_owned(),
        "\"note\":\"\u{1f600}\"".to_owned(),
    ] {
        let body = format!("{{{more},{needed}}}");
        let report = read(body.as_bytes()).report.unwrap_or_else(|| panic!("{}", &body[..80]));
        assert_eq!((report.status, report.amount), (ProviderStatus::Paid, Some(Rupiah(10_000))));
    }
    let bytes = [b"{\"note\":\"\xff\xfe\",", needed.as_bytes(), b"}"].concat();
    assert!(read(&bytes).report.is_some(), "a field nobody reads may hold no UTF-8");
    let number =
        report(&json!({"order": {"invoice_number": 12_345, "amount": 1}, "transaction": {"status": "SUCCESS"}}));
    assert_eq!(number.invoice, "12345");
    let none = report(&json!({"order": {"invoice_number": "BH1", "amount": 1}}));
    assert_eq!(none.status, ProviderStatus::Unknown(String::new()), "no word at all");
}

proptest! {
    #[test]
    fn whatever_is_signed_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!read(&bytes).is_stale);
    }

    #[test]
    fn whole_amounts_come_out_as_they_went_in(amount in 0_i64..=999_999_999_999, zeros in 0_usize..3) {
        let written = match zeros {
            0 => amount.to_string(),
            zeros => format!("{amount}.{}", "0".repeat(zeros)),
        };
        prop_assert_eq!(report(&order(&json!(written), "SUCCESS")).amount, Some(Rupiah(amount)));
        let number = format!(r#"{{"order":{{"invoice_number":"BH1","amount":{written}}}}}"#);
        prop_assert_eq!(read(number.as_bytes()).report.and_then(|report| report.amount), Some(Rupiah(amount)));
    }
}

#[test]
fn an_adapter_without_credentials_is_none() {
    use crate::config::Secret;
    let parts = |client_id: &str, secret: &str| super::super::Parts {
        config: crate::config::Doku {
            client_id: client_id.to_owned(),
            secret_key: Secret::new(secret),
            ..crate::config::Doku::default()
        },
        public_url: "https://bakuhantam.tv".to_owned(),
        clock: std::sync::Arc::new(crate::clock::SystemClock),
        random: std::sync::Arc::new(crate::ids::SystemRandom::default()),
        timings: super::super::Timings::default(),
    };
    let is_made = |client_id, secret| super::super::Doku::new(parts(client_id, secret)).is_ok();
    assert_eq!([is_made("BRN-1", "SK-1"), is_made("", "SK-1"), is_made("BRN-1", "")], [true, false, false]);
}
