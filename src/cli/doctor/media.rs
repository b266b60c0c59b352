//! The object store, and the address from which players load what is on it.

use std::time::Duration;

use bytes::Bytes;

use super::super::fetch::Answer;
use super::{Finding, Scene};
use crate::ids::new_word;
use crate::objects::{self, ObjectError, ObjectKey, PutIf, SharedObjects};

/// Longest wait for the public address.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether an object can be stored, read, guarded and removed, and keeps its headers.
pub(super) async fn store(scene: &Scene<'_>) -> Vec<Finding> {
    const PART: &str = "object store";
    let store = match objects::open(&scene.loaded.config.objects) {
        Ok(store) => store,
        Err(error) => return vec![Finding::failing(PART, error)],
    };
    match objects::round_trip(store.as_ref(), scene.random.as_ref()).await {
        Ok(trip) if trip.warnings.is_empty() => {
            let (put, get) = (trip.put.as_millis(), trip.get.as_millis());
            vec![Finding::ok(PART, format!("put in {put} ms, got back in {get} ms, headers kept, removed"))]
        }
        Ok(trip) => trip.warnings.into_iter().map(|warning| Finding::warning(PART, warning)).collect(),
        Err(error) => {
            vec![Finding::failing(PART, format!("{error}: check the settings of [objects] and the rights of its key"))]
        }
    }
}

/// The test objects of one visit.
struct Visit {
    base: String,
    segment: ObjectKey,
    playlist: ObjectKey,
    /// Asked for before it is there.
    late: ObjectKey,
    body: Bytes,
}

/// Whether players get what is stored, with its headers, from another origin; and whether a 404 is forgotten.
pub(super) async fn public(scene: &Scene<'_>) -> Vec<Finding> {
    const PART: &str = "public media";
    let config = &scene.loaded.config;
    let Ok(store) = objects::open(&config.objects) else { return Vec::new() };
    let base = config.media_base_url();
    if config.objects.public_base_url.is_empty() && !scene.is_serving {
        let says = format!("{base} is bakuhantam's own and it is not running: start `bakuhantam serve` and ask again");
        return vec![Finding::warning(PART, says)];
    }
    let word = new_word(scene.random.as_ref(), 26);
    let key = |name: &str| format!("doctor/{word}/{name}").parse::<ObjectKey>();
    let (Ok(segment), Ok(playlist), Ok(late)) = (key("segment.ts"), key("live.m3u8"), key("late.ts")) else {
        return Vec::new();
    };
    let visit = Visit { base, segment, playlist, late, body: Bytes::from(word) };
    let findings = match look(scene, &store, &visit).await {
        Ok(problems) if problems.is_empty() => {
            let says = format!("{} gives objects with their headers to any origin and forgets a 404", visit.base);
            vec![Finding::ok(PART, says)]
        }
        Ok(problems) => problems,
        Err(error) => {
            vec![Finding::failing(PART, format!("test objects cannot be stored ({error}): see object store"))]
        }
    };
    for key in [&visit.segment, &visit.playlist, &visit.late] {
        if let Err(error) = store.delete(key).await {
            tracing::debug!(%error, %key, "a test object stays behind");
        }
    }
    findings
}

async fn look(scene: &Scene<'_>, store: &SharedObjects, visit: &Visit) -> Result<Vec<Finding>, ObjectError> {
    const PART: &str = "public media";
    let get = |key: &ObjectKey| {
        let address = format!("{}/{key}", visit.base);
        let origin = scene.loaded.config.server.public_url.clone();
        async move { scene.fetcher.get(&address, &[("origin", &origin)], TIMEOUT).await }
    };
    let mut findings = Vec::new();
    match get(&visit.late).await {
        Err(error) => {
            let says = format!("{} does not answer ({error}): check objects.public_base_url and its DNS", visit.base);
            return Ok(vec![Finding::failing(PART, says)]);
        }
        Ok(answer) if answer.status != 404 => {
            let status = answer.status.as_u16();
            let says =
                format!("a missing object is answered with {status} instead of 404: players take it for a picture");
            findings.push(Finding::warning(PART, says));
        }
        Ok(_) => {}
    }
    for key in [&visit.segment, &visit.playlist, &visit.late] {
        store.put(key, visit.body.clone(), PutIf::Always).await?;
    }
    match get(&visit.late).await {
        Ok(answer) if answer.status == 404 => findings.push(Finding::failing(
            PART,
            "the CDN keeps the 404 of an object that came a moment later, and players would lose it for minutes: set its \
             rule for 404 to \"do not store\"",
        )),
        _ => {}
    }
    for key in [&visit.segment, &visit.playlist] {
        match get(key).await {
            Ok(answer) => findings.extend(headers(key, &answer, &visit.body)),
            Err(error) => {
                findings.push(Finding::failing(PART, format!("{}/{key} cannot be loaded: {error}", visit.base)));
            }
        }
    }
    if let Ok(again) = get(&visit.segment).await {
        findings.extend(kept(&again));
    }
    Ok(findings)
}

/// What is wrong with one object as a player gets it.
fn headers(key: &ObjectKey, answer: &Answer, body: &Bytes) -> Vec<Finding> {
    const PART: &str = "public media";
    let name = key.as_str().rsplit('/').next().unwrap_or_default();
    let status = answer.status.as_u16();
    if status != 200 || answer.body != body {
        let says = if status == 200 {
            format!("{name} comes back changed: let nothing between store and player rewrite it")
        } else {
            format!(
                "{name} is stored and answered with {status}: let objects.public_base_url show this bucket, and let it be read"
            )
        };
        return vec![Finding::failing(PART, says)];
    }
    let kind = key.kind();
    let mut findings = Vec::new();
    let rows = [("cache-control", kind.cache_control()), ("content-type", kind.content_type())];
    for (header, should) in rows {
        let is = answer.header(header);
        if is != should {
            let says = format!(
                "{name} has {header} \"{is}\" instead of \"{should}\": let the CDN respect the store's headers"
            );
            findings.push(Finding::warning(PART, says));
        }
    }
    if answer.header("access-control-allow-origin").is_empty() {
        let says =
            format!("{name} has no access-control-allow-origin, so browsers refuse it: set CORS * for GET and HEAD");
        findings.push(Finding::failing(PART, says));
    }
    findings
}

/// Whether a CDN that says so keeps segments.
fn kept(again: &Answer) -> Option<Finding> {
    let said = again.header("cf-cache-status");
    matches!(said, "DYNAMIC" | "BYPASS").then(|| {
        let says = format!(
            "Cloudflare does not keep segments (cf-cache-status {said}): add the cache rule of docs/OPERATIONS.md"
        );
        Finding::warning("public media", says)
    })
}
