//! Privacy and terms. Whoever changes what they say changes their version too (`accounts::PRIVACY_VERSION`,
//! `accounts::TERMS_VERSION`): people agree to a version.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::reader::Reader;
use super::shell::Shell;
use crate::web::Site;

#[derive(Template)]
#[template(path = "viewer/legal.html")]
struct Legal {
    shell: Shell,
    intro: String,
    /// Heading and text of each part.
    parts: Vec<(String, String)>,
}

/// `GET /privacy`
pub async fn privacy(req: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let reader = Reader::of(&req, &site).await;
    let w = reader.w;
    reader.respond(&site, "/privacy".to_owned(), || {
        let parts = vec![
            (w.t("privacy-account-title"), w.t("privacy-account-text")),
            (w.t("privacy-kept-title"), w.t("privacy-kept-text")),
            (w.t("privacy-device-title"), w.t("privacy-device-text")),
            (w.t("privacy-shared-title"), w.t("privacy-shared-text")),
            (w.t("privacy-long-title"), w.t("privacy-long-text")),
            (w.t("privacy-rights-title"), w.t("privacy-rights-text")),
            (w.t("privacy-children-title"), w.t("privacy-children-text")),
            (w.t("privacy-contact-title"), w.t("privacy-contact-text")),
        ];
        let shell = reader.shell(&site, "/privacy", w.t("privacy-title"), w.t("privacy-intro"));
        Legal { shell, intro: w.t("privacy-intro"), parts }
    })
}

/// `GET /terms`
pub async fn terms(req: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let reader = Reader::of(&req, &site).await;
    let w = reader.w;
    reader.respond(&site, "/terms".to_owned(), || {
        let parts = vec![
            (w.t("terms-watching-title"), w.t("terms-watching-text")),
            (w.t("terms-account-title"), w.t("terms-account-text")),
            (w.t("terms-coins-title"), w.t("terms-coins-text")),
            (w.t("terms-paying-title"), w.t("terms-paying-text")),
            (w.t("terms-refund-title"), w.t("terms-refund-text")),
            (w.t("terms-recording-title"), w.t("terms-recording-text")),
            (w.t("terms-stream-title"), w.t("terms-stream-text")),
            (w.t("terms-contact-title"), w.t("terms-contact-text")),
        ];
        let shell = reader.shell(&site, "/terms", w.t("terms-title"), w.t("terms-intro"));
        Legal { shell, intro: w.t("terms-intro"), parts }
    })
}
