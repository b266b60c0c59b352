//! Sessions and forms of the pages: cookies, tokens, where one is led afterwards, what of a page is one person's.

use bakuhantam::web::session::own_path;
use hyper::Method;
use serde_json::json;

use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::staff::{Staff, cookie_named, form_of, post_form};
use crate::harness::viewers::{JSON, PASSWORD, Viewer};
use crate::web::{is_json_error, is_protected};

const LOCAL: &str = "081200000001";

/// Sends the form of signing in.
async fn log_in(server: &TestServer, password: &str, next: &str, cookies: &str) -> Answer {
    let (token, nonce) = form_of(&server.url("/login"), "").await;
    let all = [cookies, nonce.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    let fields = [("csrf", token.as_str()), ("phone", LOCAL), ("password", password), ("next", next)];
    post_form(&server.url("/login"), &all, &fields).await
}

/// Sends a form of the account's page.
async fn change(server: &TestServer, viewer: &Viewer, path: &str, fields: &[(&str, &str)]) -> Answer {
    let (token, _) = form_of(&server.url("/account"), &viewer.cookie).await;
    let fields: Vec<_> = [("csrf", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
    post_form(&server.url(path), &viewer.cookie, &fields).await
}

#[tokio::test]
async fn signing_in_gives_a_new_session_and_ends_the_one_before_it() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    let wrong = log_in(&server, "something else", "", &ari.cookie).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("Nomor atau kata sandi salah.") && wrong.text().contains(LOCAL));
    assert!(!wrong.text().contains("something else"), "what was typed as a password is never sent back");
    assert_eq!(ari.get("/api/v1/me").await.status, 200);

    let right = log_in(&server, PASSWORD, "", &ari.cookie).await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, "/"));
    let set: Vec<_> = right.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect();
    for name in ["bh_session=", "bh_device="] {
        let cookie = set.iter().find(|cookie| cookie.starts_with(name)).expect(name);
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
            assert!(cookie.contains(part), "{cookie}: {part}");
        }
        assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    }
    let new = cookie_named(&right, "bh_session");
    assert_ne!(new, ari.cookie);
    assert_eq!(ari.get("/api/v1/me").await.status, 401, "the session before has ended");
    let me = http::send(Method::GET, &server.url("/api/v1/me"), &[("cookie", &new)], "").await;
    assert_eq!(me.status, 200);
}

#[tokio::test]
async fn after_signing_in_one_is_led_back_to_our_own_pages_alone() {
    let server = night::serve("").await;
    Viewer::register(&server, 1).await;
    let away = http::get(&server.url("/account?a=1")).await;
    assert_eq!(away.header("location"), "/login?next=%2Faccount%3Fa%3D1");
    let form = http::get(&server.url("/login?next=%2Faccount%3Fa%3D1")).await;
    assert!(form.text().contains("name=\"next\" value=\"/account?a=1\""));
    for (next, leads) in [
        ("/account?a=1", "/account?a=1"),
        ("/watch/island-fight", "/watch/island-fight"),
        ("", "/"),
        ("https://evil.test/", "/"),
        ("//evil.test/", "/"),
        ("/\\evil.test/", "/"),
        ("\\\\evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("/a\r\nset-cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("/login", "/"),
        ("/logout?a", "/"),
    ] {
        let answer = log_in(&server, PASSWORD, next, "").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, leads), "{next:?}");
    }
    assert_eq!(own_path("/a/../b"), Some("/a/../b"));
    for foreign in ["", "a", "//a", "/\\a", "/\u{a0}", "/ü"] {
        assert_eq!(own_path(foreign), None, "{foreign:?}");
    }
}

#[tokio::test]
async fn a_form_passes_with_its_own_token_alone() {
    let server = night::serve("").await;
    let (ari, budi) = (Viewer::register(&server, 1).await, Viewer::register(&server, 2).await);
    let (own, _) = form_of(&server.url("/account"), &ari.cookie).await;
    let (foreign, _) = form_of(&server.url("/account"), &budi.cookie).await;
    let (before, nonce) = form_of(&server.url("/login"), "").await;
    assert!(!own.is_empty() && !foreign.is_empty() && own != foreign && own != before);
    for token in ["", "x", foreign.as_str(), before.as_str()] {
        let fields = [("csrf", token), ("name", "Bukan Ari")];
        let answer = post_form(&server.url("/account/name"), &ari.cookie, &fields).await;
        assert_eq!(answer.status, 403, "{token}");
        assert!(answer.text().contains("Halaman ini sudah lama dibuka, coba lagi"), "{}", answer.text());
        is_protected(&answer, token);
    }
    assert_eq!(ari.get("/api/v1/me").await.json()["name"], "Penonton 1");
    let answer = post_form(&server.url("/account/name"), &ari.cookie, &[("csrf", &own), ("name", "Ari W.")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(ari.get("/api/v1/me").await.json()["name"], "Ari W.");

    // Before signing in: the token belongs to the browser's nonce.
    let (other, other_nonce) = form_of(&server.url("/login"), "").await;
    for (token, cookies) in
        [(before.as_str(), ""), (before.as_str(), other_nonce.as_str()), (own.as_str(), nonce.as_str())]
    {
        let fields = [("csrf", token), ("phone", LOCAL), ("password", PASSWORD)];
        let headers = [("referer", "http://elsewhere.test/login?next=%2Fcoins")];
        let answer = post_form(&server.url("/login"), cookies, &fields).await;
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    let fields = [("csrf", other.as_str()), ("phone", LOCAL), ("password", PASSWORD)];
    assert_eq!(post_form(&server.url("/login"), &other_nonce, &fields).await.status, 303);
    let cookie = http::get(&server.url("/login")).await;
    assert!(cookie.header("set-cookie").starts_with("bh_form=") && cookie.header("set-cookie").contains("HttpOnly"));
    let known = http::send(Method::GET, &server.url("/login"), &[("cookie", &nonce)], "").await;
    assert_eq!(known.header("set-cookie"), "", "a nonce is kept, so that two windows work");
}

#[tokio::test]
async fn json_with_a_session_says_that_it_is_json_and_is_read_or_refused_in_our_words() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    let url = server.url("/api/v1/account/name");
    let body = json!({"name": "Ari"}).to_string();
    for (kind, status) in [
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("", 400),
        ("application/json", 204),
        ("application/json; charset=utf-8", 204),
    ] {
        let headers = [("cookie", ari.cookie.as_str()), ("content-type", kind)];
        let headers = if kind.is_empty() { &headers[..1] } else { &headers[..] };
        let answer = http::send(Method::POST, &url, headers, body.clone()).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
        if status == 400 {
            is_json_error(&answer, "web.not_json");
        }
    }
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000));
    for (text, status, code) in [
        ("{", 400, "web.bad_json"),
        ("[]", 400, "web.bad_json"),
        ("{\"name\":7}", 400, "web.bad_json"),
        (huge.as_str(), 413, "web.too_large"),
        ("{\"name\":\"\"}", 422, "accounts.bad_name"),
    ] {
        let answer = http::send(Method::POST, &url, &[("cookie", &ari.cookie), JSON], text.to_owned()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        is_json_error(&answer, code);
    }
    let form = post_form(&server.url("/login"), "", &[("csrf", &"x".repeat(70_000))]).await;
    assert_eq!(form.status, 413);
    assert!(form.text().contains("<html"));
    let answer = ari.post("/api/v1/account/sessions/no-id/end", "", &json!({})).await;
    assert_eq!(answer.status, 404);
    is_json_error(&answer, "web.no_such_page");
}

#[tokio::test]
async fn a_page_with_a_session_is_its_readers_alone_and_in_their_language() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    for path in ["/", "/events/island-fight", "/watch/island-fight", "/privacy"] {
        let shared = http::get(&server.url(path)).await;
        assert_eq!(shared.header("cache-control"), "public, max-age=2", "{path}");
        assert_eq!(shared.header("vary"), "cookie", "{path}");
        assert!(shared.text().contains(">Masuk</a>") && shared.text().contains(">Daftar</a>"), "{path}");
        let own = ari.get(path).await;
        assert_eq!(own.header("cache-control"), "private, no-store", "{path}");
        assert_eq!(own.header("vary"), "cookie", "{path}");
        assert!(own.text().contains("Penonton 1") && own.text().contains("href=\"/coins\""), "{path}");
        // The player's card keeps a way to sign in, for the session that ends while one watches.
        let cards = usize::from(path.starts_with("/watch/"));
        assert_eq!(own.text().matches(">Masuk</a>").count(), cards, "{path}");
    }
    assert_eq!(change(&server, &ari, "/account/locale", &[("locale", "fr")]).await.status, 400);
    let chosen = change(&server, &ari, "/account/locale", &[("locale", "en")]).await;
    assert_eq!((chosen.status.as_u16(), chosen.header("location")), (303, "/account?done=language#language"));
    let page = ari.get("/events/island-fight").await;
    assert!(page.text().contains("<html lang=\"en\">") && page.text().contains("href=\"/watch/island-fight\""));
    assert!(ari.get("/events/island-fight?lang=id").await.text().contains("<html lang=\"id\">"));
    assert!(http::get(&server.url("/events/island-fight")).await.text().contains("<html lang=\"id\">"));
    // A dead cookie is nobody's.
    let dead = http::send(Method::GET, &server.url("/"), &[("cookie", "bh_session=nothing")], "").await;
    assert!(dead.text().contains(">Masuk</a>"));
}

#[tokio::test]
async fn devices_are_listed_and_ended_and_a_new_password_ends_the_others() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    let other = cookie_named(&log_in(&server, PASSWORD, "", "").await, "bh_session");
    let is_in = async |cookie: &str| {
        http::send(Method::GET, &server.url("/api/v1/me"), &[("cookie", cookie)], "").await.status == 200
    };
    let listed = ari.get("/api/v1/account/sessions").await.json();
    let listed = listed["sessions"].as_array().expect("sessions").clone();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let id = |current: bool| {
        let found = listed.iter().find(|session| session["current"] == current).expect("a session");
        found["id"].as_str().expect("an id").to_owned()
    };
    let budi = Viewer::register(&server, 2).await;
    let not_mine = budi.post(&format!("/api/v1/account/sessions/{}/end", id(true)), "", &json!({})).await;
    assert_eq!(not_mine.status, 404);
    is_json_error(&not_mine, "accounts.no_session");
    assert!(is_in(&other).await);
    let ended = change(&server, &ari, &format!("/account/sessions/{}/end", id(false)), &[]).await;
    assert_eq!(ended.header("location"), "/account?done=device#devices");
    assert!(!is_in(&other).await && is_in(&ari.cookie).await);

    let other = cookie_named(&log_in(&server, PASSWORD, "", "").await, "bh_session");
    let new = [("current", PASSWORD), ("new", "singa laut berenang 12")];
    let changed = change(&server, &ari, "/account/password", &new).await;
    assert_eq!(changed.header("location"), "/account?done=password#password-part");
    assert!(!is_in(&other).await && is_in(&ari.cookie).await);
    let weak = change(&server, &ari, "/account/password", &[("current", new[1].1), ("new", "12345678")]).await;
    assert_eq!(weak.status, 422);
    assert!(weak.text().contains("id=\"new-error\""));
}

#[tokio::test]
async fn ones_data_can_be_taken_along_and_the_account_be_left() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    for path in ["/account/export", "/api/v1/account/export"] {
        let file = ari.get(path).await;
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"bakuhantam-data.json\"");
        assert_eq!(file.header("cache-control"), "private, no-store");
        let all = file.json();
        assert_eq!(all["account"]["phone"], ari.phone.as_str());
        for part in ["ledger", "orders", "unlocks", "supports", "votes"] {
            assert_eq!(all[part], json!([]), "{part}");
        }
        assert_eq!(all["consents"].as_array().map(Vec::len), Some(2), "{all}");
    }
    for (password, word, field) in [(PASSWORD, "", "word"), (PASSWORD, "hapuskan", "word"), ("no", "HAPUS", "password")]
    {
        let kept = change(&server, &ari, "/account/delete", &[("password", password), ("word", word)]).await;
        assert!(kept.status.is_client_error(), "{word}");
        assert!(kept.text().contains(&format!("id=\"{field}-error\"")) && kept.text().contains("<details open>"));
    }
    assert_eq!(ari.get("/api/v1/me").await.status, 200);
    let left = change(&server, &ari, "/account/delete", &[("password", PASSWORD), ("word", "hapus")]).await;
    assert_eq!(left.header("location"), "/login?done=deleted");
    assert!(left.header("set-cookie").starts_with("bh_session=;"), "{}", left.header("set-cookie"));
    assert_eq!(ari.get("/api/v1/me").await.status, 401);
    assert_eq!(log_in(&server, PASSWORD, "", "").await.status, 401);
}

#[tokio::test]
async fn signing_in_and_resetting_look_the_same_for_numbers_with_and_without_an_account() {
    let server = night::serve("").await;
    Viewer::register(&server, 1).await;
    let page = async |path: &str, phone: &str, more: &[(&str, &str)]| {
        let (token, nonce) = form_of(&server.url(path), "").await;
        let fields: Vec<_> =
            [("csrf", token.as_str()), ("phone", phone)].into_iter().chain(more.iter().copied()).collect();
        let answer = post_form(&server.url(path), &nonce, &fields).await;
        let text = answer.text().replace(phone, "").replace(&token, "");
        (answer.status, text)
    };
    for (path, more) in [
        ("/login", [("password", "something else")].as_slice()),
        ("/reset", &[]),
        ("/reset", &[("step", "code"), ("code", "000000"), ("password", "singa laut berenang 12")]),
    ] {
        let (known, unknown) = (page(path, LOCAL, more).await, page(path, "081299999999", more).await);
        assert_eq!(known, unknown, "{path} {more:?}");
    }
    let (token, nonce) = form_of(&server.url("/register"), "").await;
    let fields = [("csrf", token.as_str()), ("phone", LOCAL), ("password", PASSWORD), ("name", "Budi")];
    let known = post_form(&server.url("/register"), &nonce, &fields).await;
    assert_eq!(known.status, 409);
    assert!(known.text().contains("Nomor ini sudah terdaftar.") && known.text().contains("Masuk dengan nomor ini"));
}

#[tokio::test]
async fn the_panel_asks_for_a_code_and_has_a_session_of_its_own() {
    let server = night::serve("").await;
    let mut owner = Staff::make(&server, "owner", 1);
    for code in ["", "000000"] {
        let refused = owner.log_in(&server, PASSWORD, code).await;
        assert_eq!(refused.status, 401, "{code}");
        assert!(refused.text().contains("id=\"totp-error\""));
    }
    let let_in = owner.log_in(&server, PASSWORD, &owner.code()).await;
    assert_eq!((let_in.status.as_u16(), let_in.header("location")), (303, "/admin"));
    let set = let_in.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let cookie = set.into_iter().find(|cookie| cookie.starts_with("bh_panel=")).expect("a cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && !cookie.contains("Domain") && !cookie.contains("Max-Age"), "{cookie}");
    owner.cookie = cookie_named(&let_in, "bh_panel");
    let desk = owner.get("/admin").await;
    assert!(desk.text().contains("Pemilik") && desk.text().contains("href=\"/admin/audit\""));
    let audit = owner.get("/admin/audit").await;
    assert!(audit.text().contains("<code>"), "{}", audit.text());
    // A panel session is no viewer's, and a viewer's opens no panel.
    assert_eq!(owner.get("/api/v1/me").await.status, 401);
    let ari = Viewer::register(&server, 1).await;
    assert_eq!(ari.get("/admin").await.header("location"), "/admin/login?next=%2Fadmin");
    let producer = Staff::sign_in(&server, "producer", 2).await;
    assert!(!producer.get("/admin").await.text().contains("/admin/audit"));
    let refused = producer.get("/admin/audit").await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("Kembali ke panel"));
    assert_eq!(owner.post("/admin", "/admin/logout", &[]).await.header("location"), "/admin/login");
    assert_eq!(owner.get("/admin").await.status, 303);
}

#[tokio::test]
async fn cookies_reach_the_other_hosts_as_configured_and_the_panels_never_do() {
    let hosts = "[server]\npublic_url = \"https://baku.test\"\n[hosts]\nsite = \"baku.test\"\nadmin = \
                 \"admin.baku.test\"\napi = \"api.baku.test\"\ncookie_domain = \".baku.test\"\n\
                 [payments]\ngateway = \"none\"\n";
    let mut server = night::prepare(hosts);
    server.serve().await;
    let body = json!({"phone": LOCAL, "password": PASSWORD, "name": "Ari"}).to_string();
    let made =
        http::send(Method::POST, &server.url("/api/v1/register"), &[JSON, ("host", "api.baku.test")], body).await;
    let cookie = made.header("set-cookie");
    assert!(cookie.contains("Domain=.baku.test") || cookie.contains("Domain=baku.test"), "{cookie}");
    assert!(cookie.contains("Secure"), "{cookie}");
    let owner = Staff::make(&server, "owner", 1);
    let admin = ("host", "admin.baku.test");
    let form = http::send(Method::GET, &server.url("/admin/login"), &[admin], "").await;
    let token = form.text().split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let nonce = cookie_named(&form, "bh_form");
    let headers = [admin, ("content-type", "application/x-www-form-urlencoded"), ("cookie", nonce.as_str())];
    let fields = format!(
        "csrf={}&phone={}&password={}&totp={}",
        token.expect("a token"),
        owner.phone,
        PASSWORD.replace(' ', "+"),
        owner.code()
    );
    let let_in = http::send(Method::POST, &server.url("/admin/login"), &headers, fields).await;
    assert_eq!(let_in.status, 303, "{}", let_in.text());
    for cookie in let_in.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
        assert!(!cookie.contains("Domain") && cookie.contains("Secure"), "{cookie}");
    }
}
