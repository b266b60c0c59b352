//! The HTTP server: binds, serves until told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpServer, web};
use socket2::SockRef;
use tokio_util::task::TaskTracker;

use super::headers::Fixed;
use super::hooks::ingest::HookParts;
use super::{HealthBoard, Site, headers, routes};

/// Accepted connections inherit it: one that takes nothing for so long is reset by the kernel. A reader that a socket or an
/// answer has given up on would else keep its connection as long as it likes.
const UNTAKEN_MAX: Duration = Duration::from_secs(30);
/// They inherit this too: bytes that the kernel holds for a connection before they can be sent. Without it a thousand
/// readers that never read hold megabytes each, and it takes minutes until one is seen to be slow. What is on its way is
/// not counted, so that fast ones are no slower.
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// What the server is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What handlers are given.
    pub site: Site,
    /// What `/health` says.
    pub health: Arc<HealthBoard>,
    /// What the media server's hook decides by.
    pub hook: HookParts,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    handle: ServerHandle,
    address: SocketAddr,
}

impl Server {
    /// Binds `address` and serves on worker threads.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub fn start(address: SocketAddr, parts: Parts, stop_within: Duration, tracker: &TaskTracker) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let accepted = SockRef::from(&listener);
        accepted.set_tcp_user_timeout(Some(UNTAKEN_MAX))?;
        accepted.set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
        let address = listener.local_addr()?;
        let fixed = web::Data::new(Fixed::new(&parts.site.config));
        let site = web::Data::new(parts.site);
        let health = web::Data::from(parts.health);
        let hook = web::Data::new(parts.hook);
        let server = HttpServer::new(move || {
            let config = site.config.clone();
            App::new()
                .app_data(fixed.clone())
                .app_data(site.clone())
                .app_data(health.clone())
                .app_data(hook.clone())
                .wrap(Compress::default())
                .wrap(from_fn(headers::around))
                .configure(move |app| routes::mount(app, &config))
        })
        .disable_signals()
        // Half of the time: a client that never reads its answer must not push the rest of the drain to the deadline.
        .shutdown_timeout((stop_within.as_secs() / 2).max(1))
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(30))
        .backlog(4096)
        .listen(listener)?
        .run();
        let handle = server.handle();
        tracker.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the HTTP server stopped");
            }
        });
        Ok(Self { handle, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets requests in flight end.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }
}
