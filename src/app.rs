//! The composition root: builds the parts, starts and stops them. Used by `serve` and by every test.

use crate::config::Loaded;

/// Serves until it is told to stop.
#[must_use]
pub fn serve(_loaded: &Loaded) -> u8 {
    1
}
