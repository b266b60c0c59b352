//! Tests that run on each database: [`on_both_databases`].

pub use crate::harness::database::{TestDatabase, act};

/// The same test on both: `name::sqlite` and `name::postgres`.
macro_rules! on_both_databases {
    ($($(#[doc = $doc:literal])* async fn $name:ident($db:ident) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn body($db: $crate::postgres::TestDatabase) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::postgres::TestDatabase::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($crate::postgres::TestDatabase::postgres()).await;
            }
        }
    )*};
}
pub(crate) use on_both_databases;
