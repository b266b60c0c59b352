//! `bakuhantam demo`: everything on this machine with a test picture, in a folder that goes when it ends.

mod people;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};

use super::say;
use crate::app::{self, App, StartError, StopSignals};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, Loaded, Secret};
use crate::events::{Act, StreamKeyCodes};
use crate::flows::{Night, apply_night};
use crate::ids::{EventSlug, SystemRandom, new_word};
use crate::store::audit::Actor;
use crate::store::{Store, StoreError, migrate};
use crate::stream::encoder::TestPicture;
use people::People;

/// The night it shows.
const NIGHT: &str = include_str!("demo_night.toml");
/// The event with the test picture.
const EVENT: &str = "demo";
/// What stands on the test picture.
const TITLE: &str = "MALAM BAKU HANTAM";
/// How often it is seen whether somebody publishes.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port of the pages; a free port is taken where this one is in use
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Address and port of the RTMP door for OBS; a free port is taken where this one is in use
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1935")]
    rtmp: SocketAddr,

    /// Where browsers reach the pages, when that is not the listen address (a phone on the same network). Everybody
    /// there can use the rehearsal's pay page, which gives coins for nothing
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// No test picture: only what OBS sends
    #[arg(long)]
    no_picture: bool,
}

/// Runs the demo until Ctrl-C. Returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    // Removed after the runtime has ended: until then its threads may write.
    let mut folder = None;
    app::run(show(args, loaded.config.clone(), &mut folder))
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

async fn show(args: Args, config: Config, folder: &mut Option<Folder>) -> Result<(), StartError> {
    let mut stop = StopSignals::listen()?;
    let made = Folder::make();
    let made = made.map_err(|error| StartError::new(format_args!("No temporary folder could be made: {error}.")))?;
    let folder = folder.insert(made);
    let (app, slug) = tokio::select! {
        started = start(&args, config, folder) => started?,
        () = stop.asked() => return Ok(()),
    };
    let shown = async {
        if args.no_picture {
            std::future::pending::<()>().await;
        }
        keep_picture(&app, &slug).await
    };
    tokio::select! {
        () = stop.asked() => {}
        failed = shown => failed?,
    }
    say("Berhenti… / Stopping…");
    app.stop().await;
    Ok(())
}

/// Makes everything and says where it is.
async fn start(args: &Args, config: Config, folder: &Folder) -> Result<(App, EventSlug), StartError> {
    let loaded = Loaded { config: demo_config(args, config, &folder.0)?, file: None };
    let (key, people) = prepare(&loaded).await?;
    let app = App::start(&loaded).await?;
    let slug: EventSlug = EVENT.parse().map_err(StartError::new)?;
    tell(&app, &loaded.config, &key, &people, !args.no_picture);
    Ok((app, slug))
}

/// Shows the test picture whenever nobody publishes. Ends only when FFmpeg cannot show it.
async fn keep_picture(app: &App, event: &EventSlug) -> Result<(), StartError> {
    let mut picture = None;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        if app.is_publishing(event) {
            // Dropping it takes it off air: what OBS sends is the newer run and owns the timeline.
            picture = None;
        } else if picture.is_none() {
            let started = TestPicture::start(app.encoders(), event, TITLE).await;
            picture = Some(started.map_err(StartError::new)?);
        }
    }
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
    config.payments = defaults.payments;
    // What is shown to a phone beside us has throw-away accounts and no money: the rehearsal may be seen there.
    config.payments.allow_sandbox_in_public = !(config.is_at_home() && listen.ip().is_loopback());
    config.messages = defaults.messages;
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

/// Makes the database, the night and its people. Returns the stream key of the event, and the people.
async fn prepare(loaded: &Loaded) -> Result<(String, People), StartError> {
    let store = Store::open(&loaded.config.database).map_err(StartError::new)?;
    let made = store.clone();
    let migrated = tokio::task::spawn_blocking(move || migrate::up(&made)).await;
    migrated.unwrap_or(Err(StoreError::Panicked)).map_err(StartError::new)?;
    let secret = loaded.secret_key().map_err(StartError::new)?;
    store.claim_secret_key(&secret).await.map_err(StartError::new)?;

    let now = SystemClock.now();
    let at = Timestamp::from_microsecond(now.0).map_err(StartError::new)?;
    let next = at.checked_add((7 * 24).hours()).map_err(StartError::new)?;
    let text = NIGHT
        .replace("{starts_at}", &at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .replace("{next_starts_at}", &next.strftime("%Y-%m-%dT12:00:00Z").to_string());
    let act = Act { actor: Actor::cli(now), random: Arc::new(SystemRandom::default()) };
    let night = Night::read("demo night", &text, &act).map_err(StartError::new)?;
    let applied = apply_night(&store, &act, &StreamKeyCodes::new(&secret), night).await.map_err(StartError::new)?;
    let key = applied.stream_keys.iter().find(|(slug, _)| slug.as_str() == EVENT);
    let key = key.map(|(_, key)| key.expose().to_owned()).unwrap_or_default();
    let people = People::make(&store, &act, &secret, loaded.config.locale.default).await?;
    Ok((key, people))
}

/// Says where everything is.
fn tell(app: &App, config: &Config, key: &str, people: &People, picture: bool) {
    let url = &config.server.public_url;
    let door = app.door_address().map(shown).map(|door| format!("rtmp://{door}/live")).unwrap_or_default();
    say(format_args!(
        "\n  bakuhantam demo\n\n  Halaman / pages      {url}/\n  Tonton / watch       {url}/watch/{EVENT}\n  \
         Kesehatan / health   {url}/health\n\n  OBS  Settings → Stream → Custom\n       Server      {door}\n       \
         Stream Key  {key}\n"
    ));
    say(people.told(url));
    if picture {
        say("  A test picture is on air; what OBS sends takes its place.");
    }
    say("  Ctrl-C ends it and removes everything it made.\n");
}
