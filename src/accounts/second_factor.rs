//! The second factor of role accounts: six digits of an authenticator app (TOTP, RFC 6238: SHA-1, 30 seconds).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use totp_rs::{Algorithm, TOTP};

use super::Phone;
use crate::clock::Micros;
use crate::config::{Secret, SecretKey};
use crate::ids::{AccountId, Random};

const STEP_S: i64 = 30;
/// Steps that a phone's clock may be off.
const SKEW: i64 = 1;
/// Who the app says the code is for.
const ISSUER: &str = "bakuhantam";
const PURPOSE: &str = "totp";

/// A new secret: sealed for the account's row, and as the address that an authenticator app reads.
pub(super) fn enrol(secret: &SecretKey, account: &AccountId, phone: &Phone, random: &dyn Random) -> (String, Secret) {
    let mut bytes = [0_u8; 20];
    random.fill(&mut bytes);
    let sealed = secret.seal(PURPOSE, account.as_str(), &bytes, random);
    (sealed, Secret::new(totp(bytes.to_vec(), phone.as_str()).get_url()))
}

/// The time step whose code this is, if it is one of now that was not used: `last_step` is the last one that was.
pub(super) fn step_of(
    secret: &SecretKey,
    account: &AccountId,
    sealed: &str,
    code: &str,
    (last_step, now): (i64, Micros),
) -> Option<i64> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let totp = totp(secret.open(PURPOSE, account.as_str(), sealed)?, "");
    let current = now.0.div_euclid(1_000_000).div_euclid(STEP_S);
    let mut found = None;
    for step in current.saturating_sub(SKEW)..=current.saturating_add(SKEW) {
        let time = u64::try_from(step.saturating_mul(STEP_S)).ok()?;
        // Every step is compared, in constant time, whatever came before.
        if is_same(&totp.generate(time), &code) && step > last_step {
            found = Some(step);
        }
    }
    found
}

fn totp(secret: Vec<u8>, label: &str) -> TOTP {
    TOTP::new_unchecked(Algorithm::SHA1, 6, 0, STEP_S.unsigned_abs(), secret, Some(ISSUER.into()), label.into())
}

/// In constant time: both sides under one key.
fn is_same(one: &str, other: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, STANDARD.encode(one).as_bytes());
    hmac::verify(&key, other.as_bytes(), hmac::sign(&key, one.as_bytes()).as_ref()).is_ok()
}
