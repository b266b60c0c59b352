//! A store that fails on demand, around a real one. For tests.

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails and nothing happened.
    Fail,
}

/// A store with faults.
#[derive(Debug)]
pub struct FaultyStore {}
