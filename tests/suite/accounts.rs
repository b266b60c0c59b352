//! Accounts: by the API, by commands, and by the room's door where no route leads.

mod commands;
mod messages;
mod own;
mod resets;
mod room;
mod sessions;
mod staff;

use hyper::Method;
use serde_json::json;

use crate::harness::viewers::{JSON, PASSWORD, Viewer, cookie_of};
use crate::harness::{http, night};

#[tokio::test]
async fn who_registers_is_signed_in_and_can_leave_and_come_back() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    let me = ari.get("/api/v1/me").await.json();
    assert_eq!(
        me,
        json!({"id": ari.id, "name": "Penonton 1", "phone": "+6281200000001", "coins": 0, "role": "viewer", "locale": "id"})
    );
    assert_eq!(http::get(&server.url("/api/v1/me")).await.status, 401);
    assert_eq!(ari.post("/api/v1/logout", "", &json!({})).await.status, 204);
    assert_eq!(ari.get("/api/v1/me").await.status, 401);
    let log_in = |password: &str| {
        let body = json!({"phone": "+62 812-0000-0001", "password": password}).to_string();
        let url = server.url("/api/v1/login");
        async move { http::send(Method::POST, &url, &[JSON], body).await }
    };
    assert_eq!(log_in("something else").await.status, 401);
    let back = log_in(PASSWORD).await;
    assert_eq!(back.status, 200);
    let cookie = cookie_of(&back);
    let again = http::send(Method::GET, &server.url("/api/v1/me"), &[("cookie", &cookie)], "").await;
    assert_eq!(again.json()["id"], ari.id.as_str());
}

#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    let body = json!({"phone": ari.phone, "password": PASSWORD}).to_string();
    let headers = [JSON, ("cookie", ari.cookie.as_str())];
    let again = http::send(Method::POST, &server.url("/api/v1/login"), &headers, body.clone()).await;
    assert_eq!(again.status, 200);
    assert_ne!(cookie_of(&again), ari.cookie);
    assert_eq!(ari.get("/api/v1/me").await.status, 401, "the one it replaces");
    // Without it, as from another browser, both live.
    let other = http::send(Method::POST, &server.url("/api/v1/login"), &[JSON], body).await;
    for answer in [&again, &other] {
        let cookie = cookie_of(answer);
        assert_eq!(http::send(Method::GET, &server.url("/api/v1/me"), &[("cookie", &cookie)], "").await.status, 200);
    }
}

#[tokio::test]
async fn what_cannot_be_registered_is_told_why() {
    let server = night::serve("").await;
    for (password, name, code) in [
        ("pendek", "Ari", "accounts.weak_password"),
        ("persib1933", "Ari", "accounts.weak_password"),
        ("081234567890", "Ari", "accounts.weak_password"),
        (PASSWORD, "", "accounts.bad_name"),
        (PASSWORD, " \u{200b} ", "accounts.bad_name"),
        (PASSWORD, "Ari\u{202e}", "accounts.bad_name"),
        (PASSWORD, &*"a".repeat(41), "accounts.bad_name"),
    ] {
        let body = json!({"phone": "081234567890", "password": password, "name": name}).to_string();
        let answer = http::send(Method::POST, &server.url("/api/v1/register"), &[JSON], body).await;
        assert_eq!(answer.status, 422, "{password} {name}");
        assert_eq!(answer.json()["error"]["code"], code);
    }
    let body = json!({"phone": "081234567890", "password": PASSWORD, "name": "  Ari   Wijaya 🥊 "}).to_string();
    let answer = http::send(Method::POST, &server.url("/api/v1/register"), &[JSON], body).await;
    assert_eq!((answer.status.as_u16(), answer.json()["name"].as_str()), (201, Some("Ari Wijaya 🥊")));
}
