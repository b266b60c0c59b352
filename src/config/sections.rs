//! The sections of `bakuhantam.toml`, as they come into use. Every field's meaning and unit stands in the shipped file.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Secret;
use super::locale::Locale;
use super::playback::Playback;
use super::selling::{Messages, Payments};
use super::superchat::Superchat;
use crate::ids::RenditionName;

/// Everything the operator can set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The process as seen from outside.
    pub server: Server,
    /// Which audience is served under which host name.
    pub hosts: Hosts,
    /// Where rows live.
    pub database: Database,
    /// Who may send a picture.
    pub ingest: Ingest,
    /// FFmpeg's ladder.
    pub encoder: Encoder,
    /// From FFmpeg's folder to object storage.
    pub uploader: Uploader,
    /// Object storage.
    pub objects: Objects,
    /// The gate: who may watch what is sold.
    pub playback: Playback,
    /// How coins are sold.
    pub payments: Payments,
    /// How codes reach people.
    pub messages: Messages,
    /// Support with coins.
    pub superchat: Superchat,
    /// Who may read `/metrics`.
    pub metrics: Metrics,
    /// The nodes of one event.
    pub cluster: Cluster,
    /// Language and time zone.
    pub locale: Locale,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// What browsers and the payment provider see: scheme, host, optional path, no slash at the end.
    pub public_url: String,
    /// Where files live that are not configured elsewhere.
    pub data_dir: PathBuf,
    /// How long a drain may take, in milliseconds.
    pub shutdown_timeout_ms: u64,
    /// Base64 of 32 bytes; empty: made once under `data_dir`.
    pub secret_key: Secret,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Most sockets of one address; three times as many for who is signed in.
    pub sockets_per_address: u32,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: "http://127.0.0.1:8080".into(),
            data_dir: "data".into(),
            shutdown_timeout_ms: 10_000,
            secret_key: Secret::default(),
            trusted_proxies: Vec::new(),
            sockets_per_address: 4_000,
        }
    }
}

/// `[hosts]`: all empty means one host serves all by path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hosts {
    /// Host of the viewers' pages.
    pub site: String,
    /// Host of the admin pages, which answer only there.
    pub admin: String,
    /// Host of JSON, sockets and hooks.
    pub api: String,
    /// Domain of the viewers' session cookie, such as `.bakuhantam.tv`; empty: the host that set it alone.
    pub cookie_domain: String,
}

/// `[database]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`. A secret, since it may hold a password, which alone is masked when shown.
    #[serde(serialize_with = "super::show::masked")]
    pub url: Secret,
    /// Connections kept.
    pub pool_size: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: Secret::new("sqlite://data/bakuhantam.db"), pool_size: 8 }
    }
}

/// `[ingest]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// Whether `serve` opens the RTMP door.
    pub enabled: bool,
    /// Address and port of the door.
    pub listen: SocketAddr,
    /// PEM certificate chain; with `tls_key`: RTMPS. Empty text in the file: none.
    #[serde(with = "super::maybe_path")]
    pub tls_cert: Option<PathBuf>,
    /// PEM private key. Empty text in the file: none.
    #[serde(with = "super::maybe_path")]
    pub tls_key: Option<PathBuf>,
    /// Addresses that may call `/api/v1/hooks/ingest` beside loopback.
    pub hook_trusted: Vec<IpAddr>,
    /// When a second publisher of an event replaces the first.
    pub takeover: Takeover,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: SocketAddr::from(([127, 0, 0, 1], 1935)),
            tls_cert: None,
            tls_key: None,
            hook_trusted: Vec::new(),
            takeover: Takeover::Dead,
        }
    }
}

/// `ingest.takeover`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Takeover {
    /// Only a publisher that has sent nothing for three seconds is replaced.
    #[default]
    Dead,
    /// The newest publisher always wins.
    Always,
}

/// `[encoder]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Encoder {
    /// FFmpeg's program, a path or a name on PATH.
    pub ffmpeg: String,
    /// Length of a segment in seconds; keyframes are aligned to it.
    pub segment_seconds: u32,
    /// x264's preset.
    pub preset: String,
    /// The ladder, best first.
    pub renditions: Vec<Rendition>,
}

impl Default for Encoder {
    fn default() -> Self {
        let rung = |name: &str, height, level: &str, bitrate_kbps, maxrate_kbps, bufsize_kbps, audio_kbps| {
            name.parse::<RenditionName>().ok().map(|name| Rendition {
                name,
                height,
                fps: 30,
                level: level.into(),
                bitrate_kbps,
                maxrate_kbps,
                bufsize_kbps,
                audio_kbps,
            })
        };
        Self {
            ffmpeg: "ffmpeg".into(),
            segment_seconds: 2,
            preset: "veryfast".into(),
            renditions: [
                rung("720p", 720, "3.1", 3_000, 3_500, 6_000, 128),
                rung("480p", 480, "3.1", 1_400, 1_600, 2_800, 128),
                rung("360p", 360, "3.0", 700, 800, 1_400, 96),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }
}

/// One `[[encoder.renditions]]`: a rung of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendition {
    /// Its name in folders and keys.
    pub name: RenditionName,
    /// Picture height in pixels; the width follows at 16:9, even.
    pub height: u32,
    /// Frames per second.
    pub fps: u32,
    /// H.264 level, `3.1`.
    pub level: String,
    /// Video bit rate, kbit/s.
    pub bitrate_kbps: u32,
    /// Highest video bit rate, kbit/s.
    pub maxrate_kbps: u32,
    /// Rate control buffer, kbit.
    pub bufsize_kbps: u32,
    /// AAC bit rate, kbit/s.
    pub audio_kbps: u32,
}

impl Rendition {
    /// Picture width at 16:9, rounded up to even: 1280, 854, 640.
    #[must_use]
    pub const fn width(&self) -> u32 {
        (self.height * 16).div_ceil(9).next_multiple_of(2)
    }
}

/// `[uploader]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploader {
    /// Whether `serve` publishes.
    pub enabled: bool,
    /// FFmpeg's output: `<hls_dir>/<event>/<run>/<rendition>/<n>.ts`.
    pub hls_dir: PathBuf,
    /// How long a file found by a scan must stand still, in milliseconds.
    pub stable_for_ms: u64,
    /// Time between scans, in milliseconds.
    pub rescan_ms: u64,
    /// After this a missing segment is a gap, in milliseconds.
    pub segment_deadline_ms: u64,
    /// PUTs at once.
    pub concurrency: usize,
    /// The journal; each event has its own file beside it.
    pub state_file: PathBuf,
    /// Segments in the live playlist.
    pub live_window_segments: usize,
    /// How long local files stay once stored, in milliseconds.
    pub keep_local_ms: u64,
    /// How long remote objects stay, in milliseconds; 0: for ever.
    pub keep_remote_ms: u64,
}

impl Default for Uploader {
    fn default() -> Self {
        Self {
            enabled: true,
            hls_dir: "data/hls".into(),
            stable_for_ms: 200,
            rescan_ms: 2_000,
            segment_deadline_ms: 8_000,
            concurrency: 8,
            state_file: "data/uploader/state.json".into(),
            live_window_segments: 6,
            keep_local_ms: 600_000,
            keep_remote_ms: 0,
        }
    }
}

/// `[objects]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objects {
    /// Which store.
    pub kind: ObjectsKind,
    /// The folder store's root, served under `/media/`.
    pub folder: PathBuf,
    /// The CDN's address of the bucket; empty: `<public_url>/media`.
    pub public_base_url: String,
    /// The S3 store.
    pub s3: S3,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            kind: ObjectsKind::Folder,
            folder: "data/media".into(),
            public_base_url: String::new(),
            s3: S3::default(),
        }
    }
}

/// `objects.kind`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectsKind {
    /// A local folder.
    #[default]
    Folder,
    /// S3 or anything that speaks its protocol, R2 first.
    S3,
}

/// `[objects.s3]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3 {
    /// Address of the service.
    pub endpoint: String,
    /// Region in signatures; `auto` for R2.
    pub region: String,
    /// Bucket.
    pub bucket: String,
    /// Access key.
    pub access_key_id: Secret,
    /// Its secret.
    pub secret_access_key: Secret,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`.
    pub path_style: bool,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "auto".into(),
            bucket: String::new(),
            access_key_id: Secret::default(),
            secret_access_key: Secret::default(),
            path_style: true,
        }
    }
}

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Bearer token for `/metrics`.
    pub token: Secret,
}

/// `[cluster]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// This node's name; empty: the host name.
    pub node: String,
    /// Public API addresses of all nodes.
    pub nodes: Vec<String>,
    /// Longest wait for a probe, in milliseconds.
    pub probe_timeout_ms: u64,
    /// After the first healthy answer a browser waits this long, in milliseconds.
    pub spread_window_ms: u64,
}

impl Default for Cluster {
    fn default() -> Self {
        Self { node: String::new(), nodes: Vec::new(), probe_timeout_ms: 3_000, spread_window_ms: 600 }
    }
}
