//! Every movement of a viewer's coins, with the balance after each, as a page and as a file.

use std::error::Error;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use futures_util::stream;
use serde::Deserialize;

use super::dates::When;
use super::reader::Reader;
use super::shell::{Shell, keep_private};
use crate::flows::Till;
use crate::ids::{AccountId, Invoice};
use crate::ledger::{Entry, Kind};
use crate::money::Coins;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::Viewer;

/// Movements of a page.
const ROWS: usize = 30;
/// Movements read at once for the file.
const FILE_ROWS: i64 = 500;
/// Tells spreadsheets that the text is UTF-8; others skip it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Template)]
#[template(path = "viewer/history.html")]
struct Page {
    shell: Shell,
    balance: Option<String>,
    rows: Vec<Row>,
    older: Option<String>,
    is_first: bool,
}

struct Row {
    kind: &'static str,
    words: String,
    note: Option<String>,
    /// Where more about it stands.
    link: Option<(String, String)>,
    at: When,
    /// With its sign.
    coins: String,
    comes_in: bool,
    balance: String,
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    before: Option<i64>,
}

/// `GET /account/history`
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
    let mut found = site.till.history(&viewer.0.account, asked.before, limit).await?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let w = reader.w;
    let has_older = found.len() > ROWS;
    found.truncate(ROWS);
    let older = found.last().filter(|_| has_older).map(|last| format!("/account/history?before={}", last.entry));
    let page = Page {
        balance: reader.coins().map(|coins| w.coins(coins)),
        rows: found.iter().map(|entry| row(&site, entry, w)).collect(),
        older: older.map(|older| w.href(&older)),
        is_first: asked.before.is_none(),
        shell: reader.private_shell(&site, "/account/history", w.t("history-title")),
    };
    Ok(reader.send(&page, HttpResponse::Ok()))
}

fn row(site: &Site, entry: &Entry, w: Words) -> Row {
    let invoice = invoice_of(entry).map(|invoice| (w.href(&format!("/orders/{invoice}")), invoice.to_string()));
    Row {
        kind: entry.kind.as_str(),
        words: words_of(entry, w),
        note: entry.note.clone().filter(|note| !note.is_empty() && shows_note(entry.kind)),
        link: invoice,
        at: When::new(entry.at, &site.config.locale.timezone, w),
        coins: signed(entry.coins, w),
        comes_in: entry.coins.0 > 0,
        balance: entry.balance_after.to_string(),
    }
}

/// Whether a movement's note is for its reader: what was opened, why coins were given. A purchase says all by its order.
const fn shows_note(kind: Kind) -> bool {
    !matches!(kind, Kind::Purchase | Kind::Reversal)
}

/// The order a movement is about.
fn invoice_of(entry: &Entry) -> Option<Invoice> {
    matches!(entry.kind, Kind::Purchase | Kind::Reversal).then(|| entry.reference.parse().ok()).flatten()
}

fn words_of(entry: &Entry, w: Words) -> String {
    match entry.kind {
        Kind::Purchase => w.t("history-purchase"),
        Kind::Unlock => w.t("history-unlock"),
        Kind::Support => w.t("history-support"),
        Kind::Vote => w.t("history-vote"),
        Kind::Grant if entry.coins.0 < 0 => w.t("history-taken"),
        Kind::Grant => w.t("history-grant"),
        Kind::Refund => w.t("history-refund"),
        Kind::Reversal => w.t("history-reversal"),
    }
}

/// `+30` or, with a real minus, `−30`.
fn signed(coins: Coins, w: Words) -> String {
    let text = w.coins(coins);
    match text.strip_prefix('-') {
        Some(rest) => format!("\u{2212}{rest}"),
        None => format!("+{text}"),
    }
}

/// `GET /account/history.csv`: the whole history, newest first, sent while it is read. RFC 4180 with a byte order mark.
///
/// # Errors
/// The database; once the first rows are sent, the download breaks off instead.
pub async fn csv(req: HttpRequest, site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let w = reader.w;
    let first = site.till.history(&viewer.0.account, None, FILE_ROWS).await?;
    let zone = site.config.locale.timezone.clone();
    let file = File { till: site.till.clone(), account: viewer.0.account.clone(), w, zone, next: Next::Head(first) };
    let day = When::new(site.clock.now(), &site.config.locale.timezone, w).iso;
    let name = format!("bakuhantam-koin-{}.csv", day.get(..10).unwrap_or_default());
    let mut answer = HttpResponse::Ok();
    keep_private(&mut answer);
    Ok(answer
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CONTENT_LANGUAGE, w.tag()))
        .content_type("text/csv; charset=utf-8")
        .streaming(stream::try_unfold(file, File::piece)))
}

/// The file as far as it is written.
struct File {
    till: Till,
    account: AccountId,
    w: Words,
    zone: String,
    next: Next,
}

/// What comes next.
enum Next {
    /// The head, and the rows that were read to see whether the database answers.
    Head(Vec<Entry>),
    /// The rows below this number.
    Below(i64),
    End,
}

impl File {
    async fn piece(self) -> Result<Option<(Bytes, Self)>, Box<dyn Error>> {
        let (rows, head) = match self.next {
            Next::End => return Ok(None),
            Next::Below(entry) => (self.till.history(&self.account, Some(entry), FILE_ROWS).await?, false),
            Next::Head(rows) => (rows, true),
        };
        let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= FILE_ROWS);
        let next = rows.last().filter(|_| is_full).map_or(Next::End, |last| Next::Below(last.entry));
        let text = table(&rows, head, self.w, &self.zone)?;
        Ok(Some((Bytes::from(text), Self { next, ..self })))
    }
}

fn table(rows: &[Entry], head: bool, w: Words, zone: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let begun = if head { BYTE_ORDER_MARK.as_bytes().to_vec() } else { Vec::new() };
    let mut file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begun);
    if head {
        let names = ["number", "time", "what", "note", "coins", "balance", "reference"];
        let names = names.map(|name| w.t(&format!("history-file-{name}")));
        file.write_record(names)?;
    }
    for entry in rows {
        let cells = [
            entry.entry.to_string(),
            When::new(entry.at, zone, w).iso,
            harmless(&words_of(entry, w)),
            harmless(entry.note.as_deref().unwrap_or_default()),
            entry.coins.0.to_string(),
            entry.balance_after.0.to_string(),
            harmless(&entry.reference),
        ];
        file.write_record(cells)?;
    }
    Ok(file.into_inner()?)
}

/// A text that no spreadsheet takes for a formula: one that begins like a formula is given an apostrophe.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Micros;
    use crate::config::Language;

    #[test]
    fn texts_that_begin_like_a_formula_are_only_text_and_numbers_stay_numbers() {
        for formula in ["=1+1", "+62", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        assert_eq!(harmless("Malam = seru"), "Malam = seru");
        let entry = Entry {
            id: "01J00000000000000000000000".parse().unwrap(),
            account: "01J00000000000000000000000".parse().unwrap(),
            entry: 7,
            kind: Kind::Grant,
            coins: Coins(-30),
            balance_after: Coins(1_000),
            reference: "-R1".into(),
            note: Some("=cmd|' /C calc'!A0, \"hai\"".into()),
            at: Micros(0),
        };
        let text = table(&[entry], false, Words::new(Language::En, Language::En), "Asia/Jakarta").unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("7,1970-01-01T07:00:00+07:00,"), "{text}");
        assert!(text.contains(",\"'=cmd|' /C calc'!A0, \"\"hai\"\"\",-30,1000,'-R1\r\n"), "{text}");
    }
}
