//! The database: does it answer, and are its tables those this program knows.

use super::{Finding, Scene};
use crate::store::Store;
use crate::store::migrate::{SchemaState, schema_state};

/// Blocking.
pub(super) fn database(scene: &Scene<'_>) -> Vec<Finding> {
    const PART: &str = "database";
    let config = &scene.loaded.config.database;
    let url = config.masked_url();
    let state = Store::open(config).and_then(|store| schema_state(&store));
    vec![match state {
        Ok(SchemaState::Current) => Finding::ok(PART, format!("{url} answers, schema up to date")),
        Ok(SchemaState::Newer) => {
            Finding::ok(PART, format!("{url} answers, schema of a newer version, which is accepted"))
        }
        Ok(SchemaState::Older) => {
            Finding::failing(PART, format!("{url} has no up-to-date schema: run `bakuhantam migrate`"))
        }
        Err(error) => {
            let says = format!("{url} does not answer ({error}): check database.url and that the server runs");
            Finding::failing(PART, says)
        }
    }]
}
