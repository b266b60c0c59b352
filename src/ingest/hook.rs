//! `POST /api/v1/hooks/ingest`: a media server in front asks whether someone may publish.
//!
//! Pure: the web layer hands in what it received and turns the [`Verdict`] into a status. Two servers are understood:
//! MediaMTX (`authMethod: http`, a JSON body) and nginx-rtmp (`on_publish`, a form). Whether a key is wrong or an
//! event does not exist, has ended, or has another key: the answer is the same.

use std::net::IpAddr;
use std::num::NonZeroU32;

use serde::Deserialize;
use url::form_urlencoded;

use super::failures::Failures;
use crate::events::{EventStatus, StreamKeys};
use crate::ids::EventSlug;

/// Longest body that is read, in bytes.
pub const BODY_LEN_MAX: usize = 16 * 1024;
/// Wrong keys of one reported address in a minute.
const WRONG_KEYS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// Wrong keys counted by the address that the media server reports.
#[derive(Debug)]
pub struct HookLimits {
    failures: Failures,
}

impl Default for HookLimits {
    fn default() -> Self {
        Self { failures: Failures::new(WRONG_KEYS_PER_MINUTE) }
    }
}

/// The answer to a media server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 200: yes; the event that will be published, when the question was that.
    Allow {
        /// The event of the key.
        event: Option<EventSlug>,
    },
    /// 401: no.
    Deny,
    /// 403: the caller is neither loopback nor trusted.
    NotTrusted,
    /// 429: no, and this address has asked with wrong keys too often. Never for a right key.
    TooMany,
    /// 400: not a question of MediaMTX or nginx-rtmp; the sentence says why.
    BadRequest(String),
}

/// What is asked.
#[derive(Debug)]
enum Question {
    /// May it publish? Keys as given, and the last part of the path.
    Publish { keys: Vec<String>, name: String },
    /// May it read?
    Read,
    /// Something that only the machine itself may do.
    Operate,
    /// Something that changes nothing: told, not asked.
    Told,
}

/// Decides. `peer` is who called us; `trusted` is `ingest.hook_trusted`; `query` is the request's own query string,
/// read where the form's body is empty.
#[must_use]
pub fn decide(
    keys: &StreamKeys,
    limits: &HookLimits,
    peer: IpAddr,
    trusted: &[IpAddr],
    content_type: &str,
    query: Option<&str>,
    body: &[u8],
) -> Verdict {
    let peer = peer.to_canonical();
    let verdict = if !peer.is_loopback() && !trusted.iter().any(|address| address.to_canonical() == peer) {
        Verdict::NotTrusted
    } else if body.len() > BODY_LEN_MAX {
        Verdict::BadRequest(format!("the body is longer than {BODY_LEN_MAX} bytes"))
    } else {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let asked = if media_type.eq_ignore_ascii_case("application/json") {
            read_mediamtx(body)
        } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let body = if body.is_empty() { query.unwrap_or_default().as_bytes() } else { body };
            read_nginx_rtmp(body)
        } else {
            Err("send MediaMTX's JSON (application/json) or nginx-rtmp's form (application/x-www-form-urlencoded)"
                .to_owned())
        };
        match asked {
            Ok((question, reported)) => answer(keys, limits, &question, reported, peer),
            Err(why) => Verdict::BadRequest(why),
        }
    };
    metrics::counter!("bakuhantam_ingest_hook_total", "verdict" => verdict.word()).increment(1);
    verdict
}

impl Verdict {
    const fn word(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny => "deny",
            Self::NotTrusted => "not_trusted",
            Self::TooMany => "too_many",
            Self::BadRequest(_) => "bad_request",
        }
    }
}

fn answer(
    keys: &StreamKeys,
    limits: &HookLimits,
    question: &Question,
    reported: Option<IpAddr>,
    peer: IpAddr,
) -> Verdict {
    let local = reported.is_some_and(|address| address.is_loopback());
    match question {
        Question::Publish { keys: given, name } => {
            for key in given {
                let Some(event) = keys.find(key) else { continue };
                // A key opens its own event's path and no other's.
                let own_path = name == key || name == event.slug.as_str();
                if event.status == EventStatus::Ended || !own_path {
                    return Verdict::Deny;
                }
                return Verdict::Allow { event: Some(event.slug.clone()) };
            }
            if limits.failures.count(reported.unwrap_or(peer)) { Verdict::Deny } else { Verdict::TooMany }
        }
        Question::Read | Question::Operate if local => Verdict::Allow { event: None },
        Question::Read | Question::Operate => Verdict::Deny,
        Question::Told => Verdict::Allow { event: None },
    }
}

/// What MediaMTX sends. Fields that it leaves out or that newer releases add make no difference.
#[derive(Deserialize)]
#[serde(default)]
struct MediaMtx {
    password: String,
    token: String,
    ip: String,
    action: String,
    path: String,
    query: String,
}

impl Default for MediaMtx {
    fn default() -> Self {
        let empty = String::new;
        Self { password: empty(), token: empty(), ip: empty(), action: empty(), path: empty(), query: empty() }
    }
}

fn read_mediamtx(body: &[u8]) -> Result<(Question, Option<IpAddr>), String> {
    let asked: MediaMtx =
        serde_json::from_slice(body).map_err(|_| "the body is not the JSON that MediaMTX sends".to_owned())?;
    let question = match asked.action.as_str() {
        "publish" => {
            let (path, from_stream_id) = read_stream_id(&asked.path);
            let name = last_part(path);
            let keys = keys_of(
                [asked.password.as_str(), asked.token.as_str(), from_stream_id].into_iter(),
                &asked.query,
                name,
            );
            Question::Publish { keys, name: name.to_owned() }
        }
        "read" | "playback" => Question::Read,
        "api" | "metrics" | "pprof" => Question::Operate,
        _ => return Err("\"action\" must be publish, read, playback, api, metrics or pprof".to_owned()),
    };
    Ok((question, parse_ip(&asked.ip)))
}

fn read_nginx_rtmp(body: &[u8]) -> Result<(Question, Option<IpAddr>), String> {
    // The publisher's own arguments stand behind the server's fields: the first of a name is the server's.
    let field =
        |name: &str| form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let call = field("call").ok_or("the form has no \"call\": nginx-rtmp's on_publish sends one")?;
    let question = match call.as_str() {
        "publish" | "update_publish" => {
            let given = field("name").unwrap_or_default();
            let (path, arguments) = given.split_once('?').unwrap_or((given.as_str(), ""));
            let name = last_part(path);
            let named = ["pass", "token"].map(|name| field(name).unwrap_or_default());
            let keys = keys_of(named.iter().map(String::as_str), arguments, name);
            Question::Publish { keys, name: name.to_owned() }
        }
        "play" | "update_play" => Question::Read,
        "done" | "publish_done" | "play_done" | "record_done" => Question::Told,
        _ => return Err("\"call\" must be publish, update_publish, play, update_play or a done".to_owned()),
    };
    Ok((question, field("addr").as_deref().and_then(parse_ip)))
}

/// The places where a key may stand, in order: fields, `pass=` and `token=` of a query, the last part of the path.
fn keys_of<'a>(fields: impl Iterator<Item = &'a str>, query: &str, name: &str) -> Vec<String> {
    let query = query.trim_start_matches('?');
    let from_query = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == "pass" || key == "token")
        .map(|(_, value)| value.into_owned())
        .take(2);
    let mut keys: Vec<String> = fields.map(str::to_owned).chain(from_query).chain([name.to_owned()]).collect();
    keys.retain(|key| !key.is_empty());
    keys
}

/// Path and password of an SRT stream id: `publish:PATH:USER:PASS`, or the standard's
/// `#!::m=publish,r=PATH,u=USER,s=PASS`. MediaMTX mostly takes it apart itself; what is none is a path as it stands.
fn read_stream_id(text: &str) -> (&str, &str) {
    if let Some(fields) = text.strip_prefix("#!::") {
        let find = |name: &str| fields.split(',').find_map(|field| field.strip_prefix(name)).unwrap_or_default();
        return (find("r="), find("s="));
    }
    if let Some(rest) = text.strip_prefix("publish:") {
        let mut parts = rest.split(':');
        let path = parts.next().unwrap_or_default();
        return (path, parts.nth(1).unwrap_or_default());
    }
    (text, "")
}

fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn parse_ip(text: &str) -> Option<IpAddr> {
    text.trim_start_matches('[').trim_end_matches(']').parse().ok().map(|ip: IpAddr| ip.to_canonical())
}
