//! Lists that are read page by page, newest first.

use serde::Deserialize;

use actix_web::http::StatusCode;

use crate::web::error::Problem;

/// Rows of a page when the caller does not say.
const LIMIT: i64 = 50;
/// Rows of a page at most.
pub(super) const LIMIT_MAX: i64 = 100;

/// Which page.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Page {
    /// `next_before` of the page before this one; the newest rows without it.
    #[serde(default)]
    pub before: Option<i64>,
    /// Rows wanted, 1 to 100; 50 without it.
    #[serde(default)]
    limit: Option<i64>,
}

impl Page {
    /// Rows wanted.
    ///
    /// # Errors
    /// 400 for none, or more than a page holds.
    pub fn limit(self) -> Result<i64, Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        let words = format!("limit cannot be {limit}: ask for 1 to {LIMIT_MAX} rows.");
        Err(Problem::new(StatusCode::BAD_REQUEST, "web.bad_query", words))
    }
}
