//! One file per subcommand.

pub mod transcode;
