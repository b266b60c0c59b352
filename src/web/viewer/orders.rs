//! A buyer's orders, newest first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::dates::When;
use super::reader::Reader;
use super::shell::Shell;
use crate::clock::Micros;
use crate::payments::OrderStatus;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session::Viewer;

/// Orders of a page.
const ROWS: usize = 20;

#[derive(Template)]
#[template(path = "viewer/orders.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    older: Option<String>,
    is_first: bool,
}

struct Row {
    href: String,
    invoice: String,
    coins: String,
    price: String,
    at: When,
    status: &'static str,
    word: String,
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    before: Option<i64>,
}

/// `GET /account/orders`
///
/// # Errors
/// The database.
pub async fn page(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Problem> {
    // One more than is shown tells whether there are older ones.
    let limit = i64::try_from(ROWS).unwrap_or_default().saturating_add(1);
    let mut found = site.till.list_orders(&viewer.0.account, asked.before.map(Micros), limit).await?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let (w, now) = (reader.w, site.clock.now());
    let has_older = found.len() > ROWS;
    found.truncate(ROWS);
    let older = found.last().filter(|_| has_older).map(|last| format!("/account/orders?before={}", last.created_at.0));
    let rows = found.iter().map(|order| {
        let (status, word) = match order.status {
            OrderStatus::Paid if order.refunded_at.is_some() => ("refunded", w.t("orders-refunded")),
            OrderStatus::Paid => ("paid", w.t("orders-paid")),
            OrderStatus::Pending if now < order.expires_at => ("waiting", w.t("orders-waiting")),
            OrderStatus::Pending | OrderStatus::Expired => ("expired", w.t("orders-expired")),
            OrderStatus::Failed => ("failed", w.t("orders-failed")),
        };
        Row {
            href: w.href(&format!("/orders/{}", order.invoice)),
            invoice: order.invoice.to_string(),
            coins: order.coins_in_all().to_string(),
            price: order.price.to_string(),
            at: When::new(order.created_at, &site.config.locale.timezone, w),
            status,
            word,
        }
    });
    let page = Page {
        rows: rows.collect(),
        older: older.map(|older| w.href(&older)),
        is_first: asked.before.is_none(),
        shell: reader.private_shell(&site, "/account/orders", w.t("orders-title")),
    };
    Ok(reader.send(&page, HttpResponse::Ok()))
}
