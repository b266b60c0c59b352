//! The configuration: typed sections, their defaults, and how they are read.
//!
//! The shipped `bakuhantam.toml` is the manual; a test holds it equal to the defaults here. Relative paths start at
//! the configuration file's folder. Nothing outside this room reads an environment variable.

mod load;
mod secret;
mod sections;
#[cfg(test)]
mod tests;

pub use load::{ConfigError, Loaded, load, show};
pub use secret::{Secret, SecretKey, hex};
pub use sections::*;
