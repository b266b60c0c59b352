//! Form tokens: HMAC of the session under the secret key, so that every node takes what any node gave.

use actix_web::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::error::Problem;
use crate::accounts::SignedIn;
use crate::config::SecretKey;

/// The code of a form whose token is not this session's.
pub const STALE: &str = "web.stale_form";

/// Makes and checks form tokens.
#[derive(Clone, Debug)]
pub struct FormTokens(hmac::Key);

impl FormTokens {
    /// Tokens under `secret`.
    #[must_use]
    pub fn new(secret: &SecretKey) -> Self {
        Self(secret.hmac_key("form-token"))
    }

    /// The token for the hidden field `csrf` of forms shown in this session.
    #[must_use]
    pub fn of(&self, who: &SignedIn) -> String {
        self.of_text(&who.token_hash)
    }

    /// Whether `token` is this session's. Constant time.
    #[must_use]
    pub fn fits(&self, who: &SignedIn, token: &str) -> bool {
        self.fits_text(&who.token_hash, token)
    }

    /// Lets a page's form pass when its token is this session's.
    ///
    /// # Errors
    /// 403 `web.stale_form`.
    pub fn check(&self, who: &SignedIn, token: &str) -> Result<(), Problem> {
        if self.fits(who, token) { Ok(()) } else { Err(stale()) }
    }

    /// The token for forms shown to somebody without a session; `nonce` is their form cookie.
    #[must_use]
    pub fn of_text(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, text.as_bytes()))
    }

    /// Whether `token` is the one of `text`. Constant time.
    #[must_use]
    pub fn fits_text(&self, text: &str, token: &str) -> bool {
        URL_SAFE_NO_PAD.decode(token).is_ok_and(|mac| hmac::verify(&self.0, text.as_bytes(), &mac).is_ok())
    }
}

/// The refusal of a form that was shown in another session, or before signing in or out.
#[must_use]
pub fn stale() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        STALE,
        "This form is of an older page. Open the page again, then send it again.",
    )
}
