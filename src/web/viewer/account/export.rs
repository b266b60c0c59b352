//! Everything the house keeps of a person, as one file (UU 27/2022, article 7: the right to a copy).

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::accounts::SignedIn;
use crate::clock::Micros;
use crate::flows::TillError;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::Viewer;
use crate::web::viewer::dates::When;

/// Rows read at once.
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

async fn everything(site: &Site, who: &SignedIn) -> Result<Value, Problem> {
    let others = Map::from_iter([
        ("ledger".to_owned(), Value::Array(ledger(site, who).await?)),
        ("orders".to_owned(), Value::Array(orders(site, who).await?)),
        ("unlocks".to_owned(), Value::Array(unlocks(site, who).await?)),
        ("supports".to_owned(), Value::Array(supports(site, who).await?)),
        ("votes".to_owned(), Value::Array(votes(site, who).await?)),
    ]);
    Ok(site.accounts.export(who, others).await?)
}

/// Every movement of coins, newest first.
async fn ledger(site: &Site, who: &SignedIn) -> Result<Vec<Value>, Problem> {
    let (mut told, mut before) = (Vec::new(), None);
    loop {
        let page = site.till.history(&who.account, before, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(told) };
        before = Some(last.entry);
        told.extend(page.iter().map(|row| {
            json!({
                "entry": row.entry,
                "kind": row.kind,
                "coins": row.coins,
                "balance_after": row.balance_after,
                "reference": row.reference,
                "note": row.note,
                "at": moment(site, who, row.at),
            })
        }));
    }
}

/// Every order, newest first.
async fn orders(site: &Site, who: &SignedIn) -> Result<Vec<Value>, Problem> {
    let (mut told, mut before) = (Vec::new(), None);
    loop {
        let page = site.till.list_orders(&who.account, before, AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(told) };
        before = Some(last.created_at);
        told.extend(page.iter().map(|order| {
            json!({
                "invoice": order.invoice,
                "gateway": order.gateway.as_str(),
                "package_code": order.package_code,
                "coins": order.coins,
                "bonus_coins": order.bonus_coins,
                "price_idr": order.price,
                "status": order.status,
                "created_at": moment(site, who, order.created_at),
                "expires_at": moment(site, who, order.expires_at),
                "paid_at": order.paid_at.map(|at| moment(site, who, at)),
                "channel": order.channel,
                "provider_ref": order.provider_ref,
                "refunded_at": order.refunded_at.map(|at| moment(site, who, at)),
                "reversed_coins": order.reversed_coins,
            })
        }));
    }
}

/// Everything that was opened, newest first.
async fn unlocks(site: &Site, who: &SignedIn) -> Result<Vec<Value>, Problem> {
    let opened = site.till.list_all_unlocks(&who.account, i64::MAX).await?;
    let told = opened.iter().map(|unlock| {
        json!({
            "event": unlock.slug,
            "fight": unlock.fight.as_ref().map(|fight| fight.number),
            "charged_coins": unlock.charged,
            "at": moment(site, who, unlock.at),
        })
    });
    Ok(told.collect())
}

/// Everything that was given, with what was said, newest first; also what was hidden.
async fn supports(site: &Site, who: &SignedIn) -> Result<Vec<Value>, Problem> {
    let given = site.crowd.list_own(&who.account).await?;
    let told = given.iter().map(|(event, support)| {
        json!({
            "event": event,
            "kind": support.kind,
            "coins": support.coins,
            "fighter": support.fighter.as_ref().map(|fighter| &fighter.name),
            "message": support.message,
            "name": support.name,
            "tier": support.tier,
            "state": support.state,
            "seq": support.seq,
            "at": moment(site, who, support.at),
        })
    });
    Ok(told.collect())
}

/// Every vote, newest first.
async fn votes(site: &Site, who: &SignedIn) -> Result<Vec<Value>, Problem> {
    let cast = site.polls.list_own(&who.account).await.map_err(TillError::from)?;
    let told = cast.iter().map(|vote| {
        json!({
            "event": vote.event,
            "poll": vote.poll,
            "question": vote.question,
            "option": vote.option,
            "votes": vote.votes,
            "coins": vote.coins,
            "at": moment(site, who, vote.at),
        })
    });
    Ok(told.collect())
}

/// A moment on the house's clock, RFC 3339.
fn moment(site: &Site, who: &SignedIn, at: Micros) -> String {
    When::new(at, &site.config.locale.timezone, Words::new(who.locale, who.locale)).iso
}
