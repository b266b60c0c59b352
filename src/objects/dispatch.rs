//! rusoto's requests on a living HTTP stack: hyper 1 and rustls. The one file where rusoto's http 0.2 meets http 1.
//!
//! It signs too, after it has put the bucket where the service wants it: rusoto itself only knows
//! `endpoint/bucket/key`. Of a response only the headers that are read reach rusoto, which unwraps what it parses.

use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rusoto_core::request::{DispatchSignedRequest, DispatchSignedRequestFuture, HttpDispatchError, HttpResponse};
use rusoto_core::signature::{SignedRequest, SignedRequestPayload};
use rusoto_credential::AwsCredentials;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::Instant;

/// Largest response taken, in bytes: a segment has a few million, a DVR playlist of a long night one or two.
const RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Send buffer of a connection, in bytes. What lies in it counts as sent: a large one would hide for seconds whether an
/// upload moves. At 50 ms to the store it still lets 20 Mbit/s through, per connection.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

/// The response headers that are read. All others stay outside: rusoto panics on values it does not expect.
const HEADERS_READ: [&str; 5] = ["content-length", "content-type", "cache-control", "etag", "x-amz-request-id"];

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To open a connection.
    pub connect: Duration,
    /// Without a byte going out or coming in.
    pub idle: Duration,
    /// For the whole call.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), idle: Duration::from_secs(5), total: Duration::from_secs(30) }
    }
}

/// Where the bucket's name goes.
#[derive(Clone, Debug)]
pub(super) enum Addressing {
    /// `endpoint/bucket/key`
    Path,
    /// `bucket.endpoint/key`
    Host {
        /// The bucket.
        bucket: String,
        /// Its host, with the port where there is one.
        host: String,
    },
}

impl Addressing {
    /// Puts the bucket of a request, which rusoto has made as `/bucket/key`, where it belongs. Before signing.
    pub(super) fn place(&self, request: &mut SignedRequest) {
        let Self::Host { bucket, host } = self else { return };
        let path = request.path.strip_prefix('/').and_then(|path| path.strip_prefix(bucket.as_str()));
        if let Some(path) = path.map(str::to_owned) {
            request.path = path;
            request.set_hostname(Some(host.clone()));
        }
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Signs requests and sends them.
pub(super) struct Dispatcher {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    credentials: AwsCredentials,
    addressing: Addressing,
    timeouts: Timeouts,
}

impl Dispatcher {
    /// A dispatcher; certificates of the system are read when `tls` is asked for.
    ///
    /// # Errors
    /// A sentence: the system has no certificate authorities.
    pub(super) fn new(
        credentials: AwsCredentials,
        addressing: Addressing,
        timeouts: Timeouts,
        tls: bool,
    ) -> Result<Self, String> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_send_buffer_size(Some(SEND_BUFFER_BYTES));
        http.set_connect_timeout(Some(timeouts.connect));
        let builder = HttpsConnectorBuilder::new();
        let provider = rustls::crypto::ring::default_provider();
        let builder = if tls {
            builder.with_provider_and_native_roots(provider).map_err(|error| {
                format!(
                    "objects.s3.endpoint begins with https://, but this machine has no certificate authorities to \
                     check it by: install the package ca-certificates ({error})"
                )
            })?
        } else {
            let config = ClientConfig::builder_with_provider(Arc::new(provider))
                .with_safe_default_protocol_versions()
                .map_err(|error| format!("TLS cannot be set up: {error}"))?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            builder.with_tls_config(config)
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Ok(Self { client, credentials, addressing, timeouts })
    }
}

impl DispatchSignedRequest for Dispatcher {
    fn dispatch(&self, mut request: SignedRequest, _timeout: Option<Duration>) -> DispatchSignedRequestFuture {
        self.addressing.place(&mut request);
        request.sign(&self.credentials);
        let (client, timeouts) = (self.client.clone(), self.timeouts);
        Box::pin(async move {
            let progress = Progress::new();
            let work = async {
                let request = to_http1(request, &progress)?;
                let response = client.request(request).await.map_err(|error| chain(&error))?;
                progress.made();
                read(response, &progress).await
            };
            within(timeouts, &progress, work).await.map_err(HttpDispatchError::new)
        })
    }
}

/// When bytes last moved.
#[derive(Clone)]
struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn made(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for `work` while it makes progress and the whole time is not up.
async fn within<T>(
    timeouts: Timeouts,
    progress: &Progress,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let mut work = pin!(work);
    let begun = Instant::now();
    loop {
        let quiet = progress.last();
        let total_left = timeouts.total.saturating_sub(begun.elapsed());
        let idle_left = timeouts.idle.saturating_sub(quiet.elapsed());
        if let Ok(done) = tokio::time::timeout(total_left.min(idle_left), work.as_mut()).await {
            return done;
        }
        if begun.elapsed() >= timeouts.total {
            return Err(format!("not done after {} ms", timeouts.total.as_millis()));
        }
        if progress.last() == quiet {
            return Err(format!("no byte moved for {} ms", timeouts.idle.as_millis()));
        }
    }
}

fn to_http1(request: SignedRequest, progress: &Progress) -> Result<hyper::Request<Body>, String> {
    let mut uri = format!("{}://{}{}", request.scheme(), request.hostname(), request.canonical_path());
    if !request.canonical_query_string().is_empty() {
        uri.push('?');
        uri.push_str(request.canonical_query_string());
    }
    let mut builder = hyper::Request::builder().method(request.method()).uri(uri);
    for (name, values) in request.headers() {
        for value in values {
            builder = builder.header(name.as_str(), value.as_slice());
        }
    }
    let progress = progress.clone();
    let body = match request.payload {
        None => Empty::new().map_err(|never| match never {}).boxed_unsync(),
        Some(SignedRequestPayload::Buffer(bytes)) => Full::new(bytes).map_err(|never| match never {}).boxed_unsync(),
        Some(SignedRequestPayload::Stream(stream)) => StreamBody::new(stream.map_ok(move |bytes| {
            progress.made();
            Frame::data(bytes)
        }))
        .boxed_unsync(),
    };
    builder.body(body).map_err(|error| format!("the request cannot be made: {error}"))
}

async fn read(response: hyper::Response<Incoming>, progress: &Progress) -> Result<HttpResponse, String> {
    let (head, mut body) = response.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        progress.made();
        if let Ok(data) = frame.map_err(|error| chain(&error))?.into_data() {
            if bytes.len().saturating_add(data.len()) > RESPONSE_BYTES_MAX {
                return Err(format!("the response is longer than {RESPONSE_BYTES_MAX} bytes"));
            }
            bytes.extend_from_slice(&data);
        }
    }
    let mut headers = http02::HeaderMap::<String>::with_capacity(HEADERS_READ.len());
    for name in HEADERS_READ {
        let Some(value) = head.headers.get(name) else { continue };
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if name == "content-length" && value.parse::<i64>().is_err() {
            return Err("the response's Content-Length is not a number".to_owned());
        }
        headers.insert(http02::header::HeaderName::from_static(name), value);
    }
    let status = http02::StatusCode::from_u16(head.status.as_u16())
        .map_err(|error| format!("the response's status is not one: {error}"))?;
    let bytes = bytes.freeze();
    let body = futures_util::stream::once(std::future::ready(Ok(bytes))).boxed();
    Ok(HttpResponse { status, body: rusoto_core::ByteStream::new(body), headers })
}

/// An error with its causes: hyper alone only says "client error (Connect)".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a String cannot fail.
        write!(text, ": {inner}").unwrap_or_default();
        cause = inner.source();
    }
    text
}
