//! Whether an event is on, in a way that holds until the transaction ends.
//!
//! Verbs: whoever does something that is allowed only while an event is on shares it ([`share_event`]); whoever changes
//! that holds it alone ([`hold_event`]) before touching any of its rows.
//!
//! Invariant: nothing is taken after an end or a close that has been committed, and a crowd that shares an event cannot
//! keep its end waiting, since whoever comes later waits behind it. A crash gives everything free.

mod records;

pub use records::{hold_event, share_event};
