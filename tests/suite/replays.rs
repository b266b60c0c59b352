//! Replays by the public door: fights go off air beside a running server, and what players and pages are given then.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::harness::ffmpeg::{Ffmpeg, SMALL};
use crate::harness::night::{self, KEY, SMALL_LADDER, door, event_that};
use crate::harness::playlist::{Playlist, playback, playlist_that, steps_back, stored_twice};
use crate::harness::s3::S3Server;
use crate::harness::s3_proxy::S3Proxy;
use crate::harness::server::TestServer;
use crate::harness::{http, until};
use crate::postgres::on_both_databases;

const EVENT: &str = "island-fight";
/// From the publisher's start to a live picture; two cores are shared with other tests.
const LIVE_WITHIN: Duration = Duration::from_secs(45);
/// Two moments of the night.
const T: [&str; 2] = ["2026-12-05T19:00:00+07:00", "2026-12-05T19:10:00+07:00"];
const PICTURE: Duration = Duration::from_secs(30);

async fn live(server: &TestServer) {
    event_that(server, EVENT, "the picture is live", LIVE_WITHIN, |event| event["stream"] == "live").await;
}

/// Puts a fight on air, or takes the one that is on air off, and waits until the node knows.
async fn on_air(server: &TestServer, fight: Option<&str>) {
    match fight {
        Some(fight) => server.cli_ok(&["event", "on-air", EVENT, "--fight", fight]),
        None => server.cli_ok(&["event", "off-air", EVENT]),
    };
    let wanted = fight.map_or(Value::Null, |fight| fight.parse::<i64>().expect("a number").into());
    event_that(server, EVENT, "what is on air", PICTURE, |event| event["on_air_fight"] == wanted).await;
}

/// Lets so many more segments be listed.
async fn pass(server: &TestServer, segments: u64) {
    let list = playlist_that(server, (EVENT, "180p", "live"), "a live list", PICTURE, |list| list.end() > 0).await;
    let wanted = list.end() + segments;
    playlist_that(server, (EVENT, "180p", "live"), "it goes on", PICTURE, |list| list.end() >= wanted).await;
}

fn names(playback: &Value) -> Vec<&str> {
    let replays = playback["replays"].as_array().expect("replays");
    replays.iter().map(|replay| replay["name"].as_str().expect("a name")).collect()
}

async fn replays(server: &TestServer, wanted: &[&str]) -> Value {
    until(&format!("the replays {wanted:?}"), PICTURE, async || {
        Some(playback(server, EVENT).await).filter(|playback| names(playback) == wanted)
    })
    .await
}

/// A rendition's playlist of a replay, once it is as wanted.
async fn replay(server: &TestServer, name: &str, what: &str, wanted: impl Fn(&Playlist) -> bool) -> Playlist {
    let kind = format!("replay-{name}");
    let list = playlist_that(server, (EVENT, "180p", &kind), what, PICTURE, wanted).await;
    assert!(list.ended && list.sequence == 0 && !list.segments.is_empty(), "{list:?}");
    list
}

/// Everything in the folder store that a segment is, with the time it was written.
fn segments(server: &TestServer) -> BTreeMap<std::path::PathBuf, std::time::SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![server.data().join("media")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "ts") {
                found.insert(path, entry.metadata().and_then(|about| about.modified()).expect("a time"));
            }
        }
    }
    found
}

async fn page(server: &TestServer) -> String {
    http::get(&server.url(&format!("/events/{EVENT}"))).await.text().to_owned()
}

on_both_databases! {
    async fn a_night_can_be_watched_again_fight_by_fight_and_as_a_whole(db) {
        let (door, port) = door();
        let mut server = night::serve(&format!("{door}{SMALL_LADDER}{}", db.overrides())).await;
        server.allow("publisher refused");
        let mut publisher = Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/live/{KEY}"), &SMALL);
        live(&server).await;
        on_air(&server, Some("2")).await;
        pass(&server, 6).await;
        assert_eq!(names(&playback(&server, EVENT).await), [""; 0], "a fight on air has no replay");
        assert!(server.cli_ok(&["replay", "list", EVENT]).contains("2: not yet"));
        assert!(!page(&server).await.contains("replay=2"));
        on_air(&server, None).await;

        let given = replays(&server, &["2"]).await;
        let master = http::get(given["replays"][0]["address"].as_str().expect("an address")).await;
        assert_eq!(master.text().matches("/replay-2.m3u8").count(), 2, "{}", master.text());
        let fight = replay(&server, "2", "a replay", |_| true).await;
        assert!(fight.segments.len() >= 5 && fight.gaps() == 0, "{fight:?}");
        fight.fetch_all().await;
        assert!(http::get(&fight.url).await.text().contains("#EXT-X-PLAYLIST-TYPE:VOD"));
        until("the page leads to it", PICTURE, async || page(&server).await.contains("/watch/island-fight?replay=2").then_some(())).await;

        // Places in the replay as it plays: the first two seconds go, and then one segment in the middle.
        server.cli_ok(&["replay", "trim", EVENT, "2", "--from", "+00:02"]);
        let trimmed = replay(&server, "2", "it begins later", |list| list.segments.len() == fight.segments.len() - 2).await;
        assert_eq!(trimmed.segments[0].name, fight.segments[2].name);
        let hidden = server.cli_ok(&["replay", "hide", EVENT, "--of", "2", "--from", "+00:01", "--until", "+00:02"]);
        let without = replay(&server, "2", "a part is hidden", |list| list.segments.len() < trimmed.segments.len()).await;
        assert!(without.segments.iter().any(|segment| segment.discontinuity), "{without:?}");
        assert!(without.segments.iter().all(|segment| segment.name != trimmed.segments[1].name));
        let dvr = playlist_that(&server, (EVENT, "180p", "dvr"), "hidden in the DVR", PICTURE, |list| list.gaps() > 0).await;
        assert!(dvr.segments.iter().any(|segment| segment.gap && segment.name == trimmed.segments[1].name), "{dvr:?}");
        let listed = server.cli_ok(&["replay", "list", EVENT]);
        assert!(listed.contains("2: stored") && listed.contains(", trimmed from ") && listed.contains("all: not yet"), "{listed}");
        let id = hidden.split_whitespace().nth(1).expect("an id").trim_end_matches(':');
        assert!(listed.contains(&format!("hidden {id}")), "{listed}");
        server.cli_ok(&["replay", "show", EVENT, id]);
        server.cli_ok(&["replay", "trim", EVENT, "2", "--clear"]);
        replay(&server, "2", "it is whole again", |list| list.segments.len() == fight.segments.len()).await;

        // On air once more: it joins.
        on_air(&server, Some("2")).await;
        pass(&server, 3).await;
        on_air(&server, Some("1")).await;
        let joined = replay(&server, "2", "both ranges", |list| list.segments.len() >= fight.segments.len() + 2).await;
        assert_eq!(joined.segments.iter().filter(|segment| segment.discontinuity).count(), 1, "{joined:?}");
        pass(&server, 2).await;
        publisher.interrupt();
        server.cli_ok(&["event", "end", EVENT]);
        replays(&server, &["1", "2", "all"]).await;
        let all = replay(&server, "all", "everything", |_| true).await;
        let dvr = playlist_that(&server, (EVENT, "180p", "dvr"), "the end", PICTURE, |list| list.ended).await;
        let told = |list: &Playlist| list.segments.iter().map(|segment| segment.name.clone()).collect::<Vec<_>>();
        assert_eq!(told(&all), told(&dvr));
        all.fetch_all().await;
        until("home leads to it", PICTURE, async || {
            http::get(&server.url("/")).await.text().contains("/watch/island-fight?replay=all").then_some(())
        })
        .await;

        // Nothing is uploaded again, and after a restart a trim still works on the event that is over.
        let before = segments(&server);
        assert!(before.len() >= all.segments.len());
        server.stop();
        server.serve().await;
        replays(&server, &["1", "2", "all"]).await;
        server.cli_ok(&["replay", "trim", EVENT, "all", "--from", "+00:03"]);
        replay(&server, "all", "it begins later", |list| list.segments.len() < all.segments.len()).await;
        assert_eq!(segments(&server), before);
    }

    async fn what_cannot_be_trimmed_or_hidden_is_refused_with_what_to_do(db) {
        let server = night::prepare(&db.overrides());
        let refused = |arguments: &[&str], why: &str| {
            let output = server.cli(arguments);
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            assert!(output.status.code() == Some(1) && said.contains(why), "{arguments:?}: {said}");
        };
        refused(&["replay", "trim", EVENT, "1", "--from", T[0]], "fight 1 was never on air");
        refused(&["replay", "trim", "nobody", "all", "--from", T[0]], "there is no event nobody");
        refused(&["replay", "trim", EVENT, "all", "--from", "+00:10"], "replay all is not on the store");
        refused(&["replay", "trim", EVENT, "all"], "neither a beginning nor an end");
        refused(&["replay", "hide", EVENT, "--from", T[1], "--until", T[0]], "it ends before it begins");
        refused(&["replay", "show", EVENT, "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "nothing of island-fight is hidden as");
        assert_eq!(server.cli(&["replay", "hide", EVENT, "--from", "ten", "--until", T[0]]).status.code(), Some(2));

        // The twins.
        server.cli_ok(&["event", "on-air", EVENT, "--fight", "1"]);
        server.cli_ok(&["replay", "trim", EVENT, "1", "--from", T[0]]);
        refused(&["replay", "trim", EVENT, "1", "--until", T[0]], "it ends before it begins");
        server.cli_ok(&["replay", "trim", EVENT, "1", "--until", T[1]]);
        let listed = server.cli_ok(&["replay", "list", EVENT]);
        assert!(listed.contains("1: not yet, 0:00:00, trimmed from 2026-12-05T12:00:00.000Z until 2026-12-05T12:10:00.000Z"), "{listed}");
        server.cli_ok(&["event", "end", EVENT]);
        let hidden = server.cli_ok(&["replay", "hide", EVENT, "--from", T[0], "--until", T[1]]);
        let id = hidden.split_whitespace().nth(1).expect("an id").trim_end_matches(':').to_owned();
        assert!(server.cli_ok(&["replay", "list", EVENT]).contains(&format!("hidden {id}: 2026-12-05T12:00:00.000Z")));
        server.cli_ok(&["replay", "show", EVENT, &id]);
        assert!(!server.cli_ok(&["replay", "list", EVENT]).contains("hidden"));
    }

    async fn the_days_of_a_replay_come_from_the_file(db) {
        let server = night::prepare(&db.overrides());
        let with = |days: &str| night::night().replacen("pass_price_coins = 90", &format!("pass_price_coins = 90\nreplay_days = {days}"), 1);
        assert!(night::apply(&server, &with("30")).contains("replay_days 0 → 30"));
        assert_eq!(night::apply(&server, &with("30")).trim(), "nothing to change");
        std::fs::write(server.folder().join("wrong.toml"), with("-1")).expect("a file");
        let said = String::from_utf8(server.cli(&["apply", "wrong.toml"]).stderr).expect("UTF-8");
        assert!(said.contains("events[0].replay_days is -1: write 0 (for ever) to 3650"), "{said}");
    }
}

/// On S3, each request written down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_on_s3_stores_playlists_alone_and_leaves_when_its_days_are_over() {
    let store = S3Server::start().await;
    let proxy = S3Proxy::to(store.address());
    let (door, port) = door();
    let mut server = night::serve(&format!("{door}{SMALL_LADDER}{}", store.toml(proxy.address()))).await;
    server.allow("publisher refused");
    let days = night::night().replacen("pass_price_coins = 90", "pass_price_coins = 90\nreplay_days = 1", 1);
    night::apply(&server, &days);
    let mut publisher = Ffmpeg::publish_rtmp(&format!("rtmp://127.0.0.1:{port}/live/{KEY}"), &SMALL);
    live(&server).await;
    on_air(&server, Some("1")).await;
    pass(&server, 3).await;
    server.cli_ok(&["event", "rotate-epoch", EVENT]);
    pass(&server, 3).await;
    on_air(&server, None).await;
    let given = replays(&server, &["1"]).await;
    let fight = replay(&server, "1", "a replay", |_| true).await;
    assert!(fight.segments[0].name.starts_with("../../"), "the old epoch's segments stay where they are: {fight:?}");
    fight.fetch_all().await;
    for address in [given["replays"][0]["address"].as_str().expect("an address"), &fight.url] {
        let answer = http::get(address).await;
        let told = (answer.header("content-type"), answer.header("cache-control"));
        assert_eq!(told, ("application/vnd.apple.mpegurl", "public, max-age=60"), "{address}");
    }
    publisher.interrupt();
    server.cli_ok(&["event", "end", EVENT]);
    replays(&server, &["1", "all"]).await;
    server.stop();
    let requests = proxy.requests();
    assert_eq!(proxy.broken_promises(), Vec::<String>::new());
    assert_eq!(steps_back(&requests), Vec::<String>::new());
    assert_eq!(stored_twice(&requests), Vec::<String>::new());

    // A restart changes nothing of it.
    server.serve().await;
    replays(&server, &["1", "all"]).await;
    server.stop();
    let again = |ending: &str| {
        proxy.requests()[requests.len()..].iter().filter(|r| r.method == "PUT" && r.key.contains(ending)).count()
    };
    assert_eq!((again(".ts"), again("replay-")), (0, 0));

    // The event ended two days ago, as its journal has it.
    let journal = std::fs::read_dir(server.data().join("uploader")).expect("journals");
    let mut changed = 0;
    for file in journal.map(|entry| entry.expect("an entry").path()) {
        let text = std::fs::read_to_string(&file).expect("a journal");
        let mut old = text.clone();
        for since in text.match_indices("\"since\":").map(|(at, key)| at + key.len()) {
            let digits: String = text[since..].chars().take_while(char::is_ascii_digit).collect();
            let back = digits.parse::<i64>().expect("a time") - 2 * 86_400_000_000;
            old = old.replacen(&digits, &back.to_string(), 1);
            changed += 1;
        }
        std::fs::write(&file, old).expect("a journal");
    }
    assert!(changed > 0, "the journal has the event's end");
    server.serve().await;
    let gone = until("it cannot be watched any more", PICTURE, async || {
        Some(playback(&server, EVENT).await).filter(|playback| playback["master"].is_null())
    })
    .await;
    assert_eq!((names(&gone), &gone["dvr"]), (vec![], &Value::Null));
    until("its playlists are removed", PICTURE, async || {
        let left = |address: String| async move { http::get(&address).await.status == 200 };
        let address = given["replays"][0]["address"].as_str().expect("an address").to_owned();
        (!left(address).await && !left(fight.url.clone()).await).then_some(())
    })
    .await;
    let deleted: Vec<String> = proxy.requests().into_iter().filter(|r| r.method == "DELETE").map(|r| r.key).collect();
    let depth = |key: &String| key.matches('/').count();
    assert!(!deleted.is_empty() && deleted.is_sorted_by_key(depth), "masters first: {deleted:?}");
    assert!(deleted.iter().all(|key| key.ends_with(".m3u8")), "the segments wait: {deleted:?}");
    let shown = page(&server).await;
    assert!(!shown.contains("replay=") && shown.contains("data-phase=\"ended\""));
}
