//! `GET /ws`: clients join a room and listen. They may send two messages; anything else closes with 1008.

use std::pin::pin;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, rt, web};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Closed, ProtocolError, Session};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval_at, timeout};
use url::form_urlencoded;

use super::error::Problem;
use super::overlay::key_of;
use super::{Site, frames};
use crate::cluster::presence::{OverlayKind, Seat, Seating};
use crate::events::{EventFacts, EventStatus};
use crate::hub::{Frame, Subscription};
use crate::ids::EventSlug;
use crate::superchat::{Kind, PublicSupport};

/// Longest message a client may send, in bytes.
const MESSAGE_BYTES_MAX: u16 = 512;
/// The server's ping; a client that has said nothing for twice as long is gone.
const PING_EVERY: Duration = Duration::from_secs(30);
/// A frame not taken within this cuts the reader.
const WRITE_MAX: Duration = Duration::from_secs(10);
/// Supports read at once for a client that comes back.
const REPLAY_PAGE: i64 = 100;
/// How long a goodbye may take.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", deny_unknown_fields)]
enum Said {
    /// Listen to an event's room. `after` asks for the public facts behind that number first.
    #[serde(rename = "superchat:join")]
    Join {
        room: String,
        #[serde(default)]
        after: Option<i64>,
    },
    /// Are you there?
    #[serde(rename = "ping")]
    Ping {},
}

/// The room a client listens to.
struct Room {
    slug: EventSlug,
    subscription: Subscription,
    /// The client has been told everything up to this number.
    told: i64,
    /// Where it sits; nowhere: an overlay page that is not the broadcast's own.
    seating: Option<Seating>,
}

impl Room {
    /// Takes the seat that is the socket's now: the event's overlay key may have been renewed since it had one.
    fn sit(&mut self, site: &Site, opened: &Opened) {
        let seat = site.mirror.find(&self.slug).and_then(|event| opened.seat(site, &event));
        if self.seating.as_ref().map(Seating::seat) != seat {
            self.seating = seat.map(|seat| site.presence.enter(&self.slug, seat));
        }
    }
}

/// What opened a socket, by its address.
#[derive(Clone, Debug)]
enum Opened {
    /// A page that somebody watches.
    Viewer,
    /// An overlay page, with the key in its address.
    Overlay { kind: OverlayKind, key: Option<String> },
}

impl Opened {
    /// `overlay=` and `key=` of a query; `None`: there is no such overlay.
    fn read(query: &str) -> Option<Self> {
        let overlay = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "overlay");
        let Some((_, kind)) = overlay else { return Some(Self::Viewer) };
        Some(Self::Overlay { kind: kind.parse().ok()?, key: key_of(query) })
    }

    /// Its seat in an event's room; `None`: it only looks on.
    fn seat(&self, site: &Site, event: &EventFacts) -> Option<Seat> {
        match self {
            Self::Viewer => Some(Seat::Viewer),
            Self::Overlay { kind, key } => {
                let is_own = key.as_ref().is_some_and(|key| site.overlay_keys.is_key_of(event, key));
                is_own.then_some(Seat::Overlay(*kind))
            }
        }
    }
}

/// Why a conversation ended.
enum End {
    /// The client left or its line broke: nothing more to say.
    Gone,
    /// Said something it may not.
    Policy(&'static str),
    /// The node stops, or the reader was too slow: come back.
    ComeBack,
}

/// Upgrades to a socket.
///
/// # Errors
/// 400 for a request that is no socket handshake, 503 while draining.
pub async fn open(req: HttpRequest, body: web::Payload, site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    if site.draining.is_cancelled() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "web.draining", "This node is about to stop.");
        return Err(problem.retry_after(1));
    }
    let no_handshake =
        |_| Problem::new(StatusCode::BAD_REQUEST, "socket.handshake", "This address speaks WebSocket only.");
    let opened = Opened::read(req.query_string())
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "socket.no_such_overlay", "There is no such overlay."))?;
    let passed = site.turnstile.pass(&req, &site).await?;
    let body = frames::bounded(&req, body, MESSAGE_BYTES_MAX.into()).await.map_err(no_handshake)?;
    let (response, session, stream) = actix_ws::handle(&req, body).map_err(no_handshake)?;
    let stream = stream.max_frame_size(MESSAGE_BYTES_MAX.into()).aggregate_continuations();
    let stream = stream.max_continuation_size(MESSAGE_BYTES_MAX.into());
    rt::spawn(async move {
        metrics::gauge!("bakuhantam_sockets").increment(1.0);
        talk(session, stream, &site, &opened).await;
        drop(passed);
        metrics::gauge!("bakuhantam_sockets").decrement(1.0);
    });
    Ok(response)
}

async fn talk(mut session: Session, mut stream: AggregatedMessageStream, site: &Site, opened: &Opened) {
    let end = listen(&mut session, &mut stream, site, opened).await;
    let reason = match end {
        End::Gone => None,
        End::Policy(why) => Some(CloseReason { code: CloseCode::Policy, description: Some(why.to_owned()) }),
        End::ComeBack => {
            let come_back = session.text(Frame::from_static(r#"{"event":"server:reconnect"}"#));
            let told = timeout(FAREWELL_MAX, come_back).await;
            matches!(told, Ok(Ok(())))
                .then(|| CloseReason { code: CloseCode::Away, description: Some("come back".into()) })
        }
    };
    // A client that is gone cannot be told; there is nothing left to do about it.
    if timeout(FAREWELL_MAX, session.close(reason)).await.is_err() {
        tracing::debug!("a socket did not take its close frame");
    }
}

async fn listen(session: &mut Session, stream: &mut AggregatedMessageStream, site: &Site, opened: &Opened) -> End {
    let mut room: Option<Room> = None;
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let mut heard = Instant::now();
    let mut draining = pin!(site.draining.cancelled());
    loop {
        let step = tokio::select! {
            () = &mut draining => Err(End::ComeBack),
            said = stream.recv() => {
                heard = Instant::now();
                match said {
                    Some(Ok(message)) => hear(message, session, (site, opened), &mut room).await,
                    Some(Err(error)) => Err(end_of(&error)),
                    None => Err(End::Gone),
                }
            }
            frame = next_frame(&mut room) => match frame {
                Ok(frame) => taken(site, session.text(frame)).await,
                Err(end) => Err(end),
            },
            _ = ping.tick() => {
                if let Some(room) = &mut room {
                    room.sit(site, opened);
                }
                if heard.elapsed() > PING_EVERY * 2 { Err(End::Gone) } else { taken(site, session.ping(b"")).await }
            }
        };
        if let Err(end) = step {
            return end;
        }
    }
}

/// A line that broke, or something that may not be said: too long, no UTF-8, no WebSocket.
fn end_of(error: &ProtocolError) -> End {
    match error {
        ProtocolError::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(PayloadError::Overflow) => End::Policy("messages are short"),
            Some(_) => End::Gone,
            // Not of the line but of what came over it.
            None => End::Policy("messages are short and in UTF-8"),
        },
        ProtocolError::Overflow => End::Policy("messages are short"),
        _ => End::Policy("this is no WebSocket frame"),
    }
}

/// The next frame of the joined room; never, before one is joined.
async fn next_frame(room: &mut Option<Room>) -> Result<Frame, End> {
    let Some(room) = room else { return std::future::pending().await };
    loop {
        match room.subscription.recv().await {
            // It was replayed already.
            Ok(heard) if heard.seq.is_some_and(|seq| seq <= room.told) => {}
            Ok(heard) => return Ok(heard.frame),
            // Lost frames cannot be made up here: the client replays them when it comes back.
            Err(RecvError::Lagged(_) | RecvError::Closed) => return Err(End::ComeBack),
        }
    }
}

async fn hear(
    message: AggregatedMessage,
    session: &mut Session,
    (site, opened): (&Site, &Opened),
    room: &mut Option<Room>,
) -> Result<(), End> {
    let text = match message {
        AggregatedMessage::Text(text) => text,
        AggregatedMessage::Ping(bytes) => return taken(site, session.pong(&bytes)).await,
        AggregatedMessage::Pong(_) => return Ok(()),
        AggregatedMessage::Close(_) => return Err(End::Gone),
        AggregatedMessage::Binary(_) => return Err(End::Policy("binary messages are not understood")),
    };
    match serde_json::from_str(&text) {
        Ok(Said::Ping {}) => taken(site, session.text(Frame::from_static(r#"{"event":"pong"}"#))).await,
        Ok(Said::Join { room: name, after }) => {
            let event = name
                .parse::<EventSlug>()
                .ok()
                .and_then(|slug| site.mirror.find(&slug))
                .filter(|event| event.status != EventStatus::Draft)
                .ok_or(End::Policy("there is no such room"))?;
            // Subscribed first, told the state second: nothing falls between the two.
            let subscription = site.hub.subscribe(&event.slug);
            let status = site.stream_of(&event).status;
            // Whoever was in another room has left it by then.
            let mut joined = Room { slug: event.slug.clone(), subscription, told: 0, seating: None };
            *room = None;
            joined.sit(site, opened);
            taken(site, session.text(status_frame(&event.slug, status.as_str()))).await?;
            if matches!(opened, Opened::Viewer) {
                let count = site.presence.count(&event.slug, Seat::Viewer);
                taken(site, session.text(viewers_frame(&event.slug, count))).await?;
            }
            if let Some(after) = after {
                joined.told = replay(session, site, &event.slug, after.max(0)).await?;
            }
            *room = Some(joined);
            Ok(())
        }
        Err(_) => Err(End::Policy("only superchat:join and ping are understood")),
    }
}

/// Tells what is public behind a number, in order. Returns the number up to which everything is told.
async fn replay(session: &mut Session, site: &Site, room: &EventSlug, after: i64) -> Result<i64, End> {
    let mut told = after;
    loop {
        let page = site.crowd.list_public(room, None, Some(told), REPLAY_PAGE).await;
        let page = page.map_err(|error| {
            tracing::debug!(%error, "a client could not be told what it missed");
            End::ComeBack
        })?;
        told = page.next_after;
        if page.items.is_empty() {
            return Ok(told);
        }
        for support in &page.items {
            taken(site, session.text(support_frame(room, support))).await?;
        }
    }
}

/// A support under its number.
fn support_frame(room: &EventSlug, support: &PublicSupport) -> Frame {
    let (event, data) = match (&support.shown, support.kind) {
        (Some(shown), Kind::Superchat) => ("superchat:new", serde_json::json!(shown)),
        (Some(shown), Kind::Donation) => ("donation:new", serde_json::json!(shown)),
        (None, _) => ("superchat:hidden", serde_json::json!({ "id": support.id })),
    };
    numbered_frame(event, room, support.seq, &data)
}

/// `stream:status` for an event's room.
#[must_use]
pub fn status_frame(room: &EventSlug, status: &str) -> Frame {
    frame("stream:status", room, &serde_json::json!({ "status": status }))
}

/// `viewers:count` for an event's room.
#[must_use]
pub fn viewers_frame(room: &EventSlug, count: u64) -> Frame {
    frame("viewers:count", room, &serde_json::json!({ "count": count }))
}

/// A frame `{"event","room","data"}`.
#[must_use]
pub fn frame(event: &str, room: &EventSlug, data: &serde_json::Value) -> Frame {
    serde_json::json!({ "event": event, "room": room, "data": data }).to_string().into()
}

/// A frame `{"event","room","seq","data"}`.
#[must_use]
pub fn numbered_frame(event: &str, room: &EventSlug, seq: i64, data: &serde_json::Value) -> Frame {
    serde_json::json!({ "event": event, "room": room, "seq": seq, "data": data }).to_string().into()
}

/// Waits until the client has taken something, a pong too: who asks and never reads must not keep its socket, and is
/// not waited for when the node drains.
async fn taken(site: &Site, write: impl Future<Output = Result<(), Closed>>) -> Result<(), End> {
    tokio::select! {
        biased;
        done = timeout(WRITE_MAX, write) => match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::ComeBack),
        },
        () = site.draining.cancelled() => Err(End::ComeBack),
    }
}
