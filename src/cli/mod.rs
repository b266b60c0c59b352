//! One file per subcommand.

pub mod apply;
pub mod event;
pub mod migrate;
