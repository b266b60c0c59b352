//! What viewers are shown and what they are not, by the real binary.

use hyper::Method;

use crate::harness::http;
use crate::harness::night::{self, apply};
use crate::harness::socket::SOON;
use crate::web::{is_json_error, is_protected};

#[tokio::test]
async fn pages_may_be_cached_and_are_the_same_bytes_for_everyone() {
    let server = night::serve("").await;
    for path in ["/", "/events/island-fight", "/watch/island-fight", "/privacy", "/terms"] {
        let first = http::get(&server.url(path)).await;
        assert_eq!(first.status, 200, "{path}");
        assert_eq!(first.header("cache-control"), "public, max-age=2", "{path}");
        assert_eq!(first.header("set-cookie"), "", "{path}");
        let headers = [("cookie", "a=b"), ("accept-language", "en"), ("user-agent", "another")];
        let again = http::send(Method::GET, &server.url(path), &headers, "").await;
        assert_eq!(first.body, again.body, "{path}");
        let head = http::send(Method::HEAD, &server.url(path), &[], "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), first.body.len().to_string(), "{path}");

        assert!(first.text().contains("<html lang=\"id\">"), "{path}");
        let english = http::get(&server.url(&format!("{path}?lang=en"))).await;
        assert!(english.text().contains("<html lang=\"en\">"), "{path}");
        assert_eq!(english.header("content-language"), "en", "{path}");
        assert_ne!(english.body, first.body, "{path}");
        let unknown = http::get(&server.url(&format!("{path}?lang=fr"))).await;
        assert_eq!(unknown.body, first.body, "{path}");

        for coding in ["gzip", "br"] {
            let small = http::send(Method::GET, &server.url(path), &[("accept-encoding", coding)], "").await;
            assert_eq!(small.header("content-encoding"), coding, "{path}");
            let vary: Vec<_> = small.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok()).collect();
            assert!(vary.contains(&"accept-encoding") && vary.contains(&"cookie"), "{path}: {vary:?}");
            assert!(small.body.len() * 2 < first.body.len(), "{path}: {} of {}", small.body.len(), first.body.len());
        }
    }
}

/// The server's log is looked at when it is dropped: what strangers send wrong is no alarm.
#[tokio::test]
async fn what_is_no_request_is_refused_and_is_no_alarm() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = night::serve("").await;
    let address = server.url("").trim_start_matches("http://").to_owned();
    for (sent, status) in [("GET / HTTP/1.1\r\nhost: a\r\nx\u{1}: b\r\n\r\n", "400"), ("\u{1}\u{2}\r\n\r\n", "400")] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.expect("a connection");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}

#[tokio::test]
async fn drafts_and_unknown_events_are_found_nowhere() {
    let server = night::serve("").await;
    for slug in ["hidden-night", "nobody"] {
        for path in ["/events/", "/watch/"] {
            assert_eq!(http::get(&server.url(&format!("{path}{slug}"))).await.status, 404);
        }
        for more in ["", "/playback", "/milestones", "/polls"] {
            let answer = http::get(&server.url(&format!("/api/v1/events/{slug}{more}"))).await;
            assert_eq!(answer.status, 404, "{slug}{more}");
            is_json_error(&answer, "events.not_found");
        }
    }
    for path in ["/", "/api/v1/events"] {
        let seen = http::get(&server.url(path)).await;
        assert!(!seen.text().contains("Hidden Night") && !seen.text().contains("hidden-night"), "{path}");
        assert!(seen.text().contains("Island Fight"), "{path}");
    }
    let polls = http::get(&server.url("/api/v1/events/island-fight/polls")).await.json();
    assert_eq!(polls["polls"].as_array().expect("polls").len(), 1, "no draft: {polls}");
    assert!(!http::get(&server.url("/watch/island-fight")).await.text().contains("rahasia"));
    // The twin: once it is published it is found everywhere.
    let shown = night::night().replace(
        "starts_at = \"2027-01-05T19:00:00+07:00\"\nstatus = \"draft\"",
        "starts_at = \"2027-01-05T19:00:00+07:00\"\nstatus = \"published\"",
    );
    apply(&server, &shown);
    night::event_that(&server, "hidden-night", "the draft is published", SOON, |event| event["status"] == "published")
        .await;
    assert_eq!(http::get(&server.url("/watch/hidden-night")).await.status, 200);
}

#[tokio::test]
async fn words_of_an_operator_are_text_on_every_page() {
    let server = night::serve("").await;
    let nasty = "</script><script>alert(1)</script>'\\\"&";
    apply(
        &server,
        &night::night()
            .replace("\"Island Fight\"", &format!("'''{nasty}'''"))
            .replace("\"Ari Wijaya\"", &format!("'''{nasty}'''")),
    );
    night::event_that(&server, "island-fight", "the new title", SOON, |event| event["title"] == nasty).await;
    for path in ["/", "/events/island-fight", "/watch/island-fight"] {
        let page = http::get(&server.url(path)).await;
        is_protected(&page, path);
        assert!(!page.text().contains("alert(1)</script>"), "{path}");
        assert!(page.text().contains("alert(1)"), "{path}");
    }
}
