//! Sessions that live: found, listed, ended.

use super::handle::Accounts;
use super::session::hash_of;
use super::{AccountError, LivingSession, Session, SessionKind, SignedIn, TokenHash, records};
use crate::clock::Micros;
use crate::ids::RowId;
use crate::store::{Conn, StoreError};

/// A session's last use is written down at most this often, in milliseconds.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1_000;

impl Accounts {
    /// Whoever has the session of this token; `None` where there is none or it has ended. That it was used is written
    /// down beside the request, every five minutes at most.
    ///
    /// # Errors
    /// The database.
    pub async fn find_session(&self, token: &str, kind: SessionKind) -> Result<Option<SignedIn>, AccountError> {
        let (hash, now) = (hash_of(token), self.now());
        let found = self.0.parts.store.read(move |conn| records::find_session(conn, &hash, kind, now));
        let Some((who, seen_at)) = found.await? else { return Ok(None) };
        if now.ms_since(seen_at) >= SEEN_EVERY_MS {
            self.note_use(who.session.clone(), kind, now);
        }
        Ok(Some(who))
    }

    fn note_use(&self, session: RowId, kind: SessionKind, now: Micros) {
        let store = self.0.parts.store.clone();
        self.0.tracker.spawn(async move {
            let before = now.plus_ms(-SEEN_EVERY_MS);
            let expires_at = now.plus_ms(kind.ttl_ms());
            let noted = store.write(move |conn| records::note_use(conn, &session, (before, now), expires_at));
            if let Err(error) = noted.await {
                tracing::debug!(%error, "a session's use is not written down this time");
            }
        });
    }

    /// Writes down, beside the caller, which of these viewers' sessions are in use: those whose last use was written
    /// down five minutes ago or more. One write for all of them.
    pub fn note_uses<'a>(&self, sessions: impl Iterator<Item = &'a LivingSession>) {
        let now = self.now();
        let due = |session: &&LivingSession| now.ms_since(session.seen_at) >= SEEN_EVERY_MS;
        let sessions: Vec<RowId> = sessions.filter(due).map(|session| session.session.clone()).collect();
        if sessions.is_empty() {
            return;
        }
        let (store, before) = (self.0.parts.store.clone(), now.plus_ms(-SEEN_EVERY_MS));
        let expires_at = now.plus_ms(SessionKind::Viewer.ttl_ms());
        self.0.tracker.spawn(async move {
            let noted = store.write(move |conn| records::note_uses(conn, &sessions, (before, now), expires_at));
            if let Err(error) = noted.await {
                tracing::debug!(%error, "the use of sessions is not written down this time");
            }
        });
    }

    /// Ends the session.
    ///
    /// # Errors
    /// The database.
    pub async fn log_out(&self, who: &SignedIn) -> Result<(), AccountError> {
        self.revoke_session(who, &who.session).await.map(drop)
    }

    /// Where the account is signed in, last used first.
    ///
    /// # Errors
    /// The database.
    pub async fn list_sessions(&self, who: &SignedIn) -> Result<Vec<Session>, AccountError> {
        let (account, current, now) = (who.account.clone(), who.session.clone(), self.now());
        let listed = self.0.parts.store.read(move |conn| records::list_sessions(conn, &account, Some(&current), now));
        Ok(listed.await?)
    }

    /// Ends one session of the account; `false` where it has none of this id.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke_session(&self, who: &SignedIn, session: &RowId) -> Result<bool, AccountError> {
        let (account, session, at) = (who.account.clone(), session.clone(), self.now());
        let ended = self.0.parts.store.write(move |conn| {
            let ended = records::delete_session_of(conn, &account, &session)?;
            if ended {
                records::tell_revoked(conn, &account, at)?;
            }
            Ok::<_, AccountError>(ended)
        });
        ended.await
    }

    /// Ends every session of the account but the one that asks; returns how many.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke_others(&self, who: &SignedIn) -> Result<usize, AccountError> {
        let (account, session, at) = (who.account.clone(), who.session.clone(), self.now());
        let ended = self.0.parts.store.write(move |conn| records::end_sessions(conn, &account, Some(&session), at));
        Ok(ended.await?)
    }

    /// Removes sessions and reset codes that have expired; returns how many. Safe from several nodes at once.
    ///
    /// # Errors
    /// The database.
    pub async fn prune(&self, now: Micros) -> Result<usize, AccountError> {
        Ok(self.0.parts.store.write(move |conn| records::prune(conn, now)).await?)
    }
}

/// Viewers' sessions of these tokens that live at `now`, in no order; a token without one is left out. Nothing is noted of
/// their use: [`Accounts::note_uses`] does that.
///
/// # Errors
/// [`StoreError`]
pub fn list_living_sessions(
    conn: &mut Conn,
    hashes: &[TokenHash],
    now: Micros,
) -> Result<Vec<LivingSession>, StoreError> {
    records::list_living_sessions(conn, hashes, now)
}
