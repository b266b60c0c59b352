//! Strangers who guess, and owners who get in all the same: by the API, behind a proxy, on both databases.

use bakuhantam::store::{Conn, StoreError};
use diesel::RunQueryDsl as _;
use futures_util::{StreamExt as _, stream};
use hyper::Method;
use serde_json::json;

use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::viewers::{JSON, PASSWORD};
use crate::postgres::{TestDatabase, on_both_databases};

/// A server behind a proxy that is believed.
async fn behind_a_proxy(db: &TestDatabase) -> TestServer {
    let mut overrides: toml::Table = db.overrides().parse().expect("TOML");
    let server = overrides.get_mut("server").and_then(toml::Value::as_table_mut).expect("a section");
    server.insert("trusted_proxies".into(), vec!["127.0.0.1"].into());
    night::serve(&toml::to_string(&overrides).expect("TOML")).await
}

/// A browser at an address.
struct Browser<'a> {
    server: &'a TestServer,
    address: String,
    /// `bh_device=…`, once it has signed in.
    device: String,
}

impl<'a> Browser<'a> {
    fn at(server: &'a TestServer, address: impl Into<String>) -> Self {
        Self { server, address: address.into(), device: String::new() }
    }

    async fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        let mut headers = vec![JSON, ("x-forwarded-for", self.address.as_str())];
        if !self.device.is_empty() {
            headers.push(("cookie", &self.device));
        }
        http::send(Method::POST, &self.server.url(path), &headers, body.to_string()).await
    }

    async fn log_in(&self, phone: &str, password: &str) -> Answer {
        self.post("/api/v1/login", &json!({"phone": phone, "password": password})).await
    }

    /// Keeps the device's mark of an answer, as browsers do.
    fn keep(&mut self, answer: &Answer) {
        let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let mark =
            cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with("bh_device="));
        self.device = mark.expect("a mark").to_owned();
    }
}

async fn register(browser: &mut Browser<'_>, phone: &str) {
    let answer =
        browser.post("/api/v1/register", &json!({"phone": phone, "password": PASSWORD, "name": "Penonton"})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    browser.keep(&answer);
}

fn code(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

on_both_databases! {
    /// From 250 addresses, the owner's own carrier address among them.
    async fn a_strangers_thousand_wrong_guesses_do_not_lock_the_owner_out(db) {
        let server = behind_a_proxy(&db).await;
        let phone = "081234567890";
        let mut home = Browser::at(&server, "36.64.0.9");
        register(&mut home, phone).await;

        let guesses = stream::iter(0..1_000_u32).map(|number| {
            let stranger = Browser::at(&server, format!("36.64.0.{}", number % 250));
            async move { stranger.log_in(phone, &format!("tebakan nomor {number}")).await }
        });
        let answers: Vec<Answer> = guesses.buffer_unordered(32).collect().await;
        let wrong = answers.iter().filter(|answer| answer.status == 401).count();
        let limited = answers.iter().filter(|answer| answer.status == 429).count();
        assert_eq!(wrong + limited, 1_000, "each is refused in one of two ways");
        assert!(limited >= 300, "most are not even looked at: {limited}");
        let refused = answers.iter().find(|answer| answer.status == 429).expect("a limited one");
        assert_eq!(code(refused), "accounts.too_many_tries");
        assert!(refused.header("retry-after").parse::<u32>().expect("seconds") >= 1);

        // A stranger who is limited and guesses right learns nothing: the same answer.
        let stranger = Browser::at(&server, "36.64.0.7");
        for _ in 0..6 {
            stranger.log_in(phone, "tebakan lagi").await;
        }
        assert_eq!(stranger.log_in(phone, PASSWORD).await.status, 429);

        // The owner: where the account signed in before, at the hammered address itself; and at a new device elsewhere.
        assert_eq!(home.log_in(phone, PASSWORD).await.status, 200);
        let new = Browser::at(&server, "114.10.0.1");
        assert_eq!(new.log_in(phone, "salah ketik sekali").await.status, 401);
        assert_eq!(new.log_in(phone, PASSWORD).await.status, 200);

        // A mark of one's own helps nobody at another's number.
        let mut thief = Browser::at(&server, "36.64.0.7");
        register(&mut thief, "081299999999").await;
        assert_eq!(thief.log_in(phone, PASSWORD).await.status, 429);
        assert_eq!(thief.log_in("081299999999", PASSWORD).await.status, 200);
    }

    async fn a_thousand_phones_behind_one_address_sign_in_while_a_neighbour_guesses(db) {
        let server = behind_a_proxy(&db).await;
        let carrier = "114.4.0.1";
        let mut first = Browser::at(&server, carrier);
        register(&mut first, "081200000000").await;
        people_with_the_same_password(&db, 1_000).await;

        let neighbour = Browser::at(&server, carrier);
        for number in 0..200 {
            neighbour.log_in("081200000000", &format!("tebakan nomor {number}")).await;
        }
        assert_eq!(neighbour.log_in("081200000000", PASSWORD).await.status, 429);

        let people = stream::iter(1..=1_000_u32).map(|number| {
            let phone = phone_of(number);
            let browser = Browser::at(&server, carrier);
            async move {
                // One in twenty mistypes.
                if number % 20 == 0 {
                    assert_eq!(browser.log_in(&phone, "salah ketik").await.status, 401, "{phone}");
                }
                let answer = browser.log_in(&phone, PASSWORD).await;
                assert_eq!(answer.status, 200, "{phone}: {}", answer.text());
            }
        });
        people.buffer_unordered(32).collect::<Vec<()>>().await;
        assert_eq!(first.log_in("081200000000", PASSWORD).await.status, 200, "the hammered one has a mark");
    }

    async fn signing_in_does_not_tell_whether_a_number_exists(db) {
        let server = behind_a_proxy(&db).await;
        register(&mut Browser::at(&server, "10.0.0.1"), "081234567890").await;
        let mut answers = Vec::new();
        for (address, phone) in [("10.1.0.1", "081234567890"), ("10.1.0.2", "081234567891"), ("10.1.0.3", "not a number")] {
            let answer = Browser::at(&server, address).log_in(phone, "kata sandi lain").await;
            assert_eq!(answer.status, 401);
            answers.push(answer.text().to_owned());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        // The limits are the same too.
        for phone in ["081234567890", "081234567891"] {
            let stranger = Browser::at(&server, "10.2.0.1");
            for _ in 0..5 {
                assert_eq!(stranger.log_in(phone, "kata sandi lain").await.status, 401);
            }
            assert_eq!(stranger.log_in(phone, "kata sandi lain").await.status, 429);
        }
        let metrics = http::get(&server.url("/metrics")).await;
        assert!(metrics.text().contains("bakuhantam_logins_total{outcome=\"limited\"} 2"), "{}", metrics.text());
        assert!(metrics.text().contains("bakuhantam_logins_total{outcome=\"wrong\"} 13"));
    }

    async fn many_sign_in_at_once_and_who_cannot_be_served_soon_is_told_when_to_come_back(db) {
        let server = behind_a_proxy(&db).await;
        register(&mut Browser::at(&server, "10.0.0.1"), "081234567890").await;
        people_with_the_same_password(&db, 400).await;
        let people = (1..=400_u32).map(|number| {
            let browser = Browser::at(&server, "10.0.0.1");
            async move { browser.log_in(&phone_of(number), PASSWORD).await }
        });
        let answers = futures_util::future::join_all(people).await;
        for answer in &answers {
            assert!(answer.status == 200 || (answer.status == 503 && answer.header("retry-after") == "5"));
            if answer.status == 503 {
                assert_eq!(code(answer), "accounts.busy");
            }
        }
        assert!(answers.iter().filter(|answer| answer.status == 200).count() >= 128);
        // Whoever was told to come back has not used a try up.
        let late = answers.iter().position(|answer| answer.status == 503);
        if let Some(late) = late {
            let phone = phone_of(u32::try_from(late + 1).expect("a small number"));
            for _ in 0..5 {
                assert_eq!(Browser::at(&server, "10.0.0.1").log_in(&phone, "salah ketik").await.status, 401);
            }
        }
    }
}

/// The number of the `number`th of [`people_with_the_same_password`].
fn phone_of(number: u32) -> String {
    format!("0813{}", 10_000_000 + number)
}

/// `n` accounts with the password of the only one there is: hashing a thousand passwords is not what is tested.
async fn people_with_the_same_password(db: &TestDatabase, n: u32) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n}) \
         INSERT INTO accounts (id, phone, name, password_hash, role, totp_last_step, locale, created_at) \
         SELECT '01J0000000000000000000' || (1000 + i), '+62813' || (10000000 + i), 'Penonton', password_hash, 'viewer', 0, \
         'id', 0 FROM n, accounts"
    );
    let store = db.open();
    let written = store.write(move |conn| {
        let rows = match conn {
            Conn::Sqlite(conn) => diesel::sql_query(&sql).execute(conn),
            Conn::Postgres(conn) => diesel::sql_query(&sql).execute(conn),
        };
        rows.map_err(StoreError::from)
    });
    assert_eq!(written.await.expect("accounts"), usize::try_from(n).expect("a small number"));
}
