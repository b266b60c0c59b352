//! Support with coins, as the web asks for it.
//!
//! One transaction: the request's earlier answer is looked for, the event is held open, the ledger booked, the
//! viewer's supports of the last minute counted – the balance is locked by then, so that nobody sends two at once past
//! the limit. Only then the event's next number is taken, under the lock that all its supports wait for; the row, its
//! facts and the answer follow, and COMMIT. A refusal takes everything back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::MoneyRequest;
use crate::clock::{Micros, SharedClock};
use crate::ids::{AccountId, EventSlug, RowId, SharedRandom};
use crate::ledger::{self, Posting};
use crate::money::Coins;
use crate::store::idempotency::{self, Known};
use crate::store::{Conn, Shared, Store, StoreError};
use crate::superchat::{self, BoardRow, Given, Kind, Ladder, PublicPage, Rules, Support, SupportError, Worded};

/// The time in which a viewer's supports are counted, in milliseconds.
const WINDOW_MS: i64 = 60_000;

/// What a crowd is made of.
#[derive(Clone, Debug)]
pub struct CrowdParts {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Random bytes.
    pub random: SharedRandom,
    /// What may be given and said.
    pub rules: Rules,
}

/// Everything the crowd does with coins and sees of it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Crowd(pub(super) Arc<CrowdParts>, Arc<Readings>);

/// A page of what is public: of which event and kind, behind which number, and how long.
type PageKey = (EventSlug, Option<Kind>, Option<i64>, i64);

/// What a crowd asks for again and again, read once for all who ask. `None`: the event is not shown.
#[derive(Debug, Default)]
struct Readings {
    pages: Shared<PageKey, Option<PublicPage>>,
    ladders: Shared<EventSlug, Option<Ladder>>,
    boards: Shared<(EventSlug, i64), Option<Vec<BoardRow>>>,
    /// Ladders as they were last read.
    last: Mutex<HashMap<EventSlug, Arc<Option<Ladder>>>>,
}

/// Who gives.
#[derive(Clone, Debug)]
pub struct Supporter {
    /// The account.
    pub account: AccountId,
    /// The name that is shown, unless it shall not be.
    pub name: String,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportWish {
    /// How many coins.
    pub coins: Coins,
    /// For whom; `None`: the event.
    pub fighter: Option<RowId>,
    /// What is said with it.
    pub message: Option<String>,
    /// Without a name.
    pub anonymous: bool,
}

/// What a support has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supported {
    /// The number of the public fact; `None` while it is held.
    pub seq: Option<i64>,
    /// With a message or without.
    pub kind: Kind,
    /// Coins left.
    pub balance: Coins,
    /// Whether it waits for an approval.
    pub held: bool,
}

/// What one transaction is given from outside, since it may run twice.
struct Sending {
    support: RowId,
    posting: RowId,
    who: Supporter,
    slug: EventSlug,
    fighter: Option<RowId>,
    coins: Coins,
    worded: Worded,
    name: Option<String>,
    at: Micros,
    rules: Rules,
}

impl Crowd {
    /// A crowd over its parts.
    #[must_use]
    pub fn new(parts: CrowdParts) -> Self {
        Self(Arc::new(parts), Arc::default())
    }

    /// Gives coins to a fighter or an event.
    ///
    /// # Errors
    /// `events.not_found`, `superchat.closed`, `superchat.no_such_fighter`, `superchat.bad_amount`,
    /// `superchat.message_too_long`, `superchat.message_empty`, `superchat.too_often`, `ledger.insufficient_coins`,
    /// `idempotency.mismatch`, or the database.
    pub async fn send_support(
        &self,
        who: Supporter,
        slug: &EventSlug,
        wish: SupportWish,
        request: &MoneyRequest,
    ) -> Result<Supported, SupportError> {
        let CrowdParts { clock, random, rules, store } = self.0.as_ref();
        let (at, random) = (clock.now(), random.as_ref());
        let sending = Sending {
            support: RowId::new(at, random),
            posting: RowId::new(at, random),
            worded: rules.word(wish.coins, wish.message.as_deref())?,
            name: (!wish.anonymous).then(|| rules.name(&who.name)),
            who,
            slug: slug.clone(),
            fighter: wish.fighter,
            coins: wish.coins,
            at,
            rules: rules.clone(),
        };
        let request = request.clone();
        store.write(move |conn| sending.once(conn, &request)).await
    }

    /// What was public of an event behind number `after`, or the newest of it; with `kind` those alone.
    ///
    /// # Errors
    /// `events.not_found`, or the database.
    pub async fn list_public(
        &self,
        slug: &EventSlug,
        kind: Option<Kind>,
        after: Option<i64>,
        limit: i64,
    ) -> Result<PublicPage, SupportError> {
        let (rules, key) = (self.0.rules.clone(), (slug.clone(), kind, after, limit));
        let read =
            || self.read(slug, move |conn, event| superchat::list_public(conn, event, kind, (after, limit), &rules));
        shown(self.1.pages.get(&key, read).await?, slug)
    }

    /// What all supports of an event add up to; while the database is away, what they added up to when it was last
    /// asked.
    ///
    /// # Errors
    /// `events.not_found`, or the database where it was never asked.
    pub async fn get_ladder(&self, slug: &EventSlug) -> Result<Ladder, SupportError> {
        let known = || self.1.last.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.1.ladders.get(slug, || self.read(slug, superchat::get_ladder)).await;
        match read {
            Ok(ladder) => {
                known().insert(slug.clone(), Arc::clone(&ladder));
                shown(ladder, slug)
            }
            Err(error) if error.is_unavailable() => {
                let last = known().get(slug).cloned();
                shown(last.ok_or(SupportError::Store(error))?, slug)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What an account has given, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn list_own(&self, account: &AccountId) -> Result<Vec<(EventSlug, Support)>, SupportError> {
        let account = account.clone();
        Ok(self.0.store.read(move |conn| superchat::list_own(conn, &account)).await?)
    }

    /// Who has given most to an event, under a name.
    ///
    /// # Errors
    /// `events.not_found`, or the database.
    pub async fn list_board(&self, slug: &EventSlug, limit: i64) -> Result<Vec<BoardRow>, SupportError> {
        let read = || self.read(slug, move |conn, event| superchat::list_board(conn, event, limit));
        shown(self.1.boards.get(&(slug.clone(), limit), read).await?, slug)
    }

    /// Reads something of an event that is shown; `None`: it is not.
    async fn read<T, F>(&self, slug: &EventSlug, f: F) -> Result<Option<T>, StoreError>
    where
        F: Fn(&mut Conn, &RowId) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let slug = slug.clone();
        let work = move |conn: &mut Conn| {
            let event = crate::events::find_shown(conn, &slug)?;
            event.map(|event| f(conn, &event)).transpose()
        };
        self.0.store.read(work).await
    }
}

/// What was read of an event, or that it is not shown.
fn shown<T: Clone>(read: Arc<Option<T>>, slug: &EventSlug) -> Result<T, SupportError> {
    let read = Arc::try_unwrap(read).unwrap_or_else(|read| Option::clone(&read));
    read.ok_or_else(|| SupportError::NoSuchEvent(slug.clone()))
}

impl Sending {
    /// Does it and keeps its answer, or gives the answer that was kept.
    fn once(&self, conn: &mut Conn, request: &MoneyRequest) -> Result<Supported, SupportError> {
        let row = |error: serde_json::Error| StoreError::Row(error.to_string());
        match idempotency::begin(conn, request, self.at)? {
            Known::New => {
                let done = self.send(conn)?;
                idempotency::keep(conn, request, &serde_json::to_value(&done).map_err(row)?, self.at)?;
                Ok(done)
            }
            Known::Answered(answer) => Ok(serde_json::from_value(answer).map_err(row)?),
            Known::OtherBody => Err(SupportError::KeyReused),
        }
    }

    fn send(&self, conn: &mut Conn) -> Result<Supported, SupportError> {
        let event = superchat::find_open_event(conn, &self.slug)?
            .ok_or_else(|| SupportError::NoSuchEvent(self.slug.clone()))?;
        if !event.is_open {
            return Err(SupportError::Closed);
        }
        let fighter = match &self.fighter {
            Some(id) => Some(superchat::find_fighter(conn, &event.id, id)?.ok_or(SupportError::NoSuchFighter)?),
            None => None,
        };
        let posting = Posting {
            id: self.posting.clone(),
            account: self.who.account.clone(),
            kind: ledger::Kind::Support,
            coins: Coins(self.coins.0.saturating_neg()),
            reference: self.support.to_string(),
            note: fighter.as_ref().map(|fighter| fighter.name.clone()),
            at: self.at,
        };
        let balance = ledger::post(conn, &posting)?.entry().balance_after;
        self.check_pace(conn)?;
        let given = Given {
            id: self.support.clone(),
            event: event.id,
            account: self.who.account.clone(),
            fighter,
            coins: self.coins,
            kind: self.worded.kind,
            message: self.worded.message.clone(),
            name: self.name.clone(),
            tier: self.worded.tier.clone(),
            at: self.at,
        };
        // Nothing of it is anybody's words: there is nothing to approve.
        let may_wait = given.name.is_some() || given.message.is_some();
        let crowd = superchat::number_next(conn, &given.event, given.coins, may_wait)?;
        let held = crowd.holds && may_wait;
        let seq = (!held).then_some(crowd.seq);
        let reached = superchat::insert(conn, &given, seq, crowd.total)?;
        let sum = (crowd.total, reached.as_slice());
        match seq {
            Some(seq) => superchat::announce_new(conn, &self.slug, &given, seq, &self.rules, sum)?,
            None => superchat::announce_held(conn, &self.slug, &given, sum)?,
        }
        Ok(Supported { seq, kind: given.kind, balance, held })
    }

    fn check_pace(&self, conn: &mut Conn) -> Result<(), SupportError> {
        let since = self.at.plus_ms(-WINDOW_MS);
        let (count, first) = superchat::count_since(conn, &self.who.account, since)?;
        if count < self.rules.supports_per_minute() {
            return Ok(());
        }
        let wait_ms = first.map_or(0, |first| first.ms_since(since)).clamp(1, WINDOW_MS);
        let retry_after_s = u32::try_from(wait_ms.saturating_add(999) / 1_000).unwrap_or(60);
        Err(SupportError::TooOften { retry_after_s })
    }
}
