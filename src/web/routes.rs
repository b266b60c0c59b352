//! Every route on one page, each with its audience (which host answers) and its access rule.

use std::future::ready;

use std::net::IpAddr;

use actix_web::guard::{self, Guard, GuardContext};
use actix_web::http::uri::Authority;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, Route, web};
use url::Url;

use super::admin::{ALL_STAFF, OWNER};
use super::viewer::account::changes;
use super::{
    Site, admin, api, assets, cors, error, health, hooks, inputs, media, metrics, overlay, sandbox, socket, viewer,
};
use crate::accounts::Role;
use crate::config::{Config, ObjectsKind};

/// Which of `[hosts]` answers a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every host: what probes, caches and pages of each audience need.
    Any,
    /// `hosts.site`
    Site,
    /// `hosts.admin`
    Admin,
    /// `hosts.api`, and each node under the name it has in `cluster.nodes`.
    Api,
    /// As `Api`, and by the bare address too: a media server beside us calls `http://127.0.0.1:8080/…` and cannot say
    /// another host.
    Machine,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Open,
    /// Whoever is signed in on the site.
    Viewer,
    /// Whoever is signed in to the panel with one of these roles, and every owner.
    Panel(&'static [Role]),
    /// A media server on loopback or in `ingest.hook_trusted`.
    MediaServer,
    /// The payment provider in use, by its signature.
    Gateway,
    /// Whoever stands at this machine, without a proxy in between; everyone with `payments.allow_sandbox_in_public`.
    Sandbox,
    /// The holder of the event's overlay key.
    Overlay,
    /// The holder of `metrics.token`, or a loopback peer without forwarding headers.
    Metrics,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// `GET` also answers `HEAD`.
    pub method: &'static str,
    /// Path pattern.
    pub path: &'static str,
    /// Which host answers.
    pub audience: Audience,
    /// Who may call it.
    pub access: Access,
    handler: fn(Route) -> Route,
}

impl Entry {
    const fn new(
        method: &'static str,
        path: &'static str,
        audience: Audience,
        access: Access,
        handler: fn(Route) -> Route,
    ) -> Self {
        Self { method, path, audience, access, handler }
    }
}

/// The routes. `/media/` is mounted beside them when objects are a folder.
#[must_use]
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "one line for each route")]
pub fn table() -> Vec<Entry> {
    use Access::{Gateway, MediaServer, Metrics, Open, Overlay, Panel, Sandbox, Viewer};
    use Audience::{Admin, Any, Api, Machine, Site};
    vec![
        // What each player asks again and again: routes are looked up in this order.
        Entry::new("GET",  "/api/v1/keys/{id}",               Api,  Viewer,      |r| r.to(api::keys::key)),
        Entry::new("POST", "/api/v1/events/{slug}/lease",     Api,  Viewer,      |r| r.to(api::lease::lease)),
        Entry::new("POST", "/api/v1/beacons",                 Api,  Open,        |r| r.to(api::beacons::beacon)),
        Entry::new("GET",  "/",                               Site, Open,        |r| r.to(viewer::home::page)),
        Entry::new("GET",  "/events/{slug}",                  Site, Open,        |r| r.to(viewer::event::page)),
        Entry::new("POST", "/events/{slug}/unlock",           Site, Viewer,      |r| r.to(viewer::unlock::event)),
        Entry::new("POST", "/events/{slug}/fights/{number}/unlock", Site, Viewer, |r| r.to(viewer::unlock::fight)),
        Entry::new("GET",  "/watch/{slug}",                   Site, Open,        |r| r.to(viewer::watch::page)),
        Entry::new("POST", "/watch/{slug}/support",           Site, Viewer,      |r| r.to(viewer::give::support)),
        Entry::new("POST", "/watch/{slug}/polls/{id}",        Site, Viewer,      |r| r.to(viewer::give::vote)),
        Entry::new("GET",  "/overlay/{kind}/{slug}",          Site, Open,        |r| r.to(overlay::page)),
        Entry::new("GET",  "/coins",                          Site, Open,        |r| r.to(viewer::coins::page)),
        Entry::new("POST", "/coins",                          Site, Viewer,      |r| r.to(viewer::coins::buy)),
        Entry::new("GET",  "/orders/{invoice}",               Site, Viewer,      |r| r.to(viewer::order::page)),
        Entry::new("POST", "/orders/{invoice}/recheck",       Site, Viewer,      |r| r.to(viewer::order::recheck)),
        Entry::new("GET",  "/account/orders",                 Site, Viewer,      |r| r.to(viewer::orders::page)),
        Entry::new("GET",  "/account/history",                Site, Viewer,      |r| r.to(viewer::history::page)),
        Entry::new("GET",  "/account/history.csv",            Site, Viewer,      |r| r.to(viewer::history::csv)),
        Entry::new("GET",  "/sandbox/pay/{invoice}",          Site, Sandbox,     |r| r.to(sandbox::page)),
        Entry::new("POST", "/sandbox/pay/{invoice}",          Site, Sandbox,     |r| r.to(sandbox::press)),
        Entry::new("GET",  "/login",                          Site, Open,        |r| r.to(viewer::login::page)),
        Entry::new("POST", "/login",                          Site, Open,        |r| r.to(viewer::login::submit)),
        Entry::new("GET",  "/register",                       Site, Open,        |r| r.to(viewer::register::page)),
        Entry::new("POST", "/register",                       Site, Open,        |r| r.to(viewer::register::submit)),
        Entry::new("POST", "/logout",                         Site, Viewer,      |r| r.to(viewer::login::log_out)),
        Entry::new("GET",  "/reset",                          Site, Open,        |r| r.to(viewer::reset::page)),
        Entry::new("POST", "/reset",                          Site, Open,        |r| r.to(viewer::reset::submit)),
        Entry::new("GET",  "/account",                        Site, Viewer,      |r| r.to(viewer::account::page)),
        Entry::new("GET",  "/account/export",                 Site, Viewer,      |r| r.to(viewer::account::export::file)),
        Entry::new("POST", "/account/name",                   Site, Viewer,      |r| r.to(changes::name)),
        Entry::new("POST", "/account/locale",                 Site, Viewer,      |r| r.to(changes::locale)),
        Entry::new("POST", "/account/password",               Site, Viewer,      |r| r.to(changes::password)),
        Entry::new("POST", "/account/delete",                 Site, Viewer,      |r| r.to(changes::delete)),
        Entry::new("POST", "/account/sessions/end-others",    Site, Viewer,      |r| r.to(changes::end_others)),
        Entry::new("POST", "/account/sessions/{id}/end",      Site, Viewer,      |r| r.to(changes::end_session)),
        Entry::new("GET",  "/admin/login",                    Admin, Open,       |r| r.to(admin::login::page)),
        Entry::new("POST", "/admin/login",                    Admin, Open,       |r| r.to(admin::login::submit)),
        Entry::new("POST", "/admin/logout",                   Admin, Panel(ALL_STAFF), |r| r.to(admin::login::log_out)),
        Entry::new("GET",  "/admin",                          Admin, Panel(ALL_STAFF), |r| r.to(admin::desk::page)),
        Entry::new("POST", "/admin/sessions/{id}/end",        Admin, Panel(ALL_STAFF), |r| r.to(admin::desk::end_session)),
        Entry::new("GET",  "/admin/audit",                    Admin, Panel(OWNER), |r| r.to(admin::audit::page)),
        Entry::new("GET",  "/privacy",                        Site, Open,        |r| r.to(viewer::legal::privacy)),
        Entry::new("GET",  "/terms",                          Site, Open,        |r| r.to(viewer::legal::terms)),
        Entry::new("GET",  "/favicon.ico",                    Any,  Open,        |r| r.to(assets::favicon)),
        Entry::new("GET",  "/robots.txt",                     Any,  Open,        |r| r.to(assets::robots)),
        Entry::new("GET",  "/assets/{path:.*}",               Any,  Open,        |r| r.to(assets::asset)),
        Entry::new("GET",  "/health",                         Any,  Open,        |r| r.to(health::health)),
        Entry::new("GET",  "/metrics",                        Any,  Metrics,     |r| r.to(metrics::metrics)),
        Entry::new("GET",  "/ws",                             Api,  Open,        |r| r.to(socket::open)),
        Entry::new("GET",  "/api/v1/openapi.json",            Api,  Open,        |r| r.to(api::openapi::document)),
        Entry::new("POST", "/api/v1/register",                Api,  Open,        |r| r.to(api::accounts::register)),
        Entry::new("POST", "/api/v1/login",                   Api,  Open,        |r| r.to(api::accounts::log_in)),
        Entry::new("POST", "/api/v1/logout",                  Api,  Viewer,      |r| r.to(api::accounts::log_out)),
        Entry::new("GET",  "/api/v1/me",                      Api,  Viewer,      |r| r.to(api::accounts::me)),
        Entry::new("POST", "/api/v1/password-reset",          Api,  Open,        |r| r.to(api::accounts::begin_reset)),
        Entry::new("POST", "/api/v1/password-reset/finish",   Api,  Open,        |r| r.to(api::accounts::finish_reset)),
        Entry::new("GET",  "/api/v1/account/sessions",        Api,  Viewer,      |r| r.to(api::accounts::sessions)),
        Entry::new("POST", "/api/v1/account/sessions/end-others", Api, Viewer,   |r| r.to(api::accounts::end_others)),
        Entry::new("POST", "/api/v1/account/sessions/{id}/end", Api, Viewer,     |r| r.to(api::accounts::end_session)),
        Entry::new("POST", "/api/v1/account/name",            Api,  Viewer,      |r| r.to(api::accounts::change_name)),
        Entry::new("POST", "/api/v1/account/locale",          Api,  Viewer,      |r| r.to(api::accounts::change_locale)),
        Entry::new("POST", "/api/v1/account/password",        Api,  Viewer,      |r| r.to(api::accounts::change_password)),
        Entry::new("GET",  "/api/v1/account/export",          Api,  Viewer,      |r| r.to(viewer::account::export::file)),
        Entry::new("POST", "/api/v1/account/delete",          Api,  Viewer,      |r| r.to(api::accounts::delete)),
        Entry::new("GET",  "/api/v1/events",                  Api,  Open,        |r| r.to(api::events::list)),
        Entry::new("GET",  "/api/v1/events/{slug}",           Api,  Open,        |r| r.to(api::events::one)),
        Entry::new("GET",  "/api/v1/events/{slug}/playback",  Api,  Open,        |r| r.to(api::events::playback)),
        Entry::new("GET",  "/api/v1/events/{slug}/milestones", Api, Open,        |r| r.to(api::supports::milestones)),
        Entry::new("POST", "/api/v1/events/{slug}/supports",  Api,  Viewer,      |r| r.to(api::supports::send)),
        Entry::new("POST", "/api/v1/events/{slug}/overlay/shown", Api, Overlay,  |r| r.to(api::overlay::shown)),
        Entry::new("GET",  "/api/v1/events/{slug}/superchats", Api, Open,        |r| r.to(api::supports::superchats)),
        Entry::new("GET",  "/api/v1/events/{slug}/donations", Api,  Open,        |r| r.to(api::supports::donations)),
        Entry::new("GET",  "/api/v1/events/{slug}/leaderboard", Api, Open,       |r| r.to(api::supports::leaderboard)),
        Entry::new("GET",  "/api/v1/events/{slug}/polls",     Api,  Open,        |r| r.to(api::polls::list)),
        Entry::new("POST", "/api/v1/polls/{id}/votes",        Api,  Viewer,      |r| r.to(api::polls::vote)),
        Entry::new("POST", "/api/v1/events/{slug}/unlock",    Api,  Viewer,      |r| r.to(api::unlock::event)),
        Entry::new("POST", "/api/v1/fights/{id}/unlock",      Api,  Viewer,      |r| r.to(api::unlock::fight)),
        Entry::new("GET",  "/api/v1/coin-packages",           Api,  Open,        |r| r.to(api::packages::list)),
        Entry::new("GET",  "/api/v1/coin-orders",             Api,  Viewer,      |r| r.to(api::orders::list)),
        Entry::new("POST", "/api/v1/coin-orders",             Api,  Viewer,      |r| r.to(api::orders::create)),
        Entry::new("GET",  "/api/v1/coin-orders/{invoice}",   Api,  Viewer,      |r| r.to(api::orders::one)),
        Entry::new("POST", "/api/v1/coin-orders/{invoice}/recheck", Api, Viewer, |r| r.to(api::orders::recheck)),
        Entry::new("GET",  "/api/v1/account/ledger",          Api,  Viewer,      |r| r.to(api::orders::ledger)),
        Entry::new("POST", "/api/v1/hooks/ingest",        Machine, MediaServer, |r| r.to(hooks::ingest::hook)),
        // A provider is told one address: it is answered at that of `server.public_url` whatever hosts there are.
        Entry::new("POST", "/api/v1/hooks/doku",              Any,  Gateway,     |r| r.to(hooks::payments::doku)),
        Entry::new("POST", "/api/v1/hooks/sandbox",           Any,  Gateway,     |r| r.to(hooks::payments::sandbox)),
    ]
}

/// Mounts every route under its host. Entries of one path are one resource: what none of them takes is 405.
pub fn mount(app: &mut web::ServiceConfig, config: &Config) {
    inputs::configure(app);
    let mut entries = table();
    while let Some(first) = entries.first().copied() {
        let (same, rest): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.path == first.path);
        entries = rest;
        let allow = allowed(&same);
        let mut resource = web::resource(first.path).guard(HostGuard::of(first.audience, config)).default_service(
            web::to(move |req: HttpRequest, site: web::Data<Site>| ready(error::wrong_method(&req, &site, &allow))),
        );
        for entry in same {
            resource = match entry.method {
                "POST" => resource.route((entry.handler)(web::post())),
                _ => resource.route((entry.handler)(web::get())).route((entry.handler)(web::head())),
            };
        }
        if matches!(first.audience, Audience::Api | Audience::Machine) {
            resource = resource
                .route(web::method(Method::OPTIONS).guard(guard::fn_guard(cors::is_preflight)).to(cors::preflight));
        }
        app.service(resource);
    }
    if config.objects.kind == ObjectsKind::Folder {
        app.service(media::service(config.objects.folder.clone()));
    }
    app.default_service(web::to(error::no_such_page));
}

/// Methods of the entries of one path, as `Allow` names them.
fn allowed(entries: &[Entry]) -> String {
    let methods = entries.iter().map(|entry| if entry.method == "GET" { "GET, HEAD" } else { entry.method });
    methods.collect::<Vec<_>>().join(", ")
}

/// Lets a request through when it was sent to a host of its audience, or when none is configured.
struct HostGuard {
    /// In small letters; empty: every host.
    hosts: Vec<String>,
    /// Whether an address without a name will do.
    bare: bool,
}

impl HostGuard {
    fn of(audience: Audience, config: &Config) -> Self {
        let host = match audience {
            Audience::Any => "",
            Audience::Site => config.hosts.site.as_str(),
            Audience::Admin => config.hosts.admin.as_str(),
            Audience::Api | Audience::Machine => config.hosts.api.as_str(),
        };
        let mut hosts: Vec<String> = (!host.is_empty()).then(|| host.to_ascii_lowercase()).into_iter().collect();
        if !hosts.is_empty() && matches!(audience, Audience::Api | Audience::Machine) {
            let name = |node: &String| Url::parse(node).ok()?.host_str().map(str::to_owned);
            hosts.extend(config.cluster.nodes.iter().filter_map(name));
        }
        Self { hosts, bare: audience == Audience::Machine }
    }

    fn lets_in(&self, host: &str) -> bool {
        let host = without_port(host);
        let is_bare = || {
            let address = host.trim_start_matches('[').trim_end_matches(']');
            address.parse::<IpAddr>().is_ok() || address.eq_ignore_ascii_case("localhost")
        };
        self.hosts.iter().any(|wanted| host.eq_ignore_ascii_case(wanted)) || (self.bare && is_bare())
    }
}

impl Guard for HostGuard {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let head = context.head();
        let sent = head
            .headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok())
            .or_else(|| head.uri.authority().map(Authority::as_str));
        sent.is_some_and(|host| self.lets_in(host))
    }
}

/// `host:port` without its port.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a method changes something, for the check of `Origin`.
#[must_use]
pub fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_in_the_table_once_for_a_method() {
        let mut seen = std::collections::HashSet::new();
        for entry in table() {
            println!("{:4} {:34} {:?} {:?}", entry.method, entry.path, entry.audience, entry.access);
            assert!(seen.insert((entry.method, entry.path)), "{} {} twice", entry.method, entry.path);
        }
    }

    #[test]
    fn a_port_is_no_part_of_the_host() {
        assert_eq!(without_port("a.tv:8080"), "a.tv");
        assert_eq!(without_port("a.tv"), "a.tv");
        assert_eq!(without_port("[::1]:80"), "[::1]");
    }
}
