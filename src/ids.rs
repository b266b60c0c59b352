//! Names and identifiers, and the only place that makes random ones.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::clock::Micros;

/// Why a text is not a name of its kind: one sentence that says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not {what}")]
pub struct BadName {
    /// The text as given, cut to 80 characters.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
}

impl BadName {
    fn new(text: &str, what: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), what }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(Arc::from(text))) } else { Err(BadName::new(text, $what)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// An event's name in addresses, folders and object keys.
    EventSlug,
    "an event's slug: 1 to 64 of a-z, 0-9 and single dashes between them",
    |text| {
        text.len() <= 64
            && text.split('-').all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            })
    }
);

name!(
    /// A rung of the ladder, such as `720p`: a folder under a run and a part of object keys.
    RenditionName,
    "a rendition's name: 1 to 16 of a-z and 0-9",
    |text| {
        (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    }
);

name!(
    /// One start of the encoder: a ULID in its 26-character form, so that newer runs sort after older ones.
    RunId,
    "a run's id: a ULID of 26 characters",
    is_ulid
);

name!(
    /// The unguessable word in an event's object keys; an operator can rotate it.
    Epoch,
    "an epoch: 16 to 40 of a-z and 0-9",
    |text| {
        (16..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    }
);

name!(
    /// The id of a row: a ULID.
    RowId,
    "an id: a ULID of 26 characters",
    is_ulid
);

name!(
    /// An account: a ULID.
    AccountId,
    "an account's id: a ULID of 26 characters",
    is_ulid
);

name!(
    /// An order's name for people, the provider and the ledger: `BH` and a ULID, letters and digits alone, within the 30
    /// characters that every channel of DOKU takes.
    Invoice,
    "an invoice: BH and 26 letters and digits",
    |text| text.strip_prefix("BH").is_some_and(is_ulid)
);

name!(
    /// A content key: `<fight's id>-<unix seconds>`, the moment its turn in the rotation began. The key itself is derived
    /// from it and the event's secret, so that no secret is stored for a segment.
    KeyId,
    "a key's id: a fight's id, a dash and the second in which its turn began",
    |text| {
        let seconds = |text: &str| !text.is_empty() && text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
        text.split_once('-').is_some_and(|(fight, from)| is_ulid(fight) && seconds(from))
    }
);

name!(
    /// A replay of an event: `all`, or the number of a fight.
    ReplayName,
    "a replay's name: all, or the number of a fight",
    |text| text == "all" || text.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == text)
);

fn is_ulid(text: &str) -> bool {
    text.len() == 26
        && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && ulid::Ulid::from_string(text).is_ok()
}

/// Makes random bytes. Handed in, so that tests can repeat a run.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills `bytes` with random bytes fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}

/// The random source shared by the parts of one app.
pub type SharedRandom = Arc<dyn Random>;

/// The system's random source.
#[derive(Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl Default for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one maker of random bytes")]
    fn default() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        use ring::rand::SecureRandom as _;
        // A machine without random numbers must not hand out guessable secrets: stop.
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A ULID for `at`: 48 bits of milliseconds, 80 random bits.
fn ulid_at(at: Micros, random: &dyn Random) -> String {
    let mut tail = [0_u8; 16];
    random.fill(&mut tail);
    let ms = u64::try_from(at.0 / 1_000).unwrap_or(0);
    ulid::Ulid::from_parts(ms, u128::from_be_bytes(tail)).to_string()
}

/// Lower-case letters and digits without look-alikes: 32 of them, five bits each.
const WORD: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A random word of `len` characters, five bits each.
#[must_use]
pub fn new_word(random: &dyn Random, len: usize) -> String {
    let mut bytes = vec![0_u8; len];
    random.fill(&mut bytes);
    bytes.iter().filter_map(|b| WORD.get(usize::from(b & 31))).copied().map(char::from).collect()
}

impl RunId {
    /// A run that starts at `at`.
    #[must_use]
    pub fn new(at: Micros, random: &dyn Random) -> Self {
        Self(Arc::from(ulid_at(at, random)))
    }
}

impl RowId {
    /// An id for a row made at `at`.
    #[must_use]
    pub fn new(at: Micros, random: &dyn Random) -> Self {
        Self(Arc::from(ulid_at(at, random)))
    }
}

impl KeyId {
    /// The key of a fight whose turn began at this second of the Unix time.
    #[must_use]
    pub fn new(fight: &RowId, from_s: u64) -> Self {
        Self(Arc::from(format!("{fight}-{from_s}")))
    }

    /// The fight it opens.
    #[must_use]
    pub fn fight(&self) -> Option<RowId> {
        self.0.split_once('-')?.0.parse().ok()
    }

    /// When its turn began, seconds of the Unix time.
    #[must_use]
    pub fn from_s(&self) -> u64 {
        self.0.split_once('-').and_then(|(_, from)| from.parse().ok()).unwrap_or(0)
    }

    /// The initialisation vector of every segment under the key: the first 16 bytes of SHA-256 of `iv ` and the id. Not
    /// a secret: playlists carry it.
    #[must_use]
    pub fn iv(&self) -> [u8; 16] {
        let mut iv = [0_u8; 16];
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("iv {self}").as_bytes());
        iv.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        iv
    }
}

impl ReplayName {
    /// The whole event.
    #[must_use]
    pub fn all() -> Self {
        Self(Arc::from("all"))
    }

    /// A fight's.
    #[must_use]
    pub fn of_fight(number: i32) -> Self {
        Self(Arc::from(number.to_string()))
    }

    /// The fight's number; `None` for the whole event.
    #[must_use]
    pub fn fight(&self) -> Option<i32> {
        self.0.parse().ok()
    }
}

impl AccountId {
    /// An id for an account made at `at`.
    #[must_use]
    pub fn new(at: Micros, random: &dyn Random) -> Self {
        Self(Arc::from(ulid_at(at, random)))
    }
}

impl Invoice {
    /// A name for an order made at `at`.
    #[must_use]
    pub fn new(at: Micros, random: &dyn Random) -> Self {
        Self(Arc::from(format!("BH{}", ulid_at(at, random))))
    }
}

impl Epoch {
    /// A new epoch: 26 characters, 130 random bits.
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        Self(Arc::from(new_word(random, 26)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_keep_to_their_letters() {
        for good in ["a", "island-fight", "2026-12-05"] {
            assert!(good.parse::<EventSlug>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a/b", "..", "a b", &"a".repeat(65)] {
            assert!(bad.parse::<EventSlug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_names_its_fight_and_its_turn() {
        let fight: RowId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let key = KeyId::new(&fight, 1_790_000_000);
        assert_eq!(key.as_str().parse::<KeyId>().unwrap(), key);
        assert_eq!((key.fight(), key.from_s()), (Some(fight), 1_790_000_000));
        for bad in
            ["", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAV-", "x-1", "01ARZ3NDEKTSV4RRFFQ69G5FAV-1a"]
        {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_replay_is_of_all_or_of_one_fight() {
        assert_eq!("all".parse::<ReplayName>().unwrap().fight(), None);
        assert_eq!("12".parse::<ReplayName>().unwrap().fight(), Some(12));
        for bad in ["", "0", "01", "+1", "-1", "x", "99999999"] {
            assert!(bad.parse::<ReplayName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn later_runs_sort_after_earlier_ones() {
        let random = SystemRandom::default();
        let first = RunId::new(Micros(1_700_000_000_000_000), &random);
        let second = RunId::new(Micros(1_700_000_000_001_000), &random);
        assert!(first < second);
        assert!(first.as_str().parse::<RunId>().is_ok());
        assert!(Epoch::new(&random).as_str().parse::<Epoch>().is_ok());
    }
}
