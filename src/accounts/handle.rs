//! The room's door: everything others ask of accounts.

use std::fmt;
use std::sync::Arc;

use super::password::Passwords;
use super::session::hash_of;
use super::{AccountError, Caller, NewSession, Phone, Role, SESSION_TTL_MS, SessionKind, SignedIn, records};
use crate::clock::SharedClock;
use crate::config::{Language, Secret, SecretKey};
use crate::ids::{AccountId, RowId, SharedRandom, new_word};
use crate::store::Store;

/// What the room is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Random bytes.
    pub random: SharedRandom,
    /// Seals and signs.
    pub secret: SecretKey,
}

/// Accounts and sessions. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    parts: Parts,
    passwords: Passwords,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts")
    }
}

impl Accounts {
    /// The room over its parts. Nothing is asked yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let passwords = Passwords::new(parts.random.clone());
        Self(Arc::new(Inner { parts, passwords }))
    }

    /// Makes a viewer's account and signs it in.
    ///
    /// # Errors
    /// A number, name or password we do not take, `accounts.phone_taken`, `accounts.busy`, or the database.
    pub async fn register(
        &self,
        phone: &str,
        password: &str,
        name: &str,
        locale: Language,
        caller: &Caller,
    ) -> Result<NewSession, AccountError> {
        let phone = Phone::parse(phone)?;
        let name = name.trim().to_owned();
        if !(1..=40).contains(&name.chars().count()) {
            return Err(AccountError::Name);
        }
        Passwords::check(password)?;
        let password_hash = self.0.passwords.hash(password.to_owned()).await?;
        let parts = &self.0.parts;
        let at = parts.clock.now();
        let account = AccountId::new(at, parts.random.as_ref());
        let who = SignedIn {
            account,
            session: RowId::new(at, parts.random.as_ref()),
            token_hash: String::new(),
            name,
            phone,
            role: Role::Viewer,
            locale,
            kind: SessionKind::Viewer,
        };
        let (session, caller) = (self.new_session(who), caller.clone());
        let made = session.clone();
        let done = parts.store.write(move |conn| {
            let who = &session.who;
            let row = records::NewAccount {
                id: &who.account,
                phone: &who.phone,
                name: &who.name,
                password_hash: &password_hash,
                role: who.role,
                locale: who.locale,
                at,
            };
            records::insert_account(conn, &row)?;
            records::insert_session(conn, who, &caller, at, session.expires_at).map_err(AccountError::from)
        });
        match done.await {
            Ok(()) => Ok(made),
            Err(AccountError::Store(error)) if error.is_unique_violation() => Err(AccountError::PhoneTaken),
            Err(error) => Err(error),
        }
    }

    /// Signs in. The time it takes does not tell whether the number exists.
    ///
    /// # Errors
    /// `accounts.wrong_credentials`, `accounts.banned`, `accounts.totp_required`, `accounts.no_role`,
    /// `accounts.busy`, or the database.
    pub async fn log_in(
        &self,
        phone: &str,
        password: &str,
        kind: SessionKind,
        caller: &Caller,
    ) -> Result<NewSession, AccountError> {
        let Ok(phone) = Phone::parse(phone) else { return Err(AccountError::WrongCredentials) };
        let parts = &self.0.parts;
        let known =
            parts.store.read(move |conn| records::find_by_phone(conn, &phone).map_err(AccountError::from)).await?;
        let hash = known.as_ref().map(|known| known.password_hash.clone()).unwrap_or_default();
        let fits = self.0.passwords.verify(password.to_owned(), hash).await?;
        let Some(known) = known.filter(|_| fits) else { return Err(AccountError::WrongCredentials) };
        if known.is_banned {
            return Err(AccountError::Banned);
        }
        let at = parts.clock.now();
        let who = SignedIn {
            account: known.id,
            session: RowId::new(at, parts.random.as_ref()),
            token_hash: String::new(),
            name: known.name,
            phone: known.phone,
            role: known.role,
            locale: known.locale,
            kind,
        };
        let (session, caller) = (self.new_session(who), caller.clone());
        let made = session.clone();
        parts
            .store
            .write(move |conn| {
                records::insert_session(conn, &session.who, &caller, at, session.expires_at).map_err(AccountError::from)
            })
            .await?;
        Ok(made)
    }

    /// Whoever has the session of this token; `None` where there is none or it has ended.
    ///
    /// # Errors
    /// The database.
    pub async fn find_session(&self, token: &str, kind: SessionKind) -> Result<Option<SignedIn>, AccountError> {
        let (hash, now) = (hash_of(token), self.0.parts.clock.now());
        let found = self.0.parts.store.read(move |conn| records::find_session(conn, &hash, kind, now));
        Ok(found.await?)
    }

    /// Ends the session.
    ///
    /// # Errors
    /// The database.
    pub async fn log_out(&self, who: &SignedIn) -> Result<(), AccountError> {
        let session = who.session.clone();
        self.0.parts.store.write(move |conn| records::delete_session(conn, &session)).await?;
        Ok(())
    }

    /// A token and its hash; nothing is stored yet.
    fn new_session(&self, mut who: SignedIn) -> NewSession {
        let parts = &self.0.parts;
        // 40 characters of five random bits.
        let token = new_word(parts.random.as_ref(), 40);
        who.token_hash = hash_of(&token);
        let expires_at = parts.clock.now().plus_ms(SESSION_TTL_MS);
        NewSession { token: Secret::new(token), who, expires_at }
    }
}
