//! A real S3 server: SeaweedFS. `make test` starts one for all tests; without it each test starts its own.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bakuhantam::config;
use rusoto_core::{HttpClient, Region, RusotoError};
use rusoto_credential::StaticProvider;
use rusoto_s3::{CreateBucketError, CreateBucketRequest, PutObjectRequest, S3 as _, S3Client};
use tempfile::TempDir;

use super::{find_variable, http, ports, program, until};

pub const ACCESS_KEY: &str = "bakuhantam-test";
pub const SECRET_KEY: &str = "not-a-secret-anywhere-else";

static BUCKETS: AtomicU32 = AtomicU32::new(0);

/// A bucket of its own on an S3 server. Objects can be read without credentials, as behind a CDN.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    bucket: String,
    _own: Option<Weed>,
}

#[derive(Debug)]
struct Weed {
    child: Child,
    folder: TempDir,
}

impl S3Server {
    /// A new bucket on the server `make test` has started, else on one of its own.
    pub async fn start() -> Self {
        match find_variable("BAKUHANTAM_TEST_S3") {
            Some(address) => Self::with_bucket(address.parse().expect("BAKUHANTAM_TEST_S3 is HOST:PORT"), None).await,
            None => Self::start_own().await,
        }
    }

    /// A new bucket on a server nobody else uses.
    pub async fn start_own() -> Self {
        let (address, weed) = Weed::start().await;
        Self::with_bucket(address, Some(weed)).await
    }

    async fn with_bucket(address: SocketAddr, own: Option<Weed>) -> Self {
        let number = BUCKETS.fetch_add(1, Ordering::Relaxed);
        let bucket = format!("test-{}-{number}", std::process::id());
        let region = Region::Custom { name: "auto".to_owned(), endpoint: format!("http://{address}") };
        let keys = StaticProvider::new_minimal(ACCESS_KEY.to_owned(), SECRET_KEY.to_owned());
        let client = S3Client::new_with(HttpClient::new().expect("a client"), keys, region);
        // It takes connections before all of its parts know each other.
        until("SeaweedFS makes a bucket", Duration::from_secs(30), async || {
            let request = CreateBucketRequest { bucket: bucket.clone(), ..CreateBucketRequest::default() };
            match client.create_bucket(request).await {
                Ok(_) | Err(RusotoError::Service(CreateBucketError::BucketAlreadyOwnedByYou(_))) => Some(()),
                Err(_) => None,
            }
        })
        .await;
        // The first object makes it lay out its volumes, which takes a second.
        until("SeaweedFS takes a first object", Duration::from_secs(30), async || {
            let request = PutObjectRequest {
                bucket: bucket.clone(),
                key: "first".to_owned(),
                body: Some(b"first".to_vec().into()),
                ..PutObjectRequest::default()
            };
            client.put_object(request).await.ok()
        })
        .await;
        Self { address, bucket, _own: own }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The public address of a key.
    pub fn public_url(&self, key: &str) -> String {
        format!("http://{}/{}/{key}", self.address, self.bucket)
    }

    /// `[objects.s3]` for this bucket, by way of `address` (a proxy's, or the server's own).
    pub fn section(&self, address: SocketAddr) -> config::S3 {
        config::S3 {
            endpoint: format!("http://{address}"),
            region: "auto".to_owned(),
            bucket: self.bucket.clone(),
            access_key_id: config::Secret::new(ACCESS_KEY),
            secret_access_key: config::Secret::new(SECRET_KEY),
            path_style: true,
        }
    }

    /// The same as text for a `bakuhantam.toml`.
    pub fn toml(&self, address: SocketAddr) -> String {
        format!(
            "[objects]\nkind = \"s3\"\npublic_base_url = \"http://{}/{bucket}\"\n[objects.s3]\nendpoint = \
             \"http://{address}\"\nbucket = \"{bucket}\"\naccess_key_id = \"{ACCESS_KEY}\"\nsecret_access_key = \
             \"{SECRET_KEY}\"\n",
            self.address,
            bucket = self.bucket,
        )
    }
}

impl Weed {
    async fn start() -> (SocketAddr, Self) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let identities = serde_json::json!({"identities": [
            {"name": "test", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
             "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
            {"name": "anonymous", "actions": ["Read"]},
        ]});
        std::fs::write(folder.path().join("s3.json"), identities.to_string()).expect("the identities");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let address = SocketAddr::from(([127, 0, 0, 1], ports::free()));
        let port = |name: &str| format!("-{name}={}", ports::free());
        let child = program("weed", "SeaweedFS")
            .current_dir(folder.path())
            .args(["-logtostderr=true", "server", "-dir=.", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"])
            .args(["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=40"])
            .args([port("master.port"), port("master.port.grpc"), port("volume.port"), port("volume.port.grpc")])
            .args(["-filer".to_owned(), port("filer.port"), port("filer.port.grpc"), port("s3.port.grpc")])
            .args(["-s3", "-s3.config=s3.json", "-s3.autoCreateBucket=false"])
            .args(["-s3.port.iceberg=0", "-s3.port.lance=0", &format!("-s3.port={}", address.port())])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("weed starts");
        let mut weed = Self { child, folder };
        until("SeaweedFS answers", Duration::from_secs(60), async || {
            assert!(weed.is_running(), "SeaweedFS stopped:\n{}", weed.log());
            TcpStream::connect(address).ok()?;
            http::try_send(hyper::Method::GET, &format!("http://{address}/"), &[], "").await.ok()
        })
        .await;
        (address, weed)
    }

    fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Weed {
    fn drop(&mut self) {
        // A clean stop takes 25 s and nothing is kept.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
