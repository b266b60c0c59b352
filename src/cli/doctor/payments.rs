//! Who takes the money: whether the provider takes our credentials, and whether its notices can reach us.

use url::Url;

use super::machine::off_by_ms;
use super::{Finding, Scene};
use crate::config::PaymentGateway;
use crate::payments::doku::{Doku, Examination, HOOK_PATH, Parts, Standing, Timings, takes_address};

const PART: &str = "payment provider";

/// The provider of `payments.gateway`.
pub(super) async fn provider(scene: &Scene<'_>) -> Vec<Finding> {
    match scene.loaded.config.payments.gateway {
        PaymentGateway::None => vec![Finding::ok(PART, "none: coins are not sold")],
        PaymentGateway::Sandbox => {
            let says =
                "the sandbox gives coins to everyone who asks: set payments.gateway to \"doku\" before a real night";
            vec![Finding::warning(PART, says)]
        }
        PaymentGateway::Doku => doku(scene).await,
    }
}

async fn doku(scene: &Scene<'_>) -> Vec<Finding> {
    let config = &scene.loaded.config;
    let parts = Parts {
        config: config.payments.doku.clone(),
        public_url: config.server.public_url.clone(),
        clock: scene.clock.clone(),
        random: scene.random.clone(),
        timings: Timings::default(),
    };
    let base = parts.config.base_url.clone();
    let examined = match Doku::new(parts) {
        Ok(doku) => doku.examine().await,
        Err(error) => return vec![Finding::failing(PART, error)],
    };
    let mut findings = vec![judge(&examined.standing, &base)];
    findings.extend(skew(&examined));
    findings.extend(reached_at(&config.server.public_url, &base));
    findings
}

fn judge(standing: &Standing, base: &str) -> Finding {
    match standing {
        Standing::Accepted if base.contains("sandbox") => {
            let says = format!(
                "{base} takes the credentials, but nothing paid there is money: set payments.doku.base_url to \
                 \"https://api.doku.com\" and the production credentials before a real night"
            );
            Finding::warning(PART, says)
        }
        Standing::Accepted => Finding::ok(PART, format!("{base} takes the credentials")),
        Standing::Refused(words) => {
            let says = format!(
                "{base} refuses the credentials ({words}): copy payments.doku.client_id and secret_key again from the \
                 dashboard that belongs to this address; those of the sandbox work at api-sandbox.doku.com alone"
            );
            Finding::failing(PART, says)
        }
        Standing::Odd(words) => {
            let says = format!("{base} answers, but not as DOKU does ({words}): check payments.doku.base_url");
            Finding::warning(PART, says)
        }
        Standing::Away(why) => {
            let says = format!("{base} does not answer ({why}): check payments.doku.base_url, DNS and the firewall");
            Finding::failing(PART, says)
        }
    }
}

/// A clock that is off makes signed requests too old or too new, and notices stale.
fn skew(examined: &Examination) -> Option<Finding> {
    let (before, after) = examined.asked;
    let off_ms = off_by_ms(before, after, examined.their_time?);
    let side = if off_ms < 0 { "behind" } else { "ahead of" };
    let says =
        format!("the clock is {} ms {side} DOKU's: let systemd-timesyncd or chrony keep it", off_ms.unsigned_abs());
    match off_ms.unsigned_abs() {
        0..2_000 => None,
        2_000..60_000 => Some(Finding::warning(PART, says)),
        _ => Some(Finding::failing(PART, says)),
    }
}

/// Whether DOKU can send to `public_url`: it wants https at the usual port.
fn reached_at(public_url: &str, base: &str) -> Vec<Finding> {
    let is_local = |text: &str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http"));
    // A stand-in on this machine reaches whatever is here.
    if is_local(base) {
        return Vec::new();
    }
    let hook = format!("{public_url}{HOOK_PATH}");
    let mut findings = Vec::new();
    let is_reachable = Url::parse(public_url).is_ok_and(|url| url.scheme() == "https" && url.port().is_none());
    if is_reachable {
        let says = format!("its notices come to {hook}: set that for every channel in DOKU's dashboard");
        findings.push(Finding::ok(PART, says));
    } else {
        let says = format!(
            "DOKU sends its notices to https at the usual port alone, so {hook} gets none and coins wait for the next \
             look at open orders: give server.public_url a public https address"
        );
        findings.push(Finding::failing(PART, says));
    }
    if !takes_address(public_url) {
        let says = format!(
            "DOKU does not take {public_url} as the address payers come back to: they must find back by themselves; use a \
             host name of letters, digits and dashes in server.public_url"
        );
        findings.push(Finding::warning(PART, says));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::clock::Micros;

    #[test]
    fn what_doku_thinks_of_us_is_told_with_what_to_do() {
        let state = |standing: Standing, base: &str| judge(&standing, base).state;
        assert_eq!(state(Standing::Accepted, "https://api.doku.com"), State::Ok);
        assert_eq!(state(Standing::Accepted, "https://api-sandbox.doku.com"), State::Warning);
        assert_eq!(state(Standing::Refused("x".into()), "https://api.doku.com"), State::Failing);
        assert_eq!(state(Standing::Odd("x".into()), "https://api.doku.com"), State::Warning);
        assert_eq!(state(Standing::Away("x".into()), "https://api.doku.com"), State::Failing);
    }

    #[test]
    fn a_clock_beside_dokus_is_judged() {
        let at = |ms: i64| Micros::default().plus_ms(ms);
        let judged = |ours: i64, theirs: Option<i64>| {
            let asked = (at(ours), at(ours + 100));
            let examined = Examination { standing: Standing::Accepted, asked, their_time: theirs.map(at) };
            skew(&examined).map(|finding| finding.state)
        };
        assert_eq!(judged(10_500, Some(10_000)), None);
        assert_eq!(judged(10_500, None), None);
        assert_eq!(judged(20_000, Some(10_000)), Some(State::Warning));
        assert_eq!(judged(400_000, Some(10_000)), Some(State::Failing));
    }

    #[test]
    fn notices_need_a_public_https_address() {
        let states = |public_url: &str| {
            reached_at(public_url, "https://api.doku.com").into_iter().map(|finding| finding.state).collect::<Vec<_>>()
        };
        assert_eq!(states("https://bakuhantam.tv"), [State::Ok]);
        assert_eq!(states("https://venue.id/tv"), [State::Ok]);
        assert_eq!(states("http://bakuhantam.tv"), [State::Failing]);
        assert_eq!(states("https://bakuhantam.tv:8443"), [State::Failing]);
        assert_eq!(states("https://bakuhantam.tv/~tv"), [State::Ok, State::Warning]);
        assert!(reached_at("http://127.0.0.1:8080", "http://127.0.0.1:9000").is_empty());
    }
}
