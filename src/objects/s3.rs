//! Objects on S3 or R2, by `rusoto_s3` on our own dispatcher.

use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use md5::{Digest as _, Md5};
use rusoto_core::request::BufferedHttpResponse;
use rusoto_core::signature::SignedRequest;
use rusoto_core::{ByteStream, Client, Region, RusotoError};
use rusoto_credential::AwsCredentials;
use rusoto_s3::{
    DeleteObjectRequest, GetObjectError, GetObjectRequest, HeadObjectRequest, PutObjectRequest, S3 as _, S3Client,
};

use super::dispatch::{Addressing, Dispatcher, Timeouts};
use super::{ObjectError, ObjectKey, ObjectMeta, ObjectStore, PutDone, PutIf};
use crate::config;

const STORE: &str = "s3";

/// Bytes handed to the connection at once, so that a stalled upload is seen.
const PIECE_BYTES: usize = 64 * 1024;

/// An S3 bucket.
pub struct S3Store {
    s3: S3Client,
    client: Client,
    region: Region,
    bucket: String,
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Store").field("region", &self.region).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3Store {
    /// A client for the configured bucket; nothing is sent yet.
    ///
    /// # Errors
    /// A sentence that names the configuration key to change.
    pub fn open(config: &config::S3) -> Result<Self, String> {
        Self::open_with(config, Timeouts::default())
    }

    /// [`S3Store::open`] with other time-outs.
    ///
    /// # Errors
    /// A sentence that names the configuration key to change.
    pub fn open_with(config: &config::S3, timeouts: Timeouts) -> Result<Self, String> {
        let endpoint = check(config)?;
        let tls = endpoint.scheme() == "https";
        let addressing = if config.path_style { Addressing::Path } else { in_host(&endpoint, &config.bucket)? };
        let credentials =
            AwsCredentials::new(config.access_key_id.expose(), config.secret_access_key.expose(), None, None);
        let dispatcher = Dispatcher::new(credentials, addressing, timeouts, tls)?;
        let region = Region::Custom {
            name: config.region.clone(),
            endpoint: endpoint.as_str().trim_end_matches('/').to_owned(),
        };
        // The dispatcher signs; see there.
        let client = Client::new_not_signing(dispatcher);
        Ok(Self {
            s3: S3Client::new_with_client(client.clone(), region.clone()),
            client,
            region,
            bucket: config.bucket.clone(),
        })
    }

    async fn put_always(&self, key: &ObjectKey, body: Bytes) -> Result<PutDone, ObjectError> {
        let request = PutObjectRequest {
            bucket: self.bucket.clone(),
            key: key.to_string(),
            content_type: Some(key.kind().content_type().to_owned()),
            cache_control: Some(key.kind().cache_control().to_owned()),
            content_md5: Some(content_md5(&body)),
            body: Some(in_pieces(body)),
            ..PutObjectRequest::default()
        };
        match self.s3.put_object(request).await {
            Ok(_) => Ok(PutDone::Stored),
            Err(error) => Err(self.error("PUT", key, error)),
        }
    }

    /// rusoto has no field for `If-None-Match`.
    async fn put_absent(&self, key: &ObjectKey, body: Bytes) -> Result<PutDone, ObjectError> {
        let mut request = SignedRequest::new("PUT", "s3", &self.region, &format!("/{}/{key}", self.bucket));
        request.add_header("Content-Type", key.kind().content_type());
        request.add_header("Cache-Control", key.kind().cache_control());
        request.add_header("Content-MD5", &content_md5(&body));
        request.add_header("If-None-Match", "*");
        request.set_payload_stream(in_pieces(body));
        let sent = self.client.sign_and_dispatch(request).await;
        let mut response = sent.map_err(|error| self.error::<GetObjectError>("PUT", key, error.into()))?;
        match response.status.as_u16() {
            200..=299 => Ok(PutDone::Stored),
            412 => Ok(PutDone::AlreadyThere),
            _ => {
                let answer =
                    response.buffer().await.map_err(|error| self.error::<GetObjectError>("PUT", key, error.into()))?;
                Err(self.refused("PUT", key, &answer))
            }
        }
    }

    fn error<E: std::error::Error + 'static>(
        &self,
        method: &str,
        key: &ObjectKey,
        error: RusotoError<E>,
    ) -> ObjectError {
        match error {
            RusotoError::Unknown(answer) => self.refused(method, key, &answer),
            RusotoError::HttpDispatch(error) => {
                ObjectError::Passing { store: STORE, what: format!("{method} {key}: {error}") }
            }
            // An answer that is no S3: a proxy's page, a captive portal.
            other => ObjectError::Passing { store: STORE, what: format!("{method} {key}: {other}") },
        }
    }

    fn refused(&self, method: &str, key: &ObjectKey, answer: &BufferedHttpResponse) -> ObjectError {
        let status = answer.status.as_u16();
        let code = error_code(&answer.body);
        let advice = match (status, code.as_str()) {
            (_, "NoSuchBucket") => format!("there is no bucket \"{}\": see objects.s3.bucket", self.bucket),
            (_, "RequestTimeTooSkewed") => "this machine's clock is wrong: set it".to_owned(),
            (401 | 403, _) => {
                "the service refuses the credentials: see objects.s3.access_key_id, objects.s3.secret_access_key and \
                 the rights of that key on the bucket"
                    .to_owned()
            }
            (300..=399, _) => "the bucket is somewhere else: see objects.s3.endpoint and objects.s3.region".to_owned(),
            (404, _) => "nothing of S3 answers there: see objects.s3.endpoint and objects.s3.bucket".to_owned(),
            (429, _) | (503, "SlowDown") => "too many requests".to_owned(),
            _ => "the service could not do it".to_owned(),
        };
        let code = if code.is_empty() { String::new() } else { format!(" {code}") };
        let what = format!("{method} {key}: {advice} (HTTP {status}{code})");
        if passes(status, code.trim_start()) {
            ObjectError::Passing { store: STORE, what }
        } else {
            ObjectError::Permanent { store: STORE, what }
        }
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put(&self, key: &ObjectKey, body: Bytes, when: PutIf) -> Result<PutDone, ObjectError> {
        match when {
            PutIf::Always => self.put_always(key, body).await,
            PutIf::Absent => self.put_absent(key, body).await,
        }
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        let request =
            GetObjectRequest { bucket: self.bucket.clone(), key: key.to_string(), ..GetObjectRequest::default() };
        let found = match self.s3.get_object(request).await {
            Ok(found) => found,
            Err(RusotoError::Service(GetObjectError::NoSuchKey(_))) => return Ok(None),
            Err(error) => return Err(self.error("GET", key, error)),
        };
        let Some(body) = found.body else { return Ok(Some(Bytes::new())) };
        // The dispatcher gives the body in one piece: this joins nothing and copies nothing.
        let pieces: Vec<Bytes> = body
            .try_collect()
            .await
            .map_err(|error| ObjectError::Passing { store: STORE, what: format!("GET {key}: {error}") })?;
        Ok(Some(match <[Bytes; 1]>::try_from(pieces) {
            Ok([whole]) => whole,
            Err(pieces) => Bytes::from(pieces.concat()),
        }))
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        let request =
            HeadObjectRequest { bucket: self.bucket.clone(), key: key.to_string(), ..HeadObjectRequest::default() };
        match self.s3.head_object(request).await {
            Ok(found) => Ok(Some(ObjectMeta {
                size: found.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                md5: found.e_tag.as_deref().and_then(md5_of_etag),
                cache_control: found.cache_control,
                content_type: found.content_type,
            })),
            // An answer to HEAD has no body: a missing bucket looks the same, PUT tells it.
            Err(RusotoError::Unknown(answer)) if answer.status.as_u16() == 404 => Ok(None),
            Err(RusotoError::Service(_)) => Ok(None),
            Err(error) => Err(self.error("HEAD", key, error)),
        }
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        let request =
            DeleteObjectRequest { bucket: self.bucket.clone(), key: key.to_string(), ..DeleteObjectRequest::default() };
        match self.s3.delete_object(request).await {
            Ok(_) => Ok(()),
            Err(RusotoError::Unknown(answer)) if error_code(&answer.body) == "NoSuchKey" => Ok(()),
            Err(error) => Err(self.error("DELETE", key, error)),
        }
    }
}

/// Whether another try may help.
fn passes(status: u16, code: &str) -> bool {
    match status {
        // The body was damaged or cut on the way.
        400 => matches!(code, "BadDigest" | "IncompleteBody" | "RequestTimeout"),
        // 409: another conditional PUT of the same key was under way.
        408 | 409 | 425 | 429 | 500..=599 => true,
        _ => false,
    }
}

/// The text of `<Code>` in an S3 error.
fn error_code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    code.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

fn content_md5(body: &[u8]) -> String {
    BASE64.encode(Md5::digest(body))
}

fn md5_of_etag(etag: &str) -> Option<String> {
    let bare = etag.trim_matches('"');
    (bare.len() == 32 && bare.bytes().all(|b| b.is_ascii_hexdigit())).then(|| bare.to_ascii_lowercase())
}

/// The body as a stream of slices of the same bytes; a retry makes a new one.
fn in_pieces(body: Bytes) -> ByteStream {
    let length = body.len();
    let pieces = stream::unfold(body, |mut rest| async move {
        (!rest.is_empty()).then(|| {
            let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
            (Ok(piece), rest)
        })
    });
    ByteStream::new_with_size(pieces.boxed(), length)
}

/// Checks what can be checked without asking the service.
fn check(config: &config::S3) -> Result<url::Url, String> {
    let example = "https://<account>.r2.cloudflarestorage.com";
    if config.endpoint.is_empty() {
        return Err(format!("objects.s3.endpoint is empty: write the address of the service, such as {example}"));
    }
    let wrong = || {
        format!(
            "objects.s3.endpoint \"{}\" is not the address of a service: write scheme and host, such as {example}",
            config.endpoint
        )
    };
    let endpoint = url::Url::parse(&config.endpoint).map_err(|_| wrong())?;
    let bare = endpoint.username().is_empty()
        && endpoint.password().is_none()
        && endpoint.query().is_none()
        && endpoint.fragment().is_none();
    if !bare || !endpoint.has_host() || !matches!(endpoint.scheme(), "http" | "https") {
        return Err(wrong());
    }
    if config.region.is_empty() {
        return Err("objects.s3.region is empty: write \"auto\" for R2, else the region's name".to_owned());
    }
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    if !(3..=63).contains(&config.bucket.len()) || !config.bucket.bytes().all(letters) {
        return Err(format!(
            "objects.s3.bucket \"{}\" is not a bucket's name: write 3 to 63 of a-z, 0-9, dash and dot",
            config.bucket
        ));
    }
    for (name, secret) in [("access_key_id", &config.access_key_id), ("secret_access_key", &config.secret_access_key)] {
        if secret.is_empty() || !secret.expose().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!(
                "objects.s3.{name} is empty or has a character that no key has: write it, or give objects.s3.{name}_file"
            ));
        }
    }
    Ok(endpoint)
}

fn in_host(endpoint: &url::Url, bucket: &str) -> Result<Addressing, String> {
    let Some(domain) = endpoint.domain() else {
        return Err("objects.s3.path_style must be true when objects.s3.endpoint is an address in numbers".to_owned());
    };
    let port = endpoint.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(Addressing::Host { bucket: bucket.to_owned(), host: format!("{bucket}.{domain}{port}") })
}
