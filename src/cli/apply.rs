//! `bakuhantam apply`

use crate::config::Loaded;

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _loaded: &Loaded) -> u8 {
    super::fail("apply is not here yet")
}
