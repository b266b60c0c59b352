//! Who is not let in, and what they are told; beside each stands a twin that is.

use std::process::Command;

use bakuhantam::events::EventStatus;
use bakuhantam::ingest::door::{Door, Parts};

use super::client::{Client, blocking, message};
use super::house::{House, KEY, until, words};

const PICTURE: [&str; 11] =
    ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15", "-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-an"];

async fn assert_refused(house: &House, path: &str, options: &[&str], why: &str) {
    let output = words(house.ffmpeg(path, options)).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{path} was let in");
    assert!(said.contains(&format!("Server error: {why}")), "{path}: {said}");
}

async fn assert_let_in(house: &House, path: &str, options: &[&str]) {
    let output = words(house.ffmpeg(path, options)).await;
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_shows_why_it_is_refused() {
    let house = House::open();
    assert_let_in(&house, &format!("live/{KEY}"), &PICTURE).await;
    assert_refused(&house, "live/wrong-key", &PICTURE, "wrong stream key").await;
    assert_refused(
        &house,
        &format!("other/{KEY}"),
        &PICTURE,
        "unknown application: the server address must end in /live",
    )
    .await;
    assert_refused(&house, &format!("live/sub/{KEY}"), &PICTURE, "unknown application").await;
    assert_refused(&house, "live/key-of-over", &PICTURE, "this event has ended").await;
    assert_let_in(&house, "live/key-of-rehearsal", &PICTURE).await;
    assert_eq!(house.recorder.opened(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn codecs_that_ffmpeg_cannot_read_are_refused_in_words() {
    let house = House::open();
    let why = "this codec cannot be read: choose H.264 and AAC in OBS";
    let old = ["-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15", "-t", "20", "-c:v", "flv1"];
    assert_refused(&house, &format!("live/{KEY}"), &old, why).await;
    let port = house.port();
    blocking(move || {
        for hevc in [&[0x90, b'h', b'v', b'c', b'1', 1][..], &[0x1c, 0, 0, 0, 0]] {
            let mut client = Client::publishing(port, KEY);
            client.send(&message(6, 9, 0, hevc));
            client.hears("choose H.264 and AAC in OBS");
            client.is_closed();
        }
    })
    .await;
    assert_eq!(house.recorder.opened(), 0, "no encoder was started for it");
    assert_let_in(&house, &format!("live/{KEY}"), &PICTURE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_is_cut_in_words_when_its_event_ends_or_its_key_changes() {
    for (events, why) in [
        (("island", KEY, EventStatus::Ended), "this event has ended"),
        (("island", "another-key", EventStatus::Published), "stream key was changed"),
    ] {
        let house = House::open();
        let mut publisher = house.live(KEY);
        until("the run grows", || house.recorder.len(0) > 20_000).await;
        house.know(&[("island", KEY, EventStatus::Published), ("new", "k", EventStatus::Draft)]);
        house.know(&[("new", "k", EventStatus::Draft)]);
        let before = house.recorder.len(0);
        until("it goes on through changes that are none of its own", || house.recorder.len(0) > before + 20_000).await;
        assert!(publisher.try_wait().unwrap().is_none());
        house.know(&[events]);
        let output = words(publisher).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{said}");
        until("its run is finished", || house.recorder.finished() == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_key_passes_after_any_number_of_wrong_ones() {
    let house = House::open();
    let port = house.port();
    blocking(move || {
        for attempt in 0..22 {
            let mut client = Client::knock(port);
            client.send(
                &[super::client::handshake(), super::client::connect("live"), super::client::publish("wrong")].concat(),
            );
            client.hears(if attempt < 20 { "wrong stream key: " } else { "too often from this address" });
            client.is_closed();
        }
    })
    .await;
    assert_let_in(&house, &format!("live/{KEY}"), &PICTURE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rtmps_lets_in_and_refuses_like_rtmp_and_takes_no_plain_rtmp() {
    let house = House::open_with(|ingest, folder| {
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&cert)
            .output()
            .expect("openssl is missing: run the tests by `make test`, which installs it");
        assert!(made.status.success());
        (ingest.tls_cert, ingest.tls_key) = (Some(cert), Some(key));
    });
    assert!(house.url("").starts_with("rtmps://"));
    assert_let_in(&house, &format!("live/{KEY}"), &PICTURE).await;
    assert_refused(&house, "live/wrong-key", &PICTURE, "wrong stream key").await;
    assert_refused(&house, &format!("other/{KEY}"), &PICTURE, "unknown application").await;
    let port = house.port();
    blocking(move || {
        let mut plain = Client::knock(port);
        plain.send(&super::client::handshake());
        plain.is_closed();
    })
    .await;
    assert_eq!(house.recorder.opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_cannot_open_says_which_key_is_wrong() {
    let house = House::open();
    let start = |set: &dyn Fn(&mut bakuhantam::config::Ingest)| {
        let mut ingest =
            bakuhantam::config::Ingest { listen: ([127, 0, 0, 1], 0).into(), ..bakuhantam::config::Ingest::default() };
        set(&mut ingest);
        let parts = Parts {
            config: ingest,
            keys: bakuhantam::events::StreamKeys::new(
                &bakuhantam::config::SecretKey::new([3; 32]),
                std::sync::Arc::clone(&house.mirror),
            ),
            mirror: std::sync::Arc::clone(&house.mirror),
            feeds: house.opener(),
        };
        Door::start(parts).map(|_| ()).expect_err("cannot open").to_string()
    };
    let bad = house.folder.path().join("bad.pem");
    std::fs::write(&bad, "no PEM").unwrap();
    assert!(start(&|ingest| ingest.listen.set_port(house.port())).starts_with("ingest.listen: "));
    assert!(start(&|ingest| ingest.tls_cert = Some(bad.clone())).contains("ingest.tls_key: give both"));
    let both = start(&|ingest| (ingest.tls_cert, ingest.tls_key) = (Some(bad.clone()), Some(bad.clone())));
    assert!(both.starts_with("ingest.tls_cert: "), "{both}");
}
