//! `bakuhantam migrate`: the database's schema.

use super::{fail, say};
use crate::config::Loaded;
use crate::store::{Store, StoreError, migrate};

/// Arguments of `migrate`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do; `up` when left out
    #[command(subcommand)]
    pub(super) action: Option<Action>,
}

/// What `migrate` does.
#[derive(Clone, Copy, Debug, Default, clap::Subcommand)]
pub(super) enum Action {
    /// Make every missing step; safe from several nodes at once
    #[default]
    Up,
    /// Take the newest step back, with all its data
    Down,
    /// List the steps and whether the database has them
    Status,
}

/// Runs the command; returns the exit code.
#[expect(clippy::needless_pass_by_value, reason = "every command's `run` has this form")]
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let done = Store::open(&loaded.config.database).and_then(|store| match args.action.unwrap_or_default() {
        Action::Up => up(&store),
        Action::Down => down(&store),
        Action::Status => status(&store),
    });
    match done {
        Ok(()) => 0,
        Err(error) => fail(error),
    }
}

fn up(store: &Store) -> Result<(), StoreError> {
    let made = migrate::up(store)?;
    for name in &made {
        say(format_args!("made {name}"));
    }
    if made.is_empty() {
        say("nothing to do: the database is current");
    }
    Ok(())
}

fn down(store: &Store) -> Result<(), StoreError> {
    match migrate::down(store)? {
        Some(name) => say(format_args!("took back {name}")),
        None => say("nothing to do: the database is empty"),
    }
    Ok(())
}

fn status(store: &Store) -> Result<(), StoreError> {
    for step in migrate::status(store)? {
        say(format_args!("{}  {}", if step.applied { "made   " } else { "missing" }, step.name));
    }
    Ok(())
}
