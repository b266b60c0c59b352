//! `bakuhantam apply`: a night as a file.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its terminal")]

use std::path::PathBuf;

use super::event::with_database;
use crate::config::Loaded;
use crate::events::StreamKeyCodes;
use crate::events::apply::Applied;
use crate::flows::{Night, apply_night};

/// Arguments of `apply`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The file that describes the night
    pub file: PathBuf,
}

/// Runs the command; returns the exit code. Each change is a line on stdout.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "every command's `run` has this form")]
pub fn run(args: Args, loaded: &Loaded) -> u8 {
    let text = match std::fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("error: {} cannot be read: {error}", args.file.display());
            return 1;
        }
    };
    let name = args.file.display().to_string();
    let done = with_database(loaded, async |store, act, key| {
        let night = Night::read(&name, &text, act)?;
        apply_night(store, act, &StreamKeyCodes::new(key), night).await
    });
    match done {
        Ok(applied) => {
            tell(&applied);
            0
        }
        Err(error) => {
            for line in error.to_string().lines() {
                eprintln!("error: {line}");
            }
            1
        }
    }
}

fn tell(applied: &Applied) {
    for line in &applied.changes {
        println!("{line}");
    }
    for (slug, key) in &applied.stream_keys {
        println!("event {slug}: stream key {} (shown only now: keep it)", key.expose());
    }
    for note in &applied.notes {
        eprintln!("note: {note}");
    }
    if applied.changes.is_empty() {
        println!("nothing to change");
    }
}
