//! Use cases that join two or more rooms in one transaction.
//!
//! Invariant: everything a flow does is one `store.write`, so that it happens whole or not at all.

mod apply_night;
mod note_alert;
mod send_support;
#[cfg(test)]
mod tests;
mod till;

pub use apply_night::{ApplyError, Night, apply_night};
pub use send_support::{Crowd, CrowdParts, SupportWish, Supported, Supporter};
pub use till::{
    DayTotals, MoneyRequest, NoticeAnswer, Reconciler, Till, TillError, TillOrderFilter, TillParts, Unlocked, Voted,
};
