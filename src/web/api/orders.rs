//! `/api/v1/coin-orders…` and `/api/v1/account/ledger`: buying coins, and what became of them. Its owner's alone: what is
//! another's is not found.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::paging::Page;
use crate::clock::Micros;
use crate::ids::{Invoice, RowId};
use crate::ledger::{Entry, Kind};
use crate::money::{Coins, Rupiah};
use crate::payments::{Customer, Order, OrderStatus};
use crate::web::error::Problem;
use crate::web::session::Viewer;
use crate::web::{Site, idempotency};

/// What is bought.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NewOrder {
    /// A package's id.
    package_id: String,
}

/// An order as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderJson {
    /// Its name.
    invoice: Invoice,
    /// Where it stands.
    status: OrderStatus,
    /// The package it was, by its code.
    package_code: String,
    /// Coins bought.
    coins: Coins,
    /// Coins on top.
    bonus_coins: Coins,
    /// What is to be paid, whole rupiah.
    price_idr: Rupiah,
    /// Where it is paid; `null` until the provider has said so.
    #[schema(required)]
    payment_url: Option<String>,
    /// RFC 3339
    created_at: String,
    /// Until when it can be paid, RFC 3339.
    expires_at: String,
    /// When the money came, RFC 3339.
    #[schema(required)]
    paid_at: Option<String>,
    /// By which channel, in the provider's word.
    #[schema(required)]
    channel: Option<String>,
    /// The provider's own reference of the payment.
    #[schema(required)]
    provider_ref: Option<String>,
    /// When the provider gave the money back, RFC 3339.
    #[schema(required)]
    refunded_at: Option<String>,
    /// Coins taken back for that.
    reversed_coins: Coins,
}

impl OrderJson {
    fn of(order: &Order) -> Self {
        Self {
            invoice: order.invoice.clone(),
            status: order.status,
            package_code: order.package_code.clone(),
            coins: order.coins,
            bonus_coins: order.bonus_coins,
            price_idr: order.price,
            payment_url: order.payment_url.clone(),
            created_at: rfc3339(order.created_at),
            expires_at: rfc3339(order.expires_at),
            paid_at: order.paid_at.map(rfc3339),
            channel: order.channel.clone(),
            provider_ref: order.provider_ref.clone(),
            refunded_at: order.refunded_at.map(rfc3339),
            reversed_coins: order.reversed_coins,
        }
    }
}

/// A page of orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Orders {
    orders: Vec<OrderJson>,
    /// `before` of the next page; `null` on the last one.
    #[schema(required)]
    next_before: Option<i64>,
}

/// A movement of coins as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Movement {
    /// Its number within the account: 1, 2, 3 …
    entry: i64,
    /// Why coins moved.
    #[serde(rename = "type")]
    kind: Kind,
    /// What came in; negative: what went out.
    coins: Coins,
    /// The balance with it.
    balance_after: Coins,
    /// What it was for: an invoice, an unlock, a support, a vote, or the operator's word.
    reference: String,
    /// Words for the reader.
    #[schema(required)]
    note: Option<String>,
    /// RFC 3339
    at: String,
}

impl Movement {
    fn of(entry: Entry) -> Self {
        Self {
            entry: entry.entry,
            kind: entry.kind,
            coins: entry.coins,
            balance_after: entry.balance_after,
            reference: entry.reference,
            note: entry.note,
            at: rfc3339(entry.at),
        }
    }
}

/// A page of movements, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ledger {
    items: Vec<Movement>,
    /// `before` of the next page; `null` on the last one.
    #[schema(required)]
    next_before: Option<i64>,
}

/// `POST /api/v1/coin-orders`
///
/// # Errors
/// 400 without a key, 404 for a package that is not sold, 409 `idempotency.mismatch` or `payments.not_selling`, 503 when
/// the provider does not answer: the same request again finishes the order.
pub async fn create(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    asked: web::Json<NewOrder>,
) -> Result<HttpResponse, Problem> {
    let who = &viewer.0;
    let request = idempotency::of_header(&req, who, &idempotency::content_of(&*asked))?;
    let package: RowId = asked.package_id.parse().map_err(|_| Problem::not_found("till.not_found"))?;
    let customer = Customer { name: who.name.clone(), phone: who.phone.as_str().to_owned(), language: who.locale };
    let order = site.till.order_coins(&who.account, customer, &package, &request).await?;
    Ok(private(HttpResponse::Created()).json(OrderJson::of(&order)))
}

/// `GET /api/v1/coin-orders`
///
/// # Errors
/// 400 for a page that cannot be.
pub async fn list(site: web::Data<Site>, viewer: Viewer, page: web::Query<Page>) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let found = site.till.list_orders(&viewer.0.account, page.before.map(Micros), limit).await?;
    let next_before = is_full(found.len(), limit).then(|| found.last().map(|order| order.created_at.0)).flatten();
    let orders = found.iter().map(OrderJson::of).collect();
    Ok(private(HttpResponse::Ok()).json(Orders { orders, next_before }))
}

/// `GET /api/v1/coin-orders/{invoice}`
///
/// # Errors
/// 404 for an order that is not the caller's.
pub async fn one(site: web::Data<Site>, viewer: Viewer, invoice: web::Path<String>) -> Result<HttpResponse, Problem> {
    let order = get(&site, &viewer, &invoice).await?;
    Ok(private(HttpResponse::Ok()).json(OrderJson::of(&order)))
}

/// `POST /api/v1/coin-orders/{invoice}/recheck`
///
/// # Errors
/// 404 for an order that is not the caller's, 429 when asked too often, 503 when the provider does not answer.
pub async fn recheck(
    site: web::Data<Site>,
    viewer: Viewer,
    invoice: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let order = site.till.recheck(&viewer.0.account, &named(&invoice)?).await?;
    Ok(private(HttpResponse::Ok()).json(OrderJson::of(&order)))
}

/// `GET /api/v1/account/ledger`
///
/// # Errors
/// 400 for a page that cannot be.
pub async fn ledger(site: web::Data<Site>, viewer: Viewer, page: web::Query<Page>) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let found = site.till.history(&viewer.0.account, page.before, limit).await?;
    let next_before =
        is_full(found.len(), limit).then(|| found.last().map(|entry| entry.entry).filter(|entry| *entry > 1)).flatten();
    let items = found.into_iter().map(Movement::of).collect();
    Ok(private(HttpResponse::Ok()).json(Ledger { items, next_before }))
}

/// The caller's order of this name.
///
/// # Errors
/// 404 for one that is not there or not theirs.
pub async fn get(site: &Site, viewer: &Viewer, invoice: &str) -> Result<Order, Problem> {
    let found = site.till.find_order(&viewer.0.account, &named(invoice)?).await?;
    found.ok_or_else(|| Problem::not_found("till.not_found"))
}

fn named(invoice: &str) -> Result<Invoice, Problem> {
    invoice.parse().map_err(|_| Problem::not_found("till.not_found"))
}

fn is_full(rows: usize, limit: i64) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows >= limit)
}

fn private(mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

/// A moment in UTC, RFC 3339.
fn rfc3339(at: Micros) -> String {
    Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}
