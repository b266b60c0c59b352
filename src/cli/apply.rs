//! `bakuhantam apply`: a night as a file.

use std::path::PathBuf;

use super::event::with_database;
use super::{fail, say};
use crate::config::Loaded;
use crate::events::StreamKeyCodes;
use crate::events::apply::Applied;
use crate::flows::{Night, apply_night};

/// Arguments of `apply`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The file that describes the night
    pub(super) file: PathBuf,
}

/// Runs the command; returns the exit code. Each change is a line on stdout.
#[expect(clippy::needless_pass_by_value, reason = "every command's `run` has this form")]
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let text = match std::fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(error) => {
            return fail(format_args!("{} cannot be read: {error}", args.file.display()));
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
                fail(line);
            }
            1
        }
    }
}

fn tell(applied: &Applied) {
    for line in &applied.changes {
        say(line);
    }
    for (slug, key) in &applied.stream_keys {
        say(format_args!("event {slug}: stream key {} (shown only now: keep it)", key.expose()));
    }
    for note in &applied.notes {
        say(format_args!("note: {note}"));
    }
    if applied.changes.is_empty() {
        say("nothing to change");
    }
}
