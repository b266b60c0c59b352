//! `bakuhantam transcode`

use crate::config::Loaded;

/// Arguments of `transcode`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args, _loaded: &Loaded) -> u8 {
    super::fail("transcode is not here yet")
}
