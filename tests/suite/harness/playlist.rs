//! Reads playlists as a player does, and tells what is wrong with a line of them.

use std::collections::HashMap;

use serde_json::Value;

use super::s3_proxy::Request;
use super::server::TestServer;
use super::{http, until};

/// A media playlist.
#[derive(Clone, Debug, Default)]
pub struct Playlist {
    pub url: String,
    pub sequence: u64,
    pub discontinuities: u64,
    pub target_s: u64,
    pub ended: bool,
    pub segments: Vec<Segment>,
}

/// A line of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {
    pub name: String,
    pub seconds: f64,
    pub discontinuity: bool,
    pub gap: bool,
    pub dated: bool,
    pub key: Option<Key>,
}

/// What encrypts a line, as its tag tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub method: String,
    pub url: String,
    pub iv: String,
}

impl Key {
    /// Reads a tag; `None` for METHOD=NONE.
    fn read(tag: &str) -> Option<Self> {
        let value = |name: &str| {
            let at = tag.find(&format!("{name}="))? + name.len() + 1;
            Some(tag[at..].trim_start_matches('"').split(['"', ',']).next()?.to_owned())
        };
        let method = value("METHOD").expect("a method");
        (method != "NONE").then(|| Self {
            method,
            url: value("URI").expect("an address"),
            iv: value("IV").expect("an explicit IV").trim_start_matches("0x").to_owned(),
        })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

impl Segment {
    /// The run in its name, `<run>-<n>.ts`.
    pub fn run(&self) -> &str {
        self.name.rsplit('/').next().and_then(|file| file.split('-').next()).unwrap_or_default()
    }
}

impl Playlist {
    /// Reads the text of one.
    pub fn read(url: &str, text: &str) -> Self {
        assert!(text.starts_with("#EXTM3U\n"), "{url}: {text}");
        let mut list = Self { url: url.to_owned(), ..Self::default() };
        let mut next = Segment::default();
        let mut key = None;
        for line in text.lines() {
            let number = || line.rsplit(':').next().and_then(|number| number.parse().ok()).expect("a number");
            match line.split(':').next().unwrap_or_default() {
                "#EXT-X-MEDIA-SEQUENCE" => list.sequence = number(),
                "#EXT-X-DISCONTINUITY-SEQUENCE" => list.discontinuities = number(),
                "#EXT-X-TARGETDURATION" => list.target_s = number(),
                "#EXT-X-ENDLIST" => list.ended = true,
                "#EXT-X-DISCONTINUITY" => next.discontinuity = true,
                "#EXT-X-GAP" => next.gap = true,
                "#EXT-X-PROGRAM-DATE-TIME" => next.dated = true,
                "#EXT-X-KEY" => key = Key::read(line),
                "#EXTINF" => {
                    let seconds = line.trim_start_matches("#EXTINF:").split(',').next().expect("a part");
                    next.seconds = seconds.parse().expect("seconds");
                }
                tag if tag.starts_with('#') || tag.is_empty() => {}
                _ => {
                    let found = std::mem::take(&mut next);
                    list.segments.push(Segment { name: line.to_owned(), key: key.clone(), ..found });
                }
            }
        }
        list
    }

    /// Fetches one.
    pub async fn fetch(url: &str) -> Self {
        let answer = http::get(url).await;
        assert_eq!(answer.status, 200, "{url}");
        Self::read(url, answer.text())
    }

    /// Media sequence behind the last line.
    pub fn end(&self) -> u64 {
        self.sequence + u64::try_from(self.segments.len()).expect("small")
    }

    pub fn seconds(&self) -> f64 {
        self.segments.iter().map(|segment| segment.seconds).sum()
    }

    /// The address of a line.
    pub fn address(&self, segment: &Segment) -> String {
        let base: url::Url = self.url.parse().expect("an address");
        base.join(&segment.name).expect("a name").to_string()
    }

    /// Fetches every segment it names; each must be there, as the contract says.
    pub async fn fetch_all(&self) -> usize {
        let mut bytes = 0;
        for segment in self.segments.iter().filter(|segment| !segment.gap) {
            let url = self.address(segment);
            let answer = http::get(&url).await;
            assert_eq!(answer.status, 200, "{url}");
            assert_eq!(answer.header("content-type"), "video/mp2t", "{url}");
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{url}");
            bytes += answer.body.len();
        }
        bytes
    }

    pub fn gaps(&self) -> usize {
        self.segments.iter().filter(|segment| segment.gap).count()
    }

    /// Runs in order of appearance.
    pub fn runs(&self) -> Vec<&str> {
        let mut runs: Vec<&str> = self.segments.iter().map(Segment::run).collect();
        runs.dedup();
        runs
    }
}

/// The addresses an event has now; `null` before the first.
pub async fn playback(server: &TestServer, event: &str) -> Value {
    http::get(&server.url(&format!("/api/v1/events/{event}/playback"))).await.json()
}

/// An event's playlist of one rendition: `live` or `dvr`. Waits until there is one as wanted.
pub async fn playlist_that(
    server: &TestServer,
    (event, rendition, kind): (&str, &str, &str),
    what: &str,
    deadline: std::time::Duration,
    wanted: impl Fn(&Playlist) -> bool,
) -> Playlist {
    until(what, deadline, async || {
        let url = address(server, event, rendition, kind).await?;
        let answer =
            http::try_send(hyper::Method::GET, &url, &[], "").await.ok().filter(|answer| answer.status == 200)?;
        Some(Playlist::read(&url, answer.text())).filter(&wanted)
    })
    .await
}

/// Where a media playlist is.
pub async fn address(server: &TestServer, event: &str, rendition: &str, kind: &str) -> Option<String> {
    let playback = playback(server, event).await;
    let master = playback["master"].as_str()?.to_owned();
    Some(master.replace("/master.m3u8", &format!("/{rendition}/{kind}.m3u8")))
}

/// One sentence for each playlist that was stored with a lower sequence than the one before it under the same key, or
/// sooner than a second after it.
pub fn steps_back(requests: &[Request]) -> Vec<String> {
    let mut last: HashMap<&str, (Playlist, std::time::Instant)> = HashMap::new();
    let mut wrong = Vec::new();
    for put in requests.iter().filter(|put| put.method == "PUT" && put.key.ends_with(".m3u8")) {
        let text = String::from_utf8_lossy(&put.body);
        let now = Playlist::read(&put.key, &text);
        if let Some((before, at)) = last.get(put.key.as_str()) {
            if now.sequence < before.sequence
                || now.discontinuities < before.discontinuities
                || now.end() < before.end()
            {
                wrong.push(format!("{}: {before:?} before {now:?}", put.key));
            }
            // What happens at a restart is no step: the new process knows no time of the old one.
            if put.at.duration_since(*at).as_millis() < 950 {
                wrong.push(format!("{} was stored twice within {:?}", put.key, put.at.duration_since(*at)));
            }
        }
        last.insert(&put.key, (now, put.at));
    }
    wrong
}

/// Keys of segments that were stored more than once.
pub fn stored_twice(requests: &[Request]) -> Vec<String> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    let stored = |put: &&Request| {
        put.method == "PUT" && put.key.ends_with(".ts") && put.ended.is_some_and(|(_, status)| status == 200)
    };
    for put in requests.iter().filter(stored) {
        *times.entry(&put.key).or_default() += 1;
    }
    times.into_iter().filter(|(_, times)| *times > 1).map(|(key, times)| format!("{key}: {times} times")).collect()
}
