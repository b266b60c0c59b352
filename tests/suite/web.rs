//! The rules of every route, by the real binary. A new route needs a line in `web/plans.rs` when it is asked with a body,
//! or answers something else than 200 to whoever may call it.

mod callers;
mod plans;
mod typed;

use std::collections::HashSet;
use std::time::Duration;

use bakuhantam::web::routes::{Access, Audience, table};
use hyper::Method;

use self::callers::{CALLERS, People, Refusal, ask, refusal};
use self::plans::{address, address_of, answers, plan, wants_json};

use crate::harness::http::{self, Answer};
use crate::harness::night::{self, KEY};
use crate::harness::until;

const TOKEN: &str = "a-token-for-metrics";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn overrides(proxies: &str) -> String {
    format!(
        "[server]\ntrusted_proxies = [{proxies}]\n[metrics]\ntoken = \"{TOKEN}\"\n[ingest]\nhook_trusted = \
         [\"203.0.113.77\"]\n"
    )
}

/// What every answer carries.
pub fn is_protected(answer: &Answer, of: &str) {
    let policy = answer.header("content-security-policy");
    let scripts = policy.split(';').map(str::trim).find(|rule| rule.starts_with("script-src")).unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'"), "{of}: {policy}");
    assert_eq!(scripts, "script-src 'self'", "{of}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{of}");
    assert_eq!(answer.header("x-request-id").len(), 26, "{of}");
    if answer.header("content-type").starts_with("text/html") {
        nothing_inline(answer.text(), of);
    }
}

/// No script that stands in the page itself, in whatever form.
fn nothing_inline(page: &str, of: &str) {
    for script in page.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        assert!(tag.contains(" src=") || tag.contains("type=\"application/json\""), "{of}: <script{tag}>");
    }
    for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let handler = tag.split_whitespace().find(|word| word.starts_with("on") && word.contains('='));
        assert!(handler.is_none() && !tag.contains("javascript:"), "{of}: <{tag}>");
    }
}

pub fn is_json_error(answer: &Answer, code: &str) {
    let told = answer.json();
    assert_eq!(told["error"]["code"], code, "{told}");
    assert!(told["error"]["message"].as_str().is_some_and(|message| message.ends_with('.')), "{told}");
    assert!(told["error"]["incident"].is_null(), "{told}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn every_route_answers_each_caller_by_its_rule() {
    let plain = night::serve(&overrides("")).await;
    let proxied = night::serve(&overrides("\"127.0.0.1\"")).await;
    let mut people = People::of(&plain).await;
    let mut ids = HashSet::new();
    for entry in table() {
        println!("{:4} {:36} {:?} {:?}", entry.method, entry.path, entry.audience, entry.access);
        for caller in CALLERS {
            let server = if caller.by_proxy { &proxied } else { &plain };
            let of = format!("{} {} for {}", entry.method, entry.path, caller.name);
            let answer = ask(server, &entry, caller, &mut people).await;
            is_protected(&answer, &of);
            assert!(ids.insert(answer.header("x-request-id").to_owned()), "{of}: a request id came twice");
            match refusal(&entry, caller) {
                None => {
                    assert_eq!(answer.status, answers(&entry, caller.who), "{of}: {}", answer.text());
                }
                Some(Refusal::SignedOut { sign_in }) => {
                    assert_eq!(answer.status, 303, "{of}");
                    let next = if entry.method == "GET" { "?next=%2F" } else { "" };
                    let location = answer.header("location");
                    assert!(location.starts_with(&format!("{sign_in}{next}")), "{of}: {location}");
                    assert_eq!(location.contains('?'), entry.method == "GET", "{of}: {location}");
                    assert_eq!(answer.header("cache-control"), "no-store", "{of}");
                }
                Some(Refusal::Json(status, code)) => {
                    assert_eq!(answer.status, status, "{of}");
                    is_json_error(&answer, code);
                }
                Some(Refusal::Page(status)) => {
                    assert_eq!(answer.status, status, "{of}");
                    assert!(answer.text().contains("<html"), "{of}");
                    assert_eq!(answer.header("cache-control"), "no-store", "{of}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_route_is_404_and_a_method_a_route_has_not_is_405() {
    let server = night::serve("").await;
    for path in ["/nowhere", "/events", "/events/", "/events/a/b", "/watch/Not%20A%20Slug", "/events/%ff", "/watch/%00"]
    {
        let answer = http::get(&server.url(path)).await;
        assert_eq!(answer.status, 404, "{path}");
        is_protected(&answer, path);
        assert!(answer.text().contains("<html lang=\"id\">"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let english = http::get(&server.url(&format!("{path}?lang=en"))).await;
        assert!(english.text().contains("<html lang=\"en\">"), "{path}");
    }
    for path in ["/api", "/api/v1", "/api/v1/nowhere", "/api/v1/events/", "/api/v1/events/nobody"] {
        let answer = http::get(&server.url(path)).await;
        assert_eq!(answer.status, 404, "{path}");
        is_protected(&answer, path);
        if path != "/api" {
            is_json_error(&answer, if path.ends_with("nobody") { "events.not_found" } else { "web.no_such_page" });
        }
    }
    for entry in table() {
        let own: Vec<_> = table().into_iter().filter(|other| other.path == entry.path).collect();
        let allow: Vec<_> = own.iter().map(|own| if own.method == "GET" { "GET, HEAD" } else { own.method }).collect();
        let url = address(&server, &entry).await;
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            if own.iter().any(|own| method == *own.method) {
                continue;
            }
            let of = format!("{method} {}", entry.path);
            let answer = http::send(method, &url, &[], "").await;
            assert_eq!(answer.status, 405, "{of}");
            assert_eq!(answer.header("allow"), allow.join(", "), "{of}");
            is_protected(&answer, &of);
            if wants_json(entry.path) {
                is_json_error(&answer, "web.method_not_allowed");
            } else {
                assert!(answer.text().contains("<html"), "{of}");
            }
        }
    }
}

#[tokio::test]
async fn with_hosts_each_audience_has_its_own_and_health_answers_everywhere() {
    let hosts = "[hosts]\nsite = \"baku.test\"\nadmin = \"admin.baku.test\"\napi = \"api.baku.test\"\n";
    let mut server = night::prepare(hosts);
    server.serve().await;
    let api = [("host", "api.baku.test")];
    until("the mirror has the night", Duration::from_secs(10), async || {
        let event = http::send(Method::GET, &server.url("/api/v1/events/island-fight"), &api, "").await;
        (event.status == 200).then_some(())
    })
    .await;
    for entry in table().into_iter().filter(|entry| entry.method == "GET" && entry.path != "/ws") {
        let url = address_of(&server, &entry, "missing.css");
        for host in
            ["baku.test", "BAKU.test:8080", "admin.baku.test", "api.baku.test", "evil.test", "baku.test.evil.test", ""]
        {
            let answer = http::send(Method::GET, &url, &[("host", host)], "").await;
            let audience = match host.split(':').next().expect("a part").to_ascii_lowercase().as_str() {
                "baku.test" => Some(Audience::Site),
                "api.baku.test" => Some(Audience::Api),
                "admin.baku.test" => Some(Audience::Admin),
                _ => None,
            };
            let let_in = entry.audience == Audience::Any || audience == Some(entry.audience);
            let of = format!("{} on \"{host}\"", entry.path);
            if let_in && !entry.path.starts_with("/assets") {
                let wanted = match entry.access {
                    Access::Viewer | Access::Panel(_) if wants_json(entry.path) => 401,
                    Access::Viewer | Access::Panel(_) => 303,
                    // Its own machine alone, by whatever name it is published.
                    Access::Sandbox => 403,
                    Access::Open | Access::Metrics | Access::MediaServer | Access::Gateway | Access::Overlay => {
                        plan(entry.method, entry.path).answers
                    }
                };
                assert_eq!(answer.status, wanted, "{of}");
            } else {
                assert_eq!(answer.status, 404, "{of}");
            }
            is_protected(&answer, &of);
        }
    }
    let hook = |host: &'static str| {
        let url = server.url("/api/v1/hooks/ingest");
        async move {
            http::send(Method::POST, &url, &[FORM, ("host", host)], format!("call=publish&name={KEY}")).await.status
        }
    };
    assert_eq!(hook("api.baku.test").await, 200);
    assert_eq!(hook("baku.test").await, 404);
    let policy = http::send(Method::GET, &server.url("/"), &[("host", "baku.test")], "").await;
    let policy = policy.header("content-security-policy");
    let connect = policy.split(';').find(|rule| rule.contains("connect-src")).expect("a rule");
    assert!(connect.contains(" http://api.baku.test ") && connect.contains("ws://api.baku.test"), "{policy}");
}

#[tokio::test]
async fn an_unsafe_request_from_another_sites_page_is_refused() {
    let hosts = "[hosts]\nsite = \"baku.test\"\nadmin = \"admin.baku.test\"\n";
    let mut server = night::prepare(hosts);
    server.serve().await;
    let own = server.url("");
    let url = server.url("/api/v1/hooks/ingest");
    let ask = async |origin: &str| {
        let headers: Vec<_> = [FORM].into_iter().chain((!origin.is_empty()).then_some(("origin", origin))).collect();
        http::send(Method::POST, &url, &headers, format!("call=publish&name={KEY}")).await
    };
    for origin in ["", own.as_str(), "http://baku.test", "http://admin.baku.test"] {
        assert_eq!(ask(origin).await.status, 200, "{origin}");
    }
    for origin in ["http://evil.test", "https://baku.test", "http://baku.test.evil.test", "http://baku.test:81", "null"]
    {
        let answer = ask(origin).await;
        assert_eq!(answer.status, 403, "{origin}");
        is_json_error(&answer, "web.foreign_origin");
        is_protected(&answer, origin);
        // Reading is everyone's.
        let read = http::send(Method::GET, &server.url("/api/v1/events"), &[("origin", origin)], "").await;
        assert_eq!(read.status, 200, "{origin}");
    }
    let page = http::send(Method::POST, &server.url("/"), &[("origin", "null"), ("host", "baku.test")], "").await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("<html"));
}

#[tokio::test]
async fn only_our_own_pages_may_read_the_api_with_credentials_from_another_host() {
    let mut server = night::prepare("[hosts]\nsite = \"baku.test\"\napi = \"api.baku.test\"\n");
    server.serve().await;
    let url = server.url("/api/v1/events");
    let api = ("host", "api.baku.test");
    for (origin, allowed) in [("http://baku.test", true), ("http://evil.test", false), ("null", false)] {
        let read = http::send(Method::GET, &url, &[api, ("origin", origin)], "").await;
        let asked = [api, ("origin", origin), ("access-control-request-method", "POST")];
        let preflight = http::send(Method::OPTIONS, &url, &asked, "").await;
        assert_eq!((read.status.as_u16(), preflight.status.as_u16()), (200, 204), "{origin}");
        for answer in [read, preflight] {
            let (told, credentials) =
                (answer.header("access-control-allow-origin"), answer.header("access-control-allow-credentials"));
            assert_eq!((told, credentials), if allowed { (origin, "true") } else { ("", "") }, "{origin}");
            let vary: Vec<_> = answer.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok()).collect();
            assert!(vary.contains(&"origin"), "{origin}: {vary:?}");
        }
    }
    // Whoever chooses a node asks them all.
    let health = http::send(Method::GET, &server.url("/health"), &[("origin", "http://evil.test")], "").await;
    assert_eq!(health.header("access-control-allow-origin"), "*");
    assert_eq!(health.header("cache-control"), "no-store");
    let page =
        http::send(Method::GET, &server.url("/"), &[("host", "baku.test"), ("origin", "http://baku.test")], "").await;
    assert_eq!(page.header("access-control-allow-origin"), "");
}
