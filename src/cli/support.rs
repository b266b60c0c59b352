//! `bakuhantam support`: what viewers' words are shown. Coins are not touched by any of it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::event::with_database;
use super::{fail, say};
use crate::clock::Micros;
use crate::config::Loaded;
use crate::events::Act;
use crate::ids::{EventSlug, RowId};
use crate::store::Store;
use crate::superchat::{self, Rules, State, Support, SupportError};

/// Arguments of `support`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    verb: Verb,
}

/// What `support` does.
#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// List supports, newest first: id, number, state, kind, coins, name, message, when it was on the broadcast
    List {
        /// The event
        slug: EventSlug,
        /// Only those that are held, shown, hidden or denied
        #[arg(long)]
        state: Option<State>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
    /// Show a support that is held
    Approve {
        /// The event
        slug: EventSlug,
        /// The id that `support list` prints
        id: RowId,
    },
    /// Mask name and text of a support everywhere; one that is held is denied
    Hide {
        /// The event
        slug: EventSlug,
        /// The id that `support list` prints
        id: RowId,
    },
    /// Show a support again that is hidden or denied
    Show {
        /// The event
        slug: EventSlug,
        /// The id that `support list` prints
        id: RowId,
    },
    /// Let supports wait for an approval from now on, or show them at once
    Hold {
        /// The event
        slug: EventSlug,
        /// on: they wait; off: they are shown at once
        switch: Switch,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let rules = match Rules::open(&loaded.config.superchat) {
        Ok(rules) => rules,
        Err(error) => return fail(format_args!("superchat.words_file cannot be read: {error}")),
    };
    match with_database(loaded, async |store, act, _| one(args.verb, store, act, &rules).await) {
        Ok(said) => {
            say(said);
            0
        }
        Err(error) => fail(error),
    }
}

/// Does it, and says what is true now.
async fn one(verb: Verb, store: &Store, act: &Act, rules: &Rules) -> Result<String, SupportError> {
    Ok(match verb {
        Verb::List { slug, state, limit } => {
            let name = slug.clone();
            let read = store.read(move |conn| {
                let Some(all) = superchat::list_all(conn, &name, state, limit)? else { return Ok(None) };
                let ids: Vec<_> = all.iter().map(|support| support.id.clone()).collect();
                Ok(Some((superchat::when_shown(conn, &ids)?, all)))
            });
            let (shown, all) = read.await.map_err(SupportError::Store)?.ok_or(SupportError::NoSuchEvent(slug))?;
            list(&all, &shown)
        }
        Verb::Approve { slug, id } => {
            let done = superchat::approve(store, act, rules, &slug, &id).await?;
            format!("support {id} of {slug} is shown as number {}", seq_of(&done))
        }
        Verb::Hide { slug, id } => {
            let done = superchat::hide(store, act, rules, &slug, &id).await?;
            match done.state {
                State::Denied => format!("support {id} of {slug} is denied and was never shown"),
                _ => format!("support {id} of {slug} is hidden as number {}", seq_of(&done)),
            }
        }
        Verb::Show { slug, id } => {
            let done = superchat::show(store, act, rules, &slug, &id).await?;
            format!("support {id} of {slug} is shown as number {}", seq_of(&done))
        }
        Verb::Hold { slug, switch } => {
            superchat::hold_supports(store, act, &slug, switch == Switch::On).await?;
            match switch {
                Switch::On => {
                    format!("supports of {slug} wait for an approval: `bakuhantam support list {slug} --state held`")
                }
                Switch::Off => format!("supports of {slug} are shown at once; what waits goes on waiting"),
            }
        }
    })
}

fn seq_of(support: &Support) -> String {
    support.seq.map_or_else(|| "–".to_owned(), |seq| seq.to_string())
}

/// One line each, its columns set apart by tabs: names and messages have none.
fn list(all: &[Support], shown: &HashMap<RowId, Micros>) -> String {
    if all.is_empty() {
        return "no supports".to_owned();
    }
    let lines = all.iter().map(|support| {
        let Support { id, state, kind, coins, name, message, .. } = support;
        let (name, message) = (name.as_deref().unwrap_or("–"), message.as_deref().unwrap_or("–"));
        let shown = shown.get(id).map_or_else(|| "–".to_owned(), |at| moment(*at));
        format!("{id}\t{}\t{state}\t{}\t{}\t{name}\t{message}\t{shown}", seq_of(support), kind.as_str(), coins.0)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// RFC 3339.
pub(super) fn moment(at: Micros) -> String {
    Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}
