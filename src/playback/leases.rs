//! The places of an account's devices: who has one, who loses one. Pure; rows and clock come from outside.

use crate::clock::Micros;
use crate::ids::{AccountId, RowId};

/// How many places there are, and how long one is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Devices that play at once.
    pub(super) devices: usize,
    /// A place that is not used for so long is free, in milliseconds.
    pub(super) ttl_ms: i64,
}

/// A place as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: AccountId,
    pub(super) session: RowId,
    /// When it was taken: the newest stay.
    pub(super) taken_at: Micros,
    /// When it was last used.
    pub(super) seen_at: Micros,
}

/// A device wants a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) account: AccountId,
    pub(super) session: RowId,
    /// From another device, where none is free.
    pub(super) take: bool,
    /// When it took the place that it had here, where it had one.
    pub(super) taken_at: Option<Micros>,
    /// When it last wanted to play.
    pub(super) used_at: Micros,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The device has a place, taken then.
    Held(Micros),
    /// Others have them.
    Lost,
    /// The session has ended.
    Gone,
}

/// Gives a claim its place among `places`, those of all accounts that are claimed for; whoever loses his is taken out of
/// them and put on `lost`.
pub(super) fn decide(
    places: &mut Vec<Place>,
    claim: &Claim,
    rules: Rules,
    now: Micros,
    lost: &mut Vec<Place>,
) -> Outcome {
    let is_own = |place: &Place| place.session == claim.session;
    let lives = |place: &Place| now.ms_since(place.seen_at) < rules.ttl_ms;
    let own = places.iter().find(|place| is_own(place)).cloned();
    let mut others: Vec<Place> = places
        .iter()
        .filter(|place| place.account == claim.account && !is_own(place) && lives(place))
        .cloned()
        .collect();
    let has_one = own.as_ref().is_some_and(lives);
    if !claim.take && !has_one && others.len() >= rules.devices {
        return Outcome::Lost;
    }
    let taken_at = if claim.take {
        // The newest by order too, where another node's clock is ahead.
        let after_all = others.iter().map(|place| Micros(place.taken_at.0.saturating_add(1))).max();
        after_all.map_or(now, |after| after.max(now))
    } else {
        own.as_ref().filter(|own| lives(own)).map(|own| own.taken_at).or(claim.taken_at).unwrap_or(now)
    };
    if claim.take {
        others.sort_by(|a, b| (a.taken_at, &a.session).cmp(&(b.taken_at, &b.session)));
        let beyond = (others.len() + 1).saturating_sub(rules.devices);
        others.truncate(beyond);
        places.retain(|place| !others.contains(place));
        lost.append(&mut others);
    }
    let seen_at = own.map_or(claim.used_at, |own| own.seen_at.max(claim.used_at));
    let place = Place { account: claim.account.clone(), session: claim.session.clone(), taken_at, seen_at };
    match places.iter_mut().find(|place| is_own(place)) {
        Some(own) => *own = place,
        None => places.push(place),
    }
    Outcome::Held(taken_at)
}
