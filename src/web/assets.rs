//! Browser files, embedded in the binary: content-hashed names, compressed when they were built.
//!
//! `static/dist/manifest.json` maps a file's plain name to its hashed one. What is not in the manifest is not served.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static/dist"]
struct Dist;

/// Plain name → hashed name.
static MANIFEST: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let file = Dist::get("manifest.json").map(|file| file.data).unwrap_or_default();
    serde_json::from_slice(&file).unwrap_or_default()
});

static SERVED: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| MANIFEST.values().map(String::as_str).collect());

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The address of a browser file by its plain name, `viewer.css`.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/assets/{}", MANIFEST.get(name).map_or(name, String::as_str))
}

/// `GET /assets/{path}`: a file by its hashed name, in the smallest form that the reader takes.
pub async fn asset(req: HttpRequest, path: web::Path<String>) -> HttpResponse {
    match SERVED.get(path.as_str()) {
        Some(name) => file(&req, name, FOR_EVER),
        None => HttpResponse::NotFound().insert_header((header::CACHE_CONTROL, "no-store")).finish(),
    }
}

/// `GET /favicon.ico`: the mark as SVG, for browsers that ask without being told to.
pub async fn favicon(req: HttpRequest) -> HttpResponse {
    match MANIFEST.get("favicon.svg") {
        Some(name) => file(&req, name, "public, max-age=86400"),
        None => HttpResponse::NotFound().finish(),
    }
}

/// `GET /robots.txt`: pages may be indexed; addresses for machines and operators may not.
pub async fn robots() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body("User-agent: *\nDisallow: /api/\nDisallow: /admin/\nDisallow: /overlay/\nDisallow: /media/\n")
}

/// One embedded file with its validators.
fn file(req: &HttpRequest, name: &str, cache: &'static str) -> HttpResponse {
    let accepted = header_text(req, &header::ACCEPT_ENCODING);
    let (coding, stored) = best_form(name, accepted);
    let Some(stored) = stored else {
        return HttpResponse::NotFound().insert_header((header::CACHE_CONTROL, "no-store")).finish();
    };
    // The name holds the content's hash already; the coding makes each form a representation of its own.
    let etag = format!("\"{name}{}\"", coding.map_or("", |coding| coding.suffix));
    let known =
        header_text(req, &header::IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::ETAG, etag))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known {
        return answer.finish();
    }
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    answer.content_type(kind);
    // Named even when there is none, so that no middleware compresses a font again.
    answer.insert_header((header::CONTENT_ENCODING, coding.map_or("identity", |coding| coding.name)));
    match stored {
        Cow::Borrowed(bytes) => answer.body(web::Bytes::from_static(bytes)),
        Cow::Owned(bytes) => answer.body(bytes),
    }
}

/// A stored compressed form.
#[derive(Clone, Copy)]
struct Coding {
    name: &'static str,
    suffix: &'static str,
}

const CODINGS: [Coding; 2] = [Coding { name: "br", suffix: ".br" }, Coding { name: "gzip", suffix: ".gz" }];

fn best_form(name: &str, accepted: &str) -> (Option<Coding>, Option<Cow<'static, [u8]>>) {
    for coding in CODINGS {
        if takes(accepted, coding.name)
            && let Some(file) = Dist::get(&format!("{name}{}", coding.suffix))
        {
            return (Some(coding), Some(file.data));
        }
    }
    (None, Dist::get(name).map(|file| file.data))
}

/// Whether an `Accept-Encoding` value takes a coding: named, and not with `q=0` (RFC 9110 §12.5.3).
fn takes(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()).unwrap_or(1.0);
        name.trim().eq_ignore_ascii_case(coding) && weight > 0.0
    })
}

fn header_text<'r>(req: &'r HttpRequest, name: &header::HeaderName) -> &'r str {
    req.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::body::{MessageBody as _, to_bytes};
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    async fn get(name: &str, headers: &[(&str, &str)]) -> HttpResponse {
        let mut request = TestRequest::get();
        for (key, value) in headers {
            request = request.insert_header((*key, *value));
        }
        asset(request.to_http_request(), web::Path::from(name.to_owned())).await
    }

    fn hashed(name: &str) -> String {
        address(name).trim_start_matches("/assets/").to_owned()
    }

    #[actix_web::test]
    async fn the_smallest_accepted_form_is_sent() {
        let name = hashed("viewer.css");
        assert_ne!(name, "viewer.css");
        let plain = get(&name, &[]).await;
        let brotli = get(&name, &[("accept-encoding", "gzip, br")]).await;
        let gzip = get(&name, &[("accept-encoding", "gzip, br;q=0")]).await;
        assert_eq!(brotli.headers().get("content-encoding").unwrap(), "br");
        assert_eq!(gzip.headers().get("content-encoding").unwrap(), "gzip");
        assert_eq!(plain.headers().get("cache-control").unwrap(), FOR_EVER);
        assert_eq!(plain.headers().get("content-type").unwrap(), "text/css; charset=utf-8");
        let size = |answer: HttpResponse| answer.into_body().size();
        assert!(format!("{:?}", size(brotli)) != format!("{:?}", size(plain)));
    }

    #[actix_web::test]
    async fn a_known_tag_is_answered_without_a_body() {
        let name = hashed("viewer.css");
        let first = get(&name, &[("accept-encoding", "br")]).await;
        let tag = first.headers().get("etag").unwrap().to_str().unwrap().to_owned();
        let again = get(&name, &[("accept-encoding", "br"), ("if-none-match", &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(to_bytes(again.into_body()).await.unwrap().is_empty());
        let other_form = get(&name, &[("if-none-match", &tag)]).await;
        assert_eq!(other_form.status(), StatusCode::OK);
    }

    #[actix_web::test]
    async fn only_what_the_manifest_names_is_served() {
        for name in ["manifest.json", "../Cargo.toml", "viewer.css", &format!("{}.br", hashed("viewer.css"))] {
            let answer = get(name, &[]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
            assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
        }
    }
}
