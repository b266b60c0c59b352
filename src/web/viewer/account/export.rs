//! Everything the house keeps of a person, as one file (UU 27/2022, article 7: the right to a copy).

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::accounts::SignedIn;
use crate::web::Site;
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
    let others = serde_json::Map::from_iter([("ledger".to_owned(), serde_json::json!(ledger))]);
    Ok(site.accounts.export(who, others).await?)
}
