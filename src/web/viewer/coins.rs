//! The shop: coin packages, what coins buy, how one pays.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;
use serde::Deserialize;

use super::channels;
use super::reader::Reader;
use super::shell::Shell;
use crate::config::PaymentGateway;
use crate::events::{EventFacts, EventStatus};
use crate::flows::TillError;
use crate::ids::{Invoice, RowId, SystemRandom, new_word};
use crate::payments::{CoinPackage, Customer};
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::{self, Viewer};
use crate::web::{Site, idempotency};

/// Events whose prices are shown.
const EVENTS_MAX: usize = 3;
/// Where the buyer came from, kept for the order's own pages alone.
pub const BACK_COOKIE: &str = "bh_back";
/// How long that is remembered.
const BACK_KEPT: Duration = Duration::days(1);

#[derive(Template)]
#[template(path = "viewer/coins.html")]
struct Coins {
    shell: Shell,
    /// Set when coins are not sold at all.
    closed: bool,
    /// What went wrong with the last try.
    alert: Option<String>,
    balance: Option<String>,
    csrf: Option<String>,
    next: String,
    packages: Vec<Offer>,
    ways: Vec<String>,
    buys: Vec<Buy>,
    sign_in: String,
    rehearsal: bool,
}

/// A package as a card.
struct Offer {
    id: String,
    coins: String,
    bonus: Option<String>,
    in_all: String,
    price: String,
    /// A word of this form alone: pressed twice, it buys once.
    key: String,
}

/// What an event costs.
struct Buy {
    title: String,
    href: String,
    pass: Option<String>,
    fight: Option<String>,
}

/// What the shop is asked with.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Where the buyer came from.
    #[serde(default)]
    next: String,
}

/// The form of a package.
#[derive(Debug, Deserialize)]
pub struct Purchase {
    csrf: String,
    idempotency_key: String,
    package_id: String,
    #[serde(default)]
    next: String,
}

/// `GET /coins`
///
/// # Errors
/// 503 while the database is away and the packages were never read.
pub async fn page(req: HttpRequest, site: web::Data<Site>, asked: web::Query<Asked>) -> Result<HttpResponse, Problem> {
    let reader = Reader::of(&req, &site).await;
    let packages = packages(&site).await?;
    let next = own(&asked.next);
    if next.is_empty() {
        return Ok(reader.respond(&site, "/coins".to_owned(), || shop(&site, &reader, &packages, &next, None)));
    }
    Ok(reader.send(&shop(&site, &reader, &packages, &next, None), HttpResponse::Ok()))
}

/// `POST /coins`: orders a package and goes to the order's page.
///
/// # Errors
/// 403 for a form of an older page, 404 for a package that is not sold; what the buyer can do something about is said on
/// the shop's page.
pub async fn buy(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    form: web::Form<Purchase>,
) -> Result<HttpResponse, Problem> {
    let who = &viewer.0;
    site.forms.check(who, &form.csrf)?;
    let request = idempotency::of_key(&req, who, &form.idempotency_key, form.package_id.as_bytes())?;
    let package: RowId = form.package_id.parse().map_err(|_| Problem::not_found("till.not_found"))?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    // The account's language, not the page's: every try of a checkout says the same, from whichever page it comes.
    let customer = Customer { name: who.name.clone(), phone: who.phone.as_str().to_owned(), language: who.locale };
    match site.till.order_coins(&who.account, customer, &package, &request).await {
        Ok(order) => {
            let mut answer = reader.go(&format!("/orders/{}", order.invoice));
            let next = own(&form.next);
            if !next.is_empty() {
                let cookie = back_cookie(&site, &order.invoice, &next);
                answer.add_cookie(&cookie).map_err(|_| Problem::not_found("web.no_such_page"))?;
            }
            Ok(answer)
        }
        Err(error) => again(&site, &reader, &form, error).await,
    }
}

/// The shop once more, with what went wrong. After a provider that did not answer, the same form goes on with the same
/// order.
async fn again(site: &Site, reader: &Reader, form: &Purchase, error: TillError) -> Result<HttpResponse, Problem> {
    let w = reader.w;
    let (alert, keeps_key) = match &error {
        TillError::ProviderAway => (w.t("coins-provider-away"), true),
        TillError::KeyReused => (w.t("coins-used-form"), false),
        TillError::NotSelling => (w.t("coins-closed"), false),
        TillError::ProviderRefused => (w.t("coins-provider-refused"), false),
        TillError::TooManyOpen { open, .. } => (w.with("coins-too-many-open", "open", &open.to_string()), false),
        _ => return Err(error.into()),
    };
    let problem = Problem::from(error);
    let packages = packages(site).await?;
    let mut page = shop(site, reader, &packages, &own(&form.next), Some(alert));
    if let Some(offer) = page.packages.iter_mut().find(|offer| keeps_key && offer.id == form.package_id) {
        offer.key.clone_from(&form.idempotency_key);
    }
    let mut answer: HttpResponseBuilder = HttpResponse::build(problem.status());
    if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
        answer.insert_header((header::RETRY_AFTER, "5"));
    }
    Ok(reader.send(&page, answer))
}

/// What is sold now; nothing where coins are not sold.
async fn packages(site: &Site) -> Result<std::sync::Arc<Vec<CoinPackage>>, Problem> {
    if site.config.payments.gateway == PaymentGateway::None {
        return Ok(std::sync::Arc::default());
    }
    Ok(site.shelf.packages(site).await?)
}

fn shop(site: &Site, reader: &Reader, packages: &[CoinPackage], next: &str, alert: Option<String>) -> Coins {
    let w = reader.w;
    let path = if next.is_empty() { "/coins".to_owned() } else { session::with_next("/coins", next) };
    let mut shell = reader.shell(site, &path, w.t("coins-title"), w.t("coins-description"));
    shell.indexed = next.is_empty() && alert.is_none();
    let key = || new_word(&SystemRandom::default(), 26);
    let is_viewer = reader.who.is_some();
    Coins {
        closed: packages.is_empty(),
        alert,
        balance: reader.coins().map(|coins| w.coins(coins)),
        csrf: reader.who.as_ref().map(|who| site.forms.of(who)),
        next: next.to_owned(),
        packages: packages
            .iter()
            .map(|package| Offer {
                id: package.id.to_string(),
                coins: w.coins(package.coins),
                bonus: (package.bonus_coins.0 > 0).then(|| w.coins(package.bonus_coins)),
                in_all: package.coins_in_all().to_string(),
                price: package.price.to_string(),
                key: if is_viewer { key() } else { String::new() },
            })
            .collect(),
        ways: channels::offered(&site.config.payments, w),
        buys: buys(site, w),
        sign_in: shell.sign_in("/login"),
        rehearsal: site.config.payments.gateway == PaymentGateway::Sandbox,
        shell,
    }
}

/// What coins buy at the events that are shown, the next one first.
fn buys(site: &Site, w: Words) -> Vec<Buy> {
    let all = site.mirror.all();
    let mut coming: Vec<&EventFacts> =
        all.iter().map(AsRef::as_ref).filter(|event: &&EventFacts| event.status == EventStatus::Published).collect();
    coming.sort_by_key(|event| event.starts_at);
    let priced = |event: &EventFacts| {
        let fight = event.fights.iter().map(|fight| fight.price_coins).filter(|coins| coins.0 > 0).min();
        let pass = Some(event.pass_price_coins).filter(|coins| coins.0 > 0);
        (fight.is_some() || pass.is_some()).then(|| Buy {
            title: event.title.clone(),
            href: w.href(&format!("/events/{}", event.slug)),
            pass: pass.map(|coins| w.coins(coins)),
            fight: fight.map(|coins| w.coins(coins)),
        })
    };
    coming.into_iter().filter_map(priced).take(EVENTS_MAX).collect()
}

/// A place of our own to go back to; nothing for whatever else was given.
fn own(next: &str) -> String {
    session::own_path(next).map(str::to_owned).unwrap_or_default()
}

/// Remembers where the buyer of an order came from. The provider sends them back by an address without a query, so it
/// cannot stand there.
fn back_cookie(site: &Site, invoice: &Invoice, next: &str) -> Cookie<'static> {
    let encoded = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC).to_string();
    Cookie::build(BACK_COOKIE, encoded)
        .path(format!("/orders/{invoice}"))
        .max_age(BACK_KEPT)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(site.config.server.public_url.starts_with("https://"))
        .finish()
}
