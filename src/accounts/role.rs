//! What an account may do.

use std::fmt;
use std::str::FromStr;

/// An account's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Watches, buys, takes part. Everyone else's account can do so too.
    Viewer,
    /// Everything.
    Owner,
    /// The night: events, stream, superchats, polls.
    Producer,
    /// Superchats and bans.
    Moderator,
    /// Coins and orders.
    Finance,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Owner, Self::Producer, Self::Moderator, Self::Finance];

    /// The word in the database, the API and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Owner => "owner",
            Self::Producer => "producer",
            Self::Moderator => "moderator",
            Self::Finance => "finance",
        }
    }

    /// Whether the panel opens for it, and a second factor is asked at every sign-in.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Viewer)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no role: write viewer, owner, producer, moderator or finance"))
    }
}
