use std::fs;
use std::sync::Arc;

use super::*;
use crate::clock::Micros;
use crate::config::SecretKey;
use crate::ids::{Epoch, SystemRandom};
use crate::money::Coins;

fn key() -> SecretKey {
    SecretKey::new([3; 32])
}

fn event(slug: &str, stream_key: &str) -> EventFacts {
    let random = SystemRandom::default();
    EventFacts {
        id: RowId::new(Micros(1), &random),
        slug: slug.parse().expect("a slug"),
        title: "Island Fight".into(),
        status: EventStatus::Published,
        starts_at: Micros(5),
        pass_price_coins: Coins(0),
        stream_key_mac: mac_of_stream_key(&key(), stream_key),
        epoch: Epoch::new(&random),
        interrupted: false,
        on_air_fight: None,
        stream: RecordedStream::default(),
        fights: Vec::new(),
        milestones: Vec::new(),
        polls: Vec::new(),
        secret_sealed: None,
        overlay_key_mac: None,
        replay_days: 0,
        air_ranges: Vec::new(),
        hidden: Vec::new(),
        trims: Vec::new(),
    }
}

#[test]
fn the_mirror_is_on_the_disk_when_the_process_begins_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep").join("mirror.json");
    let mirror = Mirror::open(path.clone());
    assert!(mirror.all().is_empty());
    let changes = mirror.changes();
    mirror.replace(vec![event("a", "key-of-a")]);
    assert!(changes.has_changed().expect("open"));
    let again = Mirror::open(path.clone());
    assert_eq!(again.all(), mirror.all());
    let names: Vec<_> = fs::read_dir(path.parent().expect("a folder")).expect("names").collect();
    assert_eq!(names.len(), 1, "no temporary file is left");
}

#[test]
fn the_same_facts_again_wake_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let mirror = Mirror::open(folder.path().join("mirror.json"));
    let facts = vec![event("a", "key-of-a")];
    mirror.replace(facts.clone());
    let mut changes = mirror.changes();
    changes.mark_unchanged();
    mirror.replace(facts);
    assert!(!changes.has_changed().expect("open"));
}

#[test]
fn a_broken_mirror_is_set_aside_and_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mirror.json");
    for broken in ["{\"form\":1,\"events\":[{", "", "{\"form\":99,\"events\":[]}"] {
        fs::write(&path, broken).expect("a file");
        let mirror = Mirror::open(path.clone());
        assert!(mirror.all().is_empty());
        assert_eq!(fs::read_to_string(folder.path().join("mirror.json.broken")).expect("aside"), broken);
        mirror.replace(vec![event("a", "key-of-a")]);
        assert_eq!(Mirror::open(path.clone()).all().len(), 1);
    }
}

#[test]
fn a_mirror_that_cannot_be_written_is_right_in_memory_and_catches_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "a file where a folder should be").expect("a file");
    let mirror = Mirror::open(blocked.join("mirror.json"));
    let facts = vec![event("a", "key-of-a")];
    mirror.replace(facts.clone());
    assert_eq!(mirror.all().len(), 1);
    fs::remove_file(&blocked).expect("gone");
    mirror.replace(facts);
    assert_eq!(Mirror::open(blocked.join("mirror.json")).all().len(), 1);
}

#[test]
fn another_process_reads_the_mirror_again_when_it_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mirror.json");
    let (writer, reader) = (Mirror::open(path.clone()), Mirror::open(path.clone()));
    reader.reload();
    writer.replace(vec![event("a", "key-of-a")]);
    reader.reload();
    assert_eq!(reader.all(), writer.all());
    fs::write(&path, "{half").expect("a file");
    reader.reload();
    assert_eq!(reader.all().len(), 1, "an unreadable file leaves the last snapshot");
}

#[test]
fn a_stream_key_opens_its_event_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let mirror = Arc::new(Mirror::open(folder.path().join("mirror.json")));
    let mut broken = event("c", "key-of-c");
    broken.stream_key_mac = "not hex".into();
    mirror.replace(vec![event("a", "key-of-a"), event("b", "key-of-b"), broken]);
    let keys = StreamKeys::new(&key(), Arc::clone(&mirror));
    assert_eq!(keys.find("key-of-a").expect("a").slug.as_str(), "a");
    assert_eq!(keys.find("key-of-b").expect("b").slug.as_str(), "b");
    for wrong in ["key-of-c", "key-of-A", "", "key-of-a "] {
        assert!(keys.find(wrong).is_none(), "{wrong}");
    }
    let other = StreamKeys::new(&SecretKey::new([4; 32]), mirror);
    assert!(other.find("key-of-a").is_none(), "another secret key opens nothing");
}
