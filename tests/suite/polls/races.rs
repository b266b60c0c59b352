//! Votes that meet a close, an end, and each other.

use bakuhantam::store::StoreError;
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::*;

/// One number of the database.
async fn number(db: &TestDatabase, sql: &'static str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct N {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let store = db.open();
    let one = store.read(move |conn| Ok::<_, StoreError>(diesel::sql_query(sql).get_result::<N>(conn)?.n));
    one.await.expect("a number")
}

/// More than a viewer of a rush can spend; the poll takes as many votes.
const RUSH_COINS: i64 = 1_000_000;
/// What is said where more is asked than the machine can do.
const BUSY: &str = "the database is away";
const VOTES: &str = "SELECT CAST(COALESCE(SUM(coins), 0) AS BIGINT) AS n FROM votes";
const DEBITS: &str = "SELECT CAST(COALESCE(-SUM(coins), 0) AS BIGINT) AS n FROM coin_ledger WHERE type = 'vote'";

/// Ten viewers who vote on five lines each without pause, so that fifty votes fly at any time, until the poll is closed.
struct Rush {
    crowd: Vec<Viewer>,
    lines: Vec<JoinHandle<i64>>,
}

impl Rush {
    async fn begin(server: &TestServer, booth: &Booth) -> Self {
        let mut crowd = Vec::new();
        for number in 1..=10 {
            crowd.push(with_coins(server, number, RUSH_COINS).await);
        }
        let (tasks, mut lines) = (TaskTracker::new(), Vec::new());
        for (line, viewer) in (0..5).flat_map(|line| crowd.iter().map(move |viewer| (line, viewer.clone()))) {
            let booth = booth.clone();
            lines.push(tasks.spawn(async move {
                let mut taken = 0_i64;
                loop {
                    let answer = booth.vote(&viewer, line % 2, 1, &format!("k{line}-{taken}")).await;
                    match answer.status.as_u16() {
                        200 => taken += 1,
                        // More than this machine can do: the same again, under its key.
                        503 => tokio::task::yield_now().await,
                        _ => {
                            is_refused(&answer, 409, "polls.closed");
                            return taken;
                        }
                    }
                }
            }));
        }
        Self { crowd, lines }
    }

    /// How many votes were answered, once all lines were told that it is over.
    async fn end(&mut self) -> i64 {
        join_all(self.lines.drain(..)).await.into_iter().map(|taken| taken.expect("no panic")).sum()
    }
}

async fn close_while_votes_fly(db: &TestDatabase, close: &[&str]) {
    let mut server = serve(db).await;
    server.allow(BUSY);
    let booth = booth(&server, "round").await;
    let mut rush = Rush::begin(&server, &booth).await;
    until("votes are taken", SOON, async || (number(db, VOTES).await >= 60).then_some(())).await;
    tokio::task::block_in_place(|| server.cli_ok(close));
    let taken_at_close = number(db, VOTES).await;
    let taken = rush.end().await;
    println!("{taken} votes were answered, {taken_at_close} were there when the close was");
    assert_eq!(taken_at_close, taken, "none came after it");
    assert_eq!((number(db, VOTES).await, number(db, DEBITS).await), (taken, taken));
    let mut left = 0;
    for viewer in &rush.crowd {
        left += viewer.coins().await;
    }
    assert_eq!(left, 10 * RUSH_COINS - taken);
    is_refused(&booth.vote(&rush.crowd[0], 0, 1, "late").await, 409, "polls.closed");
    let poll = poll_that(&server, "round", "it is shown closed", |poll| poll["status"] == "closed").await;
    assert_eq!(counts(&poll).iter().map(|(votes, _)| votes).sum::<i64>(), taken);
    books_balance(&server);
}

on_both_databases! {
    async fn none_is_taken_after_a_close(db) {
        close_while_votes_fly(&db, &["poll", "close", "poll-night", "round"]).await;
    }

    async fn none_is_taken_after_the_end_of_the_event(db) {
        close_while_votes_fly(&db, &["event", "end", "poll-night"]).await;
    }

    /// The file's only writer never rests here. A command waits for its turn, and is not told that the file is locked.
    async fn a_command_is_carried_out_beside_a_server_that_writes_without_pause(db) {
        let mut server = serve(&db).await;
        server.allow(BUSY);
        let booth = booth(&server, "round").await;
        let mut rush = Rush::begin(&server, &booth).await;
        let phone = rush.crowd[0].phone.clone();
        let before = until("votes are taken", SOON, async || {
            let taken = number(&db, VOTES).await;
            (taken >= 60).then_some(taken)
        })
        .await;
        for round in ["1", "2", "3", "4", "5"] {
            let grant = ["coins", "grant", "--phone", &phone, "--coins", "1", "--reason", round];
            tokio::task::block_in_place(|| server.cli_ok(&grant));
        }
        assert!(number(&db, VOTES).await > before, "others wrote meanwhile");
        tokio::task::block_in_place(|| server.cli_ok(&["poll", "close", "poll-night", "round"]));
        assert!(rush.end().await > before);
        books_balance(&server);
    }

    async fn the_maximum_holds_however_many_come_at_once(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 1_000).await;
        let booth = booth(&server, "winner").await;
        let keys: Vec<String> = (0..40).map(|number| format!("k{number}")).collect();
        let answers = join_all(keys.iter().enumerate().map(|(at, key)| booth.vote(&ari, at % 3, 15, key))).await;
        let taken = answers.iter().filter(|answer| answer.status == 200).count();
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            is_refused(answer, 409, "polls.too_many_votes");
        }
        // Three votes at a time into ten: a fourth time does not fit, and one more vote does.
        assert_eq!((taken, ari.coins().await), (3, 955));
        is_taken(&booth.vote(&ari, 0, 5, "last").await, (1, 0, 5, 950));
        assert_eq!((number(&db, VOTES).await, number(&db, DEBITS).await), (50, 50));
        books_balance(&server);
    }

    async fn coins_are_spent_once_however_many_votes_want_them(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 12).await;
        let booth = booth(&server, "round").await;
        let keys: Vec<String> = (0..30).map(|number| format!("k{number}")).collect();
        let answers = join_all(keys.iter().map(|key| booth.vote(&ari, 0, 5, key))).await;
        let taken = answers.iter().filter(|answer| answer.status == 200).count();
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            is_refused(answer, 409, "ledger.insufficient_coins");
        }
        assert_eq!((taken, ari.coins().await, number(&db, VOTES).await), (2, 2, 10));
        books_balance(&server);
    }

    /// Somebody who writes past the room is stopped by the database itself.
    async fn the_database_refuses_what_the_room_would(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let booth = booth(&server, "winner").await;
        is_taken(&booth.vote(&ari, 0, 5, "k").await, (1, 9, 5, 95));
        server.cli_ok(&["poll", "close", "poll-night", "winner"]);
        let vote = |code: &str, id: &str, coins: i64| {
            format!(
                "INSERT INTO votes (id, poll_id, option_id, account_id, votes, coins, at) \
                 SELECT '{id}', p.id, o.id, '{}', 1, {coins}, 1 FROM polls p JOIN events e ON e.id = p.event_id \
                 JOIN poll_options o ON o.poll_id = p.id \
                 WHERE e.slug = 'poll-night' AND p.code = '{code}' AND o.position = 1",
                ari.id
            )
        };
        let store = db.open();
        let run = async |sql: String| store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(&sql)?)).await;
        let wrong = [
            "UPDATE votes SET coins = 1".to_owned(),
            "DELETE FROM votes".to_owned(),
            vote("winner", "01J00000000000000000000VTE1", 1),
            "DELETE FROM polls".to_owned(),
        ];
        for sql in wrong {
            let done = run(sql.clone()).await;
            assert!(done.is_err(), "{sql}");
        }
        // What the room did not book is found, whichever side of it is missing.
        run(vote("round", "01J00000000000000000000VTE2", 1)).await.expect("the poll is open");
        let account: bakuhantam::ids::AccountId = ari.id.parse().expect("an id");
        let book = async |coins: i64, vote: &str| {
            let posting = crate::ledger::books::posting(&account, bakuhantam::ledger::Kind::Vote, coins, vote);
            crate::ledger::books::post(&store, &posting).await.expect("booked");
        };
        book(-7, "no-such-vote").await;
        let found = server.cli(&["ledger", "verify"]);
        let said = String::from_utf8(found.stdout).expect("UTF-8");
        assert_eq!(found.status.code(), Some(1), "{said}");
        assert!(said.contains("vote 01J00000000000000000000VTE2: -1 coins"), "{said}");
        assert!(said.contains("vote no-such-vote: -7 coins") && said.contains("there is no vote for it"), "{said}");
        assert!(said.contains("2 things are wrong"), "{said}");
        // The twin: with both sides there the books are right.
        book(-1, "01J00000000000000000000VTE2").await;
        run(vote("round", "no-such-vote", 7)).await.expect("the poll is open");
        books_balance(&server);
    }
}
