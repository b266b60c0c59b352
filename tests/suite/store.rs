//! The store on both databases: transactions, the writer, migrations, the outbox tail, and a database that goes away.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use bakuhantam::clock::{Clock as _, Micros, SharedClock, SystemClock};
use bakuhantam::cluster::Bus;
use bakuhantam::config::{Database, Secret, SecretKey};
use bakuhantam::store::migrate::{self, SchemaState};
use bakuhantam::store::outbox::{self, Fact};
use bakuhantam::store::schema::node_settings;
use bakuhantam::store::{Conn, Liveness, Store, StoreError, lock};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::until;
use crate::postgres::{TestDatabase, on_both_databases};

const SOON: Duration = Duration::from_secs(10);

fn put(conn: &mut Conn, name: &str, value: &str) -> Result<(), StoreError> {
    diesel::insert_into(node_settings::table)
        .values((node_settings::name.eq(name), node_settings::value.eq(value)))
        .execute(conn)?;
    Ok(())
}

fn get(conn: &mut Conn, name: &str) -> Result<Option<String>, StoreError> {
    Ok(node_settings::table.find(name).select(node_settings::value).first(conn).optional()?)
}

async fn value(store: &Store, name: &'static str) -> Option<String> {
    store.read(move |conn| get(conn, name)).await.expect("a read")
}

async fn tell(store: &Store, kind: &'static str) {
    let now = SystemClock.now();
    store.write(move |conn| outbox::append(conn, now, None, kind, &json!({"n": 1}))).await.expect("a write");
}

/// A bus that has had its first look, and someone who listens.
async fn listen(store: &Store) -> (Receiver<Arc<Fact>>, Tail) {
    let tail = Tail(CancellationToken::new(), TaskTracker::new());
    let clock: SharedClock = Arc::new(SystemClock);
    let bus = Bus::start(store, &clock, &tail.1, &tail.0);
    let facts = bus.subscribe();
    bus.ready().await;
    (facts, tail)
}

/// Ends the tail with the test.
struct Tail(CancellationToken, TaskTracker);

impl Drop for Tail {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

async fn next(facts: &mut Receiver<Arc<Fact>>) -> Arc<Fact> {
    tokio::time::timeout(SOON, facts.recv()).await.expect("a fact in time").expect("a fact")
}

on_both_databases! {
    async fn a_write_is_kept_and_a_refused_one_is_not(db) {
        let store = db.migrated();
        store.write(|conn| put(conn, "kept", "yes")).await.expect("a write");
        let refused: Result<(), StoreError> = store
            .write(|conn| {
                put(conn, "refused", "yes")?;
                Err(StoreError::Row("refused".into()))
            })
            .await;
        assert!(matches!(refused, Err(StoreError::Row(_))), "{refused:?}");
        assert_eq!(value(&store, "kept").await.as_deref(), Some("yes"));
        assert_eq!(value(&store, "refused").await, None);
        let twice = store.write(|conn| put(conn, "kept", "again")).await;
        assert!(twice.is_err_and(|error| error.is_unique_violation()));
    }

    /// `SQLite` has no queue of its own: who waited looked again every tenth of a second, and found it taken.
    async fn another_process_has_its_turn_beside_one_that_never_rests(db) {
        let (busy, other) = (db.migrated(), db.open());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let written = Arc::new(AtomicU32::default());
        for _ in 0..50 {
            let (busy, stop, written) = (busy.clone(), stop.clone(), written.clone());
            tasks.spawn(async move {
                while !stop.is_cancelled() {
                    tell(&busy, "busy").await;
                    written.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        until("it is busy", SOON, async || (written.load(Ordering::SeqCst) > 200).then_some(())).await;
        let (before, mut waited) = (written.load(Ordering::SeqCst), Vec::new());
        for _ in 0..40 {
            let begun = Instant::now();
            tell(&other, "other").await;
            waited.push(begun.elapsed());
        }
        let meanwhile = written.load(Ordering::SeqCst) - before;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        waited.sort();
        println!("{meanwhile} writes beside 40 that waited: p50 {:?}, at most {:?}", waited[20], waited[39]);
        assert!(meanwhile >= 40, "the busy one has its turns, too: {meanwhile}");
        assert!(waited[39] < Duration::from_secs(2), "{waited:?}");
    }

    async fn reads_cannot_write(db) {
        let store = db.migrated();
        assert!(store.read(|conn| put(conn, "sneaked", "in")).await.is_err());
        assert_eq!(value(&store, "sneaked").await, None);
    }

    async fn a_read_then_a_write_counts_each_time_under_concurrency(db) {
        let store = db.migrated();
        let other_process = db.open();
        store.write(|conn| put(conn, "count", "0")).await.expect("a write");
        let tasks = TaskTracker::new();
        for caller in 0..16 {
            let store = if caller % 2 == 0 { store.clone() } else { other_process.clone() };
            tasks.spawn(async move {
                for _ in 0..20 {
                    store.write(|conn| {
                        lock(conn, "count")?;
                        let count: u32 = get(conn, "count")?.unwrap_or_default().parse().unwrap_or(0);
                        diesel::update(node_settings::table.find("count"))
                            .set(node_settings::value.eq((count + 1).to_string()))
                            .execute(conn)?;
                        Ok::<_, StoreError>(())
                    }).await.expect("a write");
                }
            });
        }
        tasks.close();
        tasks.wait().await;
        assert_eq!(value(&store, "count").await.as_deref(), Some("320"));
    }

    async fn a_panic_takes_back_its_own_write_only(db) {
        let store = db.migrated();
        let good = store.write(|conn| put(conn, "good", "1"));
        let bad = store.write(|conn| -> Result<(), StoreError> {
            put(conn, "bad", "1")?;
            panic!("planted: this panic is part of the test");
        });
        let (good, bad) = tokio::join!(good, bad);
        good.expect("the neighbour is kept");
        assert!(matches!(bad, Err(StoreError::Panicked)), "{bad:?}");
        assert_eq!(value(&store, "good").await.as_deref(), Some("1"));
        assert_eq!(value(&store, "bad").await, None);
        store.write(|conn| put(conn, "after", "1")).await.expect("the store goes on");
    }

    async fn refused_writes_take_back_their_own_rows_only_whatever_their_size(db) {
        let store = db.migrated();
        store.write(|conn| put(conn, "count", "0")).await.expect("a write");
        // More than SQLite would keep in memory of a savepoint by itself.
        let long = "x".repeat(200_000);
        let writes = (0..24_u32).map(|number| {
            let long = long.clone();
            store.write(move |conn| {
                lock(conn, "count")?;
                let count: u32 = get(conn, "count")?.unwrap_or_default().parse().unwrap_or(0);
                diesel::update(node_settings::table.find("count"))
                    .set(node_settings::value.eq((count + 1).to_string()))
                    .execute(conn)?;
                put(conn, &format!("row {number}"), &long)?;
                if number % 3 == 0 { Err(StoreError::Row("refused".into())) } else { Ok(()) }
            })
        });
        let kept: Vec<bool> = futures_util::future::join_all(writes).await.iter().map(Result::is_ok).collect();
        assert_eq!(kept, (0..24).map(|number| number % 3 != 0).collect::<Vec<_>>());
        assert_eq!(value(&store, "count").await.as_deref(), Some("16"));
        for number in 0..24_u32 {
            let name: &'static str = format!("row {number}").leak();
            assert_eq!(value(&store, name).await.is_some(), number % 3 != 0, "{name}");
        }
    }

    async fn migrations_run_from_several_nodes_at_once_and_go_down_step_by_step(db) {
        let store = db.open();
        assert_eq!(migrate::schema_state(&store).expect("a state"), SchemaState::Older);
        let said = migrate::require_current(&store).expect_err("older").to_string();
        assert!(said.contains("bakuhantam migrate up"), "{said}");
        let nodes: Vec<_> = (0..4).map(|_| {
            let store = db.open();
            std::thread::spawn(move || migrate::up(&store).expect("migrations run"))
        }).collect();
        let made: Vec<String> = nodes.into_iter().flat_map(|node| node.join().expect("a node")).collect();
        let steps = migrate::status(&store).expect("steps");
        assert_eq!(made, steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>(), "each step once");
        assert!(steps.iter().all(|step| step.applied));
        assert_eq!(migrate::schema_state(&store).expect("a state"), SchemaState::Current);

        assert_eq!(migrate::down(&store).expect("down").as_ref(), made.last());
        assert_eq!(migrate::schema_state(&store).expect("a state"), SchemaState::Older);
        while migrate::down(&store).expect("down").is_some() {}
        assert_eq!(migrate::up(&store).expect("up again"), made);
    }

    async fn a_newer_schema_is_accepted(db) {
        let store = db.migrated();
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')";
        store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(newer)?)).await.expect("a newer step");
        assert_eq!(migrate::schema_state(&store).expect("a state"), SchemaState::Newer);
        migrate::require_current(&store).expect("accepted");
        assert!(migrate::up(&store).expect("up").is_empty());
        assert!(migrate::down(&store).is_err(), "a step that is not known is not taken back");
    }

    async fn a_node_with_another_secret_key_does_not_start(db) {
        let store = db.migrated();
        store.claim_secret_key(&SecretKey::new([1; 32])).await.expect("the first key");
        store.claim_secret_key(&SecretKey::new([1; 32])).await.expect("the same key");
        let other = store.claim_secret_key(&SecretKey::new([2; 32])).await;
        let said = other.expect_err("another key").to_string();
        assert!(said.contains("server.secret_key"), "{said}");
    }

    async fn each_process_announces_a_fact_once(db) {
        let (here, there) = (db.migrated(), db.open());
        tell(&here, "before").await;
        let (mut at_home, _tail) = listen(&here).await;
        let (mut away, _other_tail) = listen(&there).await;
        let refused: Result<(), StoreError> = here.write(|conn| {
            outbox::append(conn, Micros(1), None, "refused", &json!({}))?;
            Err(StoreError::Row("refused".into()))
        }).await;
        assert!(refused.is_err());
        let begun = Instant::now();
        tell(&here, "one").await;
        assert_eq!(next(&mut at_home).await.kind, "one");
        let own = begun.elapsed();
        assert_eq!(next(&mut away).await.kind, "one");
        assert!(begun.elapsed() < Duration::from_secs(1), "within a second: {:?}", begun.elapsed());
        assert!(own < Duration::from_millis(400), "at once: {own:?}");
        tell(&there, "two").await;
        assert_eq!(next(&mut at_home).await.kind, "two");
        let two = next(&mut away).await;
        assert_eq!((two.kind.as_str(), &two.payload), ("two", &json!({"n": 1})));
        assert!(at_home.is_empty() && away.is_empty(), "each once");
    }

    async fn facts_older_than_a_day_are_removed(db) {
        let store = db.migrated();
        store.write(|conn| {
            outbox::append(conn, Micros(10), None, "old", &json!({}))?;
            outbox::append(conn, Micros(20), None, "new", &json!({}))
        }).await.expect("a write");
        assert_eq!(store.write(|conn| outbox::prune(conn, Micros(20))).await.expect("pruned"), 1);
        let left = store.read(|conn| {
            let ids = outbox::list_ids_after(conn, 0)?;
            outbox::list(conn, &ids)
        }).await.expect("facts");
        assert_eq!(left.iter().map(|fact| fact.kind.as_str()).collect::<Vec<_>>(), ["new"]);
    }

    async fn a_database_that_answers_is_up(db) {
        let store = db.migrated();
        store.check().await.expect("it answers");
        assert_eq!(store.liveness(), Liveness::Up);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_appear_out_of_order_are_announced_each_once() {
    let db = TestDatabase::postgres();
    let store = db.migrated();
    let (mut facts, _tail) = listen(&store).await;
    let now = SystemClock.now().0;
    let insert = |kind: &str| format!("INSERT INTO outbox (at, kind, payload) VALUES ({now}, '{kind}', '{{}}')");
    let mut slow = PgConnection::establish(db.url()).expect("a connection");
    slow.batch_execute(&format!("BEGIN; {}", insert("early"))).expect("an open transaction");
    tell(&store, "late").await;
    assert_eq!(next(&mut facts).await.kind, "late");
    slow.batch_execute("COMMIT").expect("commits");
    assert_eq!(next(&mut facts).await.kind, "early");
    tell(&store, "last").await;
    assert_eq!(next(&mut facts).await.kind, "last");
    assert!(facts.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writes_that_block_each_other_both_succeed() {
    let db = TestDatabase::postgres();
    let store = db.migrated();
    for name in ["a", "b"] {
        store.write(move |conn| put(conn, name, "")).await.expect("a row");
    }
    let tries = Arc::new(AtomicU32::new(0));
    let meet = Arc::new(Barrier::new(2));
    let write = |first: &'static str, second: &'static str| {
        let (tries, meet) = (Arc::clone(&tries), Arc::clone(&meet));
        store.write(move |conn| {
            for (step, name) in [first, second].into_iter().enumerate() {
                let row = node_settings::table.find(name);
                diesel::update(row).set(node_settings::value.eq(first)).execute(conn)?;
                // Each holds its first row before either asks for its second.
                if step == 0 && tries.fetch_add(1, Ordering::SeqCst) < 2 {
                    meet.wait();
                }
            }
            Ok::<_, StoreError>(())
        })
    };
    let (one, other) = tokio::join!(write("a", "b"), write("b", "a"));
    one.expect("one");
    other.expect("other");
    assert!(tries.load(Ordering::SeqCst) > 2, "one that lost ran again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_fails_fast_and_comes_back() {
    let db = TestDatabase::postgres();
    let straight = db.migrated();
    let address: url::Url = db.url().parse().expect("an address");
    let proxy = TcpProxy::to(([127, 0, 0, 1], address.port().expect("a port")).into());
    let mut through = address.clone();
    through.set_port(Some(proxy.address().port())).expect("a port");
    proxy.refuse(true);
    let config = Database { url: Secret::new(through.as_str()), ..Database::default() };
    let store = Store::open(&config).expect("opening needs no server");
    for _ in 0..3 {
        let begun = Instant::now();
        let away = store.write(|conn| put(conn, "lost", "1")).await;
        assert!(away.is_err_and(|error| error.is_unavailable()));
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    }
    assert!(store.check().await.is_err());
    assert!(matches!(store.liveness(), Liveness::Down(_)));

    proxy.refuse(false);
    until("writes go through again", SOON, async || store.write(|conn| put(conn, "back", "1")).await.ok()).await;
    assert_eq!(value(&straight, "back").await.as_deref(), Some("1"));

    // Connections that died while they were idle are not the caller's trouble.
    proxy.cut();
    assert_eq!(value(&store, "back").await.as_deref(), Some("1"));
    proxy.cut();
    store.write(|conn| put(conn, "again", "1")).await.expect("a write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_told_without_waiting() {
    let db = TestDatabase::postgres();
    let address: url::Url = db.url().parse().expect("an address");
    let proxy = TcpProxy::to(([127, 0, 0, 1], address.port().expect("a port")).into());
    let mut through = address.clone();
    through.set_port(Some(proxy.address().port())).expect("a port");
    let config = Database { url: Secret::new(through.as_str()), ..Database::default() };
    let store = Store::open(&config).expect("opening needs no server");
    store.check().await.expect("it answers");
    proxy.stall(true);
    let down = until("it is known to be away", SOON, async || {
        let begun = Instant::now();
        let liveness = store.liveness();
        assert!(begun.elapsed() < Duration::from_millis(200), "the question itself never waits");
        matches!(liveness, Liveness::Down(_)).then_some(liveness)
    })
    .await;
    assert!(matches!(down, Liveness::Down(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_there_yet_is_told_and_then_used() {
    let db = TestDatabase::sqlite();
    let store = db.open();
    let away = store.write(|conn| put(conn, "lost", "1")).await.expect_err("no file").to_string();
    assert!(away.contains("bakuhantam migrate up"), "{away}");
    assert!(store.read(|conn| get(conn, "lost")).await.is_err());
    assert!(!db.file().expect("a path").exists(), "asking does not make one");
    migrate::up(&db.open()).expect("migrations run");
    store.write(|conn| put(conn, "kept", "1")).await.expect("a write");
    until("reads go through", SOON, async || store.read(|conn| get(conn, "kept")).await.ok().flatten()).await;
}
