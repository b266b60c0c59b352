//! How many sockets an address may have: a carrier puts thousands of phones behind one, a flood comes from one too.
//!
//! Whoever is signed in passes for longer: of a crowd behind one address those without a session are turned away first.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest as _, HttpRequest};

use super::error::Problem;
use super::session::MaybeViewer;
use super::{Site, client};

/// How many times `server.sockets_per_address` pass who are signed in.
const SIGNED_IN_TIMES: u32 = 3;
/// When whoever was turned away should come again, in seconds.
const RETRY_AFTER_S: u32 = 30;

/// Sockets by address.
#[derive(Debug, Default)]
pub struct Turnstile(Mutex<HashMap<IpAddr, u32>>);

/// A socket that was let in; it is gone when this is dropped.
#[derive(Debug)]
pub struct Passed {
    turnstile: Arc<Turnstile>,
    /// `None`: nobody knows where it comes from.
    address: Option<IpAddr>,
}

impl Drop for Passed {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut sockets = self.turnstile.sockets();
        if let Some(count) = sockets.get_mut(&address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                sockets.remove(&address);
            }
        }
    }
}

impl Turnstile {
    fn sockets(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one more in while there are fewer than `most`.
    fn enter(self: &Arc<Self>, address: Option<IpAddr>, most: u32) -> Option<Passed> {
        if let Some(address) = address {
            let mut sockets = self.sockets();
            let count = sockets.entry(address).or_default();
            if *count >= most {
                return None;
            }
            *count = count.saturating_add(1);
        }
        Some(Passed { turnstile: Arc::clone(self), address })
    }

    /// Lets a socket in.
    ///
    /// # Errors
    /// 429 `socket.too_many`.
    pub async fn pass(self: &Arc<Self>, req: &HttpRequest, site: &Site) -> Result<Passed, Problem> {
        let most = site.config.server.sockets_per_address;
        let address = client::address(req, &site.config.server.trusted_proxies);
        // A proxy on this machine that nobody has listed: all the world would be one address.
        let address = address.filter(|address| !(address.is_loopback() && client::is_forwarded(req)));
        if let Some(passed) = self.enter(address, most) {
            return Ok(passed);
        }
        let who = MaybeViewer::from_request(req, &mut Payload::None).await;
        let is_signed_in = who.is_ok_and(|who| who.0.is_some());
        let most = if is_signed_in { most.saturating_mul(SIGNED_IN_TIMES) } else { most };
        self.enter(address, most).ok_or_else(|| {
            metrics::counter!("bakuhantam_sockets_refused_total").increment(1);
            let words = "Too many sockets come from this address: ask by the API for now.";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "socket.too_many", words).retry_after(RETRY_AFTER_S)
        })
    }
}
