//! Device marks: what a browser keeps of having signed in, so that strangers cannot use up its tries.
//!
//! A mark is `moment.nonce.mac`: the HMAC, under the secret key, of number, moment and nonce. It opens nothing; it only
//! gives a budget of wrong passwords of its own, for this number alone. A browser that several people use carries the
//! marks of the last few, joined by `~`. The number is in the MAC instead of the account's id, so that a limited stranger
//! costs no database call.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::Phone;
use crate::clock::Micros;
use crate::config::SecretKey;
use crate::ids::{Random, RowId, new_word};

/// How long a mark counts, in milliseconds: 400 days, as long as browsers keep a cookie.
pub const DEVICE_TTL_MS: i64 = 400 * 24 * 60 * 60 * 1_000;
/// People of one browser.
const MARKS_MAX: usize = 4;
/// Characters of the longest value that is looked at.
const LEN_MAX: usize = 1_024;

/// The nonce of a mark that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device(String);

impl Device {
    /// A budget for one session, which is proof of having signed in as well.
    pub(super) fn of_session(session: &RowId) -> Self {
        Self(format!("session {session}"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes and checks marks.
#[derive(Clone, Debug)]
pub(super) struct Devices(hmac::Key);

impl Devices {
    pub(super) fn new(secret: &SecretKey) -> Self {
        Self(secret.hmac_key("device-mark"))
    }

    /// The device of `cookie`, if it signed in at this number before.
    pub(super) fn find(&self, cookie: Option<&str>, phone: &Phone, now: Micros) -> Option<Device> {
        marks(cookie).find_map(|mark| self.read(mark, phone, now))
    }

    /// The cookie of a device that has just signed in: a new mark for this number, those of others kept.
    pub(super) fn mark(&self, cookie: Option<&str>, phone: &Phone, now: Micros, random: &dyn Random) -> String {
        let seconds = now.0 / 1_000_000;
        let nonce = new_word(random, 20);
        let mac = hmac::sign(&self.0, text(phone, seconds, &nonce).as_bytes());
        let own = format!("{seconds}.{nonce}.{}", URL_SAFE_NO_PAD.encode(mac));
        let others = marks(cookie).filter(|mark| self.read(mark, phone, now).is_none());
        std::iter::once(own.as_str()).chain(others).take(MARKS_MAX).collect::<Vec<_>>().join("~")
    }

    fn read(&self, mark: &str, phone: &Phone, now: Micros) -> Option<Device> {
        let (seconds, nonce, mac) = parts(mark)?;
        let age_ms = now.ms_since(Micros(seconds.checked_mul(1_000_000)?));
        if age_ms > DEVICE_TTL_MS {
            return None;
        }
        hmac::verify(&self.0, text(phone, seconds, nonce).as_bytes(), &mac).ok()?;
        Some(Device(nonce.to_owned()))
    }
}

fn text(phone: &Phone, seconds: i64, nonce: &str) -> String {
    format!("{}\n{seconds}\n{nonce}", phone.as_str())
}

/// What has the form of a mark.
fn marks(cookie: Option<&str>) -> impl Iterator<Item = &str> {
    let cookie = cookie.filter(|cookie| cookie.len() <= LEN_MAX).unwrap_or_default();
    cookie.split('~').filter(|mark| parts(mark).is_some()).take(MARKS_MAX)
}

fn parts(mark: &str) -> Option<(i64, &str, Vec<u8>)> {
    let (seconds, rest) = mark.split_once('.')?;
    let (nonce, mac) = rest.split_once('.')?;
    let is_word = nonce.len() == 20 && nonce.bytes().all(|b| b.is_ascii_alphanumeric());
    let mac = URL_SAFE_NO_PAD.decode(mac).ok().filter(|mac| mac.len() == 32)?;
    is_word.then_some((seconds.parse().ok()?, nonce, mac))
}
