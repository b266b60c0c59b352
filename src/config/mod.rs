//! The configuration: typed sections, their defaults, and how they are read.
//!
//! The shipped `bakuhantam.toml` is the manual; a test holds it equal to the defaults here. Relative paths start at
//! the configuration file's folder. Nothing outside this room reads an environment variable.

//!
//! A key is one of the fields of [`Config`]; its full name (`uploader.rescan_ms`) stands in every sentence about it.
//! Three layers: the defaults, the file, the environment (`BAKUHANTAM__UPLOADER__RESCAN_MS`). Whatever is wrong stops
//! the program before it does anything. The configuration is read once, at the start.

mod check;
mod derived;
mod environment;
mod keys;
mod load;
mod locale;
mod maybe_path;
mod playback;
mod secret;
mod secret_file;
mod sections;
mod selling;
mod show;
mod superchat;
#[cfg(test)]
mod tests;
mod tree;

pub use derived::is_this_machine;
pub use environment::log_filter;
pub use load::{ConfigError, Loaded, load};
pub use locale::{Language, Locale};
pub use playback::Playback;
pub use secret::{Secret, SecretKey, hex};
pub use sections::*;
pub use selling::*;
pub use show::show;
pub use superchat::{Superchat, Tier};
