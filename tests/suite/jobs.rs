//! Durable jobs, on both databases: each is one taker's at a time, and none is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bakuhantam::clock::{Clock as _, ManualClock, Micros, SharedClock, SystemClock};
use bakuhantam::ids::{RowId, SharedRandom, SystemRandom};
use bakuhantam::jobs::{self, Job, LEASE_MS, Next, Runner, Standing, Work};
use bakuhantam::store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness::until;
use crate::postgres::on_both_databases;

const SOON: Duration = Duration::from_secs(20);
const NOW: Micros = Micros(1_800_000_000_000_000);

fn id() -> RowId {
    RowId::new(NOW, &SystemRandom::default())
}

async fn enqueue(store: &Store, reference: &str, at: Micros) {
    let (id, reference) = (id(), reference.to_owned());
    store.write(move |conn| jobs::enqueue(conn, &id, "test", &reference, at)).await.expect("a job");
}

async fn take(store: &Store, now: Micros) -> Vec<Job> {
    store.write(move |conn| jobs::take(conn, &["test"], now, 100)).await.expect("jobs")
}

async fn take_one(store: &Store, reference: &str, now: Micros) -> Option<Job> {
    let (id, reference) = (id(), reference.to_owned());
    store.write(move |conn| jobs::take_one(conn, &id, "test", &reference, now)).await.expect("a look")
}

async fn done(store: &Store, job: &Job) {
    let job = job.clone();
    store.write(move |conn| jobs::done(conn, &job)).await.expect("an end");
}

async fn again_at(store: &Store, job: &Job, at: Micros) {
    let job = job.clone();
    store.write(move |conn| jobs::again_at(conn, &job, at)).await.expect("another time");
}

async fn run_at(store: &Store, reference: &str) -> Option<Micros> {
    let reference = reference.to_owned();
    store.read(move |conn| jobs::find_run_at(conn, "test", &reference)).await.expect("a look")
}

on_both_databases! {
    async fn a_job_asked_for_twice_is_one_at_the_earlier_time(db) {
        let store = db.migrated();
        enqueue(&store, "a", NOW.plus_ms(5_000)).await;
        enqueue(&store, "a", NOW.plus_ms(1_000)).await;
        enqueue(&store, "a", NOW.plus_ms(9_000)).await;
        assert_eq!(run_at(&store, "a").await, Some(NOW.plus_ms(1_000)));
        assert!(take(&store, NOW.plus_ms(999)).await.is_empty(), "it is not due");
        let taken = take(&store, NOW.plus_ms(1_000)).await;
        assert_eq!(taken.len(), 1);
        assert_eq!((taken[0].reference.as_str(), taken[0].tries), ("a", 1));
        done(&store, &taken[0]).await;
        assert_eq!(run_at(&store, "a").await, None, "it is gone");
    }

    async fn a_taken_job_is_nobody_elses_until_its_lease_ends(db) {
        let store = db.migrated();
        enqueue(&store, "a", NOW).await;
        let first = take(&store, NOW).await.pop().expect("a job");
        assert!(take(&store, NOW.plus_ms(LEASE_MS - 1)).await.is_empty());
        assert_eq!(take_one(&store, "a", NOW.plus_ms(LEASE_MS - 1)).await, None);
        // Its taker has crashed.
        let second = take(&store, NOW.plus_ms(LEASE_MS)).await.pop().expect("the job");
        assert_eq!(second.tries, 2);
        // It had not: what it says now is not heard any more.
        done(&store, &first).await;
        again_at(&store, &first, NOW).await;
        assert!(take(&store, NOW.plus_ms(LEASE_MS + 1)).await.is_empty(), "it is the second's");
        done(&store, &second).await;
        assert_eq!(run_at(&store, "a").await, None);
    }

    async fn who_asks_while_a_job_is_done_gets_it_done_once_more(db) {
        let store = db.migrated();
        enqueue(&store, "a", NOW).await;
        let job = take(&store, NOW).await.pop().expect("a job");
        enqueue(&store, "a", NOW.plus_ms(10)).await;
        done(&store, &job).await;
        assert_eq!(run_at(&store, "a").await, Some(NOW.plus_ms(10)), "it stays");
        let job = take(&store, NOW.plus_ms(10)).await.pop().expect("the job");
        enqueue(&store, "a", NOW.plus_ms(20)).await;
        again_at(&store, &job, NOW.plus_ms(90_000)).await;
        assert_eq!(run_at(&store, "a").await, Some(NOW.plus_ms(20)), "the earlier time");
        // The twin: nobody asks.
        let job = take(&store, NOW.plus_ms(20)).await.pop().expect("the job");
        again_at(&store, &job, NOW.plus_ms(90_000)).await;
        assert_eq!(run_at(&store, "a").await, Some(NOW.plus_ms(90_000)));
        let job = take(&store, NOW.plus_ms(90_000)).await.pop().expect("the job");
        done(&store, &job).await;
        assert_eq!(run_at(&store, "a").await, None);
    }

    async fn one_job_is_taken_before_its_time_or_made(db) {
        let store = db.migrated();
        enqueue(&store, "a", NOW.plus_ms(90_000)).await;
        let job = take_one(&store, "a", NOW).await.expect("the job");
        assert_eq!(take_one(&store, "a", NOW.plus_ms(1)).await, None, "somebody has it");
        done(&store, &job).await;
        assert_eq!(run_at(&store, "a").await, None, "a refused taker has not asked for it");
        assert!(take_one(&store, "b", NOW).await.is_some(), "there was none");
    }

    async fn many_takers_at_once_never_share_a_job(db) {
        let store = db.migrated();
        for number in 0..60 {
            enqueue(&store, &number.to_string(), NOW).await;
        }
        let takers = (0..12).map(|_| {
            // Each as a process of its own would, with connections of its own.
            let store = db.open();
            async move {
                let mut mine = Vec::new();
                loop {
                    let some = store.write(move |conn| jobs::take(conn, &["test"], NOW, 3)).await;
                    let some: Vec<Job> = some.expect("jobs");
                    if some.is_empty() {
                        return mine;
                    }
                    mine.extend(some.into_iter().map(|job| job.reference));
                }
            }
        });
        let taken = futures_util::future::join_all(takers).await;
        let mut counts: HashMap<String, u32> = HashMap::new();
        taken.into_iter().flatten().for_each(|reference| *counts.entry(reference).or_default() += 1);
        // One that another taker looked at in that moment may be passed over: it is still there then.
        for job in take(&store, NOW).await {
            *counts.entry(job.reference).or_default() += 1;
        }
        assert_eq!(counts.len(), 60);
        assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    }

    async fn two_runners_do_each_job_once_and_the_standing_ones_for_ever(db) {
        let store = db.migrated();
        let clock: SharedClock = Arc::new(SystemClock);
        let random: SharedRandom = Arc::new(SystemRandom::default());
        let work = Arc::new(Counting::default());
        let (tracker, stopping) = (TaskTracker::new(), CancellationToken::new());
        for number in 0..50 {
            let (id, at) = (id(), clock.now());
            store.write(move |conn| jobs::enqueue(conn, &id, "once", &number.to_string(), at)).await.expect("a job");
        }
        for _ in 0..2 {
            let runner = Runner::new(&db.open(), &clock, &random, work.clone(), Duration::from_millis(20));
            runner.start(std::future::ready(()), &tracker, stopping.clone());
        }
        until("all is done", SOON, async || {
            (work.once.load(Ordering::SeqCst) == 50 && work.standing.load(Ordering::SeqCst) >= 3).then_some(())
        })
        .await;
        stopping.cancel();
        tracker.close();
        tokio::time::timeout(SOON, tracker.wait()).await.expect("the runners stop");
        assert_eq!(work.once.load(Ordering::SeqCst), 50);
        assert_eq!(work.beside.load(Ordering::SeqCst), 0, "a standing job ran beside itself");
        let left = store.read(|conn| {
            let standing = jobs::find_run_at(conn, "standing", "all")?;
            Ok::<_, StoreError>((standing, jobs::find_run_at(conn, "once", "7")?))
        });
        assert!(matches!(left.await.expect("a look"), (Some(_), None)));
    }
}

/// Counts what it is asked to do.
#[derive(Debug, Default)]
struct Counting {
    once: AtomicU64,
    standing: AtomicU64,
    inside: AtomicI64,
    beside: AtomicU64,
}

#[async_trait]
impl Work for Counting {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["once", "standing"]
    }

    fn standing(&self) -> Vec<Standing> {
        vec![Standing { kind: "standing", reference: "all" }]
    }

    async fn run(&self, job: &Job) -> Next {
        if job.kind == "once" {
            self.once.fetch_add(1, Ordering::SeqCst);
            return Next::Done;
        }
        if self.inside.fetch_add(1, Ordering::SeqCst) > 0 {
            self.beside.fetch_add(1, Ordering::SeqCst);
        }
        tokio::task::yield_now().await;
        self.inside.fetch_sub(1, Ordering::SeqCst);
        self.standing.fetch_add(1, Ordering::SeqCst);
        Next::At(SystemClock.now().plus_ms(10))
    }
}

/// A stop gives back what is being done: the next node need not wait for the lease.
#[tokio::test]
async fn a_stop_gives_jobs_back_at_once() {
    #[derive(Debug)]
    struct Endless;
    #[async_trait]
    impl Work for Endless {
        fn kinds(&self) -> Vec<&'static str> {
            vec!["test"]
        }
        fn standing(&self) -> Vec<Standing> {
            Vec::new()
        }
        async fn run(&self, _: &Job) -> Next {
            std::future::pending().await
        }
    }

    let db = crate::postgres::TestDatabase::sqlite();
    let store = db.migrated();
    let clock: SharedClock = Arc::new(ManualClock::at(NOW));
    let random: SharedRandom = Arc::new(SystemRandom::default());
    enqueue(&store, "a", NOW).await;
    let (tracker, stopping) = (TaskTracker::new(), CancellationToken::new());
    let runner = Runner::new(&store, &clock, &random, Arc::new(Endless), Duration::from_millis(10));
    runner.start(std::future::ready(()), &tracker, stopping.clone());
    until("it is taken", SOON, async || (run_at(&store, "a").await != Some(NOW)).then_some(())).await;
    stopping.cancel();
    tracker.close();
    tokio::time::timeout(Duration::from_secs(5), tracker.wait()).await.expect("it stops");
    assert_eq!(take(&store, NOW).await.len(), 1, "it is due at once");
}

/// A bug in one job is that job's alone: the runner goes on, and tries it again.
#[tokio::test]
async fn a_job_that_panics_does_not_end_the_others() {
    #[derive(Debug, Default)]
    struct Panicking(AtomicU64);
    #[async_trait]
    impl Work for Panicking {
        fn kinds(&self) -> Vec<&'static str> {
            vec!["test"]
        }
        fn standing(&self) -> Vec<Standing> {
            Vec::new()
        }
        async fn run(&self, job: &Job) -> Next {
            assert!(job.reference != "bad", "a bug");
            self.0.fetch_add(1, Ordering::SeqCst);
            Next::Done
        }
    }

    let db = crate::postgres::TestDatabase::sqlite();
    let store = db.migrated();
    let clock: SharedClock = Arc::new(ManualClock::at(NOW));
    let random: SharedRandom = Arc::new(SystemRandom::default());
    enqueue(&store, "bad", NOW.plus_ms(-1)).await;
    let work = Arc::new(Panicking::default());
    let (tracker, stopping) = (TaskTracker::new(), CancellationToken::new());
    let runner = Runner::new(&store, &clock, &random, work.clone(), Duration::from_millis(10));
    runner.start(std::future::ready(()), &tracker, stopping.clone());
    until("the bad one waits for another try", SOON, async || {
        (run_at(&store, "bad").await? == NOW.plus_ms(5_000)).then_some(())
    })
    .await;
    enqueue(&store, "good", NOW).await;
    until("the good one is done", SOON, async || (work.0.load(Ordering::SeqCst) == 1).then_some(())).await;
    stopping.cancel();
    tracker.close();
    tokio::time::timeout(SOON, tracker.wait()).await.expect("the runner stops");
}
