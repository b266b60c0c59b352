//! Everything the house keeps of a person, as one file (UU 27/2022, article 7: the right to a copy).

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::accounts::SignedIn;
use crate::web::Site;
use crate::web::api::orders::OrderJson;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::Viewer;
use crate::web::viewer::dates::When;

/// Rows of the ledger read at once.
const AT_ONCE: i64 = 500;

/// `GET /account/export`, and the same by `/api/v1/account/export`.
///
/// # Errors
/// 503 while the database is away.
pub async fn file(site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    let all = everything(&site, &viewer.0).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"bakuhantam-data.json\""))
        .json(all))
}

async fn everything(site: &Site, who: &SignedIn) -> Result<serde_json::Value, Problem> {
    let words = Words::new(who.locale, who.locale);
    let mut ledger = Vec::new();
    let mut before = None;
    loop {
        let page = site.till.history(&who.account, before, AT_ONCE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.entry);
        ledger.extend(page.iter().map(|row| {
            serde_json::json!({
                "entry": row.entry,
                "kind": row.kind,
                "coins": row.coins,
                "balance_after": row.balance_after,
                "reference": row.reference,
                "note": row.note,
                "at": When::new(row.at, &site.config.locale.timezone, words).iso,
            })
        }));
    }
    let others = [
        ("ledger", serde_json::json!(ledger)),
        ("orders", serde_json::json!(orders_of(site, who).await?)),
        ("unlocks", serde_json::json!(unlocks_of(site, who).await?)),
    ];
    let others = others.into_iter().map(|(name, rows)| (name.to_owned(), rows)).collect();
    Ok(site.accounts.export(who, others).await?)
}

async fn orders_of(site: &Site, who: &SignedIn) -> Result<Vec<OrderJson>, Problem> {
    let mut all: Vec<OrderJson> = Vec::new();
    let mut before = None;
    loop {
        let page = site.till.list_orders(&who.account, before, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        before = Some(last.created_at);
        all.extend(page.iter().map(OrderJson::of));
    }
}

async fn unlocks_of(site: &Site, who: &SignedIn) -> Result<Vec<serde_json::Value>, Problem> {
    let all = site.till.list_all_unlocks(&who.account, i64::MAX).await?;
    let told = |unlock: &crate::events::OwnedUnlock| {
        serde_json::json!({
            "event": unlock.slug,
            "fight": unlock.fight.as_ref().map(|fight| fight.number),
            "charged_coins": unlock.charged,
            "at": When::new(unlock.at, &site.config.locale.timezone, Words::new(who.locale, who.locale)).iso,
        })
    };
    Ok(all.iter().map(told).collect())
}
