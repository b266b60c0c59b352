//! The configuration for people's eyes: secrets masked.

use serde::Serializer;
use url::Url;

use super::{Config, Database, Secret};

/// The effective values as TOML, secrets masked; of the database's address only the password is.
#[must_use]
pub fn show(config: &Config) -> String {
    toml::to_string_pretty(config).unwrap_or_default()
}

/// Serialises the database's address with its password masked.
pub(super) fn masked<S: Serializer>(url: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&mask(url.expose()))
}

fn mask(text: &str) -> String {
    if text.starts_with("sqlite://") {
        return text.to_owned();
    }
    let Ok(mut url) = Url::parse(text) else { return "***".to_owned() };
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "***".to_owned();
    }
    let is_secret = |key: &str| matches!(key, "password" | "sslpassword");
    if url.query_pairs().any(|(key, _)| is_secret(&key)) {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (key, value) in &pairs {
            query.append_pair(key, if is_secret(key) { "***" } else { value });
        }
    }
    url.to_string()
}

impl Database {
    /// The address with its password masked, for people and logs.
    #[must_use]
    pub fn masked_url(&self) -> String {
        mask(self.url.expose())
    }
}
