//! Who calls in the walk, and how each is refused.

use bakuhantam::accounts::Role;
use bakuhantam::web::routes::{Access, Entry};
use hyper::Method;

use super::plans::{Body, address, plan, wants_json};
use crate::harness::http::{self, Answer};
use crate::harness::server::TestServer;
use crate::harness::staff::{Staff, form_of};
use crate::harness::viewers::{JSON, Viewer};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Whose sessions a caller sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody's.
    Nobody,
    /// Cookies that were never given.
    Stranger,
    /// A viewer's.
    Viewer,
    /// A panel session of this role.
    Staff(Role),
}

/// Someone who calls: headers, and whether the server believes its peer to be a proxy.
pub struct Caller {
    pub name: &'static str,
    /// Whose sessions it sends.
    pub who: Who,
    headers: &'static [(&'static str, &'static str)],
    pub by_proxy: bool,
    /// May read metrics; may ask as a media server.
    may: (bool, bool),
}

pub const CALLERS: &[Caller] = &[
    Caller { name: "a program on this machine", who: Who::Nobody, headers: &[], by_proxy: false, may: (true, true) },
    Caller { name: "a viewer", who: Who::Viewer, headers: &[], by_proxy: false, may: (true, true) },
    Caller { name: "an owner", who: Who::Staff(Role::Owner), headers: &[], by_proxy: false, may: (true, true) },
    Caller { name: "a producer", who: Who::Staff(Role::Producer), headers: &[], by_proxy: false, may: (true, true) },
    Caller { name: "a moderator", who: Who::Staff(Role::Moderator), headers: &[], by_proxy: false, may: (true, true) },
    Caller { name: "finance", who: Who::Staff(Role::Finance), headers: &[], by_proxy: false, may: (true, true) },
    Caller { name: "nobody who has a cookie", who: Who::Stranger, headers: &[], by_proxy: false, may: (true, true) },
    Caller {
        name: "an unknown proxy's client",
        who: Who::Nobody,
        headers: &[("x-forwarded-for", "203.0.113.9")],
        by_proxy: false,
        may: (false, false),
    },
    Caller {
        name: "an unknown proxy's client that claims to be local",
        who: Who::Nobody,
        headers: &[("x-forwarded-for", "127.0.0.1")],
        by_proxy: false,
        may: (false, false),
    },
    Caller {
        name: "an unknown proxy's client (Forwarded)",
        who: Who::Nobody,
        headers: &[("forwarded", "for=203.0.113.9")],
        by_proxy: false,
        may: (false, false),
    },
    Caller {
        name: "an unknown proxy's client (Via)",
        who: Who::Nobody,
        headers: &[("via", "1.1 p")],
        by_proxy: false,
        may: (false, false),
    },
    Caller {
        name: "an unknown proxy's client (X-Forwarded-Port)",
        who: Who::Nobody,
        headers: &[("x-forwarded-port", "443")],
        by_proxy: false,
        may: (false, false),
    },
    Caller {
        name: "with a wrong token",
        who: Who::Nobody,
        headers: &[("authorization", "Bearer a-token-for-metricz")],
        by_proxy: false,
        may: (false, true),
    },
    Caller {
        name: "with the right token from elsewhere",
        who: Who::Nobody,
        headers: &[("authorization", "Bearer a-token-for-metrics"), ("x-forwarded-for", "203.0.113.9")],
        by_proxy: false,
        may: (true, false),
    },
    Caller {
        name: "our proxy's client",
        who: Who::Nobody,
        headers: &[("x-forwarded-for", "203.0.113.9")],
        by_proxy: true,
        may: (false, false),
    },
    Caller {
        name: "our proxy's client that claims to be the media server",
        who: Who::Nobody,
        headers: &[("x-forwarded-for", "203.0.113.77, 203.0.113.9")],
        by_proxy: true,
        may: (false, false),
    },
    Caller {
        name: "our proxy's media server",
        who: Who::Nobody,
        headers: &[("x-forwarded-for", "203.0.113.77")],
        by_proxy: true,
        may: (false, true),
    },
];

/// Headers by which a proxy says that it forwards.
const FORWARDING: [&str; 4] = ["x-forwarded-for", "x-forwarded-port", "forwarded", "via"];

/// How somebody is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A page sends them to sign in.
    SignedOut { sign_in: &'static str },
    /// Status and code.
    Json(u16, &'static str),
    /// A page with this status.
    Page(u16),
}

/// How `caller` is refused at `entry`; `None` when they are let in.
pub fn refusal(entry: &Entry, caller: &Caller) -> Option<Refusal> {
    let is_json = wants_json(entry.path);
    let signed_out =
        |sign_in| if is_json { Refusal::Json(401, "accounts.signed_out") } else { Refusal::SignedOut { sign_in } };
    match entry.access {
        Access::Open => None,
        Access::Viewer => (caller.who != Who::Viewer).then(|| signed_out("/login")),
        Access::Panel(roles) => match caller.who {
            Who::Staff(role) if role == Role::Owner || roles.contains(&role) => None,
            Who::Staff(_) => Some(Refusal::Page(403)),
            Who::Nobody | Who::Stranger | Who::Viewer => Some(signed_out("/admin/login")),
        },
        // Nobody in the walk has it.
        Access::Overlay => Some(Refusal::Json(401, "superchat.not_the_overlay")),
        Access::Metrics => (!caller.may.0).then_some(Refusal::Json(403, "metrics.forbidden")),
        // The walk's server sells through the sandbox, and nobody in it can sign.
        Access::Gateway if entry.path.ends_with("/sandbox") => Some(Refusal::Json(401, "payments.not_ours")),
        Access::Gateway => Some(Refusal::Json(404, "payments.no_gateway")),
        Access::Sandbox => {
            caller.headers.iter().any(|(name, _)| FORWARDING.contains(name)).then_some(Refusal::Page(403))
        }
        Access::MediaServer => (!caller.may.1).then_some(Refusal::Json(403, "ingest.not_trusted")),
    }
}

/// Everybody with a session.
pub struct People {
    viewer: Viewer,
    staff: Vec<(Role, Staff)>,
    /// Accounts of the staff made so far. A code signs in once, so whoever was signed out is followed by another.
    made: u32,
}

impl People {
    /// Registers them.
    pub async fn of(server: &TestServer) -> Self {
        Self { viewer: Viewer::register(server, 9_001).await, staff: Vec::new(), made: 0 }
    }

    /// The cookies of `who`; those of a session that a route has ended are made anew.
    async fn cookies(&mut self, server: &TestServer, who: Who) -> String {
        match who {
            Who::Nobody => String::new(),
            Who::Stranger => "bh_session=abcdefghijkmnpqrstuvwxyzabcdefghijkmnpqr; bh_panel=%00".to_owned(),
            Who::Viewer => {
                if self.viewer.get("/api/v1/me").await.status != 200 {
                    self.viewer.log_in_again().await;
                }
                self.viewer.cookie.clone()
            }
            Who::Staff(role) => {
                let found = self.staff.iter().find(|(has, _)| *has == role).map(|(_, staff)| staff.clone());
                if let Some(staff) = found
                    && staff.get("/admin").await.status == 200
                {
                    return staff.cookie;
                }
                self.made += 1;
                let staff = Staff::sign_in(server, role.as_str(), 7_000 + self.made).await;
                let cookie = staff.cookie.clone();
                self.staff.retain(|(has, _)| *has != role);
                self.staff.push((role, staff));
                cookie
            }
        }
    }
}

/// Asks `entry` as `caller`, with the body its plan says.
pub async fn ask(server: &TestServer, entry: &Entry, caller: &Caller, people: &mut People) -> Answer {
    let method: Method = entry.method.parse().expect("a method");
    let mut cookies = people.cookies(server, caller.who).await;
    let mut body = String::new();
    let mut headers = caller.headers.to_vec();
    match plan(entry.method, entry.path).body {
        Body::None => {}
        Body::Json(text) => {
            body = text.to_owned();
            headers.push(JSON);
        }
        Body::Form(text) => {
            body = text.to_owned();
            headers.push(FORM);
        }
        Body::PageForm { page, fields } | Body::EntryForm { page, fields } => {
            let is_entry = matches!(plan(entry.method, entry.path).body, Body::EntryForm { .. });
            let (token, nonce) = form_of(&server.url(page), if is_entry { "" } else { &cookies }).await;
            body = format!("csrf={token}&{fields}");
            cookies = [cookies, nonce].into_iter().filter(|cookie| !cookie.is_empty()).collect::<Vec<_>>().join("; ");
            headers.push(FORM);
        }
    }
    let key = format!("walk-{}-{}", caller.name.len(), body.len());
    headers.push(("idempotency-key", &key));
    if !cookies.is_empty() {
        headers.push(("cookie", &cookies));
    }
    http::send(method, &address(server, entry).await, &headers, body).await
}
