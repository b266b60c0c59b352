//! What staff and commands do with accounts; each change has its row in the audit.

use serde_json::json;

use super::handle::{Accounts, name_of};
use super::{AccountError, Actor, Phone, Role, Session, records, second_factor};
use crate::clock::Micros;
use crate::config::{Language, Secret};
use crate::ids::{AccountId, new_word};
use crate::store::{Conn, audit};

/// An account as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Display name.
    pub name: String,
    /// The number; `None` once deleted.
    pub phone: Option<Phone>,
    /// What it may do.
    pub role: Role,
    /// The language chosen.
    pub locale: Language,
    /// Whether it has a second factor.
    pub has_totp: bool,
    /// When it was made.
    pub created_at: Micros,
    /// Since when it is banned.
    pub banned_at: Option<Micros>,
    /// Why.
    pub ban_reason: Option<String>,
    /// When it was deleted.
    pub deleted_at: Option<Micros>,
}

/// What [`Accounts::create`] is to make, or to make of an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The number, as typed.
    pub phone: String,
    /// Display name.
    pub name: String,
    /// `None`: a viewer, or the role the account has.
    pub role: Option<Role>,
    /// `None`: the account's own, or one that is made.
    pub password: Option<Secret>,
    /// The language of a new account.
    pub locale: Language,
}

/// What [`Accounts::create`] has made. Secrets in it are shown once and kept nowhere.
#[derive(Clone, Debug)]
pub struct Created {
    /// The account.
    pub account: AccountId,
    /// Whether there was none before.
    pub is_new: bool,
    /// The role it has now.
    pub role: Role,
    /// The password that was made.
    pub password: Option<Secret>,
    /// The address an authenticator app reads, when a second factor was made.
    pub otpauth: Option<Secret>,
}

impl Accounts {
    /// The account of a number.
    ///
    /// # Errors
    /// A number that cannot be one of ours, or the database.
    pub async fn find_account(&self, phone: &str) -> Result<Option<Account>, AccountError> {
        let phone = Phone::parse(phone)?;
        let found = self.0.parts.store.read(move |conn| match records::find_by_phone(conn, &phone)? {
            Some(known) => records::find_account(conn, &known.id).map_err(AccountError::from),
            None => Ok(None),
        });
        found.await
    }

    /// The account of an id, deleted ones too.
    ///
    /// # Errors
    /// `accounts.not_found`, or the database.
    pub async fn get_account(&self, account: &AccountId) -> Result<Account, AccountError> {
        let account = account.clone();
        self.0.parts.store.read(move |conn| get(conn, &account)).await
    }

    /// Makes an account, or gives the one of this number another name, role and password.
    ///
    /// # Errors
    /// A number, name or password we do not take, `accounts.last_owner`, `accounts.busy`, or the database.
    pub async fn create(&self, actor: &Actor, wanted: NewAccount) -> Result<Created, AccountError> {
        let phone = Phone::parse(&wanted.phone)?;
        let name = name_of(&wanted.name)?;
        let is_known = self.find_account(phone.as_str()).await?.is_some();
        let made = (wanted.password.is_none() && !is_known).then(|| self.new_password());
        let hash = match wanted.password.as_ref().or(made.as_ref()) {
            Some(password) => Some(self.0.passwords.choose(password.expose(), &name, phone.as_str()).await?),
            None => None,
        };
        let (room, actor, at) = (self.clone(), actor.clone(), self.now());
        let (new_id, audit_id) = (AccountId::new(at, self.0.parts.random.as_ref()), self.new_id(at));
        let done = self.0.parts.store.write(move |conn| {
            records::lock_owners(conn)?;
            let known = records::lock_by_phone(conn, &phone)?;
            let before = known.as_ref().map(|known| known.role);
            let account = known.map_or_else(|| new_id.clone(), |known| known.id);
            if before.is_some() {
                records::set_name(conn, &account, &name)?;
            } else {
                let row = records::NewRow {
                    id: &account,
                    phone: &phone,
                    name: &name,
                    // Nobody can sign in, where the account that was found above has gone since.
                    password_hash: hash.as_deref().unwrap_or_default(),
                    role: Role::Viewer,
                    locale: wanted.locale,
                    at,
                };
                records::insert_account(conn, &row)?;
            }
            if let (Some(hash), true) = (&hash, before.is_some()) {
                records::set_password(conn, &account, hash)?;
                records::end_sessions(conn, &account, None, at)?;
            }
            let role = wanted.role.or(before).unwrap_or(Role::Viewer);
            let otpauth = room.give_role(conn, &account, role, at)?;
            let what = match before {
                None => "accounts.create",
                Some(before) if before == role => "accounts.update",
                Some(_) => "accounts.set_role",
            };
            let entry = audit::Entry {
                what,
                room: None,
                before: before.map(|role| json!({ "account": account, "role": role })),
                after: Some(json!({ "account": account, "role": role, "new_password": hash.is_some() })),
            };
            audit::append(conn, &audit_id, &actor, &entry)?;
            Ok::<_, AccountError>(Created { account, is_new: before.is_none(), role, password: None, otpauth })
        });
        match done.await {
            Ok(created) => Ok(Created { password: made.filter(|_| created.is_new), ..created }),
            Err(AccountError::Store(error)) if error.is_unique_violation() => Err(AccountError::PhoneTaken),
            Err(error) => Err(error),
        }
    }

    /// Gives an account a role. Who becomes staff gets a second factor, whose address is returned and kept nowhere, and
    /// has to sign in anew; who leaves staff loses it, and the panel's sessions end.
    ///
    /// # Errors
    /// `accounts.not_found`, `accounts.last_owner`, or the database.
    pub async fn set_role(
        &self,
        actor: &Actor,
        account: &AccountId,
        role: Role,
    ) -> Result<Option<Secret>, AccountError> {
        let (room, account, actor, at) = (self.clone(), account.clone(), actor.clone(), self.now());
        let audit_id = self.new_id(at);
        let done = self.0.parts.store.write(move |conn| {
            let before = get(conn, &account)?;
            if before.deleted_at.is_some() {
                return Err(AccountError::NotFound);
            }
            let otpauth = room.give_role(conn, &account, role, at)?;
            let entry = audit::Entry {
                what: "accounts.set_role",
                room: None,
                before: Some(json!({ "account": account, "role": before.role })),
                after: Some(json!({ "account": account, "role": role })),
            };
            audit::append(conn, &audit_id, &actor, &entry)?;
            Ok(otpauth)
        });
        done.await
    }

    /// Within a transaction: the role, the second factor that belongs to it, and the sessions that do not.
    fn give_role(
        &self,
        conn: &mut Conn,
        account: &AccountId,
        role: Role,
        at: Micros,
    ) -> Result<Option<Secret>, AccountError> {
        if role != Role::Owner {
            keep_an_owner(conn, account)?;
        }
        records::lock_account(conn, account)?;
        let now = get(conn, account)?;
        let sealed = records::find_totp(conn, account)?;
        if role == now.role && (sealed.is_some() || !role.is_staff()) {
            return Ok(None);
        }
        if role.is_staff() && sealed.is_some() {
            records::set_role(conn, account, role, sealed.as_deref())?;
            return Ok(None);
        }
        let enrolled = role.is_staff().then(|| self.enrol(&now)).transpose()?;
        let sealed = enrolled.as_ref().map(|(sealed, _)| sealed.as_str());
        records::set_role(conn, account, role, sealed)?;
        // Into staff: sessions were opened without a second factor. Out of it: the panel's are for staff alone.
        records::end_sessions(conn, account, None, at)?;
        Ok(enrolled.map(|(_, otpauth)| otpauth))
    }

    fn enrol(&self, account: &Account) -> Result<(String, Secret), AccountError> {
        let phone = account.phone.as_ref().ok_or(AccountError::NotFound)?;
        let parts = &self.0.parts;
        Ok(second_factor::enrol(&parts.secret, &account.id, phone, parts.random.as_ref()))
    }

    /// Gives a role account another second factor, for whoever has lost the phone with the old one; its sessions end.
    /// The address is returned and kept nowhere.
    ///
    /// # Errors
    /// `accounts.not_found`, `accounts.no_role` for a viewer, or the database.
    pub async fn reset_totp(&self, actor: &Actor, account: &AccountId) -> Result<Secret, AccountError> {
        let (room, account, actor, at) = (self.clone(), account.clone(), actor.clone(), self.now());
        let audit_id = self.new_id(at);
        let done = self.0.parts.store.write(move |conn| {
            records::lock_account(conn, &account)?;
            let now = get(conn, &account)?;
            if !now.role.is_staff() {
                return Err(AccountError::NoRole);
            }
            let (sealed, otpauth) = room.enrol(&now)?;
            records::set_role(conn, &account, now.role, Some(&sealed))?;
            records::end_sessions(conn, &account, None, at)?;
            let after = json!({ "account": account, "role": now.role });
            let entry = audit::Entry { what: "accounts.reset_totp", room: None, before: None, after: Some(after) };
            audit::append(conn, &audit_id, &actor, &entry)?;
            Ok(otpauth)
        });
        done.await
    }

    /// Bans an account: its sessions end at once, and it cannot sign in.
    ///
    /// # Errors
    /// `accounts.not_found`, `accounts.last_owner`, or the database.
    pub async fn ban(&self, actor: &Actor, account: &AccountId, reason: &str) -> Result<(), AccountError> {
        let reason: String = reason.trim().chars().take(500).collect();
        self.set_ban(actor, account, Some(reason)).await
    }

    /// Takes a ban back.
    ///
    /// # Errors
    /// `accounts.not_found`, or the database.
    pub async fn unban(&self, actor: &Actor, account: &AccountId) -> Result<(), AccountError> {
        self.set_ban(actor, account, None).await
    }

    async fn set_ban(&self, actor: &Actor, account: &AccountId, reason: Option<String>) -> Result<(), AccountError> {
        let (account, actor, at) = (account.clone(), actor.clone(), self.now());
        let audit_id = self.new_id(at);
        let done = self.0.parts.store.write(move |conn| {
            if reason.is_some() {
                keep_an_owner(conn, &account)?;
            }
            records::lock_account(conn, &account)?;
            let before = get(conn, &account)?;
            if before.deleted_at.is_some() {
                return Err(AccountError::NotFound);
            }
            // The first moment stays: it is since when.
            let since = before.banned_at.unwrap_or(at);
            records::set_ban(conn, &account, reason.as_deref().map(|reason| (since, reason)))?;
            if reason.is_some() {
                records::delete_reset(conn, &account)?;
                records::end_sessions(conn, &account, None, at)?;
            }
            let entry = audit::Entry {
                what: if reason.is_some() { "accounts.ban" } else { "accounts.unban" },
                room: None,
                before: Some(json!({
                    "account": account, "banned": before.banned_at.is_some(), "reason": before.ban_reason,
                })),
                after: Some(json!({ "account": account, "banned": reason.is_some(), "reason": reason })),
            };
            audit::append(conn, &audit_id, &actor, &entry).map_err(AccountError::from)
        });
        done.await
    }

    /// Where somebody else's account is signed in. That it was looked at stands in the audit.
    ///
    /// # Errors
    /// `accounts.not_found`, or the database.
    pub async fn list_sessions_of(&self, actor: &Actor, account: &AccountId) -> Result<Vec<Session>, AccountError> {
        let (account, actor, at) = (account.clone(), actor.clone(), self.now());
        let audit_id = self.new_id(at);
        let done = self.0.parts.store.write(move |conn| {
            get(conn, &account)?;
            let after = json!({ "account": account });
            let entry = audit::Entry { what: "accounts.list_sessions", room: None, before: None, after: Some(after) };
            audit::append(conn, &audit_id, &actor, &entry)?;
            records::list_sessions(conn, &account, None, at).map_err(AccountError::from)
        });
        done.await
    }

    /// Ends every session of somebody else's account; returns how many.
    ///
    /// # Errors
    /// `accounts.not_found`, or the database.
    pub async fn end_sessions_of(&self, actor: &Actor, account: &AccountId) -> Result<usize, AccountError> {
        let (account, actor, at) = (account.clone(), actor.clone(), self.now());
        let audit_id = self.new_id(at);
        let done = self.0.parts.store.write(move |conn| {
            get(conn, &account)?;
            let ended = records::end_sessions(conn, &account, None, at)?;
            let after = json!({ "account": account, "ended": ended });
            let entry = audit::Entry { what: "accounts.end_sessions", room: None, before: None, after: Some(after) };
            audit::append(conn, &audit_id, &actor, &entry)?;
            Ok::<_, AccountError>(ended)
        });
        done.await
    }

    /// Four groups of four: 80 random bits that can be read out loud.
    fn new_password(&self) -> Secret {
        let random = self.0.parts.random.as_ref();
        let groups: Vec<String> = (0..4).map(|_| new_word(random, 4)).collect();
        Secret::new(groups.join("-"))
    }
}

fn get(conn: &mut Conn, account: &AccountId) -> Result<Account, AccountError> {
    records::find_account(conn, account)?.ok_or(AccountError::NotFound)
}

/// Refuses to take the last owner away. Owners are locked before accounts, everywhere.
fn keep_an_owner(conn: &mut Conn, account: &AccountId) -> Result<(), AccountError> {
    let is_owner = records::find_account(conn, account)?
        .is_some_and(|found| found.role == Role::Owner && found.banned_at.is_none() && found.deleted_at.is_none());
    if is_owner && records::lock_other_owners(conn, account)? == 0 {
        return Err(AccountError::LastOwner);
    }
    Ok(())
}
