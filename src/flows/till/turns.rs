//! How many requests may have the provider make one order's checkout at once. Buyers press again while they wait, and a
//! page that is loaded anew tries as well: without an end to it one of them could open as many calls as they have hands.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// More than one: a call whose connection hangs must not keep the next try from finding the checkout it made.
const AT_ONCE: usize = 3;

/// The calls of this process, by order. Orders that nobody calls for are not kept.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<String, Weak<Semaphore>>>);

/// A call that may be made.
#[derive(Debug)]
pub(super) struct Turn {
    /// Others were before it: the order may have its checkout by now.
    pub(super) has_waited: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Waits for a turn at an order.
    pub(super) async fn take(&self, order: &str) -> Turn {
        let at_once = self.of(order);
        if let Ok(permit) = Arc::clone(&at_once).try_acquire_owned() {
            return Turn { has_waited: false, _permit: Some(permit) };
        }
        // It is never closed.
        Turn { has_waited: true, _permit: at_once.acquire_owned().await.ok() }
    }

    fn of(&self, order: &str) -> Arc<Semaphore> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(order).and_then(Weak::upgrade) {
            return found;
        }
        kept.retain(|_, turns| turns.strong_count() > 0);
        let made = Arc::new(Semaphore::new(AT_ONCE));
        kept.insert(order.to_owned(), Arc::downgrade(&made));
        made
    }
}
