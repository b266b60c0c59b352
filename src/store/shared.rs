//! One reading for all who asked before it began.
//!
//! Whoever asks while a reading is under way takes the next one: that one began after the question, so that nobody is
//! given less than what was committed when they asked. However many ask, there is one reading at a time of each thing.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

use super::StoreError;

/// Things that are kept beyond those being asked for.
const KEPT: usize = 256;

/// What a reading gave, or why it gave nothing.
type Given<T> = Result<Arc<T>, String>;

/// The last reading of one thing: when it began, and what it gave.
type Place<T> = Arc<Turn<Option<(Instant, Given<T>)>>>;

/// Readings of things by key.
pub struct Shared<K, T>(Mutex<HashMap<K, Place<T>>>);

impl<K, T> Default for Shared<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, T> fmt::Debug for Shared<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl<K: Clone + Eq + Hash, T> Shared<K, T> {
    fn places(&self) -> MutexGuard<'_, HashMap<K, Place<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, key: &K) -> Place<T> {
        let mut places = self.places();
        if places.len() > KEPT {
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(key.clone()).or_default())
    }

    /// What `read` gives, or gave to somebody else since this was asked.
    ///
    /// # Errors
    /// What `read` says; while the database is away all who waited for one reading are told so together.
    pub async fn get<F>(&self, key: &K, read: impl FnOnce() -> F) -> Result<Arc<T>, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let asked = Instant::now();
        let place = self.place(key);
        let mut last = place.lock().await;
        if let Some((began, given)) = last.as_ref()
            && *began >= asked
        {
            return given.clone().map_err(StoreError::Unavailable);
        }
        let began = Instant::now();
        match read().await {
            Ok(value) => {
                let value = Arc::new(value);
                *last = Some((began, Ok(Arc::clone(&value))));
                Ok(value)
            }
            Err(StoreError::Unavailable(reason)) => {
                *last = Some((began, Err(reason.clone())));
                Err(StoreError::Unavailable(reason))
            }
            Err(error) => {
                *last = None;
                Err(error)
            }
        }
    }
}
