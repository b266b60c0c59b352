//! `bakuhantam event`: what the panel's buttons do.

use std::sync::Arc;

use super::support::moment;
use super::{fail, say};
use crate::clock::{Clock as _, SystemClock};
use crate::cluster::presence::{Seat, list_seated};
use crate::config::{Loaded, SecretKey};
use crate::events::{self, Act, EventError, OverlayKeyCodes, StreamKeyCodes};
use crate::ids::{EventSlug, SystemRandom};
use crate::store::{Store, audit::Actor, migrate};
use crate::superchat::{self, ShownAlerts};

/// Arguments of `event`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What `event` does.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Put a fight on air; another one that is on air goes off
    OnAir {
        /// The event
        slug: EventSlug,
        /// The fight's number on the card
        #[arg(long)]
        fight: i32,
    },
    /// Take the fight that is on air off
    OffAir {
        /// The event
        slug: EventSlug,
    },
    /// Tell viewers that the stream is interrupted, until `resume`
    Interrupted {
        /// The event
        slug: EventSlug,
    },
    /// Take `interrupted` back
    Resume {
        /// The event
        slug: EventSlug,
    },
    /// End the event for good: the playlists are closed
    End {
        /// The event
        slug: EventSlug,
    },
    /// Publish under a new, unguessable address from the next segment on
    RotateEpoch {
        /// The event
        slug: EventSlug,
    },
    /// Make a new key for the overlay pages and print it; pages with the old one are not the broadcast's own any more
    OverlayKey {
        /// The event
        slug: EventSlug,
    },
    /// Tell which of the broadcast's own overlay pages are connected, and what they have shown
    Overlays {
        /// The event
        slug: EventSlug,
    },
    /// Make a new stream key and print it; the old one opens nothing any more
    StreamKey {
        /// The event
        slug: EventSlug,
    },
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    match with_database(loaded, async |store, act, key| one(args.verb, store, act, key).await) {
        Ok(said) => {
            say(said);
            0
        }
        Err(error) => fail(error),
    }
}

/// Runs `f` on a current database that belongs to our secret key, on a runtime of its own.
pub(super) fn with_database<T, E>(
    loaded: &Loaded,
    f: impl AsyncFnOnce(&Store, &Act, &SecretKey) -> Result<T, E>,
) -> Result<T, Box<dyn std::error::Error>>
where
    E: std::error::Error + 'static,
{
    let store = Store::open(&loaded.config.database)?;
    migrate::require_current(&store)?;
    let key = loaded.secret_key()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        store.claim_secret_key(&key).await?;
        let act = Act { actor: Actor::cli(SystemClock.now()), random: Arc::new(SystemRandom::default()) };
        Ok(f(&store, &act, &key).await?)
    })
}

/// Does it, and says what is true now.
async fn one(verb: Verb, store: &Store, act: &Act, key: &SecretKey) -> Result<String, EventError> {
    Ok(match verb {
        Verb::OnAir { slug, fight } => {
            events::go_on_air(store, act, &slug, fight).await?;
            format!("fight {fight} of {slug} is on air")
        }
        Verb::OffAir { slug } => {
            events::go_off_air(store, act, &slug).await?;
            format!("no fight of {slug} is on air")
        }
        Verb::Interrupted { slug } => {
            events::interrupt(store, act, &slug).await?;
            format!("{slug} is declared interrupted")
        }
        Verb::Resume { slug } => {
            events::resume(store, act, &slug).await?;
            format!("{slug} is no longer declared interrupted")
        }
        Verb::End { slug } => {
            events::end(store, act, &slug).await?;
            format!("{slug} has ended")
        }
        Verb::RotateEpoch { slug } => {
            let epoch = events::rotate_epoch(store, act, &slug).await?;
            format!("the next segment of {slug} is published under {epoch}")
        }
        Verb::OverlayKey { slug } => {
            let codes = OverlayKeyCodes::new(key);
            // The key alone, so that a script can take the line.
            events::renew_overlay_key(store, act, &codes, &slug).await?.expose().to_owned()
        }
        Verb::Overlays { slug } => overlays(store, slug).await?,
        Verb::StreamKey { slug } => {
            let codes = StreamKeyCodes::new(key);
            // The key alone, so that a script can take the line.
            events::renew_stream_key(store, act, &codes, &slug).await?.expose().to_owned()
        }
    })
}

/// What stands over the broadcast now, and what has stood there.
async fn overlays(store: &Store, slug: EventSlug) -> Result<String, EventError> {
    let name = slug.clone();
    let shown = store.read(move |conn| superchat::sum_shown(conn, &name)).await?;
    let seated = list_seated(store, &slug, SystemClock.now()).await?;
    let mut lines: Vec<String> = seated
        .iter()
        .filter(|row| matches!(row.seat, Seat::Overlay(_)))
        .map(|row| format!("connected: {} on {} ({})", row.seat, row.node, row.sockets))
        .collect();
    if lines.is_empty() {
        lines.push("no overlay page with the key is connected".to_owned());
    }
    lines.push(match shown {
        None => format!("no alert of {slug} was on the broadcast"),
        Some(ShownAlerts { count, last_seq, last_at }) => {
            format!("alerts of {slug} on the broadcast: {count}, the last as number {last_seq} at {}", moment(last_at))
        }
    });
    Ok(lines.join("\n"))
}
