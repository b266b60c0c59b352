//! An HTTP proxy in front of an S3 server: writes down every request in order, and injects faults.
//!
//! It keeps the Host header, which is signed.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFault {
    /// Not forwarded; answered with this status and an S3 error.
    Status(u16),
    /// Not forwarded, never answered.
    Stall,
    /// Forwarded; the answer breaks off.
    ReplyLost,
    /// Forwarded after this time.
    Delay(Duration),
    /// One bit of the body is turned over.
    Damage,
    /// The answer has a header with bytes that are no ASCII, and one with a number that is none.
    OddHeaders,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Without the bucket: the object's key.
    pub key: String,
    /// What was put.
    pub body: Bytes,
    /// Position on the common line of beginnings and ends.
    pub begun_at: u64,
    /// Position of the end and the status the client was given; `None` while under way.
    pub ended: Option<(u64, u16)>,
    /// The moment it came in.
    pub at: Instant,
}

type Plan = Box<dyn FnMut(&str, &str, usize) -> Option<HttpFault> + Send>;

#[derive(Default)]
struct State {
    line: u64,
    requests: Vec<Request>,
    plan: Option<Plan>,
    /// R2's limit: writes of one key closer than this are 429.
    write_gap: Duration,
    written: HashMap<String, Instant>,
}

struct Shared {
    to: SocketAddr,
    state: Mutex<State>,
}

/// The proxy; stops with the test process.
pub struct S3Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

type Forward = Client<HttpConnector, Full<Bytes>>;

impl S3Proxy {
    /// Listens on a free port and forwards to the server at `to`.
    pub fn to(to: SocketAddr) -> Self {
        let shared = Arc::new(Shared { to, state: Mutex::default() });
        let (tell, told) = std::sync::mpsc::channel();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let client: Forward = Client::builder(TokioExecutor::new()).build_http();
                    App::new()
                        .app_data(web::PayloadConfig::new(256 * 1024 * 1024))
                        .app_data(web::Data::new(client))
                        .app_data(web::Data::from(Arc::clone(&serving)))
                        .default_service(web::to(forward))
                })
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .expect("a free port");
                tell.send(server.addrs()[0]).expect("the test waits");
                server.run().await.expect("the proxy runs");
            });
        });
        Self { address: told.recv().expect("the proxy starts"), shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asked for each request: method, key, number from 0.
    pub fn plan(&self, plan: impl FnMut(&str, &str, usize) -> Option<HttpFault> + Send + 'static) {
        self.shared.state().plan = Some(Box::new(plan));
    }

    /// No faults any more.
    pub fn heal(&self) {
        let mut state = self.shared.state();
        state.plan = None;
        state.write_gap = Duration::ZERO;
    }

    /// Answers a PUT of a key that comes sooner than this after the last one with 429, as R2 does for one second.
    pub fn limit_writes(&self, gap: Duration) {
        self.shared.state().write_gap = gap;
    }

    /// Every request so far, in the order they came in.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// One sentence for each playlist whose PUT came in before every segment it names was answered with 200. Empty is
    /// right.
    pub fn broken_promises(&self) -> Vec<String> {
        let requests = self.requests();
        let mut wrong = Vec::new();
        for playlist in requests.iter().filter(|request| request.method == "PUT" && request.key.ends_with(".m3u8")) {
            let stored: HashSet<&str> = requests
                .iter()
                .filter(|request| request.method != "DELETE")
                .filter(|request| {
                    request.ended.is_some_and(|(at, status)| {
                        at < playlist.begun_at && ((200..300).contains(&status) || status == 412)
                    })
                })
                .map(|request| request.key.as_str())
                .collect();
            for name in promised(&String::from_utf8_lossy(&playlist.body)) {
                let key = resolve(&playlist.key, &name);
                if !stored.contains(key.as_str()) {
                    wrong.push(format!("{} names {name} before it was stored", playlist.key));
                }
            }
        }
        wrong
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, method: &str, key: &str, body: &Bytes) -> (usize, Option<HttpFault>) {
        let mut state = self.state();
        let (number, begun_at, at) = (state.requests.len(), state.line, Instant::now());
        state.line += 1;
        let mut fault = state.plan.as_mut().and_then(|plan| plan(method, key, number));
        let gap = state.write_gap;
        let kept = if method == "PUT" && key.ends_with(".m3u8") { body.clone() } else { Bytes::new() };
        if method == "PUT" && state.written.insert(key.to_owned(), at).is_some_and(|last| at - last < gap) {
            fault = Some(HttpFault::Status(429));
        }
        state.requests.push(Request {
            method: method.to_owned(),
            key: key.to_owned(),
            body: kept,
            begun_at,
            ended: None,
            at,
        });
        (number, fault)
    }

    fn end(&self, number: usize, status: u16) {
        let mut state = self.state();
        let at = state.line;
        state.line += 1;
        state.requests[number].ended = Some((at, status));
    }
}

async fn forward(
    request: HttpRequest,
    body: Bytes,
    client: web::Data<Forward>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let method = request.method().as_str().to_owned();
    let key = request.path().splitn(3, '/').nth(2).unwrap_or_default().to_owned();
    let (number, fault) = shared.begin(&method, &key, &body);
    let body = if fault == Some(HttpFault::Damage) { damaged(&body) } else { body };
    match fault {
        Some(HttpFault::Status(status)) => {
            shared.end(number, status);
            let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
            return HttpResponse::build(status).body("<Error><Code>Injected</Code></Error>");
        }
        Some(HttpFault::Stall) => std::future::pending().await,
        Some(HttpFault::Delay(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    let mut out = hyper::Request::builder().method(method.as_str()).uri(format!(
        "http://{}{}",
        shared.to,
        request.uri().path_and_query().expect("a path")
    ));
    for (name, value) in request.headers() {
        out = out.header(name.as_str(), value.as_bytes());
    }
    let answer = match client.request(out.body(Full::new(body)).expect("a request")).await {
        Ok(answer) => answer,
        Err(error) => {
            shared.end(number, 502);
            return HttpResponse::BadGateway().body(error.to_string());
        }
    };
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if fault == Some(HttpFault::ReplyLost) {
        // Not an end the client hears of.
        let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("by plan"))]);
        return HttpResponse::Ok().body(actix_web::body::SizedStream::new(10, broken));
    }
    shared.end(number, head.status.as_u16());
    let mut response =
        HttpResponse::build(actix_web::http::StatusCode::from_u16(head.status.as_u16()).expect("a status"));
    for (name, value) in &head.headers {
        if !matches!(name.as_str(), "connection" | "content-length" | "transfer-encoding") {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
    if fault == Some(HttpFault::OddHeaders) {
        response.insert_header(("x-amz-meta-name", &b"caf\xc3\xa9 \xff\xfe"[..]));
        response.insert_header(("x-amz-server-side-encryption-bucket-key-enabled", "perhaps"));
        response.insert_header(("x-amz-missing-meta", "none"));
    }
    if request.method() == actix_web::http::Method::HEAD {
        let length = head.headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        let nothing = futures_util::stream::empty::<Result<Bytes, std::io::Error>>();
        return response.body(actix_web::body::SizedStream::new(length.unwrap_or(0), nothing));
    }
    response.body(body)
}

fn damaged(body: &Bytes) -> Bytes {
    let mut bytes = body.to_vec();
    if let Some(byte) = bytes.first_mut() {
        *byte ^= 1;
    }
    Bytes::from(bytes)
}

/// The names a playlist promises: its URI lines, but not those marked as gaps.
fn promised(text: &str) -> Vec<String> {
    let mut gap = false;
    let mut names = Vec::new();
    for line in text.lines() {
        match line {
            "#EXT-X-GAP" => gap = true,
            "" => {}
            tag if tag.starts_with('#') => {}
            name => {
                if !std::mem::take(&mut gap) {
                    names.push(name.to_owned());
                }
            }
        }
    }
    names
}

/// The key a relative name means.
fn resolve(playlist: &str, name: &str) -> String {
    let base = url::Url::parse("http://store/").and_then(|base| base.join(playlist)).expect("a key");
    base.join(name).expect("a name").path().trim_start_matches('/').to_owned()
}
