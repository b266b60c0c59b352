//! Counts what was answered. Each worker remembers its counters, since looking them up by name costs more than many an
//! answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use actix_web::http::StatusCode;
use metrics::{Counter, Histogram};

/// The counters of a route.
struct Counters {
    seconds: Histogram,
    of_status: Vec<(StatusCode, Counter)>,
}

thread_local! {
    static KNOWN: RefCell<HashMap<String, Counters>> = RefCell::default();
}

/// Counts an answer of a route.
pub(super) fn count(route: &str, status: StatusCode, took: Duration) {
    KNOWN.with_borrow_mut(|known| {
        if let Some(counters) = known.get_mut(route) {
            counters.count(route, status, took);
        } else {
            let seconds = metrics::histogram!("bakuhantam_http_request_seconds", "route" => route.to_owned());
            let counters = known.entry(route.to_owned()).or_insert(Counters { seconds, of_status: Vec::new() });
            counters.count(route, status, took);
        }
    });
}

impl Counters {
    fn count(&mut self, route: &str, status: StatusCode, took: Duration) {
        self.seconds.record(took.as_secs_f64());
        if let Some((_, counter)) = self.of_status.iter().find(|(of, _)| *of == status) {
            counter.increment(1);
            return;
        }
        let (of, code) = (route.to_owned(), status.as_str().to_owned());
        let counter = metrics::counter!("bakuhantam_http_requests_total", "route" => of, "status" => code);
        counter.increment(1);
        self.of_status.push((status, counter));
    }
}
