//! What all nodes of one database must agree on.

use diesel::prelude::*;

use super::schema::node_settings;
use super::{Conn, StoreError, each_dialect};

const FINGERPRINT: &str = "secret_key_fingerprint";

/// Whose database this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nobody's yet.
    Free,
    /// That of nodes with our key.
    Ours,
}

pub(super) fn check_fingerprint(conn: &mut Conn, ours: &str) -> Result<Claim, StoreError> {
    let theirs: Option<String> =
        node_settings::table.find(FINGERPRINT).select(node_settings::value).first(conn).optional()?;
    match theirs {
        None => Ok(Claim::Free),
        Some(theirs) if theirs == ours => Ok(Claim::Ours),
        Some(theirs) => Err(StoreError::OtherSecretKey { theirs, ours: ours.to_owned() }),
    }
}

/// Takes the database for our key unless another node was quicker.
pub(super) fn claim(conn: &mut Conn, ours: &str) -> Result<(), StoreError> {
    each_dialect!(&mut *conn, c => diesel::insert_into(node_settings::table)
        .values((node_settings::name.eq(FINGERPRINT), node_settings::value.eq(ours)))
        .on_conflict_do_nothing()
        .execute(c))?;
    check_fingerprint(conn, ours).map(|_| ())
}
