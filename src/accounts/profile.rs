//! One's own account: name, language, password, consents, data, and its end.

use serde_json::{Map, Value, json};

use super::handle::{Accounts, name_of};
use super::log_in::settle;
use super::{AccountError, Caller, Consent, Document, SignedIn, records};
use crate::clock::Micros;
use crate::config::Language;
use crate::ids::AccountId;
use crate::store::audit;

/// The name of an account that was deleted.
pub const DELETED_NAME: &str = "Akun dihapus";

impl Accounts {
    /// Gives the account another name; returns it as it is shown.
    ///
    /// # Errors
    /// `accounts.bad_name`, or the database.
    pub async fn change_name(&self, who: &SignedIn, name: &str) -> Result<String, AccountError> {
        let name = name_of(name)?;
        let (account, new) = (who.account.clone(), name.clone());
        self.0.parts.store.write(move |conn| records::set_name(conn, &account, &new)).await?;
        Ok(name)
    }

    /// Chooses the account's language.
    ///
    /// # Errors
    /// The database.
    pub async fn change_locale(&self, who: &SignedIn, locale: Language) -> Result<(), AccountError> {
        let account = who.account.clone();
        self.0.parts.store.write(move |conn| records::set_locale(conn, &account, locale)).await?;
        Ok(())
    }

    /// Changes the password; every other session of the account ends.
    ///
    /// # Errors
    /// `accounts.wrong_credentials` where the old one is wrong, a new one we do not take, `accounts.too_many_tries`,
    /// `accounts.busy`, or the database.
    pub async fn change_password(
        &self,
        who: &SignedIn,
        old: &str,
        new: &str,
        caller: &Caller,
    ) -> Result<(), AccountError> {
        let known = self.check_own_password(who, old, caller).await?;
        let hash = self.0.passwords.choose(new, &who.name, who.phone.as_str()).await?;
        let (who, at) = (who.clone(), self.now());
        let changed = self.0.parts.store.write(move |conn| {
            records::lock_account(conn, &who.account)?;
            // Two changes at once: the second one's old password is not the account's any more.
            if !records::replace_hash(conn, &who.account, &known.password_hash, &hash)? {
                return Err(AccountError::WrongCredentials);
            }
            records::delete_reset(conn, &who.account)?;
            records::end_sessions(conn, &who.account, Some(&who.session), at)?;
            Ok(())
        });
        changed.await
    }

    /// The account, if this is its password. Guesses by whoever sits at a stranger's open browser are counted as those
    /// of a device of its own: the session.
    async fn check_own_password(
        &self,
        who: &SignedIn,
        password: &str,
        caller: &Caller,
    ) -> Result<records::Known, AccountError> {
        let session = super::device::Device::of_session(&who.session);
        let guess = self.0.logins.admit(caller, Some(&session), &who.phone, self.now())?;
        let checked = self.check_password(&who.phone, password).await;
        match checked {
            // The number may have another account by now, if this one was deleted elsewhere.
            Ok(known) if known.id == who.account => {
                guess.forgive();
                Ok(known)
            }
            Ok(_) => Err(AccountError::WrongCredentials),
            Err(error) => {
                settle(guess, &error);
                Err(error)
            }
        }
    }

    /// Writes down that the account agrees to a document as it is shown now.
    ///
    /// # Errors
    /// The database.
    pub async fn record_consent(&self, who: &SignedIn, document: Document) -> Result<(), AccountError> {
        let (account, at) = (who.account.clone(), self.now());
        let id = self.new_id(at);
        let agreed = (document, document.version());
        self.0.parts.store.write(move |conn| records::insert_consent(conn, &id, &account, agreed, at)).await?;
        Ok(())
    }

    /// What the account agreed to, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn list_consents(&self, account: &AccountId) -> Result<Vec<Consent>, AccountError> {
        let account = account.clone();
        Ok(self.0.parts.store.read(move |conn| records::list_consents(conn, &account)).await?)
    }

    /// Everything we hold about the account as JSON: `account`, `consents`, `sessions`, and beside them `others`, which
    /// other rooms hold. Times are RFC 3339 in UTC.
    ///
    /// # Errors
    /// `accounts.not_found`, or the database.
    pub async fn export(&self, who: &SignedIn, others: Map<String, Value>) -> Result<Value, AccountError> {
        let (id, session, now) = (who.account.clone(), who.session.clone(), self.now());
        let (account, consents, sessions) = self
            .0
            .parts
            .store
            .read(move |conn| {
                let account = records::find_account(conn, &id)?.ok_or(AccountError::NotFound)?;
                let consents = records::list_consents(conn, &id)?;
                Ok::<_, AccountError>((account, consents, records::list_sessions(conn, &id, Some(&session), now)?))
            })
            .await?;
        let consents: Vec<Value> = consents
            .into_iter()
            .map(|consent| {
                json!({
                    "document": consent.document.as_str(),
                    "version": consent.version,
                    "agreed_at": moment(consent.agreed_at),
                })
            })
            .collect();
        let sessions: Vec<Value> = sessions
            .into_iter()
            .map(|session| {
                json!({
                    "kind": session.kind.as_str(),
                    "agent": session.agent,
                    "address": session.address,
                    "created_at": moment(session.created_at),
                    "seen_at": moment(session.seen_at),
                    "current": session.is_current,
                })
            })
            .collect();
        let mut all = others;
        all.insert("exported_at".into(), json!(moment(now)));
        all.insert(
            "account".into(),
            json!({
                "id": account.id,
                "name": account.name,
                "phone": account.phone.as_ref().map(super::Phone::as_str),
                "role": account.role,
                "locale": account.locale,
                "created_at": moment(account.created_at),
            }),
        );
        all.insert("consents".into(), consents.into());
        all.insert("sessions".into(), sessions.into());
        Ok(Value::Object(all))
    }

    /// Deletes the account: number, name and password are gone, sessions end, nobody can sign in. What the law wants
    /// kept stays: ledger, orders, consents, under an id that tells nobody who it was. The number can be registered
    /// anew, as another account.
    ///
    /// # Errors
    /// `accounts.wrong_credentials`, `accounts.last_owner`, `accounts.too_many_tries`, `accounts.busy`, or the database.
    pub async fn delete_account(&self, who: &SignedIn, password: &str, caller: &Caller) -> Result<(), AccountError> {
        let known = self.check_own_password(who, password, caller).await?;
        let at = self.now();
        let (who, actor, audit_id) = (who.clone(), who.actor(caller, at), self.new_id(at));
        let deleted = self.0.parts.store.write(move |conn| {
            if known.role == super::Role::Owner && records::lock_other_owners(conn, &who.account)? == 0 {
                return Err(AccountError::LastOwner);
            }
            records::lock_account(conn, &who.account)?;
            records::delete_reset(conn, &who.account)?;
            records::end_sessions(conn, &who.account, None, at)?;
            records::anonymise(conn, &who.account, DELETED_NAME, at)?;
            let entry = audit::Entry {
                what: "accounts.delete",
                room: None,
                before: Some(json!({ "account": who.account, "role": known.role })),
                after: Some(json!({ "account": who.account, "deleted": true })),
            };
            audit::append(conn, &audit_id, &actor, &entry).map_err(AccountError::from)
        });
        deleted.await
    }
}

/// A moment as RFC 3339 in UTC.
fn moment(at: Micros) -> String {
    jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}
