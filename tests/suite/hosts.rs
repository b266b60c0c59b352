//! Under which names the API answers beside `hosts.api`: those of the nodes, and the bare address a media server uses.

use hyper::Method;

use crate::harness::http;
use crate::harness::night::{self, KEY};

const HOSTS: &str = "[hosts]\nsite = \"baku.test\"\napi = \"api.baku.test\"\n";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_node_answers_the_api_under_its_own_name_too() {
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let nodes = "[cluster]\nnodes = [\"https://node-1.baku.test\", \"https://node-2.baku.test:8443\"]\n";
    let mut server = night::prepare(&format!("[server]\nsecret_key = \"{key}\"\n{HOSTS}{nodes}"));
    server.serve().await;
    let status = async |path: &str, host: &str| {
        http::send(Method::GET, &server.url(path), &[("host", host)], "").await.status.as_u16()
    };
    for host in ["api.baku.test", "node-1.baku.test", "node-2.baku.test:8443"] {
        assert_eq!(status("/api/v1/events", host).await, 200, "{host}");
        assert_eq!(status("/", host).await, 404, "{host}");
    }
    for host in ["baku.test", "node-3.baku.test", "127.0.0.1"] {
        assert_eq!(status("/api/v1/events", host).await, 404, "{host}");
    }
}

/// nginx-rtmp and MediaMTX call `http://127.0.0.1:8080/…` and cannot say another host.
#[tokio::test]
async fn a_media_server_may_ask_by_the_bare_address() {
    let mut server = night::prepare(HOSTS);
    server.serve().await;
    let url = server.url("/api/v1/hooks/ingest");
    let hook = async |host: &str| {
        http::send(Method::POST, &url, &[FORM, ("host", host)], format!("call=publish&name={KEY}"))
            .await
            .status
            .as_u16()
    };
    for host in ["127.0.0.1:8080", "10.0.0.5", "[::1]:8080", "localhost:8080", "api.baku.test"] {
        assert_eq!(hook(host).await, 200, "{host}");
    }
    for host in ["baku.test", "evil.test", "127.0.0.1.evil.test", ""] {
        assert_eq!(hook(host).await, 404, "{host}");
    }
}
