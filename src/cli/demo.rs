//! `bakuhantam demo`

use crate::config::Loaded;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _loaded: &Loaded) -> u8 {
    super::fail("demo is not here yet")
}
