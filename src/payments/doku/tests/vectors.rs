//! Signatures that others have published, and two that Python's and OpenSSL's HMAC agree on.

use super::super::signature::{Direction, Parts, digest_of, key_of, sign, verify};
use super::{CLIENT_ID, SECRET};

const OTHER_CLIENT: &str = "MCH-0001-10791114622547";
const OTHER_TIME: &str = "2020-08-11T08:45:42Z";
const OTHER_ID: &str = "cc682442-6c22-493e-8121-b9ef6b3fa728";

/// The body of the fifth vector, 335 bytes.
pub(super) const QRIS: &str = r#"{"service":{"id":"QRIS"},"acquirer":{"id":"DOKU"},"channel":{"id":"QRIS_DOKU"},"order":{"invoice_number":"KOIN-000001","amount":10000},"transaction":{"status":"SUCCESS","date":"2026-11-24T03:30:00Z","original_request_id":"11111111-2222-4333-8444-555555555555"},"emoney_payment":{"account_id":"93600000000000","approval_code":"123456"}}"#;

struct Vector {
    key: &'static str,
    client_id: &'static str,
    request_id: &'static str,
    timestamp: &'static str,
    target: &'static str,
    digest: Option<String>,
    signature: &'static str,
}

impl Vector {
    fn parts(&self) -> Parts<'_> {
        Parts {
            client_id: self.client_id,
            request_id: self.request_id,
            timestamp: self.timestamp,
            target: self.target,
            digest: self.digest.as_deref(),
            direction: Direction::Request,
        }
    }
}

fn vectors() -> [Vector; 6] {
    let v1 = Vector {
        key: "SK-TEST",
        client_id: OTHER_CLIENT,
        request_id: OTHER_ID,
        timestamp: OTHER_TIME,
        target: "/checkout/v1/payment",
        digest: Some(digest_of(br#"{"order":{"invoice_number":"INV1","amount":1000}}"#)),
        signature: "HMACSHA256=8rZww6yU4g1Wbdt8O2OVhrABVjteP8s8jGAsg2CqzD4=",
    };
    let v2 = Vector {
        request_id: "rid-1",
        target: "/orders/v1/status/INV1",
        digest: None,
        signature: "HMACSHA256=24UbFMorTrFKC8LstaTUQsGraKDwndw0bNviBTKLiPY=",
        ..v1
    };
    let v3 = Vector {
        key: "SK-UJI-RAHASIA",
        client_id: "BRN-0227-UJI",
        request_id: "11111111-2222-3333-4444-555555555555",
        timestamp: "2026-09-04T00:00:00Z",
        target: "/checkout/v1/payment",
        digest: Some("ZT2BNzetJSitTr8ljOlZzk+YKb849nP7+FEVI3JYVFM=".to_owned()),
        signature: "HMACSHA256=EnOQVp3bJB/JEiMXZ46up4JVJ8LyHfB3ob6lVW3rkPE=",
    };
    let v4 = Vector {
        key: "unit-test-secret-key",
        client_id: OTHER_CLIENT,
        request_id: OTHER_ID,
        timestamp: OTHER_TIME,
        target: "/doku-virtual-account/v2/payment-code",
        digest: Some("5WIYK2TJg6iiZ0d5v4IXSR0EkYEkYOezJIma3Ufli5s=".to_owned()),
        signature: "HMACSHA256=tIU65SJi4/ZPvvvDLNEvv71dlebEXscSGe/H2rSmTZI=",
    };
    let s1 = Vector {
        key: SECRET,
        client_id: CLIENT_ID,
        request_id: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        timestamp: "2026-11-24T03:30:05Z",
        target: "/webhook/doku",
        digest: Some(digest_of(QRIS.as_bytes())),
        signature: "HMACSHA256=fizPo70gwoWyCr5RSiw9lNvarbLOYIaCf0ASkxZnQfA=",
    };
    let s2 = Vector {
        timestamp: "2026-11-24T03:31:10Z",
        target: "/orders/v1/status/KOIN-000001",
        digest: None,
        signature: "HMACSHA256=eMzIWXx0BdIyetkCqzMT54ZlcUP60zWO8tSQxX1/akA=",
        ..s1
    };
    [v1, v2, v3, v4, s1, s2]
}

#[test]
fn published_signatures_come_out() {
    for (number, vector) in vectors().iter().enumerate() {
        let key = key_of(vector.key);
        assert_eq!(sign(&key, &vector.parts()), vector.signature, "vector {number}");
        assert!(verify(&key, &vector.parts(), vector.signature), "vector {number}");
    }
}

#[test]
fn digests_come_out() {
    for (body, digest) in [
        ("", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ("{}", "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="),
        (r#"{"a":1}"#, "AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI="),
        (QRIS, "xzmF7L/Sa8sQhomoAHH+IG6LxSfOg6ti7lzhH2gUCf8="),
        (r#"{"order":{"amount":20000,"invoice_number":"INV-0001"}}"#, "ZT2BNzetJSitTr8ljOlZzk+YKb849nP7+FEVI3JYVFM="),
    ] {
        assert_eq!(digest_of(body.as_bytes()), digest, "{body}");
    }
    assert_eq!(QRIS.len(), 335);
}

#[test]
fn five_lines_with_a_body_and_four_without_and_none_ends_in_a_line_feed() {
    let [v1, v2, ..] = vectors();
    let (with, without) = (v1.parts().component_string(), v2.parts().component_string());
    assert_eq!(with.lines().count(), 5);
    assert_eq!(without.lines().count(), 4);
    assert!(!with.ends_with('\n') && !without.ends_with('\n'));
    let expected = format!(
        "Client-Id:{OTHER_CLIENT}\nRequest-Id:rid-1\nRequest-Timestamp:{OTHER_TIME}\n\
         Request-Target:/orders/v1/status/INV1"
    );
    assert_eq!(without, expected);
    let answer = Parts { direction: Direction::Response, ..v2.parts() }.component_string();
    assert_eq!(answer, expected.replace("Request-Timestamp", "Response-Timestamp"));
}

#[test]
fn a_signature_over_anything_else_is_none() {
    let all = vectors();
    let (s1, s2) = (&all[4], &all[5]);
    let key = key_of(SECRET);
    let mac = |text: &str| {
        let tag = ring::hmac::sign(&key, text.as_bytes());
        format!("HMACSHA256={}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, tag))
    };
    let text = s1.parts().component_string();
    assert!(verify(&key, &s1.parts(), &mac(&text)), "the twin that is right");
    let wrong = [
        ("a line feed at the end", mac(&format!("{text}\n"))),
        ("a blank after a colon", mac(&text.replacen("Client-Id:", "Client-Id: ", 1))),
        ("another path", mac(&text.replace("/webhook/doku", "/webhook/doku/"))),
        ("another scheme", mac(&text).replace("HMACSHA256=", "HMACSHA512=")),
        ("no scheme", mac(&text).replace("HMACSHA256=", "")),
        ("nothing", String::new()),
        ("the scheme alone", "HMACSHA256=".to_owned()),
        ("no base64", "HMACSHA256=***".to_owned()),
        ("half of it", mac(&text)[..30].to_owned()),
        ("without its padding", mac(&text).trim_end_matches('=').to_owned()),
        ("more behind it", format!("{}AAAA", mac(&text))),
        ("the response's timestamp", mac(&text.replace("Request-Timestamp", "Response-Timestamp"))),
    ];
    for (what, signature) in wrong {
        assert!(!verify(&key, &s1.parts(), &signature), "{what}");
    }
    assert!(!verify(&key_of("SK-other"), &s1.parts(), s1.signature), "another secret");
    // GET: an empty digest line is not the same as none.
    let empty = mac(&format!("{}\nDigest:", s2.parts().component_string()));
    assert!(!verify(&key, &s2.parts(), &empty));
    let hashed = digest_of(b"");
    assert!(!verify(&key, &Parts { digest: Some(&hashed), ..s2.parts() }, s2.signature));
    // One byte of the body, and the same JSON written anew.
    let value: serde_json::Value = serde_json::from_str(QRIS).unwrap();
    for body in [QRIS.replace("10000", "10001"), value.to_string(), format!("{QRIS}\n")] {
        let digest = digest_of(body.as_bytes());
        assert!(!verify(&key, &Parts { digest: Some(&digest), ..s1.parts() }, s1.signature), "{body}");
    }
    assert!(!verify(&key, &Parts { client_id: OTHER_CLIENT, ..s1.parts() }, s1.signature), "a foreign client");
}
