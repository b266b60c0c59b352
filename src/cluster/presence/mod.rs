//! Who is in the rooms: live sockets by event and seat, of this process and joined over all.
//!
//! Verbs: [`Presence::enter`] and, by dropping what it gives, leaving; [`Presence::count`]; [`Presence::exchange`], which
//! tells the other processes and hears of them; [`Presence::leave`]; [`list_seated`] for commands.
//!
//! Invariants: a socket counts once, in the room it is in; nothing is written for a socket, only for a process every few
//! seconds. A process is believed for as long as its rows change: one that was killed counts for [`BELIEVED_FOR`] more,
//! whatever its clock says. With the database away the others are believed for as long, and then forgotten: the own
//! sockets are always counted.

mod records;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{Micros, SharedClock};
use crate::ids::{EventSlug, RowId};
use crate::store::{Store, StoreError};

pub use records::Seated;

/// How often processes tell each other.
pub const EVERY: Duration = Duration::from_secs(3);
/// A process that says nothing new for so long is gone.
pub const BELIEVED_FOR: Duration = Duration::from_secs(15);
/// Rows that are older are of no running process, however wrong the clocks, in milliseconds.
const READ_BACK_MS: i64 = 600_000;
/// What a command takes for connected, in milliseconds: it sees the rows once.
const CONNECTED_MS: i64 = 15_000;

/// What a socket is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    /// Somebody who watches.
    Viewer,
    /// One of the broadcast's own overlay pages.
    Overlay(OverlayKind),
}

/// Which overlay page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OverlayKind {
    /// Alerts with a message.
    Superchats,
    /// Alerts without.
    Donations,
    /// The ladder.
    Milestones,
    /// The poll.
    Poll,
    /// Who has given most.
    Leaderboard,
}

impl OverlayKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Superchats, Self::Donations, Self::Milestones, Self::Poll, Self::Leaderboard];

    /// Its word in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superchats => "superchats",
            Self::Donations => "donations",
            Self::Milestones => "milestones",
            Self::Poll => "poll",
            Self::Leaderboard => "leaderboard",
        }
    }
}

impl FromStr for OverlayKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Viewer => f.write_str("viewer"),
            Self::Overlay(kind) => write!(f, "overlay:{}", kind.as_str()),
        }
    }
}

impl FromStr for Seat {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.strip_prefix("overlay:") {
            Some(kind) => Ok(Self::Overlay(kind.parse()?)),
            None if text == "viewer" => Ok(Self::Viewer),
            None => Err(()),
        }
    }
}

/// Sockets by room and seat.
type Counts = BTreeMap<(EventSlug, Seat), u64>;

/// What is known of another process.
#[derive(Debug)]
struct Other {
    counts: Counts,
    /// When its rows were written, by its own clock.
    said_at: Micros,
    /// When that was seen to change; `None`: it was old when it was first seen.
    heard_at: Option<Instant>,
}

impl Other {
    fn is_believed(&self) -> bool {
        self.heard_at.is_some_and(|at| at.elapsed() < BELIEVED_FOR)
    }
}

#[derive(Debug, Default)]
struct State {
    here: Counts,
    others: HashMap<RowId, Other>,
    /// What the others have been told, and when.
    written: Option<(Counts, Instant)>,
}

/// Who is in the rooms.
#[derive(Debug)]
pub struct Presence {
    process: RowId,
    node: String,
    state: Mutex<State>,
}

/// A socket's seat; it is left when this is dropped.
#[derive(Debug)]
pub struct Seating {
    presence: Arc<Presence>,
    place: (EventSlug, Seat),
}

impl Seating {
    /// Which seat it is.
    #[must_use]
    pub const fn seat(&self) -> Seat {
        self.place.1
    }
}

impl Drop for Seating {
    fn drop(&mut self) {
        let mut state = self.presence.state();
        if let Some(sockets) = state.here.get_mut(&self.place) {
            *sockets = sockets.saturating_sub(1);
            if *sockets == 0 {
                state.here.remove(&self.place);
            }
        }
    }
}

impl Presence {
    /// The rooms of a process: `process` is an id of its own, `node` its node's name.
    #[must_use]
    pub fn new(process: RowId, node: String) -> Arc<Self> {
        Arc::new(Self { process, node, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat in a room.
    #[must_use]
    pub fn enter(self: &Arc<Self>, room: &EventSlug, seat: Seat) -> Seating {
        let place = (room.clone(), seat);
        let mut state = self.state();
        let sockets = state.here.entry(place.clone()).or_default();
        *sockets = sockets.saturating_add(1);
        drop(state);
        Seating { presence: Arc::clone(self), place }
    }

    /// Sockets on this seat of a room, of every process as far as is known.
    #[must_use]
    pub fn count(&self, room: &EventSlug, seat: Seat) -> u64 {
        let place = (room.clone(), seat);
        let state = self.state();
        let others =
            state.others.values().filter(|other| other.is_believed()).filter_map(|other| other.counts.get(&place));
        others.chain(state.here.get(&place)).fold(0, |sum, sockets| sum.saturating_add(*sockets))
    }

    /// Rooms in which a socket of this process is.
    #[must_use]
    pub fn rooms(&self) -> Vec<EventSlug> {
        let mut rooms: Vec<EventSlug> = self.state().here.keys().map(|(room, _)| room.clone()).collect();
        rooms.dedup();
        rooms
    }

    /// Tells the other processes what is here, where that is new or they might forget it, and hears what they say.
    ///
    /// # Errors
    /// [`StoreError`]: others are believed for a while and then forgotten.
    pub async fn exchange(&self, store: &Store, clock: &SharedClock) -> Result<(), StoreError> {
        let at = clock.now();
        let here = {
            let state = self.state();
            let is_fresh = |(told, when): &(Counts, Instant)| {
                // Nobody needs to hear again and again that nobody is here.
                *told == state.here && (told.is_empty() || when.elapsed() < BELIEVED_FOR / 2)
            };
            let is_told = state.written.as_ref().map_or(state.here.is_empty(), is_fresh);
            (!is_told).then(|| state.here.clone())
        };
        if let Some(here) = here {
            let (process, node, told) = (self.process.clone(), self.node.clone(), here.clone());
            store.write(move |conn| records::write(conn, (&process, &node), &told, at)).await?;
            self.state().written = Some((here, Instant::now()));
        }
        let rows = store.read(move |conn| records::list_since(conn, at.plus_ms(-READ_BACK_MS))).await?;
        self.hear(rows, at);
        Ok(())
    }

    fn hear(&self, rows: Vec<Seated>, now: Micros) {
        let mut said: HashMap<RowId, (Micros, Counts)> = HashMap::new();
        for row in rows.into_iter().filter(|row| row.process != self.process) {
            let (at, counts) = said.entry(row.process).or_insert_with(|| (row.at, Counts::new()));
            *at = (*at).max(row.at);
            counts.insert((row.room, row.seat), row.sockets);
        }
        let mut state = self.state();
        // A process that has left has no rows any more.
        state.others.retain(|process, _| said.contains_key(process));
        for (process, (said_at, counts)) in said {
            let before = state.others.get(&process).map(|other| other.said_at);
            if before != Some(said_at) {
                // Seen for the first time, it may be what a process left that was killed a while ago.
                let is_new = before.is_some() || now.ms_since(said_at).abs() < CONNECTED_MS;
                let heard_at = is_new.then(Instant::now);
                state.others.insert(process, Other { counts, said_at, heard_at });
            }
        }
    }

    /// Takes this process's rows away: it stops.
    ///
    /// # Errors
    /// [`StoreError`]: the others forget it by themselves.
    pub async fn leave(&self, store: &Store) -> Result<(), StoreError> {
        if self.state().written.take().is_none_or(|(told, _)| told.is_empty()) {
            return Ok(());
        }
        let process = self.process.clone();
        store.write(move |conn| records::leave(conn, &process)).await
    }
}

/// What is connected to a room at `now`, as the processes have said.
///
/// # Errors
/// [`StoreError`]
pub async fn list_seated(store: &Store, room: &EventSlug, now: Micros) -> Result<Vec<Seated>, StoreError> {
    let mut rows = store.read(move |conn| records::list_since(conn, now.plus_ms(-CONNECTED_MS))).await?;
    rows.retain(|row| row.room == *room);
    Ok(rows)
}
