//! Forms of the pages: fields with their words, and what was wrong with one of them.

use actix_web::HttpResponseBuilder;
use actix_web::http::{StatusCode, header};

use crate::accounts::{AccountError, PasswordError, PhoneError};
use crate::web::error::Problem;
use crate::web::i18n::Words;

/// One line of a form.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Its name, and its id in the page.
    pub name: &'static str,
    /// `type` of the input.
    pub kind: &'static str,
    /// What it is called.
    pub label: String,
    /// What a browser may fill in (`autocomplete`, HTML 4.10.18.7).
    pub autocomplete: &'static str,
    /// Which keyboard a phone shows; empty: the usual one.
    pub inputmode: &'static str,
    /// What was typed. Never that of a password.
    pub value: String,
    /// What is expected, under the field.
    pub hint: Option<String>,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Most characters taken; 0: as many as are typed.
    pub len_max: usize,
}

impl Field {
    /// A line of text.
    #[must_use]
    pub fn text(name: &'static str, label: String, autocomplete: &'static str, value: &str) -> Self {
        Self { name, kind: "text", label, autocomplete, value: value.to_owned(), ..Self::default() }
    }

    /// A mobile number.
    #[must_use]
    pub fn phone(w: Words, value: &str) -> Self {
        let label = w.t("form-phone");
        Self { kind: "tel", inputmode: "tel", hint: None, ..Self::text("phone", label, "username", value) }
    }

    /// A password; what was typed is never sent back.
    #[must_use]
    pub fn password(name: &'static str, label: String, autocomplete: &'static str) -> Self {
        Self { kind: "password", ..Self::text(name, label, autocomplete, "") }
    }

    /// A code of digits.
    #[must_use]
    pub fn code(name: &'static str, label: String) -> Self {
        Self { inputmode: "numeric", ..Self::text(name, label, "one-time-code", "") }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The same with the longest text it takes.
    #[must_use]
    pub const fn at_most(mut self, characters: usize) -> Self {
        self.len_max = characters;
        self
    }

    /// The same, wrong if `told` is about it.
    #[must_use]
    pub fn told(mut self, told: Option<&Told>) -> Self {
        self.error = told.filter(|told| told.field == Some(self.name)).map(|told| told.words.clone());
        self
    }

    /// The ids of what describes it, for `aria-describedby`.
    #[must_use]
    pub fn described_by(&self) -> Option<String> {
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.name));
        let ids: Vec<String> = error.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// Why a form was not taken: which field, in plain words.
#[derive(Clone, Debug)]
pub struct Told {
    /// The field it is about; `None`: the form as a whole.
    pub field: Option<&'static str>,
    /// The sentence.
    pub words: String,
    /// How the answer is marked for tools.
    pub problem: Problem,
}

impl Told {
    /// What was wrong, told at `field`.
    #[must_use]
    pub fn at(field: &'static str, words: String) -> Self {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "web.bad_form", words.clone());
        Self { field: Some(field), words, problem }
    }

    /// A refusal of the room, in the reader's words, at the field that usually has this name.
    #[must_use]
    pub fn of(error: AccountError, w: Words) -> Self {
        let (field, words) = match &error {
            AccountError::Phone(error) => (Some("phone"), w.t(phone_words(*error))),
            AccountError::WeakPassword(error) => (Some("password"), w.t(password_words(*error))),
            AccountError::TooManyTries { retry_after_s } => (None, too_many(*retry_after_s, w)),
            other => words_of_code(other.code().unwrap_or_default(), w),
        };
        Self { field, words, problem: Problem::from(error) }
    }

    /// Marks an answer with what tools are told.
    pub fn mark(&self, answer: &mut HttpResponseBuilder) {
        answer.status(self.problem.status());
        if let Some(seconds) = self.problem.retry_after_s() {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
    }
}

fn words_of_code(code: &str, w: Words) -> (Option<&'static str>, String) {
    match code {
        "accounts.bad_name" => (Some("name"), w.t("told-name")),
        "accounts.phone_taken" => (Some("phone"), w.t("told-phone-taken")),
        "accounts.wrong_credentials" => (Some("password"), w.t("told-wrong-credentials")),
        "accounts.wrong_code" => (Some("code"), w.t("told-wrong-code")),
        "accounts.last_owner" => (None, w.t("told-last-owner")),
        "accounts.totp_required" => (Some("totp"), w.t("told-totp")),
        "accounts.banned" => (None, w.t("told-banned")),
        "accounts.no_role" => (None, w.t("told-no-role")),
        "accounts.busy" => (None, w.t("told-busy")),
        _ => (None, w.t("told-fault")),
    }
}

/// Why a number is not taken.
const fn phone_words(error: PhoneError) -> &'static str {
    match error {
        PhoneError::Empty => "told-phone-empty",
        PhoneError::Characters => "told-phone-characters",
        PhoneError::Short => "told-phone-short",
        PhoneError::Long => "told-phone-long",
        PhoneError::NotMobile => "told-phone-not-mobile",
        PhoneError::NoOperator => "told-phone-no-operator",
        PhoneError::Foreign => "told-phone-foreign",
    }
}

/// Why a password may not be chosen.
const fn password_words(error: PasswordError) -> &'static str {
    match error {
        PasswordError::Short => "told-password-short",
        PasswordError::Long => "told-password-long",
        PasswordError::Personal => "told-password-personal",
        PasswordError::Common => "told-password-common",
    }
}

/// How long to wait, in minutes from a minute on.
fn too_many(seconds: u32, w: Words) -> String {
    if seconds <= 60 {
        return w.with("told-too-many-seconds", "count", &seconds.max(1).to_string());
    }
    w.with("told-too-many-minutes", "count", &seconds.div_ceil(60).to_string())
}
