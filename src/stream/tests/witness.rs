//! A store in memory that looks at every PUT.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use md5::{Digest as _, Md5};

use crate::objects::{ObjectError, ObjectKey, ObjectMeta, ObjectStore, PutDone, PutIf};
use crate::stream::playlist;

/// A store that remembers every call, fails on demand, and holds playlists to their word.
#[derive(Debug, Default)]
pub struct Witness {
    pub objects: Mutex<BTreeMap<String, Bytes>>,
    pub puts: Mutex<Vec<(String, Instant)>>,
    pub wrongs: Mutex<Vec<String>>,
    pub down: AtomicBool,
    /// So many PUTs are stored but answered with an error.
    pub lose_replies: AtomicUsize,
    /// So many PUTs of segments are never answered.
    pub stalls: AtomicUsize,
}

impl Witness {
    pub fn text(&self, key: &str) -> Option<String> {
        let objects = self.objects.lock().unwrap();
        objects.iter().find(|(name, _)| name.ends_with(key)).map(|(_, body)| String::from_utf8(body.to_vec()).unwrap())
    }

    pub fn puts_of(&self, part: &str) -> Vec<String> {
        self.puts.lock().unwrap().iter().map(|(key, _)| key.clone()).filter(|key| key.contains(part)).collect()
    }

    pub fn wrong(&self, what: String) {
        self.wrongs.lock().unwrap().push(what);
    }

    /// A playlist names what is there, never goes back, and is stored at most once a second.
    pub fn look_at(&self, key: &str, text: &str) {
        let objects = self.objects.lock().unwrap();
        let folder = key.rsplit_once('/').unwrap().0;
        let mut gap = false;
        for line in text.lines() {
            if line == "#EXT-X-GAP" {
                gap = true;
            } else if !line.starts_with('#') {
                let mut name = format!("{folder}/{line}");
                while let Some((before, after)) = name.split_once("/../") {
                    name = format!("{}/{after}", before.rsplit_once('/').unwrap().0);
                }
                if !gap && !objects.contains_key(&name) {
                    self.wrong(format!("{key} names {name}, which is not there"));
                }
                gap = false;
            }
        }
        if let Some(before) = objects.get(key).filter(|_| text.contains("#EXTINF") && !text.contains("TYPE:VOD")) {
            let (before, after) = (sequence(std::str::from_utf8(before).unwrap()), sequence(text));
            if before.0 > after.0 || before.1 > after.1 {
                self.wrong(format!("{key} goes back from {before:?} to {after:?}"));
            }
        }
        let puts = self.puts.lock().unwrap();
        if let Some((_, at)) = puts.iter().rev().find(|(other, _)| other == key)
            && at.elapsed() < Duration::from_secs(1)
        {
            self.wrong(format!("{key} is stored twice within {:?}", at.elapsed()));
        }
    }
}

/// First index and the one after the last.
pub fn sequence(text: &str) -> (usize, usize) {
    let list = playlist::parse(text).unwrap();
    (list.media_sequence, list.media_sequence + list.segments.num_elements())
}

fn fails(what: &str) -> ObjectError {
    ObjectError::Passing { store: "witness", what: what.into() }
}

#[async_trait]
impl ObjectStore for Witness {
    async fn put(&self, key: &ObjectKey, body: Bytes, _: PutIf) -> Result<PutDone, ObjectError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(fails("down"));
        }
        let take =
            |count: &AtomicUsize| count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        let name = key.as_str().to_owned();
        if name.ends_with(".ts") && take(&self.stalls) {
            std::future::pending::<()>().await;
        }
        if name.ends_with(".m3u8") {
            self.look_at(&name, std::str::from_utf8(&body).unwrap());
        } else if body.is_empty() {
            self.wrong(format!("{name} is empty"));
        }
        let before = self.objects.lock().unwrap().insert(name.clone(), body.clone());
        if name.ends_with(".ts") && before.is_some_and(|before| before != body) {
            self.wrong(format!("{name} has other bytes than before"));
        }
        self.puts.lock().unwrap().push((name, Instant::now()));
        if take(&self.lose_replies) { Err(fails("the reply is lost")) } else { Ok(PutDone::Stored) }
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(fails("down"));
        }
        Ok(self.objects.lock().unwrap().get(key.as_str()).cloned())
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        let body = self.get(key).await?;
        Ok(body.map(|body| ObjectMeta {
            size: u64::try_from(body.len()).unwrap(),
            md5: Some(format!("{:x}", Md5::digest(&body))),
            cache_control: None,
            content_type: None,
        }))
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        self.objects.lock().unwrap().remove(key.as_str());
        Ok(())
    }
}
