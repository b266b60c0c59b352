//! What is asked of the database: who has a session and what it has opened, and places.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::asks::{self, Queue};
use super::leases::{Claim, Outcome, Rules};
use super::{Parts, meters, records};
use crate::accounts::{self, LivingSession, TokenHash};
use crate::events::{self, Unlocks};
use crate::ids::RowId;
use crate::store::StoreError;

/// Who has this session, and what has the account opened of this event?
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) hash: TokenHash,
    pub(super) event: Option<RowId>,
}

/// A session that lives, and what the account has opened.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) session: LivingSession,
    pub(super) unlocks: Unlocks,
}

/// Asks the database who has sessions; that they are used is noted.
pub(super) async fn answer_who(parts: Parts, queue: Queue<Who, Option<Found>>) {
    let by = |asked: Vec<Who>| {
        meters::batch("sessions", asked.len());
        let parts = parts.clone();
        async move {
            let now = parts.clock.now();
            let (living, unlocks, asked) = parts
                .store
                .read(move |conn| {
                    let hashes: Vec<TokenHash> = asked.iter().map(|who| who.hash).collect();
                    let living = accounts::list_living_sessions(conn, &hashes, now)?;
                    let of: BTreeSet<_> = living.iter().map(|session| session.account.clone()).collect();
                    let events: BTreeSet<_> = asked.iter().filter_map(|who| who.event.clone()).collect();
                    let (of, events): (Vec<_>, Vec<_>) = (of.into_iter().collect(), events.into_iter().collect());
                    let unlocks = if events.is_empty() {
                        BTreeMap::new()
                    } else {
                        events::list_unlocks_of_many(conn, &of, &events)?
                    };
                    Ok::<_, StoreError>((living, unlocks, asked.clone()))
                })
                .await?;
            parts.accounts.note_uses(living.iter());
            let living: HashMap<TokenHash, LivingSession> =
                living.into_iter().map(|session| (session.hash, session)).collect();
            let found = |who: &Who| {
                let session = living.get(&who.hash)?.clone();
                let of = who.event.as_ref().map(|event| (session.account.clone(), event.clone()));
                let unlocks = of.and_then(|of| unlocks.get(&of).cloned()).unwrap_or_default();
                Some(Found { session, unlocks })
            };
            Ok(asked.iter().map(found).collect())
        }
    };
    asks::answer(queue, by).await;
}

/// Claims that are decided in this order, together.
pub(super) type Group = Vec<Claim>;

/// Claims places in the database.
pub(super) async fn answer_claims(parts: Parts, rules: Rules, queue: Queue<Group, Vec<Outcome>>) {
    let by = |groups: Vec<Group>| {
        meters::batch("claims", groups.len());
        let lengths: Vec<usize> = groups.iter().map(Vec::len).collect();
        let claims: Vec<Claim> = groups.into_iter().flatten().collect();
        let (store, now) = (parts.store.clone(), parts.clock.now());
        async move {
            let outcomes = store.write(move |conn| records::claim(conn, &claims, rules, now)).await?;
            let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
            meters::claims("held", count(|outcome| matches!(outcome, Outcome::Held(_))));
            meters::claims("lost", count(|outcome| matches!(outcome, Outcome::Lost)));
            meters::claims("gone", count(|outcome| matches!(outcome, Outcome::Gone)));
            let mut outcomes = outcomes.into_iter();
            Ok::<_, StoreError>(lengths.into_iter().map(|length| outcomes.by_ref().take(length).collect()).collect())
        }
    };
    asks::answer(queue, by).await;
}
