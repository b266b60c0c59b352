//! Making an account.

use super::handle::{Accounts, name_of};
use super::{AccountError, Caller, Document, NewSession, Phone, Role, SessionKind, SignedIn, records};
use crate::clock::Micros;
use crate::config::Language;
use crate::ids::{AccountId, RowId};

impl Accounts {
    /// Makes a viewer's account, which agrees to terms and privacy notice as they are shown now, and signs it in.
    ///
    /// # Errors
    /// A number, name or password we do not take, `accounts.phone_taken`, `accounts.too_many_tries`, `accounts.busy`, or
    /// the database.
    pub async fn register(
        &self,
        phone: &str,
        password: &str,
        name: &str,
        locale: Language,
        caller: &Caller,
    ) -> Result<NewSession, AccountError> {
        let phone = Phone::parse(phone)?;
        let name = name_of(name)?;
        let begun = self.0.uses.register(caller, self.now())?;
        let done = self.make_viewer(phone, name, password, locale, caller).await;
        match &done {
            Ok(_) => begun.made(),
            Err(AccountError::PhoneTaken) => {}
            Err(_) => begun.refused(),
        }
        done
    }

    async fn make_viewer(
        &self,
        phone: Phone,
        name: String,
        password: &str,
        locale: Language,
        caller: &Caller,
    ) -> Result<NewSession, AccountError> {
        let password_hash = self.0.passwords.choose(password, &name, phone.as_str()).await?;
        let parts = &self.0.parts;
        let at = self.now();
        let who = SignedIn {
            account: AccountId::new(at, parts.random.as_ref()),
            session: self.new_id(at),
            token_hash: String::new(),
            name,
            phone,
            role: Role::Viewer,
            locale,
            kind: SessionKind::Viewer,
        };
        let session = self.session_of(who, self.new_token(), caller, at);
        let (made, caller) = (session.clone(), caller.clone());
        let consents = self.consents_of_today(at);
        let done = parts.store.write(move |conn| {
            let who = &session.who;
            let row = records::NewRow {
                id: &who.account,
                phone: &who.phone,
                name: &who.name,
                password_hash: &password_hash,
                role: who.role,
                locale: who.locale,
                at,
            };
            records::insert_account(conn, &row)?;
            for (id, document) in &consents {
                records::insert_consent(conn, id, &who.account, (*document, document.version()), at)?;
            }
            records::open_session(conn, &session, &caller, at).map_err(AccountError::from)
        });
        match done.await {
            Ok(()) => Ok(made),
            Err(AccountError::Store(error)) if error.is_unique_violation() => Err(AccountError::PhoneTaken),
            Err(error) => Err(error),
        }
    }

    pub(super) fn consents_of_today(&self, at: Micros) -> [(RowId, Document); 2] {
        [Document::Terms, Document::Privacy].map(|document| (self.new_id(at), document))
    }
}
