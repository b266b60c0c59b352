//! `bakuhantam config check` and `bakuhantam config show`

use std::path::Path;

use clap::Subcommand;

use super::{fail, say};
use crate::config;

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether the configuration can be used, and if not, what to change
    Check,
    /// Print the values in effect as TOML, secrets masked
    Show,
}

pub(super) fn run(args: &Args, file: Option<&Path>) -> u8 {
    let loaded = match config::load(file) {
        Ok(loaded) => loaded,
        Err(error) => return fail(error),
    };
    match args.command {
        Command::Check => say(match &loaded.file {
            Some(file) => format!("{} is fine", file.display()),
            None => "there is no configuration file; the defaults and the environment are fine".to_owned(),
        }),
        Command::Show => say(config::show(&loaded.config).trim_end()),
    }
    0
}
