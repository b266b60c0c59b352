//! People with accounts, by the public door.

use hyper::Method;
use serde_json::{Value, json};

use super::http::{self, Answer};
use super::server::TestServer;

/// The password of every viewer here.
pub const PASSWORD: &str = "kuda-nil terbang 77";

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub id: String,
    pub phone: String,
    /// `bh_session=…`
    pub cookie: String,
    base: String,
}

impl Viewer {
    /// Registers the `number`th viewer of a server: +62812000… with that number at its end.
    pub async fn register(server: &TestServer, number: u32) -> Self {
        let phone = format!("0812{number:08}");
        let body = json!({"phone": phone, "password": PASSWORD, "name": format!("Penonton {number}")}).to_string();
        let answer = http::send(Method::POST, &server.url("/api/v1/register"), &[JSON], body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let me = answer.json();
        Self {
            id: me["id"].as_str().expect("an id").to_owned(),
            phone: me["phone"].as_str().expect("a phone").to_owned(),
            cookie: cookie_of(&answer),
            base: server.url(""),
        }
    }

    /// Signs in again, after the session was ended.
    pub async fn log_in_again(&mut self) {
        let body = json!({"phone": self.phone, "password": PASSWORD}).to_string();
        let answer = http::send(Method::POST, &format!("{}/api/v1/login", self.base), &[JSON], body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.cookie = cookie_of(&answer);
    }

    /// GET with the session.
    pub async fn get(&self, path: &str) -> Answer {
        http::send(Method::GET, &format!("{}{path}", self.base), &[("cookie", &self.cookie)], "").await
    }

    /// POST of JSON with the session; `key` is the `Idempotency-Key`, none when empty.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        let mut headers = vec![("cookie", self.cookie.as_str()), JSON];
        if !key.is_empty() {
            headers.push(("idempotency-key", key));
        }
        http::send(Method::POST, &format!("{}{path}", self.base), &headers, body.to_string()).await
    }

    /// The balance as the API tells it.
    pub async fn coins(&self) -> i64 {
        self.get("/api/v1/me").await.json()["coins"].as_i64().expect("coins")
    }
}

/// The header of JSON bodies.
pub const JSON: (&str, &str) = ("content-type", "application/json");

/// `name=value` of the cookie an answer sets.
pub fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}
