//! Topics with bounded subscribers: one serialised frame, shared by all who listen.
//!
//! Publishing never waits. A subscriber whose queue is full has lost frames and is told so; it must be cut with
//! "come back" and replays what it missed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytestring::ByteString;
use tokio::sync::broadcast;

use crate::ids::EventSlug;

/// Frames a subscriber may lag behind before it is cut.
const QUEUE_LEN_MAX: usize = 256;

/// One message, serialised once: `{"event":…,"room":…,…}` as JSON.
pub type Frame = ByteString;

/// A frame as subscribers hear it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The number of the room's public fact that it tells; `None`: it tells none.
    pub seq: Option<i64>,
    /// The frame.
    pub frame: Frame,
}

/// Topics of one process.
#[derive(Debug, Default)]
pub struct Hub {
    rooms: Mutex<HashMap<EventSlug, broadcast::Sender<Heard>>>,
}

/// The hub shared by the parts of one app.
pub type SharedHub = Arc<Hub>;

/// A subscriber's end.
pub type Subscription = broadcast::Receiver<Heard>;

impl Hub {
    /// Listens to an event's room from now on.
    #[must_use]
    pub fn subscribe(&self, room: &EventSlug) -> Subscription {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(room.clone()).or_insert_with(|| broadcast::channel(QUEUE_LEN_MAX).0).subscribe()
    }

    /// Sends a frame to everyone in the room; returns how many were listening.
    pub fn publish(&self, room: &EventSlug, frame: Frame) -> usize {
        self.send(room, Heard { seq: None, frame })
    }

    /// The same for a frame that tells the room's public fact `seq`.
    pub fn publish_numbered(&self, room: &EventSlug, seq: i64, frame: Frame) -> usize {
        self.send(room, Heard { seq: Some(seq), frame })
    }

    /// Ends every subscription, as if all had fallen behind: frames were lost before they came here.
    pub fn cut_all(&self) {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn send(&self, room: &EventSlug, heard: Heard) -> usize {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.get(room).and_then(|sender| sender.send(heard).ok()).unwrap_or(0)
    }
}
