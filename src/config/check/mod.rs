//! Values that have the right kind and are impossible all the same.

mod messages;
mod payments;
mod picture;
mod sandbox;
mod superchat;

use std::collections::BTreeSet;

use url::Url;

use super::keys::quoted;
use super::secret_file;
use super::tree::Origins;
use super::{Config, ConfigError};

/// Checks every section.
///
/// # Errors
/// The first impossible value.
pub(super) fn values(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    server(config, origins)?;
    hosts(config, origins)?;
    database(config, origins)?;
    ingest(config, origins)?;
    picture::encoder(&config.encoder, origins)?;
    picture::uploader(config, origins)?;
    picture::playback(config, origins)?;
    objects(config, origins)?;
    payments::payments(config, origins)?;
    messages::messages(&config.messages, origins)?;
    superchat::superchat(&config.superchat, origins)?;
    cluster(config, origins)?;
    locale(config, origins)?;
    sandbox::stays_at_home(config, origins)?;
    secret_key_is_given(config, origins)
}

/// Several processes must have one key: it cannot be made by each of them.
///
/// # Errors
/// PostgreSQL or nodes without `server.secret_key`.
pub(super) fn secret_key_is_given(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    if !config.server.secret_key.is_empty() {
        return Ok(());
    }
    let because = if config.database.is_postgres() {
        "database.url is PostgreSQL"
    } else if !config.cluster.nodes.is_empty() {
        "cluster.nodes names nodes"
    } else {
        return Ok(());
    };
    let what = format!(
        "is empty while {because}: write what `openssl rand -base64 32` prints, the same on every node, or name a file \
         that holds it by server.secret_key_file"
    );
    Err(origins.wrong("server.secret_key", &what))
}

fn server(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let server = &config.server;
    address("server.public_url", &server.public_url, "http://127.0.0.1:8080", origins)?;
    at_least("server.shutdown_timeout_ms", server.shutdown_timeout_ms, 1, origins)?;
    if !server.secret_key.is_empty() && secret_file::decode(server.secret_key.expose()).is_none() {
        return Err(origins.wrong("server.secret_key", secret_file::NOT_A_KEY));
    }
    Ok(())
}

fn hosts(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let hosts = &config.hosts;
    let names = [("hosts.site", &hosts.site), ("hosts.admin", &hosts.admin), ("hosts.api", &hosts.api)];
    for (key, host) in names.into_iter().filter(|(_, host)| !host.is_empty()) {
        if !is_host(host) {
            return Err(not_a_host(key, host, "example.com", origins));
        }
    }
    cookie_domain(config, origins)
}

/// Browsers drop a cookie whose domain is not the host's own or one above it, and nobody would stay signed in.
fn cookie_domain(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let (key, hosts) = ("hosts.cookie_domain", &config.hosts);
    let domain = hosts.cookie_domain.strip_prefix('.').unwrap_or(&hosts.cookie_domain);
    if hosts.cookie_domain.is_empty() {
        return Ok(());
    }
    if !is_host(domain) || !domain.contains('.') {
        return Err(not_a_host(key, &hosts.cookie_domain, ".example.com", origins));
    }
    let name = |address: &String| Url::parse(address).ok()?.host_str().map(str::to_owned);
    let public = name(&config.server.public_url);
    let given = |host: &String| Some(host.clone()).filter(|host| !host.is_empty()).or_else(|| public.clone());
    let own = [("hosts.site", given(&hosts.site)), ("hosts.api", given(&hosts.api))];
    let nodes = config.cluster.nodes.iter().map(|node| ("cluster.nodes", name(node)));
    for (of, host) in own.into_iter().chain(nodes) {
        let Some(host) = host else { continue };
        if host != domain && !host.ends_with(&format!(".{domain}")) {
            let what = format!(
                "cannot be {}: {} ({of}) is not under it, and browsers would drop the cookie; write a domain that all of \
                 hosts.site, hosts.api and cluster.nodes end with, or leave it empty",
                quoted(&hosts.cookie_domain),
                quoted(&host)
            );
            return Err(origins.wrong(key, &what));
        }
    }
    Ok(())
}

fn not_a_host(key: &str, text: &str, example: &str, origins: &Origins) -> ConfigError {
    let what = format!(
        "cannot be {}: write a host name alone, in small letters, without scheme, port or path, such as {}",
        quoted(text),
        quoted(example)
    );
    origins.wrong(key, &what)
}

/// Labels of letters, digits and dashes between dots (RFC 1123), in small letters.
fn is_host(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

fn database(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let text = config.database.url.expose();
    let advice = "write \"sqlite://data/bakuhantam.db\" or \"postgres://USER:PASSWORD@HOST/DATABASE\"";
    // The text itself may hold a password and is not repeated.
    let wrong = |what: &str| Err(origins.wrong("database.url", &format!("{what}: {advice}")));
    match text.strip_prefix("sqlite://") {
        Some("") => return wrong("names no file"),
        Some(path) if path.ends_with(":memory:") => return wrong("names memory, which a restart would empty"),
        Some(_) => {}
        None if config.database.is_postgres() && Url::parse(text).is_ok() => {}
        None if config.database.is_postgres() => {
            return wrong("is not an address (characters such as @ / # in the password are written as %40 %2F %23)");
        }
        None => return wrong("begins with neither sqlite:// nor postgres://"),
    }
    at_least("database.pool_size", u64::from(config.database.pool_size), 1, origins)
}

fn ingest(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let ingest = &config.ingest;
    let pair = match (&ingest.tls_cert, &ingest.tls_key) {
        (Some(_), None) => Some(("ingest.tls_cert", "ingest.tls_key")),
        (None, Some(_)) => Some(("ingest.tls_key", "ingest.tls_cert")),
        _ => None,
    };
    if let Some((given, missing)) = pair {
        return Err(origins.wrong(given, &format!("is given without {missing}: give both, or neither for plain RTMP")));
    }
    let server = config.server.listen;
    if ingest.enabled && ingest.listen == server && server.port() != 0 {
        return Err(origins.wrong("ingest.listen", &format!("is {server}, as server.listen is: write another port")));
    }
    Ok(())
}

fn objects(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let objects = &config.objects;
    if !objects.public_base_url.is_empty() {
        address("objects.public_base_url", &objects.public_base_url, "https://media.example.com", origins)?;
    }
    if objects.kind == super::ObjectsKind::Folder {
        return picture::folder(config, origins);
    }
    let s3 = &objects.s3;
    let parts = [
        ("objects.s3.endpoint", s3.endpoint.is_empty(), "https://ACCOUNT.r2.cloudflarestorage.com"),
        ("objects.s3.region", s3.region.is_empty(), "auto"),
        ("objects.s3.bucket", s3.bucket.is_empty(), "bakuhantam"),
        ("objects.s3.access_key_id", s3.access_key_id.is_empty(), "the key's id"),
        ("objects.s3.secret_access_key", s3.secret_access_key.is_empty(), "the key's secret"),
    ];
    if let Some((key, _, example)) = parts.into_iter().find(|(_, is_missing, _)| *is_missing) {
        let what = format!("is empty while objects.kind is \"s3\": write it, such as {}", quoted(example));
        return Err(origins.wrong(key, &what));
    }
    address("objects.s3.endpoint", &s3.endpoint, "https://ACCOUNT.r2.cloudflarestorage.com", origins)?;
    let is_bucket = (3..=63).contains(&s3.bucket.len()) && is_host(&s3.bucket);
    if !is_bucket {
        let what = format!(
            "cannot be {}: write the bucket's name alone, 3 to 63 of a-z, 0-9, dash and dot, such as \"bakuhantam\"",
            quoted(&s3.bucket)
        );
        return Err(origins.wrong("objects.s3.bucket", &what));
    }
    Ok(())
}

fn cluster(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let cluster = &config.cluster;
    if !cluster.node.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')) {
        let what =
            format!("cannot be {}: write letters, digits, dots and dashes, such as \"node-1\"", quoted(&cluster.node));
        return Err(origins.wrong("cluster.node", &what));
    }
    let mut seen = BTreeSet::new();
    for (index, node) in cluster.nodes.iter().enumerate() {
        let key = format!("cluster.nodes[{index}]");
        address(&key, node, "https://node-1.example.com", origins)?;
        if !seen.insert(node) {
            return Err(origins.wrong(&key, &format!("is {} a second time: remove it", quoted(node))));
        }
    }
    at_least("cluster.probe_timeout_ms", cluster.probe_timeout_ms, 1, origins)
}

fn locale(config: &Config, origins: &Origins) -> Result<(), ConfigError> {
    let zone = &config.locale.timezone;
    jiff::tz::TimeZone::get(zone).map(|_| ()).map_err(|_| {
        let what =
            format!("cannot be {}: write a name of the IANA time zone list, such as \"Asia/Jakarta\"", quoted(zone));
        origins.wrong("locale.timezone", &what)
    })
}

/// An address that others are joined to: `http(s)://host[:port][/path]`, no slash at the end.
fn address(key: &str, text: &str, example: &str, origins: &Origins) -> Result<(), ConfigError> {
    let reason = match Url::parse(text) {
        Err(_) => "is not an address",
        Ok(url) if !matches!(url.scheme(), "http" | "https") => "begins with neither http:// nor https://",
        Ok(url) if url.host_str().is_none_or(str::is_empty) => "names no host",
        Ok(url) if !url.username().is_empty() || url.password().is_some() => "holds a user name",
        Ok(url) if url.query().is_some() || url.fragment().is_some() => "has a part after ? or #",
        Ok(_) if text.ends_with('/') => "ends with a slash",
        Ok(_) => return Ok(()),
    };
    // A user name comes with a password, which is not repeated.
    let shown = if text.contains('@') { String::new() } else { format!("cannot be {}: it ", quoted(text)) };
    Err(origins.wrong(key, &format!("{shown}{reason}: write it like {}", quoted(example))))
}

/// An address that is called as it is written, with its query: `http(s)://host…`.
fn address_of_a_call(key: &str, text: &str, example: &str, origins: &Origins) -> Result<(), ConfigError> {
    let fits = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty())
    });
    if fits {
        return Ok(());
    }
    // It may hold a key of the gateway's, which is not repeated.
    Err(origins.wrong(key, &format!("is not an address: write it like {}", quoted(example))))
}

fn at_least(key: &str, value: u64, least: u64, origins: &Origins) -> Result<(), ConfigError> {
    if value >= least {
        return Ok(());
    }
    Err(origins.wrong(key, &format!("cannot be {value}: write {least} or more")))
}
