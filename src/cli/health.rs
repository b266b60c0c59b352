//! `bakuhantam health`: asks every node, all at once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::fetch::Fetcher;
use super::{fail, runtime, say};
use crate::config::{self, Config};

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A node's address, as in [cluster].nodes; may be given several times. Default: all of [cluster].nodes, else this
    /// machine's server.listen
    #[arg(long = "url", value_name = "URL", value_parser = node_address)]
    urls: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Longest wait for a node, in milliseconds; default: `cluster.probe_timeout_ms`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    timeout_ms: Option<u64>,
}

/// What one node answered.
#[derive(Debug, Serialize)]
pub(super) struct Probe {
    /// The address asked.
    pub(super) url: String,
    /// Whether it can serve: `ok` or `degraded`.
    pub(super) healthy: bool,
    /// Its own word, `ok`, `degraded` or `draining`; `unreachable` without an answer, `unknown` with a strange one.
    pub(super) status: String,
    /// Its name.
    pub(super) node: Option<String>,
    /// Its version.
    pub(super) version: Option<String>,
    /// How long it took, in milliseconds.
    pub(super) latency_ms: Option<u64>,
    /// Its checks as it gave them.
    pub(super) checks: Value,
    /// Why there is no good answer.
    pub(super) error: Option<String>,
}

/// Exit code: 0 all healthy, 1 some not, 2 it could not be asked.
pub(super) fn run(args: &Args, file: Option<&Path>) -> u8 {
    // With addresses given, a broken configuration must not keep anyone from looking.
    let settings = match config::load(file) {
        Ok(loaded) => loaded.config,
        Err(_) if !args.urls.is_empty() => Config::default(),
        Err(error) => {
            fail(error);
            return 2;
        }
    };
    let urls = if args.urls.is_empty() { own_nodes(&settings) } else { args.urls.clone() };
    let timeout = Duration::from_millis(args.timeout_ms.unwrap_or(settings.cluster.probe_timeout_ms));
    let probes = match (runtime(), Fetcher::new()) {
        (Ok(runtime), Ok(fetcher)) => runtime.block_on(probe_all(&fetcher, &urls, timeout)),
        (Err(error), _) => {
            fail(format_args!("no node can be asked: {error}"));
            return 2;
        }
        (_, Err(error)) => {
            fail(error);
            return 2;
        }
    };
    let all_healthy = probes.iter().all(|probe| probe.healthy);
    if args.json {
        say(serde_json::json!({ "healthy": all_healthy, "nodes": probes }));
    } else {
        say(table(&probes).trim_end());
    }
    u8::from(!all_healthy)
}

fn node_address(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(text.to_owned()),
        _ => Err("write a node's address, such as https://node-1.example.com".to_owned()),
    }
}

/// The nodes of the configuration.
fn own_nodes(config: &Config) -> Vec<String> {
    if config.cluster.nodes.is_empty() {
        vec![format!("http://{}", reachable(config.server.listen))]
    } else {
        config.cluster.nodes.clone()
    }
}

/// An address to call for one that is listened on: "everywhere" is called by loopback.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn probe_all(fetcher: &Fetcher, urls: &[String], timeout: Duration) -> Vec<Probe> {
    join_all(urls.iter().map(|url| probe(fetcher, url, timeout))).await
}

/// Asks one node.
pub(super) async fn probe(fetcher: &Fetcher, url: &str, timeout: Duration) -> Probe {
    let base = url.trim_end_matches('/');
    let address = if base.ends_with("/health") { base.to_owned() } else { format!("{base}/health") };
    let mut probe = Probe {
        url: url.to_owned(),
        healthy: false,
        status: "unreachable".to_owned(),
        node: None,
        version: None,
        latency_ms: None,
        checks: Value::Null,
        error: None,
    };
    let answer = match fetcher.get(&address, &[("accept", "application/json")], timeout).await {
        Ok(answer) => answer,
        Err(error) => {
            probe.error = Some(error);
            return probe;
        }
    };
    probe.latency_ms = u64::try_from(answer.took.as_millis()).ok();
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    probe.node = text("node");
    probe.version = text("version");
    probe.checks = body.get("checks").cloned().unwrap_or_default();
    probe.status = text("status").unwrap_or_else(|| "unknown".to_owned());
    probe.healthy = answer.status.is_success() && matches!(probe.status.as_str(), "ok" | "degraded");
    if probe.status == "unknown" {
        probe.error = Some(format!("answered {} and is not a bakuhantam node", answer.status.as_u16()));
    }
    probe
}

fn table(probes: &[Probe]) -> String {
    let width = |cell: fn(&Probe) -> &str, title: &str| {
        probes.iter().map(|probe| cell(probe).chars().count()).chain([title.len()]).max().unwrap_or_default()
    };
    let node: fn(&Probe) -> &str = |probe| probe.node.as_deref().unwrap_or("-");
    let version: fn(&Probe) -> &str = |probe| probe.version.as_deref().unwrap_or("-");
    let (url_width, node_width) = (width(|probe| &probe.url, "ADDRESS"), width(node, "NODE"));
    let (status_width, version_width) = (width(|probe| &probe.status, "STATUS"), width(version, "VERSION"));
    let mut out = String::new();
    let mut line = |url: &str, status: &str, node: &str, version: &str, ms: &str, note: &str| {
        let row = format!(
            "{url:url_width$}  {status:status_width$}  {node:node_width$}  {version:version_width$}  {ms:>6}  {note}"
        );
        out.push_str(row.trim_end());
        out.push('\n');
    };
    line("ADDRESS", "STATUS", "NODE", "VERSION", "MS", "NOTE");
    for probe in probes {
        let ms = probe.latency_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
        line(&probe.url, &probe.status, node(probe), version(probe), &ms, &note(probe));
    }
    out
}

/// The error, else the checks that are not ok.
fn note(probe: &Probe) -> String {
    if let Some(error) = &probe.error {
        return error.clone();
    }
    let Some(checks) = probe.checks.as_object() else { return String::new() };
    let told = checks.iter().filter_map(|(name, check)| {
        let state = check.as_str().or_else(|| check.get("status").and_then(Value::as_str))?;
        (state != "ok").then(|| format!("{name}: {state}"))
    });
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(status: &str, checks: Value) -> Probe {
        Probe {
            url: "http://127.0.0.1:8080".into(),
            healthy: status == "ok",
            status: status.into(),
            node: Some("ring-1".into()),
            version: Some("0.1.0".into()),
            latency_ms: Some(12),
            checks,
            error: None,
        }
    }

    #[test]
    fn the_table_names_only_what_is_not_ok() {
        let checks =
            serde_json::json!({"database": {"status": "failing"}, "store": "ok", "uploader": {"status": "ok"}});
        let text = table(&[given("degraded", checks)]);
        assert_eq!(
            text,
            "ADDRESS                STATUS    NODE    VERSION      MS  NOTE\n\
             http://127.0.0.1:8080  degraded  ring-1  0.1.0        12  database: failing\n"
        );
    }

    #[test]
    fn an_address_that_means_everywhere_is_called_by_loopback() {
        assert_eq!(reachable(SocketAddr::from(([0, 0, 0, 0], 80))).to_string(), "127.0.0.1:80");
        assert_eq!(reachable(SocketAddr::from(([0; 8], 80))).to_string(), "[::1]:80");
        assert_eq!(reachable(SocketAddr::from(([10, 0, 0, 1], 80))).to_string(), "10.0.0.1:80");
    }
}
