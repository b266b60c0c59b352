//! People of the panel: accounts with a role, made by the command, signed in by the page.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::Method;
use totp_rs::TOTP;

use super::http::{self, Answer};
use super::server::TestServer;
use super::viewers::PASSWORD;

/// Somebody with a role and a panel session.
#[derive(Clone, Debug)]
pub struct Staff {
    pub phone: String,
    pub role: String,
    /// The address of the authenticator app.
    pub otpauth: String,
    /// `bh_panel=…`
    pub cookie: String,
    base: String,
}

impl Staff {
    /// Makes the `number`th account of the staff, with `role`, and signs it in to the panel.
    pub async fn sign_in(server: &TestServer, role: &str, number: u32) -> Self {
        Self::make(server, role, number).signed_in(server).await
    }

    /// Signs a new account in.
    pub async fn signed_in(mut self, server: &TestServer) -> Self {
        let staff = &mut self;
        let answer = staff.log_in(server, PASSWORD, &staff.code()).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        staff.cookie = cookie_named(&answer, "bh_panel");
        self
    }

    /// Makes the account alone.
    pub fn make(server: &TestServer, role: &str, number: u32) -> Self {
        Self::make_named(server, role, number, &format!("Staf {number}"))
    }

    /// The same under a name of its own.
    pub fn make_named(server: &TestServer, role: &str, number: u32, name: &str) -> Self {
        let phone = format!("0813{number:08}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_bakuhantam"))
            .args(["admin", "create", "--phone", &phone, "--name", name, "--role", role, "--config"])
            .arg(server.config())
            .current_dir(server.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut input = child.stdin.take().expect("stdin is piped");
        input.write_all(format!("{PASSWORD}\n").as_bytes()).expect("stdin is read");
        drop(input);
        let done = child.wait_with_output().expect("the binary ends");
        let told = String::from_utf8(done.stdout).expect("UTF-8");
        let otpauth = told.split_whitespace().find(|word| word.starts_with("otpauth://"));
        let otpauth = otpauth.unwrap_or_else(|| panic!("no authenticator address: {told}")).to_owned();
        Self { phone, role: role.to_owned(), otpauth, cookie: String::new(), base: server.url("") }
    }

    /// The code that the authenticator app shows now.
    #[expect(clippy::disallowed_methods, reason = "an authenticator app goes by its own clock")]
    pub fn code(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        TOTP::from_url(&self.otpauth).expect("an authenticator's address").generate(now)
    }

    /// Sends the panel's form.
    pub async fn log_in(&self, server: &TestServer, password: &str, code: &str) -> Answer {
        let (token, nonce) = form_of(&server.url("/admin/login"), "").await;
        let fields = [("csrf", token.as_str()), ("phone", &self.phone), ("password", password), ("totp", code)];
        post_form(&server.url("/admin/login"), &nonce, &fields).await
    }

    /// GET with the panel's session.
    pub async fn get(&self, path: &str) -> Answer {
        http::send(Method::GET, &format!("{}{path}", self.base), &[("cookie", &self.cookie)], "").await
    }

    /// Sends a form of the panel's page `page`, with its token.
    pub async fn post(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let (token, _) = form_of(&format!("{}{page}", self.base), &self.cookie).await;
        let fields: Vec<_> = [("csrf", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        post_form(&format!("{}{path}", self.base), &self.cookie, &fields).await
    }
}

/// The form token of a page as `cookies` see it, and the cookie `bh_form` that came with it (empty: none).
pub async fn form_of(url: &str, cookies: &str) -> (String, String) {
    let shown = http::send(Method::GET, url, &[("cookie", cookies)], "").await;
    let token = shown.text().split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    (token.unwrap_or_default().to_owned(), cookie_named(&shown, "bh_form"))
}

/// POST of a page's form.
pub async fn post_form(url: &str, cookies: &str, fields: &[(&str, &str)]) -> Answer {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookies)];
    http::send(Method::POST, url, &headers, body.join("&")).await
}

/// `name=value` of one of the cookies an answer sets; empty: it sets no such.
pub fn cookie_named(answer: &Answer, name: &str) -> String {
    let set = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let found =
        set.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with(&format!("{name}=")));
    found.unwrap_or_default().to_owned()
}
