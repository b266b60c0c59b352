//! `bakuhantam poll`: questions opened, closed and settled.

use super::event::with_database;
use super::{fail, say};
use crate::config::Loaded;
use crate::events::Act;
use crate::ids::EventSlug;
use crate::polls::{self, PollError};
use crate::store::Store;

/// Arguments of `poll`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What `poll` does.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Let votes in
    Open(Which),
    /// Let no more votes in
    Close(Which),
    /// Record the result of a closed poll; no coin is paid out
    Settle {
        #[command(flatten)]
        which: Which,
        /// The answer that proved right: its words or its number in the list. Without it none is marked
        #[arg(long, value_name = "ANSWER")]
        winner: Option<String>,
    },
}

/// Which poll.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Which {
    /// The event
    slug: EventSlug,
    /// The poll's code
    code: String,
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    match with_database(loaded, async |store, act, _| one(args.verb, store, act).await) {
        Ok(said) => {
            say(said);
            0
        }
        Err(error) => fail(error),
    }
}

/// Does it, and says what is true now.
async fn one(verb: Verb, store: &Store, act: &Act) -> Result<String, PollError> {
    Ok(match verb {
        Verb::Open(Which { slug, code }) => {
            polls::open(store, act, &slug, &code).await?;
            format!("the poll {code} of {slug} is open")
        }
        Verb::Close(Which { slug, code }) => {
            polls::close(store, act, &slug, &code).await?;
            format!("the poll {code} of {slug} is closed")
        }
        Verb::Settle { which: Which { slug, code }, winner } => {
            match polls::settle(store, act, &slug, &code, winner.as_deref()).await? {
                Some(winner) => format!("the poll {code} of {slug} is settled: {winner}"),
                None => format!("the poll {code} of {slug} is settled without a right answer"),
            }
        }
    })
}
