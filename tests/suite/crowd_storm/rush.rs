//! The rush itself: viewers who do not give up, and what kills the nodes under them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::Size;
use crate::harness::server::TestServer;
use crate::harness::viewers::{JSON, Viewer};
use crate::harness::{http, night, until};
use crate::money_storm::fate::Luck;
use crate::postgres::TestDatabase;

/// Coins of a viewer at the start, more than anybody spends.
pub const GRANT: i64 = 100_000;
/// What was not answered is sent again after this.
const AGAIN: Duration = Duration::from_millis(40);
const SOON: Duration = Duration::from_secs(20);
const EVENT: &str = "storm-night";

/// Where the ladder's steps are: they come thick at first.
pub fn steps() -> impl Iterator<Item = i64> {
    (1..=40).map(|step| step * step * 60)
}

fn night() -> String {
    let text = format!(
        "[[events]]\nslug = \"{EVENT}\"\ntitle = \"Storm Night\"\nstarts_at = \"2026-12-05T19:00:00+07:00\"\n\
         status = \"published\"\n[[events.fights]]\nnumber = 1\nred = \"Ari\"\nblue = \"Budi\"\n[[events.polls]]\n\
         code = \"winner\"\nquestion = \"Siapa menang?\"\noptions = [\"Ari\", \"Budi\"]\ncoins_per_vote = 2\n\
         max_votes_per_viewer = 100000\nstatus = \"open\"\n"
    );
    let step = |coins| format!("[[events.milestones]]\ncoins = {coins}\ntitle = \"Ronde {coins}\"\n");
    [text].into_iter().chain(steps().map(step)).collect()
}

/// What was sent, and how it was answered.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub supports: i64,
    pub votes: i64,
    pub support_coins: i64,
    pub vote_coins: i64,
    /// What givers were told their supports are numbered.
    pub numbers: Vec<i64>,
    pub tries: usize,
    pub answers: usize,
    pub kills: usize,
}

/// The nodes, and who is there.
pub struct Night {
    pub nodes: Vec<TestServer>,
    viewers: Vec<Viewer>,
    poll: String,
    options: Vec<String>,
}

impl Night {
    pub async fn open(db: &TestDatabase, size: Size) -> Self {
        let overrides = format!("{}[superchat]\nsupports_per_minute = 100000\n", db.overrides());
        let mut nodes: Vec<TestServer> = (0..size.nodes).map(|_| TestServer::prepare(&overrides)).collect();
        nodes[0].migrate();
        night::apply(&nodes[0], &night());
        for node in &mut nodes {
            // A node that is killed leaves things that the next one speaks of.
            for words in ["database", "outbox", "heartbeat"] {
                node.allow(words);
            }
            node.serve().await;
        }
        let mut viewers = Vec::new();
        for number in 1..=size.viewers {
            let viewer = Viewer::register(&nodes[0], number).await;
            let coins = GRANT.to_string();
            let grant = ["coins", "grant", "--phone", &viewer.phone, "--coins", &coins, "--reason", "a storm"];
            nodes[0].cli_ok(&grant);
            viewers.push(viewer);
        }
        let url = nodes[0].url(&format!("/api/v1/events/{EVENT}/polls"));
        let poll = until("the poll is shown", SOON, async || {
            let told = http::get(&url).await;
            Some(told.json()["polls"][0].clone()).filter(|poll| told.status == 200 && poll.is_object())
        })
        .await;
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let options = poll["options"].as_array().expect("answers").iter().map(|one| text(&one["id"])).collect();
        Self { nodes, viewers, poll: text(&poll["id"]), options }
    }

    /// Sends everything until it is answered, while nodes are killed; returns when all is sent.
    pub async fn rage(&mut self, size: Size, seed: u64) -> Tally {
        let storm = Arc::new(Storm {
            nodes: self.nodes.iter().map(|node| node.url("")).collect(),
            votes: format!("/api/v1/polls/{}/votes", self.poll),
            options: self.options.clone(),
            tally: Mutex::default(),
            done: AtomicUsize::default(),
        });
        let tasks = TaskTracker::new();
        let sending: Vec<_> = (seed..)
            .zip(&self.viewers)
            .map(|(number, viewer)| {
                let (storm, viewer) = (storm.clone(), viewer.clone());
                tasks.spawn(async move { storm.spend(&viewer, size.requests, Luck::new(number * 977)).await })
            })
            .collect();
        let total = usize::try_from(size.viewers * size.requests).expect("few");
        let mut luck = Luck::new(seed);
        for kill in 1..=size.kills {
            // Spread over the storm, each at a moment of its own.
            let after = total * kill / (size.kills + 1) + usize::try_from(luck.below(10)).expect("few");
            until("so much is sent", Duration::from_secs(600), async || {
                let all_ended = sending.iter().all(tokio::task::JoinHandle::is_finished);
                (storm.done.load(Ordering::SeqCst) >= after || all_ended).then_some(())
            })
            .await;
            let at = usize::try_from(luck.below(u64::try_from(size.nodes).expect("few"))).expect("few");
            self.nodes[at].sigkill();
            storm.tally.lock().expect("no panic").kills += 1;
            self.nodes[at].serve().await;
        }
        for one in sending {
            one.await.expect("everything is sent");
        }
        let tally = storm.tally.lock().expect("no panic");
        tally.clone()
    }
}

struct Storm {
    /// Their addresses.
    nodes: Vec<String>,
    /// Where one votes.
    votes: String,
    options: Vec<String>,
    tally: Mutex<Tally>,
    /// Requests that were answered.
    done: AtomicUsize,
}

impl Storm {
    /// Everything that one viewer sends, and then all of it again.
    async fn spend(&self, viewer: &Viewer, requests: u32, mut luck: Luck) {
        let mut sent = Vec::new();
        for number in 0..requests {
            let key = format!("k{number}");
            let coins = 2 * (1 + i64::try_from(luck.below(20)).expect("few"));
            let (path, body) = if luck.percent(50) {
                let option = &self.options[usize::try_from(luck.below(2)).expect("two")];
                (self.votes.clone(), json!({ "option_id": option, "coins": coins }))
            } else {
                let mut body = json!({ "coins": coins });
                if coins >= 20 {
                    body["message"] = json!(format!("Ayo {number}!"));
                }
                (format!("/api/v1/events/{EVENT}/supports"), body)
            };
            let answer = self.insist(viewer, &path, &key, &body, &mut luck).await;
            self.count(&answer, coins, path == self.votes);
            self.done.fetch_add(1, Ordering::SeqCst);
            if luck.percent(20) {
                assert_eq!(self.insist(viewer, &path, &key, &body, &mut luck).await, answer, "{key}, at once again");
            }
            sent.push((path, key, body, answer));
        }
        for (path, key, body, answer) in sent {
            assert_eq!(self.insist(viewer, &path, &key, &body, &mut luck).await, answer, "{key}, in the end again");
        }
    }

    fn count(&self, answer: &Value, coins: i64, is_vote: bool) {
        let mut tally = self.tally.lock().expect("no panic");
        if is_vote {
            assert_eq!((&answer["votes"], &answer["charged_coins"]), (&json!(coins / 2), &json!(coins)));
            tally.votes += 1;
            tally.vote_coins += coins;
        } else {
            tally.supports += 1;
            tally.support_coins += coins;
            tally.numbers.push(answer["seq"].as_i64().expect("a number: nothing is held"));
        }
    }

    /// Sends a request to one node or another until it is answered.
    async fn insist(&self, viewer: &Viewer, path: &str, key: &str, body: &Value, luck: &mut Luck) -> Value {
        loop {
            let at = usize::try_from(luck.below(u64::try_from(self.nodes.len()).expect("few"))).expect("few");
            let url = format!("{}{path}", self.nodes[at]);
            let headers = [("cookie", viewer.cookie.as_str()), JSON, ("idempotency-key", key)];
            self.tally.lock().expect("no panic").tries += 1;
            match http::try_send(Method::POST, &url, &headers, body.to_string()).await {
                Ok(answer) if answer.status == 200 => {
                    self.tally.lock().expect("no panic").answers += 1;
                    return answer.json();
                }
                // The node is starting, or has just been killed.
                Ok(answer) if answer.status == 503 => {}
                Ok(answer) => panic!("{key}: {} {}", answer.status, answer.text()),
                Err(_) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
