//! The room over a database, with a clock that moves by hand and messages that are kept.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bakuhantam::accounts::{
    AccountError, Accounts, Actor, Caller, MessageSender, MessageWords, NewSession, Outgoing, Parts, Phone, SendError,
    SessionKind, SignedIn,
};
use bakuhantam::clock::{Clock as _, ManualClock, Micros};
use bakuhantam::config::{Language, SecretKey};
use bakuhantam::ids::SystemRandom;
use bakuhantam::store::{Store, StoreError, audit, outbox};
use tokio_util::task::TaskTracker;

use crate::harness::until;
use crate::harness::viewers::PASSWORD;
use crate::postgres::TestDatabase;

/// A day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// The room, and what stands around it.
pub struct Room {
    pub accounts: Accounts,
    pub clock: Arc<ManualClock>,
    pub store: Store,
    sent: Kept,
}

/// Messages as they were sent: number and text.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<(String, String)>>>);

#[async_trait]
impl MessageSender for Kept {
    async fn send(&self, to: &Phone, text: &str) -> Result<(), SendError> {
        let message = (to.as_str().to_owned(), text.to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }
}

impl Room {
    pub fn over(db: &TestDatabase) -> Self {
        let clock = Arc::new(ManualClock::at(Micros(1_800_000_000_000_000)));
        let (store, sent) = (db.migrated(), Kept::default());
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom::default()),
            secret: SecretKey::new([7; 32]),
        };
        let outgoing = Outgoing {
            sender: Arc::new(sent.clone()),
            words: MessageWords::new(|language, code| format!("{} {code}", language.tag())),
        };
        let accounts = Accounts::with_messages(parts, TaskTracker::new(), outgoing);
        Self { accounts, clock, store, sent }
    }

    /// Registers `+6281…number` and signs it in.
    pub async fn register(&self, number: u32) -> NewSession {
        let phone = phone_of(number);
        self.accounts.register(&phone, PASSWORD, "Ari", Language::Id, &from("10.0.0.1")).await.expect("an account")
    }

    /// Signs in with the usual password.
    pub async fn log_in(&self, number: u32) -> Result<NewSession, AccountError> {
        self.accounts.log_in(&phone_of(number), PASSWORD, None, SessionKind::Viewer, &from("10.0.0.1")).await
    }

    /// Whether a session lives.
    pub async fn lives(&self, session: &NewSession) -> bool {
        self.find(session).await.is_some()
    }

    pub async fn find(&self, session: &NewSession) -> Option<SignedIn> {
        self.accounts.find_session(session.token.expose(), session.who.kind).await.expect("the database answers")
    }

    pub fn messages(&self) -> Vec<(String, String)> {
        self.sent.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The code of the `n`th message, once it has been sent.
    pub async fn code(&self, n: usize) -> String {
        let text =
            until("a message", Duration::from_secs(5), async || self.messages().get(n).map(|(_, text)| text.clone()));
        text.await.split_once(' ').expect("a language and a code").1.to_owned()
    }

    /// Somebody at the command line, a moment after the last one.
    pub fn actor(&self) -> Actor {
        self.clock.advance_ms(1);
        Actor::cli(self.clock.now())
    }

    /// What the audit says, oldest first: verbs alone.
    pub async fn audit(&self) -> Vec<String> {
        let rows = self.store.read(|conn| audit::list(conn, 100)).await.expect("the audit");
        rows.into_iter().rev().map(|row| row.what).collect()
    }

    /// The accounts whose sessions were told to have ended, in order.
    pub async fn revoked(&self) -> Vec<String> {
        let facts = self.store.read(|conn| {
            let ids = outbox::list_ids_after(conn, 0)?;
            outbox::list(conn, &ids)
        });
        let facts = facts.await.unwrap_or_else(|error: StoreError| panic!("{error}"));
        let of_accounts = facts.into_iter().filter(|fact| fact.kind == "account:revoked");
        of_accounts
            .map(|fact| {
                assert_eq!(fact.room, None, "no socket may hear it");
                fact.payload["account"].as_str().expect("an account").to_owned()
            })
            .collect()
    }
}

pub fn phone_of(number: u32) -> String {
    format!("0812{number:08}")
}

/// A browser at an address.
pub fn from(address: &str) -> Caller {
    let address: IpAddr = address.parse().expect("an address");
    Caller { address: Some(address), agent: "Mozilla/5.0 (Android)".into(), ..Caller::default() }
}

/// The stable code of a refusal.
pub fn refusal<T: std::fmt::Debug>(done: Result<T, AccountError>) -> &'static str {
    done.expect_err("a refusal").code().expect("no fault")
}
