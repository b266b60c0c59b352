//! `/metrics` as Prometheus reads it.

use std::time::Duration;

use crate::harness::{http, night, until};

#[tokio::test]
async fn what_is_counted_before_the_first_request_is_told_with_its_help() {
    let (door, port) = night::door();
    let server = night::serve(&door).await;
    let guest = std::net::TcpStream::connect(("127.0.0.1", port)).expect("the door");
    let told = until("the guest is counted", Duration::from_secs(5), async || {
        let told = http::get(&server.url("/metrics")).await.text().to_owned();
        told.contains("\nbakuhantam_ingest_connections 1\n").then_some(told)
    })
    .await;
    let families: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(families.contains(&"bakuhantam_http_requests_total"), "{told}");
    for family in families {
        assert!(told.contains(&format!("# HELP {family} ")), "{family} has no help:\n{told}");
    }
    drop(guest);
}
