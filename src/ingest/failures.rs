//! Counts wrong keys by address. A right key is never held against anyone.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Addresses that have replenished are forgotten each time this many failures were counted.
const TIDY_EACH: u32 = 256;

/// Wrong keys of each address: so many at once, and as many again over each minute.
pub struct Failures {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    counted: AtomicU32,
}

impl Failures {
    /// Allows `per_minute` wrong keys of one address.
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(per_minute)), counted: AtomicU32::new(0) }
    }

    /// Counts a wrong key; `false` when the address has used up its allowance.
    pub fn count(&self, address: IpAddr) -> bool {
        if self.counted.fetch_add(1, Ordering::Relaxed) % TIDY_EACH == TIDY_EACH - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(&address_group(address)).is_ok()
    }
}

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failures").field("addresses", &self.limiter.len()).finish_non_exhaustive()
    }
}

/// Whom an address stands for when counting: itself, in IPv6 its /64.
#[must_use]
pub fn address_group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}
