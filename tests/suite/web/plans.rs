//! How each route is asked rightly. A new route gets a line in [`PLANS`]; without one it is asked with nothing and
//! answers 200.

use bakuhantam::web::routes::Entry;

use super::callers::Who;
use crate::harness::http;
use crate::harness::server::TestServer;

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Nothing.
    None,
    /// `application/json`
    Json(&'static str),
    /// A form as a tool sends it.
    Form(&'static str),
    /// A form of a page: the token is taken from `page` as the caller sees it.
    PageForm { page: &'static str, fields: &'static str },
    /// The same before signing in: `page` is looked at without a session.
    EntryForm { page: &'static str, fields: &'static str },
}

/// How a route is asked, and what it answers to whoever may call it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub body: Body,
    pub answers: u16,
}

const NOTHING: Plan = Plan { body: Body::None, answers: 200 };

/// An id that nothing has.
const NO_ID: &str = "01J00000000000000000000000";

/// Method and path, what is sent, what whoever may call is answered.
#[rustfmt::skip]
const PLANS: &[(&str, Body, u16)] = &[
    ("POST /api/v1/register",       Body::Json(r#"{"phone":"","password":"","name":""}"#), 422),
    ("POST /api/v1/login",          Body::Json(r#"{"phone":"0812","password":"nobody's"}"#), 401),
    ("POST /api/v1/logout",         Body::Json("{}"), 204),
    ("POST /api/v1/events/{slug}/unlock", Body::Json("{}"), 409),
    ("POST /api/v1/events/{slug}/supports", Body::Json(r#"{"coins":1}"#), 409),
    ("POST /api/v1/events/{slug}/overlay/shown", Body::Json(r#"{"seq":1}"#), 401),
    ("POST /api/v1/polls/{id}/votes", Body::Json(r#"{"option_id":"01J00000000000000000000000","coins":1}"#), 404),
    ("POST /api/v1/fights/{id}/unlock", Body::Json("{}"), 404),
    ("POST /events/{slug}/unlock",  Body::Form("csrf=x&idempotency_key=x&max_coins=0"), 403),
    ("POST /watch/{slug}/support",  Body::Form("csrf=x&idempotency_key=x&coins=1&fighter=&message="), 403),
    ("POST /watch/{slug}/polls/{id}", Body::Form("csrf=x&idempotency_key=x&option=x&votes=1&each=1"), 403),
    ("POST /events/{slug}/fights/{number}/unlock", Body::Form("csrf=x&idempotency_key=x&max_coins=0"), 403),
    ("POST /api/v1/password-reset", Body::Json(r#"{"phone":"021"}"#), 422),
    ("POST /api/v1/password-reset/finish", Body::Json(r#"{"phone":"021","code":"1","password":"x"}"#), 422),
    ("POST /api/v1/account/sessions/end-others", Body::Json("{}"), 204),
    ("POST /api/v1/account/sessions/{id}/end", Body::Json("{}"), 404),
    ("POST /api/v1/account/name",   Body::Json(r#"{"name":"Penonton"}"#), 204),
    ("POST /api/v1/account/locale", Body::Json(r#"{"locale":"id"}"#), 204),
    ("POST /api/v1/account/password", Body::Json(r#"{"current":"x","password":"x"}"#), 401),
    ("POST /api/v1/account/delete", Body::Json(r#"{"password":"not mine"}"#), 401),
    ("POST /api/v1/hooks/ingest",   Body::Form("call=publish&name=a-stream-key-of-island-fight&addr=198.51.100.1"), 200),
    ("POST /login",                 Body::EntryForm { page: "/login", fields: "phone=0812&password=x" }, 422),
    ("POST /register",              Body::EntryForm { page: "/register", fields: "name=&phone=&password=" }, 422),
    ("POST /logout",                Body::PageForm { page: "/account", fields: "" }, 303),
    ("POST /reset",                 Body::EntryForm { page: "/reset", fields: "phone=021" }, 422),
    ("POST /account/name",          Body::PageForm { page: "/account", fields: "name=Penonton" }, 303),
    ("POST /account/locale",        Body::PageForm { page: "/account", fields: "locale=id" }, 303),
    ("POST /account/password",      Body::PageForm { page: "/account", fields: "current=&new=" }, 401),
    ("POST /account/delete",        Body::PageForm { page: "/account", fields: "password=x&word=no" }, 422),
    ("POST /account/sessions/end-others", Body::PageForm { page: "/account", fields: "" }, 303),
    ("POST /account/sessions/{id}/end", Body::PageForm { page: "/account", fields: "" }, 404),
    ("POST /admin/login",           Body::EntryForm { page: "/admin/login", fields: "phone=021" }, 401),
    ("POST /admin/logout",          Body::PageForm { page: "/admin", fields: "" }, 303),
    ("POST /admin/sessions/{id}/end", Body::PageForm { page: "/admin", fields: "" }, 404),
    ("POST /coins",                 Body::PageForm { page: "/account", fields: "idempotency_key=walk&package_id=none" }, 404),
    ("GET /orders/{invoice}",       Body::None, 404),
    ("POST /orders/{invoice}/recheck", Body::PageForm { page: "/account", fields: "" }, 404),
    ("GET /sandbox/pay/{invoice}",  Body::None, 404),
    ("POST /sandbox/pay/{invoice}", Body::Form("token=guessed&act=pay&channel=QRIS"), 404),
    ("POST /api/v1/coin-orders",    Body::Json(r#"{"package_id":"none"}"#), 404),
    ("GET /api/v1/coin-orders/{invoice}", Body::None, 404),
    ("POST /api/v1/coin-orders/{invoice}/recheck", Body::Json("{}"), 404),
    ("GET /api/v1/keys/{id}",       Body::None, 404),
    ("POST /api/v1/events/{slug}/lease", Body::Json(r#"{"take":true}"#), 200),
    ("POST /api/v1/beacons",        Body::Json(r#"{"engine":"hls","mode":"live","played_ms":0,"stalls":0,"stall_ms":0,"switches":0}"#), 204),
    ("GET /ws",                     Body::None, 400),
];

/// What is answered otherwise to a viewer who is signed in.
const TO_VIEWERS: &[(&str, u16)] = &[("GET /login", 303), ("GET /register", 303)];

/// What is answered otherwise to somebody who is signed in to the panel.
const TO_STAFF: &[(&str, u16)] = &[("GET /admin/login", 303)];

/// What a route answers to `who`, who may call it.
pub fn answers(entry: &Entry, who: Who) -> u16 {
    let name = format!("{} {}", entry.method, entry.path);
    let otherwise = match who {
        Who::Viewer => TO_VIEWERS,
        Who::Staff(_) => TO_STAFF,
        Who::Nobody | Who::Stranger => &[],
    };
    let found = otherwise.iter().find(|(route, _)| *route == name);
    found.map_or_else(|| plan(entry.method, entry.path).answers, |&(_, status)| status)
}

/// The plan of a route.
pub fn plan(method: &str, path: &str) -> Plan {
    let name = format!("{method} {path}");
    let found = PLANS.iter().find(|(planned, ..)| *planned == name);
    found.map_or(NOTHING, |&(_, body, answers)| Plan { body, answers })
}

/// The address of an entry, its places filled in.
pub async fn address(server: &TestServer, entry: &Entry) -> String {
    let asset = if entry.path.contains("{path:.*}") {
        let home = http::get(&server.url("/")).await;
        let rest = home.text().split("/assets/").nth(1).expect("an asset").to_owned();
        rest.split('"').next().expect("an asset").to_owned()
    } else {
        String::new()
    };
    address_of(server, entry, &asset)
}

/// [`address`] with an asset's name given.
pub fn address_of(server: &TestServer, entry: &Entry, asset: &str) -> String {
    let path = entry.path.replace("{slug}", "island-fight").replace("{path:.*}", asset).replace("{number}", "1");
    let path = path.replace("{kind}", "superchats");
    server.url(&path.replace("{id}", NO_ID).replace("{invoice}", &format!("BH{NO_ID}")))
}

/// Whether tools ask this path.
pub fn wants_json(path: &str) -> bool {
    path.starts_with("/api/") || matches!(path, "/ws" | "/health" | "/metrics")
}

#[test]
fn every_plan_is_of_a_route() {
    let routes: Vec<_> = bakuhantam::web::routes::table().iter().map(|e| format!("{} {}", e.method, e.path)).collect();
    for (name, ..) in PLANS {
        assert!(routes.iter().any(|route| route == name), "{name} is no route");
    }
}
