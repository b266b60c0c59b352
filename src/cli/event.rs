//! `bakuhantam event`

use crate::config::Loaded;

/// Arguments of `event`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _loaded: &Loaded) -> u8 {
    super::fail("event is not here yet")
}
