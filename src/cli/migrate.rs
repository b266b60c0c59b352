//! `bakuhantam migrate`: the database's schema.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its terminal")]

use crate::config::Loaded;
use crate::store::{Store, StoreError, migrate};

/// Arguments of `migrate`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do; `up` when left out
    #[command(subcommand)]
    pub action: Option<Action>,
}

/// What `migrate` does.
#[derive(Clone, Copy, Debug, Default, clap::Subcommand)]
pub enum Action {
    /// Make every missing step; safe from several nodes at once
    #[default]
    Up,
    /// Take the newest step back, with all its data
    Down,
    /// List the steps and whether the database has them
    Status,
}

/// Runs the command; returns the exit code.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "every command's `run` has this form")]
pub fn run(args: Args, loaded: &Loaded) -> u8 {
    let done = Store::open(&loaded.config.database).and_then(|store| match args.action.unwrap_or_default() {
        Action::Up => up(&store),
        Action::Down => down(&store),
        Action::Status => status(&store),
    });
    match done {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error}");
            1
        }
    }
}

fn up(store: &Store) -> Result<(), StoreError> {
    let made = migrate::up(store)?;
    for name in &made {
        println!("made {name}");
    }
    if made.is_empty() {
        println!("nothing to do: the database is current");
    }
    Ok(())
}

fn down(store: &Store) -> Result<(), StoreError> {
    match migrate::down(store)? {
        Some(name) => println!("took back {name}"),
        None => println!("nothing to do: the database is empty"),
    }
    Ok(())
}

fn status(store: &Store) -> Result<(), StoreError> {
    for step in migrate::status(store)? {
        println!("{}  {}", if step.applied { "made   " } else { "missing" }, step.name);
    }
    Ok(())
}
