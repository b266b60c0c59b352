//! A forgotten password: a code sent to the number.

use std::time::Duration;

use ring::hmac;
use tokio::time::Instant;

use super::handle::Accounts;
use super::log_in::settle;
use super::messages::Outgoing;
use super::records::ResetRow;
use super::{AccountError, Caller, NewSession, Phone, SessionKind, records};
use crate::clock::Micros;
use crate::config::hex;
use crate::ids::AccountId;

/// How long a code counts, in milliseconds.
const CODE_TTL_MS: i64 = 10 * 60 * 1_000;
/// Whoever asks again within this time is sent the same code, in milliseconds: two messages that come late and in any
/// order hold the same one, and a stranger who asks does not make the owner's code worthless.
const SAME_CODE_MS: i64 = 5 * 60 * 1_000;
/// Wrong codes before one is worth nothing.
const TRIES_MAX: i32 = 5;
/// A wrong code is answered after this time at the earliest: whether there was a try to count cannot be told from it.
const WRONG_AFTER: Duration = Duration::from_millis(500);

impl Accounts {
    /// Sends a code to the number, if it has an account. The answer, and the time it takes, are the same if it has
    /// none.
    ///
    /// # Errors
    /// A number we do not take, or `accounts.too_many_tries`.
    #[expect(clippy::unused_async, reason = "a verb of the room; what waits is done beside it")]
    pub async fn begin_reset(&self, phone: &str, caller: &Caller) -> Result<(), AccountError> {
        let phone = Phone::parse(phone)?;
        self.0.uses.ask_for_code(caller, &phone, self.now())?;
        let Some(outgoing) = self.0.outgoing.clone() else { return Ok(()) };
        let accounts = self.clone();
        self.0.tracker.spawn(async move {
            if let Err(error) = accounts.send_code(&phone, &outgoing).await {
                tracing::warn!(%error, "a code for a new password could not be made");
            }
        });
        Ok(())
    }

    async fn send_code(&self, phone: &Phone, outgoing: &Outgoing) -> Result<(), AccountError> {
        let store = &self.0.parts.store;
        let (wanted, now) = (phone.clone(), self.now());
        let room = self.clone();
        let found = store.write(move |conn| {
            let Some(known) = records::lock_by_phone(conn, &wanted)?.filter(|known| !known.is_banned) else {
                return Ok::<_, AccountError>(None);
            };
            let open = records::lock_reset(conn, &known.id)?
                .filter(|open| open.tries < TRIES_MAX && (0..SAME_CODE_MS).contains(&now.ms_since(open.created_at)));
            let made_at = open.map_or(now, |open| open.created_at);
            let code = room.code_of(&known.id, made_at);
            if made_at == now {
                let row = ResetRow {
                    code_mac: room.mac_of(&known.id, &code),
                    created_at: now,
                    expires_at: now.plus_ms(CODE_TTL_MS),
                    tries: 0,
                };
                records::put_reset(conn, &known.id, &row)?;
            }
            Ok(Some((known.locale, code)))
        });
        if let Some((locale, code)) = found.await? {
            let text = outgoing.words.reset_code(locale, &code);
            // The sender has tried more than once and has said what is wrong.
            outgoing.sender.deliver(phone, &text).await;
        }
        Ok(())
    }

    /// Takes the code and a new password. Every session of the account ends, and failures counted for the number are
    /// forgotten. A viewer is signed in anew; a role account is not (`None`), since its second factor is asked at every
    /// sign-in.
    ///
    /// # Errors
    /// A number or password we do not take, `accounts.wrong_code` (also for a number without account),
    /// `accounts.too_many_tries`, `accounts.busy`, or the database.
    pub async fn finish_reset(
        &self,
        phone: &str,
        code: &str,
        new_password: &str,
        caller: &Caller,
    ) -> Result<Option<NewSession>, AccountError> {
        let phone = Phone::parse(phone)?;
        let now = self.now();
        let device = self.0.devices.find(caller.device.as_deref(), &phone, now);
        let guess = self.0.resets.admit(caller, device.as_ref(), &phone, now)?;
        let no_earlier = Instant::now() + WRONG_AFTER;
        match self.take_code(&phone, code, new_password, caller).await {
            Ok(session) => {
                guess.forgive();
                for gate in [&self.0.logins, &self.0.resets] {
                    gate.forget(caller, &phone);
                }
                Ok(session)
            }
            Err(error) => {
                settle(guess, &error);
                if matches!(error, AccountError::WrongCode) {
                    tokio::time::sleep_until(no_earlier).await;
                }
                Err(error)
            }
        }
    }

    async fn take_code(
        &self,
        phone: &Phone,
        code: &str,
        new_password: &str,
        caller: &Caller,
    ) -> Result<Option<NewSession>, AccountError> {
        // Before the number is looked up, and for every number: the time tells nothing. Without the name, which would be
        // one more thing to tell.
        let hash = self.0.passwords.choose(new_password, "", phone.as_str()).await?;
        let code: String = code.chars().filter(char::is_ascii_digit).collect();
        let (at, room, phone, caller) = (self.now(), self.clone(), phone.clone(), caller.clone());
        let (session, token) = (self.new_id(at), self.new_token());
        let done = self.0.parts.store.write(move |conn| {
            let Some(known) = records::lock_by_phone(conn, &phone)?.filter(|known| !known.is_banned) else {
                return Ok::<_, AccountError>(Outcome::Wrong);
            };
            let open = records::lock_reset(conn, &known.id)?;
            let Some(open) = open.filter(|open| open.tries < TRIES_MAX && open.expires_at > at) else {
                return Ok(Outcome::Wrong);
            };
            if !room.fits(&known.id, &code, &open.code_mac) {
                records::count_reset_try(conn, &known.id)?;
                return Ok(Outcome::Wrong);
            }
            records::delete_reset(conn, &known.id)?;
            records::set_password(conn, &known.id, &hash)?;
            records::end_sessions(conn, &known.id, None, at)?;
            if known.role.is_staff() {
                return Ok(Outcome::Staff);
            }
            let who = known.into_who(session.clone(), SessionKind::Viewer);
            let made = room.session_of(who, token.clone(), &caller, at);
            records::open_session(conn, &made, &caller, at)?;
            Ok(Outcome::SignedIn(Box::new(made)))
        });
        match done.await? {
            Outcome::Wrong => Err(AccountError::WrongCode),
            Outcome::Staff => Ok(None),
            Outcome::SignedIn(session) => Ok(Some(*session)),
        }
    }

    /// Six digits that depend on the account and the moment they were made, and on the secret key.
    fn code_of(&self, account: &AccountId, made_at: Micros) -> String {
        let key = self.0.parts.secret.hmac_key("reset-code");
        let tag = hmac::sign(&key, format!("{account}\n{}", made_at.0).as_bytes());
        let mut bytes = [0_u8; 8];
        for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000)
    }

    fn mac_of(&self, account: &AccountId, code: &str) -> String {
        hex(hmac::sign(&self.0.parts.secret.hmac_key("reset-mac"), text_of(account, code).as_bytes()).as_ref())
    }

    /// Whether a code is the stored one, in constant time.
    fn fits(&self, account: &AccountId, code: &str, stored: &str) -> bool {
        let key = self.0.parts.secret.hmac_key("reset-compare");
        let given = self.mac_of(account, code);
        hmac::verify(&key, given.as_bytes(), hmac::sign(&key, stored.as_bytes()).as_ref()).is_ok()
    }
}

fn text_of(account: &AccountId, code: &str) -> String {
    format!("{account}\n{code}")
}

enum Outcome {
    Wrong,
    Staff,
    SignedIn(Box<NewSession>),
}
