//! One connection, from its first byte to its last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::{future, io};

use bytes::{BufMut as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Shared;
use super::feeder::Feeder;
use super::guests::Guest;
use super::holders::{Claim, Pulse};
use crate::events::{EventFacts, EventStatus};
use crate::ingest::Refused;
use crate::ingest::session::{Cut, Event, Session, StreamName};

/// From the connection to being let in, in total.
pub const START_WITHIN: Duration = Duration::from_secs(5);
/// Longest silence of a publisher.
const IDLE_MAX: Duration = Duration::from_secs(15);
/// Longest time for what we send to be taken.
const SEND_WITHIN: Duration = Duration::from_secs(5);
/// After the last words: how long the client may go on sending while it reads them.
const FAREWELL: Duration = Duration::from_secs(1);
/// Answer to an address with too many wrong keys.
const SLOW_ANSWER: Duration = Duration::from_secs(2);
/// Bytes read at once.
const READ_LEN: usize = 32 * 1024;

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("left")]
    Left,
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("it {0}")]
    Cut(#[from] Cut),
    #[error("was not let in within {} seconds", START_WITHIN.as_secs())]
    TooSlow,
    #[error("was silent for {} seconds", IDLE_MAX.as_secs())]
    Idle,
    #[error("made room for newer connections")]
    CrowdedOut,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl End {
    /// The word in the count of refusals; `None` for an ordinary end.
    const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Left => None,
            Self::Refused(refused) => Some(refused.reason()),
            Self::Cut(_) => Some("protocol"),
            Self::TooSlow => Some("too_slow"),
            Self::Idle => Some("idle"),
            Self::CrowdedOut => Some("crowded_out"),
            Self::Io(_) => Some("io"),
        }
    }
}

/// Serves a connection until it ends. Being let in must happen before `start_by`.
pub async fn serve<S>(io: S, peer: SocketAddr, start_by: Instant, guest: Guest, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut wire = Wire { io, session: Session::new(), unsent: BytesMut::new(), buffer: BytesMut::new() };
    let admitted = tokio::select! {
        biased;
        () = shared.shutdown.cancelled() => Err(End::Refused(Refused::Draining)),
        () = guest.crowded_out() => Err(End::CrowdedOut),
        admitted = timeout_at(start_by, admit(&mut wire, peer, &shared)) => admitted.unwrap_or(Err(End::TooSlow)),
    };
    match admitted {
        Ok((event, claim)) => {
            guest.let_in();
            publish(wire, peer, &event, claim, &shared).await;
        }
        Err(end) => {
            if let Some(reason) = end.reason() {
                metrics::counter!("bakuhantam_ingest_refusals_total", "reason" => reason).increment(1);
                // Strangers knock all day: only what a producer may ask about is worth a line.
                if matches!(&end, End::Refused(refused) if *refused != Refused::TooManyWrongKeys) {
                    tracing::warn!(%peer, reason, "publisher refused: {end}");
                } else {
                    tracing::debug!(%peer, reason, "connection closed: {end}");
                }
            }
            tokio::select! {
                () = guest.crowded_out() => {}
                () = wire.farewell(&end) => {}
            }
        }
    }
}

/// Reads until someone asks to publish, and decides.
async fn admit<S>(wire: &mut Wire<S>, peer: SocketAddr, shared: &Shared) -> Result<(Arc<EventFacts>, Claim), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        // Nothing follows the first event before it is answered.
        match wire.read().await?.into_iter().next() {
            None => {}
            Some(Event::Publish(name)) => {
                let admitted = authorise(&name, peer, shared);
                match admitted {
                    Ok(_) => {
                        wire.session.accept();
                        wire.send().await?;
                    }
                    Err(Refused::TooManyWrongKeys) => sleep(SLOW_ANSWER).await,
                    Err(_) => {}
                }
                return Ok(admitted?);
            }
            Some(Event::Refused(refusal)) => return Err(End::Refused(refusal.into())),
            Some(Event::Ended | Event::Media(_)) => return Err(End::Left),
        }
    }
}

/// The event of a stream key, claimed for this publisher.
fn authorise(name: &StreamName, peer: SocketAddr, shared: &Shared) -> Result<(Arc<EventFacts>, Claim), Refused> {
    let Some(event) = shared.keys.find(name.expose()) else {
        let allowed = shared.failures.count(peer.ip());
        return Err(if allowed { Refused::WrongKey } else { Refused::TooManyWrongKeys });
    };
    if event.status == EventStatus::Ended {
        return Err(Refused::Ended);
    }
    let claim = shared.holders.claim(&event.slug)?;
    Ok((event, claim))
}

/// Relays a publisher that was let in until it ends or must be cut.
async fn publish<S>(mut wire: Wire<S>, peer: SocketAddr, event: &EventFacts, claim: Claim, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tracing::info!(event = %event.slug, %peer, "publisher is live");
    let live = metrics::gauge!("bakuhantam_ingest_publishers");
    live.increment(1);
    let began = Instant::now();
    let mut feeder = Feeder::new(Arc::clone(&shared.feeds), shared.tracker.clone(), event.slug.clone());
    let end = tokio::select! {
        biased;
        refused = watch_over(event, &claim, shared) => End::Refused(refused),
        end = relay(&mut wire, &mut feeder, claim.pulse()) => end,
    };
    // The next publisher need not wait for our last segment.
    drop(claim);
    live.decrement(1);
    if let Some(reason) = end.reason() {
        metrics::counter!("bakuhantam_ingest_refusals_total", "reason" => reason).increment(1);
    }
    tracing::info!(
        event = %event.slug, %peer, reason = end.reason().unwrap_or("left"),
        seconds = began.elapsed().as_secs(), bytes = wire.session.received(), runs = feeder.opened(),
        "publisher has gone: {end}",
    );
    tokio::join!(wire.farewell(&end), feeder.finish());
}

/// Waits for a reason to cut a publisher that does nothing wrong.
async fn watch_over(event: &EventFacts, claim: &Claim, shared: &Shared) -> Refused {
    let mut snapshots = shared.mirror.changes();
    loop {
        // An event that the mirror does not know at the moment keeps its last known state.
        if let Some(now) = shared.mirror.find(&event.slug) {
            if now.status == EventStatus::Ended {
                return Refused::Ended;
            }
            if now.stream_key_mac != event.stream_key_mac {
                return Refused::KeyChanged;
            }
        }
        tokio::select! {
            () = shared.shutdown.cancelled() => return Refused::Draining,
            () = claim.replaced() => return Refused::Replaced,
            changed = snapshots.changed() => if changed.is_err() {
                future::pending::<()>().await;
            },
        }
    }
}

async fn relay<S>(wire: &mut Wire<S>, feeder: &mut Feeder, pulse: &Pulse) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // What came behind `publish` waits in the session.
    let mut events = wire.session.receive(&[]);
    loop {
        match events {
            Ok(events) => {
                for event in events {
                    match event {
                        Event::Media(media) => {
                            pulse.set_waiting_for_encoder(true);
                            let taken = feeder.take(media).await;
                            pulse.set_waiting_for_encoder(false);
                            if let Err(refused) = taken {
                                return End::Refused(refused);
                            }
                        }
                        Event::Refused(refusal) => return End::Refused(refusal.into()),
                        Event::Ended | Event::Publish(_) => return End::Left,
                    }
                }
            }
            Err(cut) => return End::Cut(cut),
        }
        events = match timeout(IDLE_MAX, wire.read()).await {
            Err(_) => return End::Idle,
            Ok(Err(end)) => return end,
            Ok(Ok(events)) => Ok(events),
        };
        pulse.beat();
    }
}

/// The socket and its session.
struct Wire<S> {
    io: S,
    session: Session,
    /// Taken from the session, not yet by the socket: a cancelled write leaves no half of a message behind.
    unsent: BytesMut,
    buffer: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Reads once, sends what the session answers, and gives what happened.
    async fn read(&mut self) -> Result<Vec<Event>, End> {
        self.buffer.clear();
        self.buffer.reserve(READ_LEN);
        let mut window = (&mut self.buffer).limit(READ_LEN);
        let len = self.io.read_buf(&mut window).await?;
        if len == 0 {
            return Err(End::Left);
        }
        metrics::counter!("bakuhantam_ingest_bytes_total").increment(u64::try_from(len).unwrap_or_default());
        let events = self.session.receive(&self.buffer)?;
        self.send().await?;
        Ok(events)
    }

    async fn send(&mut self) -> Result<(), End> {
        self.unsent.extend_from_slice(&self.session.take_output());
        if self.unsent.is_empty() {
            return Ok(());
        }
        let sending = async {
            while !self.unsent.is_empty() {
                if self.io.write_buf(&mut self.unsent).await? == 0 {
                    return Err(io::Error::from(io::ErrorKind::WriteZero));
                }
            }
            self.io.flush().await
        };
        timeout(SEND_WITHIN, sending).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok(())
    }

    /// Says the last words, where there are any, closes our side and reads on for a moment: a socket closed with
    /// unread bytes sends a reset, which can overtake the words.
    async fn farewell(mut self, end: &End) {
        match end {
            End::Refused(refused) => self.session.deny(&refused.to_string()),
            End::Left => {}
            End::Cut(_) | End::TooSlow | End::Idle | End::CrowdedOut | End::Io(_) => return,
        }
        let parting = async {
            self.send().await?;
            self.io.shutdown().await?;
            loop {
                self.buffer.clear();
                self.buffer.reserve(READ_LEN);
                let mut window = (&mut self.buffer).limit(READ_LEN);
                if self.io.read_buf(&mut window).await? == 0 {
                    return Ok::<(), End>(());
                }
            }
        };
        if let Ok(Err(end)) = timeout(FAREWELL, parting).await {
            tracing::trace!("parting: {end}");
        }
    }
}
