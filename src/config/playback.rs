//! `[playback]`: the gate in front of what is sold. The meaning and unit of every field stand in the shipped file.

use serde::{Deserialize, Serialize};

/// `[playback]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Playback {
    /// Encrypt what is sold.
    pub encrypt: bool,
    /// How long a content key is used, in milliseconds.
    pub key_rotation_ms: u64,
    /// How many devices play for one account at once.
    pub devices_per_account: u32,
    /// How long a device that is not heard of keeps its place, in milliseconds.
    pub lease_ttl_ms: u64,
}

impl Default for Playback {
    fn default() -> Self {
        Self { encrypt: true, key_rotation_ms: 300_000, devices_per_account: 2, lease_ttl_ms: 75_000 }
    }
}
