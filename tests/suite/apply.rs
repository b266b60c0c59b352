//! `bakuhantam apply`: a night as a file, on both databases.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bakuhantam::clock::{SharedClock, SystemClock};
use bakuhantam::cluster::Bus;
use bakuhantam::config::SecretKey;
use bakuhantam::events::apply::Applied;
use bakuhantam::events::{
    self, EventError, EventFacts, EventStatus, FightStatus, Mirror, Secrets, StreamKeyCodes, StreamKeys, load_facts,
};
use bakuhantam::flows::{ApplyError, Night, apply_night};
use bakuhantam::ids::{SharedRandom, SystemRandom};
use bakuhantam::payments;
use bakuhantam::store::{Liveness, Store, StoreError, audit, outbox};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness::until;
use crate::postgres::{TestDatabase, act, on_both_databases};

/// The file of the documentation.
pub const NIGHT: &str = r#"
[[coin_packages]]
code = "p100"
coins = 100
bonus_coins = 5
price_idr = 100000

[[events]]
slug = "island-fight"
title = "Island Fight"
starts_at = "2026-12-05T19:00:00+07:00"
pass_price_coins = 90
status = "published"
  [[events.fights]]
  number = 1
  red = "Ari Wijaya"
  blue = "Budi Santoso"
  title = "Bantamweight"
  price_coins = 30
  [[events.fights]]
  number = 2
  red = "Ari Wijaya"
  blue = "Cahyo"
  [[events.milestones]]
  coins = 1000
  title = "Ronde tambahan"
  [[events.polls]]
  code = "winner"
  question = "Siapa menang?"
  options = ["Ari", "Budi"]
  coins_per_vote = 1
  max_votes_per_viewer = 100
  status = "open"
"#;

fn secrets() -> Secrets {
    let random: SharedRandom = Arc::new(SystemRandom::default());
    Secrets::new(&key(), &random)
}

fn key() -> SecretKey {
    SecretKey::new([7; 32])
}

async fn apply(store: &Store, text: &str) -> Result<Applied, ApplyError> {
    let act = act();
    let night = Night::read("night.toml", text, &act)?;
    apply_night(store, &act, &StreamKeyCodes::new(&key()), night).await
}

async fn facts(store: &Store) -> Vec<EventFacts> {
    store.read(load_facts).await.expect("facts")
}

async fn one(store: &Store) -> EventFacts {
    let mut all = facts(store).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn counts(store: &Store) -> (usize, usize) {
    let rows = store
        .read(|conn| Ok::<_, StoreError>((outbox::list_ids_after(conn, 0)?.len(), audit::list(conn, 1_000)?.len())));
    rows.await.expect("rows")
}

on_both_databases! {
    async fn a_night_is_stored_whole_and_the_second_time_changes_nothing(db) {
        let store = db.migrated();
        let first = apply(&store, NIGHT).await.expect("applied");
        assert!(first.changes.len() >= 6, "{:?}", first.changes);
        let [(slug, stream_key)] = first.stream_keys.as_slice() else { panic!("one key is made") };
        assert_eq!(slug.as_str(), "island-fight");

        let event = one(&store).await;
        assert_eq!((event.title.as_str(), event.status), ("Island Fight", EventStatus::Published));
        assert_eq!(event.starts_at.0, 1_796_472_000_000_000);
        assert_eq!(event.pass_price_coins.0, 90);
        assert_eq!(event.stream_key_mac, events::mac_of_stream_key(&key(), stream_key.expose()));
        assert_eq!(event.fights.len(), 2);
        assert_eq!(event.fights[0].red, event.fights[1].red, "the same name is the same fighter");
        assert_eq!((event.fights[0].price_coins.0, event.fights[1].price_coins.0), (30, 0));
        assert_eq!(event.milestones[0].title, "Ronde tambahan");
        let poll = &event.polls[0];
        assert_eq!((poll.code.as_str(), poll.status.as_str(), poll.options.len()), ("winner", "open", 2));
        let packages = store.read(payments::list_packages).await.expect("packages");
        assert_eq!((packages[0].coins.0, packages[0].bonus_coins.0, packages[0].price.0), (100, 5, 100_000));

        let before = counts(&store).await;
        let second = apply(&store, NIGHT).await.expect("applied again");
        assert!(second.changes.is_empty() && second.stream_keys.is_empty() && second.notes.is_empty(), "{second:?}");
        assert_eq!(counts(&store).await, before, "no fact and no audit row");
        assert_eq!(one(&store).await, event);
    }

    async fn what_is_left_out_is_left_alone_and_each_change_is_told(db) {
        let store = db.migrated();
        apply(&store, NIGHT).await.expect("applied");
        let before = one(&store).await;
        let changed = apply(&store, r#"
            [[events]]
            slug = "island-fight"
            title = "Island Fight II"
            [[events.fights]]
            number = 2
            price_coins = 40
            [[events.polls]]
            code = "winner"
            options = ["Budi", "Cahyo", "Ari"]
            [[events.fights]]
            number = 3
            red = "Budi Santoso"
            blue = "Cahyo"
        "#).await.expect("applied");
        assert_eq!(changed.changes, [
            r#"event island-fight: title "Island Fight" → "Island Fight II""#,
            "event island-fight: fights[2].price_coins 0 → 40",
            "event island-fight: fight 3 added: Budi Santoso – Cahyo, 0 coins",
            r#"event island-fight: polls[winner].options ["Ari","Budi"] → ["Budi","Cahyo","Ari"]"#,
        ]);
        let after = one(&store).await;
        assert_eq!(after.stream_key_mac, before.stream_key_mac);
        assert_eq!(after.fights[0], before.fights[0]);
        assert_eq!((after.fights[1].price_coins.0, &after.fights[1].red), (40, &before.fights[1].red));
        assert_eq!(after.fights[2].red, before.fights[0].blue);
        let ids = |event: &EventFacts| -> BTreeSet<_> { event.polls[0].options.iter().map(|o| o.id.clone()).collect() };
        assert!(ids(&after).is_superset(&ids(&before)), "labels that stay keep their rows");
        let labels: Vec<&str> = after.polls[0].options.iter().map(|o| o.label.as_str()).collect();
        assert_eq!(labels, ["Budi", "Cahyo", "Ari"]);
        let row = store.read(|conn| audit::list(conn, 1)).await.expect("audit").remove(0);
        assert_eq!((row.who.as_str(), row.what.as_str()), ("cli", "events.apply"));
        assert_eq!(row.room.as_deref(), Some("island-fight"));
        assert!(row.before.expect("before").contains("Island Fight"));
    }

    async fn a_status_only_moves_forward(db) {
        let store = db.migrated();
        apply(&store, &NIGHT.replace("\"published\"", "\"draft\"")).await.expect("applied");
        apply(&store, NIGHT).await.expect("published");
        let closed = NIGHT.replace("\"open\"", "\"closed\"");
        apply(&store, &closed).await.expect("closed");
        events::end(&store, &act(), &"island-fight".parse().expect("a slug")).await.expect("ended");
        let back = apply(&store, &NIGHT.replace("\"published\"", "\"draft\"")).await.expect("applied");
        assert!(back.changes.is_empty(), "{:?}", back.changes);
        assert_eq!(back.notes.len(), 2, "{:?}", back.notes);
        let event = one(&store).await;
        assert_eq!((event.status, event.polls[0].status.as_str()), (EventStatus::Ended, "closed"));
    }

    async fn a_file_that_does_not_fit_changes_nothing(db) {
        let store = db.migrated();
        let with_key = NIGHT.replace("pass_price_coins", "stream_key = \"rahasia-satu\"\npass_price_coins");
        apply(&store, &with_key).await.expect("applied");
        let before = (one(&store).await, counts(&store).await);
        for (text, said) in [
            ("[[events]]\nslug = \"new\"\nstarts_at = \"2026-12-05T19:00:00Z\"", "needs a title"),
            ("[[events]]\nslug = \"new\"\ntitle = \"N\"", "needs starts_at"),
            ("[[events]]\nslug = \"island-fight\"\n[[events.fights]]\nnumber = 9\nred = \"A\"", "needs blue"),
            (
                "[[events]]\nslug = \"island-fight\"\n[[events.fights]]\nnumber = 1\nred = \"Budi Santoso\"",
                "both corners",
            ),
            ("[[coin_packages]]\ncode = \"p5\"\ncoins = 5", "needs price_idr"),
            (
                "[[events]]\nslug = \"new\"\ntitle = \"N\"\nstarts_at = 2026-12-05T19:00:00Z\n\
                 stream_key = \"rahasia-satu\"",
                "is that of the event island-fight",
            ),
        ] {
            // A good change stands before the bad one: it must not stay either.
            let text = format!("[[coin_packages]]\ncode = \"good\"\ncoins = 1\nprice_idr = 1\n{text}");
            let error = apply(&store, &text).await.expect_err("refused").to_string();
            assert!(error.contains(said), "{error} without {said}");
            assert!(!error.contains("rahasia"), "{error}");
        }
        assert_eq!((one(&store).await, counts(&store).await), before);
        assert_eq!(store.read(payments::list_packages).await.expect("packages").len(), 1);
    }

    async fn two_files_at_once_both_succeed(db) {
        let (here, there) = (db.migrated(), db.open());
        let (a, b) = tokio::join!(apply(&here, NIGHT), apply(&there, NIGHT));
        let (a, b) = (a.expect("one"), b.expect("other"));
        assert!(a.changes.is_empty() != b.changes.is_empty(), "one of them makes everything");
        assert_eq!(a.stream_keys.len() + b.stream_keys.len(), 1);
    }

    async fn the_buttons_do_what_they_say_and_refuse_what_makes_no_sense(db) {
        let store = db.migrated();
        apply(&store, NIGHT).await.expect("applied");
        let slug = "island-fight".parse().expect("a slug");
        let code = |result: Result<(), EventError>| result.expect_err("refused").code();
        let act = act();

        assert_eq!(code(events::go_off_air(&store, &act, &slug).await), Some("events.not_on_air"));
        assert_eq!(code(events::go_on_air(&store, &act, &slug, 7).await), Some("events.no_such_fight"));
        events::go_on_air(&store, &act, &slug, 1).await.expect("on air");
        assert_eq!(code(events::go_on_air(&store, &act, &slug, 1).await), Some("events.already_on_air"));
        events::go_on_air(&store, &act, &slug, 2).await.expect("the next fight");
        let event = one(&store).await;
        assert_eq!(event.on_air_fight, Some(2));
        assert_eq!((event.fights[0].status, event.fights[1].status), (FightStatus::Ended, FightStatus::Live));
        events::go_on_air(&store, &act, &slug, 1).await.expect("on air again");
        events::go_off_air(&store, &act, &slug).await.expect("off air");
        assert_eq!(one(&store).await.on_air_fight, None);

        assert_eq!(code(events::resume(&store, &act, &slug).await), Some("events.not_interrupted"));
        events::interrupt(&store, &act, &slug).await.expect("interrupted");
        assert!(one(&store).await.interrupted);
        assert_eq!(code(events::interrupt(&store, &act, &slug).await), Some("events.already_interrupted"));
        events::resume(&store, &act, &slug).await.expect("resumed");

        let before = one(&store).await;
        let epoch = events::rotate_epoch(&store, &act, &slug).await.expect("a new epoch");
        let codes = StreamKeyCodes::new(&key());
        let stream_key = events::renew_stream_key(&store, &act, &codes, &slug).await.expect("a new key");
        let after = one(&store).await;
        assert!(after.epoch == epoch && before.epoch != epoch);
        assert_eq!(after.stream_key_mac, codes.code(stream_key.expose()));
        assert_ne!(after.stream_key_mac, before.stream_key_mac);

        events::go_on_air(&store, &act, &slug, 2).await.expect("on air");
        events::end(&store, &act, &slug).await.expect("ended");
        let event = one(&store).await;
        assert_eq!((event.status, event.on_air_fight), (EventStatus::Ended, None));
        assert_eq!(code(events::end(&store, &act, &slug).await), Some("events.ended"));
        assert_eq!(code(events::go_on_air(&store, &act, &slug, 1).await), Some("events.ended"));
        let nobody = "nobody".parse().expect("a slug");
        assert_eq!(code(events::end(&store, &act, &nobody).await), Some("events.not_found"));
        let audited = store.read(|conn| audit::list(conn, 100)).await.expect("audit");
        let verbs: Vec<&str> = audited.iter().map(|row| row.what.as_str()).collect();
        let verbs: Vec<&str> = verbs.into_iter().filter(|what| what.starts_with("events.")).collect();
        assert_eq!(verbs.len(), 11, "{verbs:?}");
    }

    async fn the_picture_is_recorded_when_it_changes(db) {
        let store = db.migrated();
        apply(&store, NIGHT).await.expect("applied");
        let event = one(&store).await;
        let (mut live, now) = (event.stream.clone(), act().actor.at);
        live.status = "live".into();
        live.epoch = Some(event.epoch.clone());
        live.since = now;
        let before = counts(&store).await.0;
        assert!(events::record_stream(&store, &event.slug, live.clone(), now).await.expect("recorded"));
        assert_eq!(counts(&store).await.0, before + 2, "stream:status and epoch:update");
        assert!(!events::record_stream(&store, &event.slug, live.clone(), now).await.expect("the same"));
        assert_eq!(counts(&store).await.0, before + 2);
        assert_eq!(one(&store).await.stream, live);
    }

    async fn the_mirror_follows_within_a_second_also_from_another_process(db) {
        let (store, other_process) = (db.migrated(), db.open());
        let folder = tempfile::tempdir().expect("a folder");
        let mirror = Arc::new(Mirror::open(folder.path().join("mirror.json")));
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let clock: SharedClock = Arc::new(SystemClock);
        let bus = Bus::start(&store, &clock, &tracker, &cancel);
        tracker.spawn(events::keep_mirror(store.clone(), Arc::clone(&mirror), secrets(), bus.subscribe(), cancel.clone()));
        bus.ready().await;

        let applied = apply(&other_process, NIGHT).await.expect("applied");
        let slug = "island-fight".parse().expect("a slug");
        // The keeper seals a secret for an event that it finds without one, and reads it again.
        let seen = until("the event is in the mirror", Duration::from_secs(1), async || {
            mirror.find(&slug).filter(|event| event.secret_sealed.is_some())
        })
        .await;
        assert_eq!(*seen, one(&store).await);
        let keys = StreamKeys::new(&key(), Arc::clone(&mirror));
        let right = applied.stream_keys[0].1.expose();
        assert_eq!(keys.find(right).expect("the key opens").slug, slug);
        assert!(keys.find("wrong").is_none() && keys.find("").is_none());

        events::go_on_air(&store, &act(), &slug, 1).await.expect("on air");
        until("the fight is on air", Duration::from_secs(1), async || {
            mirror.find(&slug).filter(|event| event.on_air_fight == Some(1))
        })
        .await;
        let file = Mirror::open(folder.path().join("mirror.json"));
        until("the file says so too", Duration::from_secs(1), async || {
            file.reload();
            file.find(&slug).filter(|event| event.on_air_fight == Some(1))
        })
        .await;
        cancel.cancel();
        tracker.close();
        tracker.wait().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mirror_holds_while_the_database_is_away_and_follows_when_it_is_back() {
    let (db, elsewhere) = (TestDatabase::sqlite(), TestDatabase::sqlite());
    apply(&elsewhere.migrated(), NIGHT).await.expect("applied");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mirror.json");
    Mirror::open(path.clone()).replace(facts(&elsewhere.open()).await);

    let mirror = Arc::new(Mirror::open(path));
    let (store, tracker, cancel) = (db.open(), TaskTracker::new(), CancellationToken::new());
    let clock: SharedClock = Arc::new(SystemClock);
    let bus = Bus::start(&store, &clock, &tracker, &cancel);
    tracker.spawn(events::keep_mirror(store.clone(), Arc::clone(&mirror), secrets(), bus.subscribe(), cancel.clone()));
    until("the database is known to be away", Duration::from_secs(5), async || {
        matches!(store.liveness(), Liveness::Down(_)).then_some(())
    })
    .await;
    let slug = "island-fight".parse().expect("a slug");
    assert!(mirror.find(&slug).is_some(), "the last one known holds");

    apply(&db.migrated(), &NIGHT.replace("island-fight", "other-fight")).await.expect("applied");
    let other = "other-fight".parse().expect("a slug");
    until("the mirror follows again", Duration::from_secs(5), async || mirror.find(&other)).await;
    assert!(mirror.find(&slug).is_none());
    cancel.cancel();
}
