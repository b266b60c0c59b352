//! The ports: free, or held by our own `serve`.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use super::super::health::{probe, reachable};
use super::{Finding, Scene};

/// `server.listen`, and `ingest.listen` when the door is to be opened. Notes whether `serve` runs.
pub(super) async fn ports(scene: &mut Scene<'_>) -> Vec<Finding> {
    let config = &scene.loaded.config;
    let mut findings = Vec::new();
    let listen = config.server.listen;
    let address = format!("http://{}", reachable(listen));
    // A server that lets only named hosts in answers health all the same, or says so.
    let node = probe(&scene.fetcher, &address, Duration::from_secs(3)).await;
    scene.is_serving = node.version.is_some();
    findings.push(if scene.is_serving {
        let (name, version) = (node.node.unwrap_or_default(), node.version.unwrap_or_default());
        let says = format!("serve {version} answers at {listen} as {name}: {}", node.status);
        if node.healthy { Finding::ok("server port", says) } else { Finding::warning("server port", says) }
    } else {
        free("server port", "server.listen", listen)
    });
    if config.ingest.enabled {
        let listen = config.ingest.listen;
        let finding = free("rtmp port", "ingest.listen", listen);
        let is_ours = scene.is_serving && is_taken(listen);
        findings.push(if is_ours {
            Finding::ok("rtmp port", format!("the door is open at {listen}"))
        } else {
            finding
        });
    }
    findings
}

fn is_taken(listen: SocketAddr) -> bool {
    TcpListener::bind(listen).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

fn free(part: &'static str, key: &str, listen: SocketAddr) -> Finding {
    let Err(error) = TcpListener::bind(listen) else { return Finding::ok(part, format!("{listen} is free")) };
    let advice = match error.kind() {
        ErrorKind::AddrInUse => format!("another program has it: end that, or write another port to {key}"),
        ErrorKind::PermissionDenied => {
            format!("ports below 1024 are for root: write a higher port to {key} and put a proxy in front")
        }
        ErrorKind::AddrNotAvailable => format!("this machine has no such address: write 0.0.0.0 or its own to {key}"),
        _ => format!("write another address to {key}"),
    };
    Finding::failing(part, format!("{listen} cannot be listened on ({error}): {advice}"))
}
