//! An order's own page: what is to be paid and until when, what became of it, and the receipt. The page's script keeps it
//! true by itself; without one it is loaded anew now and then.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::channels;
use super::coins::BACK_COOKIE;
use super::dates::When;
use super::reader::Reader;
use super::shell::Shell;
use crate::events::EventStatus;
use crate::flows::TillError;
use crate::ids::Invoice;
use crate::payments::{Customer, Gateway, Order, OrderStatus};
use crate::web::Site;
use crate::web::api::orders as api;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::{self, Viewer};

/// What the page is about now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It can be paid.
    Waiting,
    /// The provider has not made its checkout yet.
    Preparing,
    /// It can be paid no more, and the provider has not said so yet.
    Overdue,
    Expired,
    Failed,
    Paid,
}

impl Standing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Preparing => "preparing",
            Self::Overdue => "overdue",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Paid => "paid",
        }
    }
}

#[derive(Template)]
#[template(path = "viewer/order.html")]
struct Page {
    shell: Shell,
    standing: Standing,
    /// What the API calls it: the script looks for another word than this.
    status: OrderStatus,
    invoice: String,
    coins: String,
    bonus: Option<String>,
    in_all: String,
    price: String,
    payment_url: Option<String>,
    created: When,
    expires: When,
    now_ms: i64,
    csrf: String,
    /// What the last "look again" found.
    said: Option<String>,
    again_href: String,
    own_href: String,
    recheck_href: String,
    back: (String, String),
    balance: Option<String>,
    receipt: Option<Receipt>,
    rehearsal: bool,
}

/// What a paid order's receipt says beside what the order says.
struct Receipt {
    paid: When,
    buyer: String,
    method: String,
    provider_ref: Option<String>,
    late: bool,
    refunded: Option<When>,
    reversed: Option<String>,
}

impl Page {
    fn is(&self, standing: &str) -> bool {
        self.standing.as_str() == standing
    }

    /// Whether the money was returned.
    fn given_back(&self) -> bool {
        self.receipt.as_ref().is_some_and(|receipt| receipt.refunded.is_some())
    }

    /// Whether something may still happen by itself.
    fn is_open(&self) -> bool {
        matches!(self.standing, Standing::Waiting | Standing::Preparing | Standing::Overdue)
    }
}

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Set after "look again": what it found.
    #[serde(default)]
    checked: String,
}

/// The form of "look again".
#[derive(Debug, Deserialize)]
pub struct Again {
    csrf: String,
}

/// `GET /orders/{invoice}`
///
/// # Errors
/// 404 for an order that is not the reader's.
pub async fn page(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    invoice: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let order = finished(&site, &viewer, api::get(&site, &viewer, &invoice).await?).await;
    if order.payment_url.is_some()
        && let Err(error) = site.till.note_return(&order).await
    {
        tracing::debug!(%error, "an order is asked after at its usual time");
    }
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let said = (asked.checked == "1" && order.status != OrderStatus::Paid).then(|| reader.w.t("order-checked-nothing"));
    Ok(reader.send(&shown(&req, &site, &reader, &order, said), HttpResponse::Ok()))
}

/// `POST /orders/{invoice}/recheck`: asks the provider now, and shows the order again.
///
/// # Errors
/// 403 for a form of an older page, 404 for an order that is not the reader's.
pub async fn recheck(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    invoice: web::Path<String>,
    form: web::Form<Again>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &form.csrf)?;
    let named: Invoice = invoice.parse().map_err(|_| Problem::not_found("till.not_found"))?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let w = reader.w;
    let Err(error) = site.till.recheck(&viewer.0.account, &named).await else {
        return Ok(reader.go(&format!("/orders/{named}?checked=1")));
    };
    let said = match &error {
        TillError::TooOften { retry_after_s } => w.with("order-checked-lately", "seconds", &retry_after_s.to_string()),
        TillError::ProviderAway => w.t("order-check-away"),
        _ => return Err(error.into()),
    };
    let order = api::get(&site, &viewer, &invoice).await?;
    let mut answer = HttpResponse::build(Problem::from(error).status());
    answer.insert_header((header::CONTENT_LOCATION, format!("/orders/{named}")));
    Ok(reader.send(&shown(&req, &site, &reader, &order, Some(said)), answer))
}

/// An order whose checkout did not come about at its first try is tried again by looking at it.
async fn finished(site: &Site, viewer: &Viewer, order: Order) -> Order {
    let who = &viewer.0;
    let is_due = order.status == OrderStatus::Pending && order.payment_url.is_none();
    if !is_due || site.clock.now() >= order.expires_at {
        return order;
    }
    let customer = Customer { name: who.name.clone(), phone: who.phone.as_str().to_owned(), language: who.locale };
    match site.till.finish_checkout(&who.account, &customer, &order.invoice).await {
        Ok(order) => order,
        // Refused for good: the order says so now.
        Err(TillError::ProviderRefused) => Order { status: OrderStatus::Failed, ..order },
        Err(_) => order,
    }
}

fn shown(req: &HttpRequest, site: &Site, reader: &Reader, order: &Order, said: Option<String>) -> Page {
    let (w, now) = (reader.w, site.clock.now());
    let when = |at| When::new(at, &site.config.locale.timezone, w);
    let standing = match order.status {
        OrderStatus::Paid => Standing::Paid,
        OrderStatus::Expired => Standing::Expired,
        OrderStatus::Failed => Standing::Failed,
        OrderStatus::Pending if now >= order.expires_at => Standing::Overdue,
        OrderStatus::Pending if order.payment_url.is_none() => Standing::Preparing,
        OrderStatus::Pending => Standing::Waiting,
    };
    let back = came_from(req, &order.invoice);
    let again = back.as_deref().map_or_else(|| "/coins".to_owned(), |back| session::with_next("/coins", back));
    let name = reader.who.as_ref().map(|who| who.name.clone()).unwrap_or_default();
    Page {
        shell: reader.private_shell(
            site,
            &format!("/orders/{}", order.invoice),
            w.with("order-title", "invoice", order.invoice.as_str()),
        ),
        standing,
        status: order.status,
        invoice: order.invoice.to_string(),
        coins: w.coins(order.coins),
        bonus: (order.bonus_coins.0 > 0).then(|| w.coins(order.bonus_coins)),
        in_all: order.coins_in_all().to_string(),
        price: order.price.to_string(),
        payment_url: order.payment_url.clone().filter(|_| standing == Standing::Waiting),
        created: when(order.created_at),
        expires: when(order.expires_at),
        now_ms: now.0 / 1_000,
        csrf: reader.who.as_ref().map(|who| site.forms.of(who)).unwrap_or_default(),
        said,
        again_href: w.href(&again),
        own_href: w.href(&format!("/orders/{}", order.invoice)),
        recheck_href: w.href(&format!("/orders/{}/recheck", order.invoice)),
        back: back_link(site, back, w),
        balance: reader.coins().map(|coins| w.coins(coins)),
        receipt: (standing == Standing::Paid).then(|| Receipt {
            paid: when(order.paid_at.unwrap_or(order.created_at)),
            buyer: name,
            method: order.channel.as_deref().map_or_else(|| "–".to_owned(), |code| channels::name_of(code, w)),
            provider_ref: order.provider_ref.clone(),
            late: order.paid_late,
            refunded: order.refunded_at.map(when),
            reversed: (order.reversed_coins.0 > 0).then(|| w.coins(order.reversed_coins)),
        }),
        rehearsal: order.gateway == Gateway::Sandbox,
    }
}

/// Where the buyer of this order came from.
fn came_from(req: &HttpRequest, invoice: &Invoice) -> Option<String> {
    let path = req.path();
    let cookie = req.cookie(BACK_COOKIE).filter(|_| path.contains(invoice.as_str()))?;
    let decoded = percent_encoding::percent_decode_str(cookie.value()).decode_utf8().ok()?;
    session::own_path(&decoded).map(str::to_owned)
}

/// The way back and its name: an event by its title, anything else as "back", home where nothing is known.
fn back_link(site: &Site, back: Option<String>, w: Words) -> (String, String) {
    let Some(back) = back else { return (w.href("/"), w.t("order-to-home")) };
    let path = back.split('?').next().unwrap_or_default();
    let slug = path.strip_prefix("/events/").or_else(|| path.strip_prefix("/watch/"));
    let event = slug.and_then(|slug| slug.parse().ok()).and_then(|slug| site.mirror.find(&slug));
    let name = match event.filter(|event| event.status != EventStatus::Draft) {
        Some(event) => w.with("order-back-to", "title", &event.title),
        None => w.t("order-back"),
    };
    (back, name)
}
