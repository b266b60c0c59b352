//! `bakuhantam serve`

use crate::config::Loaded;

/// Serves until it is told to stop; see [`crate::app`].
pub(super) fn run(loaded: &Loaded) -> u8 {
    crate::app::serve(loaded)
}
