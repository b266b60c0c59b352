//! Form tokens: HMAC of the session under the secret key, so that every node takes what any node gave. Forms before
//! signing in are bound to a nonce of the browser's.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponseBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::Site;
use super::error::Problem;
use crate::accounts::SignedIn;
use crate::config::{Config, SecretKey};
use crate::ids::{SystemRandom, new_word};

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

/// The cookie that binds the forms of a browser without a session: of one host, gone when the browser is closed.
const NONCE_COOKIE: &str = "bh_form";
/// Letters of a nonce.
const NONCE_LEN: usize = 26;

/// What binds the forms before signing in: a browser's nonce, and the token that a form of it carries.
///
/// Without it another site could sign a reader in to an account of its own, where they would then buy coins.
#[derive(Clone, Debug)]
pub struct BeforeSignIn {
    nonce: String,
    is_new: bool,
}

impl BeforeSignIn {
    /// The nonce that the caller's browser has, or a new one.
    #[must_use]
    pub fn of(req: &HttpRequest) -> Self {
        match nonce_of(req) {
            Some(nonce) => Self { nonce, is_new: false },
            None => Self { nonce: new_word(&SystemRandom::default(), NONCE_LEN), is_new: true },
        }
    }

    /// The value of the hidden field `csrf`.
    #[must_use]
    pub fn token(&self, site: &Site) -> String {
        site.forms.of_text(&bound(&self.nonce))
    }

    /// Gives the browser its nonce when it has none.
    pub fn give(&self, config: &Config, answer: &mut HttpResponseBuilder) {
        if self.is_new {
            let cookie = Cookie::build(NONCE_COOKIE, self.nonce.clone())
                .path("/")
                .http_only(true)
                .same_site(SameSite::Lax)
                .secure(config.server.public_url.starts_with("https://"));
            answer.cookie(cookie.finish());
        }
    }

    /// Lets a form pass whose token is that of the browser's nonce.
    ///
    /// # Errors
    /// 403 `web.stale_form`.
    pub fn check(req: &HttpRequest, site: &Site, token: &str) -> Result<(), Problem> {
        let fits = nonce_of(req).is_some_and(|nonce| site.forms.fits_text(&bound(&nonce), token));
        if fits { Ok(()) } else { Err(stale()) }
    }
}

fn nonce_of(req: &HttpRequest) -> Option<String> {
    let cookie = req.cookie(NONCE_COOKIE)?;
    let nonce = cookie.value();
    (nonce.len() == NONCE_LEN && nonce.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| nonce.to_owned())
}

/// Never equal to what a session's token is made of.
fn bound(nonce: &str) -> String {
    format!("before-sign-in:{nonce}")
}
