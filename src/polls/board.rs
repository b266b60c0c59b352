//! The counts as the crowd is shown them: added up at most a few times a second, however many vote and look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as Turn;

use super::{OwnVote, Poll, records};
use crate::ids::{AccountId, RowId};
use crate::store::{Store, StoreError};

/// How long counts are given out before they are added up again.
const FRESH_FOR: Duration = Duration::from_millis(250);

/// The counts of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Board(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    known: Mutex<HashMap<RowId, Known>>,
    /// One adds up; the others take what it has found.
    turn: Turn<()>,
}

#[derive(Clone, Debug)]
struct Known {
    polls: Arc<Vec<Poll>>,
    /// When adding up began.
    at: Instant,
}

impl Board {
    /// A board that knows nothing yet.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self(Arc::new(Parts { store: store.clone(), known: Mutex::default(), turn: Turn::default() }))
    }

    /// The shown polls of an event, with counts of the last moment.
    ///
    /// # Errors
    /// [`StoreError`]; [`Board::last`] has what was known before.
    pub async fn get(&self, event: &RowId) -> Result<Arc<Vec<Poll>>, StoreError> {
        self.get_since(event, Instant::now().checked_sub(FRESH_FOR)).await
    }

    /// As [`Board::get`], with counts of now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn get_now(&self, event: &RowId) -> Result<Arc<Vec<Poll>>, StoreError> {
        self.get_since(event, Some(Instant::now())).await
    }

    /// What was known last, however old.
    #[must_use]
    pub fn last(&self, event: &RowId) -> Option<Arc<Vec<Poll>>> {
        self.find(event).map(|known| known.polls)
    }

    /// Votes of an account in each poll of an event.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn own(&self, account: &AccountId, event: &RowId) -> Result<HashMap<RowId, i64>, StoreError> {
        let (account, event) = (account.clone(), event.clone());
        self.0.store.read(move |conn| records::count_own(conn, &account, &event)).await
    }

    /// Everything that an account has voted, newest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list_own(&self, account: &AccountId) -> Result<Vec<OwnVote>, StoreError> {
        let account = account.clone();
        self.0.store.read(move |conn| records::list_own(conn, &account)).await
    }

    fn find(&self, event: &RowId) -> Option<Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).get(event).cloned()
    }

    async fn get_since(&self, event: &RowId, since: Option<Instant>) -> Result<Arc<Vec<Poll>>, StoreError> {
        let fresh = || self.find(event).filter(|known| since.is_none_or(|since| known.at >= since));
        if let Some(known) = fresh() {
            return Ok(known.polls);
        }
        let _turn = self.0.turn.lock().await;
        if let Some(known) = fresh() {
            return Ok(known.polls);
        }
        let at = Instant::now();
        let wanted = event.clone();
        let polls = Arc::new(self.0.store.read(move |conn| records::list_polls(conn, &wanted)).await?);
        let known = Known { polls: polls.clone(), at };
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).insert(event.clone(), known);
        Ok(polls)
    }
}
