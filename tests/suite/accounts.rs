//! Accounts, by the API.

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
