//! The folder store's objects under `/media/`, with the headers an S3 bucket behind a CDN would give.
//!
//! Read only, open to every origin, without credentials. Nothing is listed; a name that is no object key (a dotfile,
//! a temporary file, a way out of the folder) does not exist, and links are not followed.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use actix_web::body::SizedStream;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use futures_util::stream;

use crate::objects::{FolderStore, ObjectError, ObjectKey, ObjectKind};

/// Bytes read from the disk at once.
const PIECE_BYTES: u64 = 128 * 1024;

const METHODS: &str = "GET, HEAD, OPTIONS";

/// Serves the objects in `folder` under `/media/`.
#[must_use]
pub fn service(folder: PathBuf) -> impl HttpServiceFactory {
    web::resource("/media/{key:.*}").app_data(web::Data::new(FolderStore::new(folder))).route(web::route().to(answer))
}

async fn answer(request: HttpRequest, folder: web::Data<FolderStore>) -> HttpResponse {
    match *request.method() {
        Method::OPTIONS => preflight(),
        Method::GET | Method::HEAD => object(&request, &folder).await,
        _ => {
            let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED);
            response.insert_header((header::ALLOW, METHODS));
            response.body("only GET, HEAD and OPTIONS are allowed here\n")
        }
    }
}

async fn object(request: &HttpRequest, folder: &web::Data<FolderStore>) -> HttpResponse {
    let Ok(key) = request.match_info().query("key").parse::<ObjectKey>() else { return not_found() };
    let (store, wanted) = (folder.clone(), key.clone());
    let opened = web::block(move || open(&store, &wanted)).await;
    match opened {
        Ok(Ok(Some((file, meta)))) => respond(request, &key, file, &meta),
        Ok(Ok(None)) => not_found(),
        Ok(Err(error)) => away(&key, &error.to_string()),
        Err(stopped) => away(&key, &stopped.to_string()),
    }
}

fn open(store: &FolderStore, key: &ObjectKey) -> Result<Option<(File, Metadata)>, ObjectError> {
    let Some(file) = store.open_blocking(key)? else { return Ok(None) };
    let meta = file
        .metadata()
        .map_err(|error| ObjectError::Passing { store: "folder", what: format!("cannot read {key}: {error}") })?;
    Ok(Some((file, meta)))
}

fn respond(request: &HttpRequest, key: &ObjectKey, file: File, meta: &Metadata) -> HttpResponse {
    let etag = etag(meta);
    let size = meta.len();
    let mut response = HttpResponse::Ok();
    open_to_all(&mut response);
    response
        .insert_header((header::CACHE_CONTROL, key.kind().cache_control()))
        .insert_header((header::ETAG, etag.as_str()))
        .insert_header((header::ACCEPT_RANGES, "bytes"));
    if let Ok(modified) = meta.modified() {
        response.insert_header((header::LAST_MODIFIED, header::HttpDate::from(modified)));
    }
    if header_text(request, &header::IF_NONE_MATCH).is_some_and(|tags| names_tag(tags, &etag)) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    response.insert_header((header::CONTENT_TYPE, key.kind().content_type()));
    // If-Range with a date: ours are too coarse to prove sameness, so it gets the whole object.
    let same = header_text(request, &header::IF_RANGE).is_none_or(|tag| tag == etag);
    let asked = header_text(request, &header::RANGE).filter(|_| same && request.method() == Method::GET);
    let range = match asked.map_or(Asked::Whole, |text| asked_range(text, size)) {
        Asked::Whole => 0..size,
        Asked::Part(range) => {
            let last = range.end.saturating_sub(1);
            response
                .status(StatusCode::PARTIAL_CONTENT)
                .insert_header((header::CONTENT_RANGE, format!("bytes {}-{last}/{size}", range.start)));
            range
        }
        Asked::Outside => {
            let mut response = refusal(StatusCode::RANGE_NOT_SATISFIABLE);
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{size}")));
            return response.finish();
        }
    };
    let length = range.end.saturating_sub(range.start);
    if key.kind() == ObjectKind::Segment || length != size {
        // Keeps compression away: a segment does not shrink, and a part must be the bytes that were asked for.
        response.insert_header(header::ContentEncoding::Identity);
    }
    response.body(SizedStream::new(length, pieces(Arc::new(file), range)))
}

/// The bytes of a range, read off the async threads.
fn pieces(file: Arc<File>, range: Range<u64>) -> impl stream::Stream<Item = Result<Bytes, io::Error>> {
    stream::unfold(range, move |left| {
        let file = Arc::clone(&file);
        async move {
            let length = left.end.saturating_sub(left.start).min(PIECE_BYTES);
            if length == 0 {
                return None;
            }
            let start = left.start;
            let read = web::block(move || read_at(&file, start, length)).await;
            let piece = read.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
            // After an error nothing more is read: the connection is cut, and the reader sees a short body.
            let next = if piece.is_ok() { start.saturating_add(length)..left.end } else { left.end..left.end };
            Some((piece, next))
        }
    })
}

fn read_at(file: &File, start: u64, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut buffer = vec![0; length];
    file.read_exact_at(&mut buffer, start)?;
    Ok(Bytes::from(buffer))
}

/// Strong: a new file has another inode or another time, and files are never changed in place.
fn etag(meta: &Metadata) -> String {
    let nanos = meta
        .modified()
        .ok()
        .and_then(|modified| modified.duration_since(SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    format!("\"{:x}-{:x}-{nanos:x}\"", meta.ino(), meta.len())
}

/// Whether an `If-None-Match` names the tag (RFC 9110, 13.1.2: weak comparison).
fn names_tag(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Everything: no range, one that cannot be read, or several (RFC 9110, 14.2: may be ignored).
    Whole,
    /// This part, not empty.
    Part(Range<u64>),
    /// Nothing the object has.
    Outside,
}

fn asked_range(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return Asked::Whole;
    }
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Outside }
}

fn header_text<'r>(request: &'r HttpRequest, name: &header::HeaderName) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

fn open_to_all(response: &mut HttpResponseBuilder) {
    response
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Accept-Ranges, Age, Content-Length, Content-Range, Date, ETag, Last-Modified",
        ))
        .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
}

fn preflight() -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    open_to_all(&mut response);
    response
        .insert_header((header::ALLOW, METHODS))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Range, If-Range, If-None-Match"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

fn refusal(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    open_to_all(&mut response);
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"));
    response
}

fn not_found() -> HttpResponse {
    refusal(StatusCode::NOT_FOUND).body("there is no such object\n")
}

fn away(key: &ObjectKey, error: &str) -> HttpResponse {
    tracing::error!(%key, error, "an object cannot be read");
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE);
    response.insert_header((header::RETRY_AFTER, "1"));
    response.body("the object cannot be read now\n")
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked_range, names_tag};

    #[test]
    fn a_single_range_is_read_as_rfc_9110_says() {
        for (text, size, asked) in [
            ("bytes=0-0", 10, Asked::Part(0..1)),
            ("bytes=2-5", 10, Asked::Part(2..6)),
            ("bytes=2-500", 10, Asked::Part(2..10)),
            ("bytes=2-", 10, Asked::Part(2..10)),
            ("bytes=-3", 10, Asked::Part(7..10)),
            ("bytes=-30", 10, Asked::Part(0..10)),
            ("bytes=10-", 10, Asked::Outside),
            ("bytes=-0", 10, Asked::Outside),
            ("bytes=0-", 0, Asked::Outside),
            ("bytes=5-2", 10, Asked::Whole),
            ("bytes=0-1,3-4", 10, Asked::Whole),
            ("bytes=-", 10, Asked::Whole),
            ("bytes=a-b", 10, Asked::Whole),
            ("bytes=99999999999999999999-", 10, Asked::Whole),
            ("lines=0-1", 10, Asked::Whole),
        ] {
            assert_eq!(asked_range(text, size), asked, "{text} of {size}");
        }
    }

    #[test]
    fn a_tag_is_found_in_a_list() {
        assert!(names_tag("\"a\", W/\"b\"", "\"b\""));
        assert!(names_tag("*", "\"b\""));
        assert!(!names_tag("\"a\"", "\"b\""));
    }
}
