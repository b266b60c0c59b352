//! Reading the configuration: defaults, file, environment, in this order.

use std::path::{Path, PathBuf};

use super::{Config, SecretKey};

/// What was wrong with the configuration: one sentence with the key's full name and what to write instead.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The configuration in effect.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Effective values; every path absolute.
    pub config: Config,
    /// The file read, if one was.
    pub file: Option<PathBuf>,
}

impl Loaded {
    /// The secret key: from the configuration, else from `data_dir/secret.key`, which is made when absent.
    ///
    /// # Errors
    /// A key that is not base64 of 32 bytes, a file that cannot be read or made, PostgreSQL or nodes without a key.
    pub fn secret_key(&self) -> Result<SecretKey, ConfigError> {
        Err(ConfigError(String::new()))
    }
}

/// Loads the configuration: `--config PATH` when given, else `./bakuhantam.toml` where there is one, else the defaults;
/// then `BAKUHANTAM__SECTION__KEY`.
///
/// # Errors
/// The first thing wrong.
pub fn load(_path: Option<&Path>) -> Result<Loaded, ConfigError> {
    Err(ConfigError(String::new()))
}

/// The effective values as TOML, secrets masked.
#[must_use]
pub fn show(_config: &Config) -> String {
    String::new()
}
