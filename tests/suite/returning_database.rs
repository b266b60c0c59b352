//! A database that is away at the start, and what is found when it is back: it is judged before anyone uses it.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use serde_json::Value;

use crate::harness::night::{self, event, event_that};
use crate::harness::server::TestServer;
use crate::harness::{http, until};

const SOON: Duration = Duration::from_secs(10);
/// Longer than the mirror needs to follow a database that is back.
const LONG_ENOUGH: Duration = Duration::from_secs(3);

async fn health(server: &TestServer) -> Value {
    http::get(&server.url("/health")).await.json()
}

/// A server that has known the night and starts again while its database cannot be read.
async fn away() -> TestServer {
    let mut server = night::serve("").await;
    server.stop();
    server.allow("the database is away").allow("cannot be read").allow("is not to be used");
    put(&server, b"this is no database, and it is long enough to be looked at by whoever opens it as one");
    server.serve().await;
    assert_eq!(event(&server, "island-fight").await["title"], "Island Fight", "the mirror holds");
    until("health tells of it", SOON, async || (health(&server).await["status"] == "degraded").then_some(())).await;
    server
}

/// Puts bytes in the database's place.
fn put(server: &TestServer, bytes: &[u8]) {
    let file = server.data().join("bakuhantam.db");
    for beside in ["bakuhantam.db-wal", "bakuhantam.db-shm"] {
        drop(std::fs::remove_file(server.data().join(beside)));
    }
    let new = server.data().join("bakuhantam.db.new");
    std::fs::write(&new, bytes).expect("a file");
    std::fs::rename(new, file).expect("a file");
}

/// A server's database as one file, without what is still in its log.
fn whole(server: &TestServer) -> Vec<u8> {
    let (file, copy) = (server.data().join("bakuhantam.db"), server.data().join("copy.db"));
    let mut conn = SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("a database");
    conn.batch_execute(&format!("VACUUM INTO '{}'", copy.display())).expect("a copy");
    std::fs::read(copy).expect("a copy")
}

/// The picture's door and the pages go by the mirror: it must not follow a database that is not ours.
async fn is_left_alone(server: &TestServer) {
    let begun = Instant::now();
    while begun.elapsed() < LONG_ENOUGH {
        assert_eq!(event(server, "island-fight").await["title"], "Island Fight");
        let health = health(server).await;
        assert_eq!(
            (&health["status"], &health["checks"]["database"]["status"]),
            (&"degraded".into(), &"failing".into())
        );
    }
}

#[tokio::test]
async fn a_database_of_another_key_is_said_and_not_followed() {
    let mut other = TestServer::prepare("");
    other.migrate();
    other.serve().await;
    other.stop();
    let foreign = whole(&other);

    let server = away().await;
    put(&server, &foreign);
    let said = server.wait_for_log("is not to be used", SOON);
    assert!(said.contains("server.secret_key") && said.contains("ERROR"), "{said}");
    is_left_alone(&server).await;
}

#[tokio::test]
async fn an_older_schema_is_said_and_used_once_it_is_migrated() {
    let server = away().await;
    put(&server, b"");
    let said = server.wait_for_log("is not to be used", SOON);
    assert!(said.contains("bakuhantam migrate up"), "{said}");
    is_left_alone(&server).await;

    server.migrate();
    night::apply(&server, &night::night().replace("Island Fight", "Island Fight II"));
    let _seen =
        event_that(&server, "island-fight", "the new title", SOON, |event| event["title"] == "Island Fight II").await;
    until("all is well", SOON, async || (health(&server).await["status"] == "ok").then_some(())).await;
}
