//! A small HTTP client for commands that look at nodes and at the public media address.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

/// Largest answer read, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// From the request's start to the body's end.
    pub(super) took: Duration,
}

impl Answer {
    /// A header as text; empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Gets addresses, `http` and `https`, following nothing.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    has_authorities: bool,
}

impl Fetcher {
    /// A client that trusts the system's certificate authorities.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new() -> Result<Self, String> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let native =
            HttpsConnectorBuilder::new().with_provider_and_native_roots(rustls::crypto::ring::default_provider());
        let (builder, has_authorities) = if let Ok(builder) = native {
            (builder, true)
        } else {
            // A bare machine has no authorities; plain http works all the same.
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| format!("TLS cannot be set up: {error}"))?
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth();
            (HttpsConnectorBuilder::new().with_tls_config(config), false)
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(http);
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), has_authorities })
    }

    /// GET with extra headers, the whole of it within `timeout`.
    ///
    /// # Errors
    /// A few words that say why there is no answer.
    pub(super) async fn get(
        &self,
        address: &str,
        headers: &[(&'static str, &str)],
        timeout: Duration,
    ) -> Result<Answer, String> {
        let begun = Instant::now();
        let uri: Uri = address.parse().map_err(|error| format!("{address} is not an address: {error}"))?;
        if uri.scheme_str() == Some("https") && !self.has_authorities {
            return Err("this machine has no certificate authorities: install the package ca-certificates".to_owned());
        }
        let mut request = Request::get(uri).header("user-agent", concat!("bakuhantam/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::new()).map_err(|error| error.to_string())?;
        let work = async {
            let answer = self.client.request(request).await.map_err(|error| innermost(&error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| error.to_string())?;
            let took = begun.elapsed();
            Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes(), took })
        };
        let waited = format!("no answer within {} ms", timeout.as_millis());
        tokio::time::timeout(timeout, work).await.unwrap_or(Err(waited))
    }
}

/// The cause at the bottom of an error: "Connection refused" rather than "client error".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
