//! Signing in.

use metrics::counter;

use super::handle::Accounts;
use super::limits::Try;
use super::password::Verdict;
use super::records::Known;
use super::{AccountError, Caller, NewSession, Phone, SessionKind, records, second_factor};

impl Accounts {
    /// Signs in; the session that the caller had before ends. The time it takes does not tell whether the number
    /// exists. `totp` is the code of a role account's authenticator app.
    ///
    /// # Errors
    /// `accounts.wrong_credentials`, `accounts.totp_required` (the password was right, the code is missing, wrong or
    /// used), `accounts.banned`, `accounts.no_role`, `accounts.too_many_tries`, `accounts.busy`, or the database.
    pub async fn log_in(
        &self,
        phone: &str,
        password: &str,
        totp: Option<&str>,
        kind: SessionKind,
        caller: &Caller,
    ) -> Result<NewSession, AccountError> {
        let totp = totp.map(str::trim).filter(|code| !code.is_empty());
        let done = self.try_to_log_in(phone, password, totp, kind, caller).await;
        count(&done);
        done
    }

    async fn try_to_log_in(
        &self,
        phone: &str,
        password: &str,
        totp: Option<&str>,
        kind: SessionKind,
        caller: &Caller,
    ) -> Result<NewSession, AccountError> {
        let Ok(phone) = Phone::parse(phone) else { return Err(AccountError::WrongCredentials) };
        let now = self.now();
        let device = self.0.devices.find(caller.device.as_deref(), &phone, now);
        let guess = self.0.logins.admit(caller, device.as_ref(), &phone, now)?;
        let known = match self.check_password(&phone, password).await {
            Ok(known) => {
                guess.forgive();
                known
            }
            Err(error) => {
                settle(guess, &error);
                return Err(error);
            }
        };
        if known.is_banned {
            return Err(AccountError::Banned);
        }
        if kind == SessionKind::Panel && !known.role.is_staff() {
            return Err(AccountError::NoRole);
        }
        if !known.role.is_staff() {
            return self.sign_in(known, None, kind, caller).await;
        }
        // A missing code is no guess: the page asks for it after the password.
        let Some(code) = totp else { return Err(AccountError::TotpRequired) };
        let guess = self.0.totps.admit(caller, device.as_ref(), &phone, now)?;
        let done = match self.step_of(&known, code) {
            Some(step) => self.sign_in(known, Some(step), kind, caller).await,
            None => Err(AccountError::TotpRequired),
        };
        match &done {
            Ok(_) => guess.forgive(),
            Err(error) => settle(guess, error),
        }
        done
    }

    fn step_of(&self, known: &Known, code: &str) -> Option<i64> {
        let sealed = known.totp_sealed.as_deref()?;
        let secret = &self.0.parts.secret;
        second_factor::step_of(secret, &known.id, sealed, code, (known.totp_last_step, self.now()))
    }

    /// The account of number and password, whatever else speaks against it.
    pub(super) async fn check_password(&self, phone: &Phone, password: &str) -> Result<Known, AccountError> {
        let (store, wanted) = (&self.0.parts.store, phone.clone());
        let known = store.read(move |conn| records::find_by_phone(conn, &wanted).map_err(AccountError::from)).await?;
        let hash = known.as_ref().map(|known| known.password_hash.as_str()).unwrap_or_default();
        let verdict = self.0.passwords.verify(password, hash).await?;
        let Some(known) = known.filter(|_| verdict != Verdict::Wrong) else {
            return Err(AccountError::WrongCredentials);
        };
        let Verdict::Older(newer) = verdict else { return Ok(known) };
        let (id, older, hash) = (known.id.clone(), known.password_hash.clone(), newer.clone());
        // The old one still fits: what goes wrong here is done at the next sign-in.
        match store.write(move |conn| records::replace_hash(conn, &id, &older, &hash)).await {
            Ok(true) => return Ok(Known { password_hash: newer, ..known }),
            Ok(false) => {}
            Err(error) => tracing::debug!(%error, "a password is not kept under today's parameters yet"),
        }
        Ok(known)
    }

    /// Opens a session; `step` is the second factor's, used up with it.
    pub(super) async fn sign_in(
        &self,
        known: Known,
        step: Option<i64>,
        kind: SessionKind,
        caller: &Caller,
    ) -> Result<NewSession, AccountError> {
        let at = self.now();
        let (hash, sealed) = (known.password_hash.clone(), known.totp_sealed.clone());
        let session = self.session_of(known.into_who(self.new_id(at), kind), self.new_token(), caller, at);
        let (made, caller) = (session.clone(), caller.clone());
        let done = self.0.parts.store.write(move |conn| {
            // What was true when the password was looked at must be so still: a ban, a new password or another second
            // factor may have come between.
            if !records::lock_unchanged(conn, &session.who, &hash, sealed.as_deref())? {
                return Err(AccountError::WrongCredentials);
            }
            if let Some(step) = step
                && !records::use_step(conn, &session.who.account, step)?
            {
                return Err(AccountError::TotpRequired);
            }
            records::open_session(conn, &session, &caller, at).map_err(AccountError::from)
        });
        done.await.map(|()| made)
    }
}

/// Keeps the tokens of a wrong guess, and gives back those of anything else.
pub(super) fn settle(guess: Try<'_>, error: &AccountError) {
    use AccountError as E;
    if !matches!(error, E::WrongCredentials | E::TotpRequired | E::WrongCode) {
        guess.forgive();
    }
}

fn count(done: &Result<NewSession, AccountError>) {
    use AccountError as E;
    let outcome = match done {
        Ok(_) => "ok",
        Err(E::WrongCredentials) => "wrong",
        Err(E::TotpRequired) => "code",
        Err(E::Banned) => "banned",
        Err(E::NoRole) => "no_role",
        Err(E::TooManyTries { .. }) => "limited",
        Err(E::Busy) => "busy",
        Err(_) => "fault",
    };
    counter!("bakuhantam_logins_total", "outcome" => outcome).increment(1);
}
