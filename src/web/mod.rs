//! Pages, JSON, hooks and sockets: the only code that knows actix-web and askama.
//!
//! Pages of a signed-out viewer are rendered from the in-memory mirror; no request of theirs reaches the database.

pub mod assets;
pub mod i18n;
pub mod site;
pub mod viewer;

pub use site::Site;
