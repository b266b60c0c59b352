//! The real nginx with the shipped cache configuration.

use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{http, ports, program, until};

const SHIPPED: &str = include_str!("../../../deploy/nginx-cdn.conf");

/// nginx as the CDN in front of an origin; killed when dropped.
#[derive(Debug)]
pub struct NginxCdn {
    child: Child,
    folder: TempDir,
    address: SocketAddr,
}

impl NginxCdn {
    /// Starts it with `deploy/nginx-cdn.conf`, in which only addresses and the cache's folder are changed.
    pub async fn before(origin: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().to_str().expect("UTF-8").to_owned();
        let address = SocketAddr::from(([127, 0, 0, 1], ports::free()));
        let change = |text: String, from: &str, to: &str| {
            assert!(text.contains(from), "deploy/nginx-cdn.conf has \"{from}\"");
            text.replace(from, to)
        };
        let shipped = change(SHIPPED.to_owned(), "server 127.0.0.1:8080;", &format!("server {origin};"));
        let shipped = change(shipped, "listen 8081;", &format!("listen {address};"));
        let shipped = change(shipped, "/var/cache/nginx/", &format!("{home}/"));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {home}/{name};\n"))
            .concat();
        let whole = format!(
            "daemon off;\nmaster_process off;\npid {home}/pid;\nerror_log {home}/error.log;\n\
             events {{ worker_connections 4096; }}\nhttp {{\n{temporary}{shipped}}}\n"
        );
        std::fs::write(folder.path().join("nginx.conf"), whole).expect("a configuration");
        let child = program("nginx", "nginx")
            .args(["-p", &home, "-e", &format!("{home}/error.log"), "-c", &format!("{home}/nginx.conf")])
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let mut nginx = Self { child, folder, address };
        until("nginx answers", Duration::from_secs(10), async || {
            let ended = nginx.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "nginx stopped:\n{}", nginx.errors());
            http::try_send(hyper::Method::GET, &format!("http://{address}/"), &[], "").await.ok()
        })
        .await;
        nginx
    }

    /// The address of a key.
    pub fn url(&self, key: &str) -> String {
        format!("http://{}/media/{key}", self.address)
    }

    /// What it has complained of.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for NginxCdn {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
