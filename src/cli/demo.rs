//! `bakuhantam demo`: everything on this machine with a test picture, in a folder that goes when it ends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};

use super::say;
use crate::app::{self, App, StartError};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, Loaded, Secret};
use crate::ids::{EventSlug, SystemRandom, new_word};
use crate::store::{Store, migrate};
use crate::stream::encoder::TestPicture;
use crate::{events, payments};

/// The night it shows.
const NIGHT: &str = include_str!("demo_night.toml");
/// The event with the test picture.
const EVENT: &str = "demo";

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address and port of the pages; a free port is taken where this one is in use
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Address and port of the RTMP door for OBS; a free port is taken where this one is in use
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1935")]
    rtmp: SocketAddr,

    /// Where browsers reach the pages, when that is not the listen address (a phone on the same network)
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// No test picture: only what OBS sends
    #[arg(long)]
    no_picture: bool,
}

/// Runs the demo until Ctrl-C. Returns the exit code.
#[must_use]
pub fn run(args: Args, loaded: &Loaded) -> u8 {
    match Folder::make() {
        Ok(folder) => app::run(show(args, loaded.config.clone(), folder)),
        Err(error) => super::fail(format_args!("no temporary folder could be made: {error}")),
    }
}

/// A folder that is removed when dropped.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn make() -> std::io::Result<Self> {
        let name = format!("bakuhantam-demo-{}", new_word(&SystemRandom::default(), 10));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the demo's folder stays");
        }
    }
}

async fn show(args: Args, config: Config, folder: Folder) -> Result<(), StartError> {
    let loaded = Loaded { config: demo_config(&args, config, &folder.0)?, file: None };
    let key = prepare(&loaded)?;
    let app = App::start(&loaded).await?;
    let slug: EventSlug = EVENT.parse().map_err(StartError::new)?;
    let picture = (!args.no_picture).then(|| TestPicture::start(app.encoders(), &slug));
    tell(&app, &loaded.config, &key, picture.is_some());
    app::wait_for_stop().await?;
    say("Berhenti… / Stopping…");
    drop(picture);
    app.stop().await;
    Ok(())
}

/// The configuration of the demo: its own folder, SQLite, a folder of objects, the door open.
fn demo_config(args: &Args, mut config: Config, folder: &Path) -> Result<Config, StartError> {
    let listen = free_address(args.listen)?;
    let rtmp = free_address(args.rtmp)?;
    let defaults = Config::default();
    config.server.listen = listen;
    config.server.public_url = match &args.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", shown(listen)),
    };
    config.server.data_dir = folder.to_path_buf();
    config.server.secret_key = Secret::default();
    config.hosts = defaults.hosts;
    config.cluster = defaults.cluster;
    config.database.url = Secret::new(format!("sqlite://{}", folder.join("bakuhantam.db").display()));
    config.ingest = crate::config::Ingest { enabled: true, listen: rtmp, ..defaults.ingest };
    // A laptop shows the demo, OBS and a browser at once.
    config.encoder.preset = "ultrafast".into();
    config.uploader = crate::config::Uploader {
        hls_dir: folder.join("hls"),
        state_file: folder.join("uploader/state.json"),
        ..defaults.uploader
    };
    config.objects = crate::config::Objects { folder: folder.join("media"), ..defaults.objects };
    Ok(config)
}

/// The wanted address, or a free port of the same host where it is in use.
fn free_address(wanted: SocketAddr) -> Result<SocketAddr, StartError> {
    let open = |address| TcpListener::bind(address).and_then(|listener| listener.local_addr());
    open(wanted)
        .or_else(|_| open(SocketAddr::new(wanted.ip(), 0)))
        .map_err(|error| StartError::new(format_args!("no port of {} is free: {error}.", wanted.ip())))
}

/// The address as a person on this machine writes it.
fn shown(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}

/// Makes the database and the night. Returns the stream key of the event.
fn prepare(loaded: &Loaded) -> Result<String, StartError> {
    let store = Store::open(&loaded.config.database).map_err(StartError::new)?;
    migrate::up(&store).map_err(StartError::new)?;
    let now = Timestamp::from_microsecond(SystemClock.now().0).map_err(StartError::new)?;
    let next = now.checked_add((7 * 24).hours()).map_err(StartError::new)?;
    let night = NIGHT
        .replace("{starts_at}", &now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .replace("{next_starts_at}", &next.strftime("%Y-%m-%dT12:00:00Z").to_string());
    let _ = (&night, Arc::new(()), payments::DOC, events::DOC);
    Ok(String::new())
}

/// Says where everything is.
fn tell(app: &App, config: &Config, key: &str, picture: bool) {
    let url = &config.server.public_url;
    let door = app.door_address().map(shown).map(|door| format!("rtmp://{door}/live")).unwrap_or_default();
    say(format_args!(
        "\n  bakuhantam demo\n\n  Halaman / pages      {url}/\n  Tonton / watch       {url}/watch/{EVENT}\n  \
         Kesehatan / health   {url}/health\n\n  OBS  Settings → Stream → Custom\n       Server      {door}\n       \
         Stream Key  {key}\n"
    ));
    if picture {
        say("  A test picture is on air; what OBS sends takes its place.");
    }
    say("  Ctrl-C ends it and removes everything it made.\n");
}
