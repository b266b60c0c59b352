//! `bakuhantam migrate`

use crate::config::Loaded;

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _loaded: &Loaded) -> u8 {
    super::fail("migrate is not here yet")
}
