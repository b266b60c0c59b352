//! What the broadcast's own overlay pages have shown.

mod records;

pub use records::{ShownAlerts, note_shown, sum_shown, when_shown};
