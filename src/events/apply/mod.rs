//! The events of an `apply` file: what it may say, and how the database is brought to it.
//!
//! [`check`] turns what was written into plans and names everything impossible; [`apply`] brings the database to the
//! plans inside the caller's transaction. What a file leaves out is left alone. A status only moves forward. An
//! option of a poll keeps its row as long as its label stays.

mod check;
mod diff;
mod file;
mod plan;
mod records;

pub use check::{Said, check};
pub use diff::{Applied, apply};
pub use file::EventEntry;
pub use plan::EventPlan;
