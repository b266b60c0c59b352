//! How many may stand at the door.
//!
//! At most 64 connections, 8 of one address (loopback and trusted addresses spared: a proxy may stand there). When
//! the house is full, the one that has waited longest without being let in makes room, so that a crowd of silent
//! connections does not keep out the one with a key.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::ingest::failures::address_group;

/// Connections at once.
pub const CONNECTIONS_MAX: usize = 64;
/// Connections of one address.
pub const PER_ADDRESS_MAX: usize = 8;

/// Those who are connected.
#[derive(Debug)]
pub struct Guests {
    spared: Vec<IpAddr>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    /// Not let in yet, longest waiting first.
    waiting: VecDeque<(u64, CancellationToken)>,
    next: u64,
}

/// Why a connection is closed as soon as it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// All connections are publishers.
    Full,
    /// The address has its share.
    AddressFull,
}

/// A place at the door; dropping it frees the place.
#[derive(Debug)]
pub struct Guest {
    guests: Arc<Guests>,
    id: u64,
    group: IpAddr,
    crowded_out: CancellationToken,
}

impl Guests {
    /// An empty house; `spared` addresses may have any number of connections.
    #[must_use]
    pub fn new(spared: &[IpAddr]) -> Self {
        let spared = spared.iter().map(IpAddr::to_canonical).collect();
        Self { spared, counts: Mutex::default() }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// [`NoRoom`]
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Guest, NoRoom> {
        let address = address.to_canonical();
        let group = address_group(address);
        let spared = address.is_loopback() || self.spared.contains(&address);
        let mut counts = self.lock();
        if !spared && counts.by_address.get(&group).is_some_and(|count| *count >= PER_ADDRESS_MAX) {
            return Err(NoRoom::AddressFull);
        }
        if counts.all >= CONNECTIONS_MAX {
            let Some((_, longest_waiting)) = counts.waiting.pop_front() else { return Err(NoRoom::Full) };
            longest_waiting.cancel();
        }
        counts.all = counts.all.saturating_add(1);
        *counts.by_address.entry(group).or_default() += 1;
        let id = counts.next;
        counts.next = counts.next.wrapping_add(1);
        let crowded_out = CancellationToken::new();
        counts.waiting.push_back((id, crowded_out.clone()));
        Ok(Guest { guests: Arc::clone(self), id, group, crowded_out })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// It was let in: it no longer makes room for others.
    pub fn let_in(&self) {
        self.guests.lock().waiting.retain(|(id, _)| *id != self.id);
    }

    /// Waits until it must make room.
    pub async fn crowded_out(&self) {
        self.crowded_out.cancelled().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.guests.lock();
        counts.all = counts.all.saturating_sub(1);
        counts.waiting.retain(|(id, _)| *id != self.id);
        if let Some(count) = counts.by_address.get_mut(&self.group) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.by_address.remove(&self.group);
            }
        }
    }
}
