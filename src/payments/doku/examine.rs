//! Trying the credentials without making anything: a question about an order that does not exist.

use reqwest::Method;

use super::answer::{Complaint, complaint};
use super::client::Call;
use super::{Doku, status};
use crate::clock::Micros;
use crate::ids::Invoice;

/// What DOKU thinks of our credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It knows the client and takes its signature.
    Accepted,
    /// It does not, in its words.
    Refused(String),
    /// It answered something else, in its words.
    Odd(String),
    /// No answer.
    Away(String),
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The credentials.
    pub standing: Standing,
    /// Our time before asking and after.
    pub asked: (Micros, Micros),
    /// DOKU's time, cut to a second, where it told it.
    pub their_time: Option<Micros>,
}

impl Doku {
    /// Asks once for an order that was never made.
    pub async fn examine(&self) -> Examination {
        let before = self.clock.now();
        let invoice = Invoice::new(before, self.random.as_ref());
        let call = Call {
            method: Method::GET,
            path: format!("{}{invoice}", status::PATH),
            request_id: None,
            body: None,
            tries: 1,
        };
        let answer = self.ask_once(&call, self.timings.one_try).await;
        let asked = (before, self.clock.now());
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => return Examination { standing: Standing::Away(why), asked, their_time: None },
        };
        let date = jiff::fmt::rfc2822::parse(answer.header("date")).ok();
        let their_time = date.map(|date| Micros(date.timestamp().as_microsecond()));
        let Complaint { code, words } = complaint(&answer).unwrap_or_default();
        let http = answer.status.as_u16();
        let says = format!("{http} {code} {words}");
        let is_about_us = code.contains("client") || code.contains("signature");
        let standing = match http {
            _ if is_about_us => Standing::Refused(says),
            401 | 403 => Standing::Refused(says),
            // A page of some web server is no answer about an order.
            200..=299 | 404 if is_json(&answer.body) => Standing::Accepted,
            _ => Standing::Odd(says),
        };
        Examination { standing, asked, their_time }
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}
