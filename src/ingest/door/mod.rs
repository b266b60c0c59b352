//! The RTMP door: the socket around [`super::session`], and an encoder's feed behind it.

mod connection;
mod feeder;
pub(super) mod guests;
mod holders;
mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use feeder::{FeedOpener, FeedSink};

use self::guests::{Guest, Guests, NoRoom};
use self::holders::Holders;
use super::failures::Failures;
use crate::config;
use crate::events::{SharedMirror, StreamKeys};
use crate::ids::EventSlug;

/// Wrong keys of one address in a minute; after that its refusals come late.
const WRONG_KEYS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Pause after a failure to accept (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the door is built from.
#[derive(Debug)]
pub struct Parts {
    /// `[ingest]`.
    pub config: config::Ingest,
    /// Finds the event of a key.
    pub keys: StreamKeys,
    /// Tells when an event was ended.
    pub mirror: SharedMirror,
    /// Starts encoders.
    pub feeds: Arc<dyn FeedOpener>,
}

/// An open door.
#[derive(Debug)]
pub struct Door {
    local_addr: SocketAddr,
    encrypted: bool,
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    keys: StreamKeys,
    mirror: SharedMirror,
    feeds: Arc<dyn FeedOpener>,
    holders: Arc<Holders>,
    guests: Arc<Guests>,
    failures: Failures,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Door {
    /// Opens the door. Call it within a Tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound, or certificate and key cannot be used: one sentence that names the configuration
    /// key.
    pub fn start(parts: Parts) -> io::Result<Self> {
        let listen = parts.config.listen;
        let tls = tls::acceptor(&parts.config)?;
        let bound = StdListener::bind(listen).and_then(|listener| {
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        });
        let listener =
            bound.map_err(|why| io::Error::new(why.kind(), format!("ingest.listen: cannot open {listen}: {why}")))?;
        let local_addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            keys: parts.keys,
            mirror: parts.mirror,
            feeds: parts.feeds,
            holders: Arc::new(Holders::new(parts.config.takeover)),
            guests: Arc::new(Guests::new(&parts.config.hook_trusted)),
            failures: Failures::new(WRONG_KEYS_PER_MINUTE),
            shutdown: CancellationToken::new(),
            tracker: TaskTracker::new(),
        });
        let encrypted = tls.is_some();
        shared.tracker.spawn(accept_all(listener, tls, Arc::clone(&shared)));
        tracing::info!(%local_addr, encrypted, "the RTMP door is open");
        Ok(Self { local_addr, encrypted, shared })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Whether it speaks RTMPS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether somebody publishes `event` through this door now.
    #[must_use]
    pub fn is_live(&self, event: &EventSlug) -> bool {
        self.shared.holders.is_held(event)
    }

    /// Stops accepting, tells every publisher that the server restarts, and waits for their last segments.
    pub async fn drain(self) {
        self.shared.shutdown.cancel();
        self.shared.tracker.close();
        self.shared.tracker.wait().await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shared.shutdown.cancel();
    }
}

async fn accept_all(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(why) => {
                tracing::warn!("the RTMP door cannot accept: {why}");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        metrics::counter!("bakuhantam_ingest_connections_total").increment(1);
        match shared.guests.enter(peer.ip()) {
            Ok(guest) => {
                let (tls, shared) = (tls.clone(), Arc::clone(&shared));
                shared.tracker.clone().spawn(welcome(socket, peer, tls, guest, shared));
            }
            Err(no_room) => {
                let reason = match no_room {
                    NoRoom::Full => "full",
                    NoRoom::AddressFull => "address_full",
                };
                metrics::counter!("bakuhantam_ingest_refusals_total", "reason" => reason).increment(1);
                tracing::debug!(%peer, reason, "connection closed");
            }
        }
    }
}

async fn welcome(socket: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, guest: Guest, shared: Arc<Shared>) {
    let open = metrics::gauge!("bakuhantam_ingest_connections");
    open.increment(1);
    let start_by = Instant::now() + connection::START_WITHIN;
    if let Err(why) = socket.set_nodelay(true) {
        tracing::debug!(%peer, "cannot set TCP_NODELAY: {why}");
    }
    match tls {
        None => connection::serve(socket, peer, start_by, guest, shared).await,
        Some(tls) => {
            let secured = tokio::select! {
                biased;
                () = shared.shutdown.cancelled() => None,
                () = guest.crowded_out() => None,
                secured = timeout_at(start_by, tls.accept(socket)) => secured.ok().and_then(Result::ok),
            };
            if let Some(socket) = secured {
                connection::serve(socket, peer, start_by, guest, shared).await;
            } else {
                metrics::counter!("bakuhantam_ingest_refusals_total", "reason" => "tls").increment(1);
                tracing::debug!(%peer, "connection closed: no TLS handshake");
            }
        }
    }
    open.decrement(1);
}
