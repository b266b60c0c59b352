//! What follows from several settings, or from a setting and the machine.

use std::net::IpAddr;

use url::Url;

use super::{Cluster, Config, Database};

impl Config {
    /// The address below which players find objects: `objects.public_base_url`, else `<public_url>/media`. No slash at
    /// the end.
    #[must_use]
    pub fn media_base_url(&self) -> String {
        if self.objects.public_base_url.is_empty() {
            format!("{}/media", self.server.public_url)
        } else {
            self.objects.public_base_url.clone()
        }
    }

    /// The address of one of `[hosts]`, `scheme://host[:port]`: scheme and port are those of `server.public_url`. `None`
    /// for a host that is not given.
    #[must_use]
    pub fn address_on(&self, host: &str) -> Option<String> {
        let public = Url::parse(&self.server.public_url).ok().filter(|_| !host.is_empty())?;
        let port = public.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{host}{port}", public.scheme()))
    }
}

impl Config {
    /// Whether browsers reach the site only on this machine: `server.public_url` is a loopback address.
    #[must_use]
    pub fn is_at_home(&self) -> bool {
        Url::parse(&self.server.public_url).is_ok_and(|url| url.host_str().is_some_and(is_this_machine))
    }
}

/// Whether a host, as an address or a `Host` header names it (without its port), is this machine itself.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

impl Cluster {
    /// This node's name: the configured one, else the host name.
    #[must_use]
    pub fn node_name(&self) -> String {
        if !self.node.is_empty() {
            return self.node.clone();
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = host.trim();
        if host.is_empty() { "node".to_owned() } else { host.to_owned() }
    }
}

impl Database {
    /// Whether the address is PostgreSQL's; else it is SQLite's.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        let text = self.url.expose();
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }
}
