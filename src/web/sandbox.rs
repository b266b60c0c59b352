//! The sandbox's pay page: what a provider's would be, with everything that can happen to a payment as a button. It looks
//! like what it is, works without script, and stays on this machine unless it is allowed elsewhere by name.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::error::Problem;
use super::i18n::Words;
use super::viewer::channels;
use super::viewer::dates::When;
use super::{Site, client};
use crate::config::is_this_machine;
use crate::payments::sandbox::{Act, Channel, Sandbox, SandboxPayment, SandboxStatus};

#[derive(Template)]
#[template(path = "sandbox/pay.html")]
struct Page {
    w: Words,
    invoice: String,
    token: String,
    amount: String,
    status: &'static str,
    status_word: String,
    expires: When,
    channels: Vec<(&'static str, String, bool)>,
    acts: Vec<(&'static str, String, String)>,
    paid: Option<Paid>,
    told: Option<String>,
    return_url: String,
    other_href: String,
}

/// What was paid.
struct Paid {
    amount: String,
    wrong: bool,
    method: String,
    reference: String,
}

impl Page {
    fn is(&self, status: &str) -> bool {
        self.status == status
    }
}

/// What opens the page.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    token: String,
    #[serde(default)]
    lang: String,
}

/// What shall happen.
#[derive(Debug, Deserialize)]
pub struct Pressed {
    token: String,
    act: String,
    channel: String,
    #[serde(default)]
    lang: String,
}

/// `GET /sandbox/pay/{invoice}`
///
/// # Errors
/// 403 from elsewhere than this machine, 404 without the checkout's own token.
pub async fn page(
    req: HttpRequest,
    site: web::Data<Site>,
    invoice: web::Path<String>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let sandbox = let_in(&req, &site)?;
    let payment = sandbox.find_payment(&invoice, &asked.token).await.map_err(unread)?.ok_or_else(not_found)?;
    let shown = shown(&site, &payment, &asked.token, &asked.lang);
    let body = shown.render().map_err(|error| Problem::fault(&error, false))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        // The token stays on this site; a form of a page that sends no referrer at all has no origin either.
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::CONTENT_LANGUAGE, shown.w.tag()))
        .content_type("text/html; charset=utf-8")
        .body(body))
}

/// `POST /sandbox/pay/{invoice}`: lets it happen, tells the shop, and shows the page again.
///
/// # Errors
/// As [`page`], and 400 for what cannot happen to any payment.
pub async fn press(
    req: HttpRequest,
    site: web::Data<Site>,
    invoice: web::Path<String>,
    form: web::Form<Pressed>,
) -> Result<HttpResponse, Problem> {
    let sandbox = let_in(&req, &site)?;
    let bad = |_| Problem::new(StatusCode::BAD_REQUEST, "web.bad_form", "The form could not be read.");
    let act: Act = form.act.parse().map_err(bad)?;
    let channel: Channel = form.channel.parse().map_err(bad)?;
    let payment = sandbox.act(&invoice, &form.token, act, channel).await.map_err(unread)?.ok_or_else(not_found)?;
    let lang = language_query(&form.lang);
    let address = format!("/sandbox/pay/{}?token={}{lang}", payment.invoice, form.token);
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// The sandbox, for whoever stands at this machine: asked for by a name of its own and through no proxy. With
/// `payments.allow_sandbox_in_public` for everybody.
///
/// # Errors
/// 404 where the gateway is another one, 403 from elsewhere.
fn let_in<'a>(req: &HttpRequest, site: &'a Site) -> Result<&'a Sandbox, Problem> {
    let allowed = site.config.payments.allow_sandbox_in_public;
    let host = req.connection_info().host().to_owned();
    if !allowed && (client::is_forwarded(req) || !is_this_machine(without_port(&host))) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "payments.sandbox_at_home",
            "The sandbox opens on its own machine alone: set payments.allow_sandbox_in_public for a rehearsal elsewhere.",
        ));
    }
    site.sandbox.as_ref().ok_or_else(not_found)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn not_found() -> Problem {
    Problem::not_found("web.no_such_page")
}

fn unread(error: crate::payments::PaymentError) -> Problem {
    Problem::from(crate::flows::TillError::from(error))
}

fn language_query(lang: &str) -> &'static str {
    match lang {
        "id" => "&lang=id",
        "en" => "&lang=en",
        _ => "",
    }
}

fn shown(site: &Site, payment: &SandboxPayment, token: &str, lang: &str) -> Page {
    let w = Words::of_query(&format!("lang={lang}"), payment.language);
    let now = site.clock.now();
    let status = payment.status_at(now);
    let chosen = payment.channel.unwrap_or(Channel::Qris);
    let name = |channel: Channel| channels::name_of(channel.as_str(), w);
    Page {
        w,
        invoice: payment.invoice.to_string(),
        token: token.to_owned(),
        amount: payment.amount.to_string(),
        status: status.as_str(),
        status_word: status_word(status, payment, w),
        expires: When::new(payment.expires_at, &site.config.locale.timezone, w),
        channels: Channel::ALL.map(|channel| (channel.as_str(), name(channel), channel == chosen)).to_vec(),
        acts: payment.offers(now).into_iter().map(|act| words_of(act, w)).collect(),
        paid: payment.paid.map(|paid| Paid {
            amount: paid.to_string(),
            wrong: payment.is_paid_wrong(),
            method: name(chosen),
            reference: payment.reference.clone().unwrap_or_default(),
        }),
        told: payment.told.as_deref().map(|told| match told {
            "200" => w.t("sandbox-told-taken"),
            "unreachable" => w.t("sandbox-told-unreachable"),
            status => w.with("sandbox-told-refused", "status", status),
        }),
        return_url: payment.return_url.clone(),
        other_href: format!("/sandbox/pay/{}?token={token}&lang={}", payment.invoice, w.other().tag()),
    }
}

fn status_word(status: SandboxStatus, payment: &SandboxPayment, w: Words) -> String {
    match status {
        SandboxStatus::Pending => w.t("sandbox-is-pending"),
        SandboxStatus::Failed => w.t("sandbox-is-failed"),
        SandboxStatus::Expired => w.t("sandbox-is-expired"),
        SandboxStatus::Success if payment.is_paid_wrong() => w.t("sandbox-is-paid-wrong"),
        SandboxStatus::Success => w.t("sandbox-is-paid"),
        SandboxStatus::Refunded => w.t("sandbox-is-refunded"),
    }
}

/// An act's word, its button, and what it does.
fn words_of(act: Act, w: Words) -> (&'static str, String, String) {
    let (name, what) = match act {
        Act::Pay => (w.t("sandbox-pay"), w.t("sandbox-pay-what")),
        Act::Fail => (w.t("sandbox-fail"), w.t("sandbox-fail-what")),
        Act::Expire => (w.t("sandbox-expire"), w.t("sandbox-expire-what")),
        Act::PayTwice => (w.t("sandbox-twice"), w.t("sandbox-twice-what")),
        Act::PayLate => (w.t("sandbox-late"), w.t("sandbox-late-what")),
        Act::PayWrong => (w.t("sandbox-wrong"), w.t("sandbox-wrong-what")),
        Act::PaySilently => (w.t("sandbox-silent"), w.t("sandbox-silent-what")),
        Act::TellAgain => (w.t("sandbox-again"), w.t("sandbox-again-what")),
        Act::Refund => (w.t("sandbox-refund"), w.t("sandbox-refund-what")),
    };
    (act.as_str(), name, what)
}
