//! One's own account: who one is, what one has, where one is signed in, and how to leave.

pub mod changes;
pub mod export;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::dates::When;
use super::devices::Device;
use super::forms::{Field, Told};
use super::reader::Reader;
use super::shell::Shell;
use crate::accounts::SessionKind;
use crate::config::Language;
use crate::events::OwnedUnlock;
use crate::money::Coins;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::Viewer;

#[derive(Template)]
#[template(path = "viewer/account.html")]
struct Page {
    shell: Shell,
    csrf: String,
    name: String,
    /// As people write it: `+62 812-3456-7890`.
    phone: String,
    coins: Option<Coins>,
    notice: Option<String>,
    told: Option<Told>,
    opened: Vec<Opened>,
    devices: Vec<Device>,
    languages: [(Language, bool); 2],
    name_field: Field,
    password_fields: [Field; 2],
    delete_fields: [Field; 2],
    /// What was last sent was about leaving.
    deleting: bool,
}

/// The most unlocks the page lists; the history has them all.
const OPENED_MAX: i64 = 100;

/// Something the account has opened, ready for the template.
struct Opened {
    /// The fight, or the whole night.
    what: String,
    night: String,
    when: When,
    href: String,
    /// What it cost, in words; nothing where it cost nothing.
    paid: Option<String>,
}

impl Opened {
    fn of(unlock: &OwnedUnlock, timezone: &str, w: Words) -> Self {
        let what = match &unlock.fight {
            Some(fight) => w.fill("account-opened-fight", &[("red", &fight.red), ("blue", &fight.blue)]),
            None => w.t("account-opened-night"),
        };
        Self {
            what,
            night: unlock.title.clone(),
            when: When::new(unlock.starts_at, timezone, w),
            href: w.href(&format!("/watch/{}", unlock.slug)),
            paid: (unlock.charged.0 > 0).then(|| w.with("coins-amount", "coins", &w.coins(unlock.charged))),
        }
    }
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// What was done before.
    done: String,
}

/// `GET /account`
///
/// # Errors
/// 503 while the database is away.
pub async fn page(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let w = reader.w;
    let notice = match asked.done.as_str() {
        "name" => Some(w.t("account-done-name")),
        "password" => Some(w.t("account-done-password")),
        "language" => Some(w.t("account-done-language")),
        "device" => Some(w.t("account-done-device")),
        "devices" => Some(w.t("account-done-devices")),
        _ => None,
    };
    show(&site, &reader, &viewer, notice, None).await
}

/// The page, after something of it was sent that was not taken: `told` says why, and what was typed.
async fn show(
    site: &Site,
    reader: &Reader,
    viewer: &Viewer,
    notice: Option<String>,
    told: Option<(Told, String)>,
) -> Result<HttpResponse, Problem> {
    let (w, who) = (reader.w, &viewer.0);
    let sessions = site.accounts.list_sessions(who).await?;
    let opened = site.till.list_all_unlocks(&who.account, OPENED_MAX).await?;
    let (told, typed) = told.map_or((None, None), |(told, typed)| (Some(told), Some(typed)));
    let field = |field: Field| field.told(told.as_ref());
    let name = typed.filter(|_| told.as_ref().is_some_and(|told| told.field == Some("name")));
    let name = name.unwrap_or_else(|| who.name.clone());
    let word = w.t("account-delete-word");
    let page = Page {
        shell: reader.private_shell(site, "/account", w.t("account-title")),
        csrf: site.forms.of(who),
        name: who.name.clone(),
        phone: spaced(who.phone.as_str()),
        coins: reader.coins(),
        notice,
        opened: opened.iter().map(|unlock| Opened::of(unlock, &site.config.locale.timezone, w)).collect(),
        devices: Device::of(sessions, SessionKind::Viewer, &site.config.locale.timezone, w),
        languages: [Language::Id, Language::En].map(|language| (language, language == who.locale)),
        name_field: field(Field::text("name", w.t("form-name"), "nickname", &name).at_most(40)),
        password_fields: [
            field(Field::password("current", w.t("account-password-current"), "current-password")),
            field(
                Field::password("new", w.t("account-password-new"), "new-password")
                    .hint(w.t("form-password-hint"))
                    .at_most(128),
            ),
        ],
        delete_fields: [
            field(Field::password("password", w.t("account-delete-password"), "current-password")),
            field(Field::text("word", w.with("account-delete-type", "word", &word), "off", "")),
        ],
        deleting: told.as_ref().is_some_and(|told| matches!(told.field, Some("password" | "word"))),
        told,
    };
    let mut answer = HttpResponse::Ok();
    if let Some(told) = &page.told {
        told.mark(&mut answer);
    }
    Ok(reader.send(&page, answer))
}

/// `+6281234567890` as `+62 812-3456-7890`.
fn spaced(phone: &str) -> String {
    let Some((carrier, rest)) = phone.strip_prefix("+62").and_then(|national| national.split_at_checked(3)) else {
        return phone.to_owned();
    };
    match rest.split_at_checked(4) {
        Some((middle, end)) if !end.is_empty() => format!("+62 {carrier}-{middle}-{end}"),
        _ => format!("+62 {carrier}-{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn a_number_is_written_in_groups() {
        assert_eq!(spaced("+6281234567890"), "+62 812-3456-7890");
        assert_eq!(spaced("+62812345678"), "+62 812-3456-78");
        assert_eq!(spaced("+628123"), "+62 812-3");
        assert_eq!(spaced(""), "");
    }
}
