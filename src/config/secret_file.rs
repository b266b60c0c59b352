//! The secret key's file: made once, whole or not at all, the same for every process that asks.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ConfigError, SecretKey, hex};
use crate::ids::{Random as _, SystemRandom};

/// The file's name under `server.data_dir`.
pub(super) const NAME: &str = "secret.key";

/// What is wrong with a text that is no key.
pub(super) const NOT_A_KEY: &str = "is not base64 of 32 bytes: write what `openssl rand -base64 32` prints";

/// A key's 32 bytes from base64.
pub(super) fn decode(text: &str) -> Option<SecretKey> {
    let bytes = STANDARD.decode(text.trim()).ok()?;
    Some(SecretKey::new(bytes.try_into().ok()?))
}

/// Reads `data_dir/secret.key`; makes it first where there is none.
///
/// # Errors
/// A folder that cannot be written, a file that cannot be read or holds no key.
pub(super) fn read_or_make(data_dir: &Path) -> Result<SecretKey, ConfigError> {
    let path = data_dir.join(NAME);
    let cannot = |verb: &str, error: &std::io::Error| {
        ConfigError(format!(
            "server.secret_key is not given and {} cannot be {verb} ({error}): give the key, or let this user write \
             to server.data_dir",
            path.display()
        ))
    };
    if !path.exists() {
        make(data_dir, &path).map_err(|error| cannot("made", &error))?;
    }
    let text = fs::read_to_string(&path).map_err(|error| cannot("read", &error))?;
    decode(&text).ok_or_else(|| {
        ConfigError(format!(
            "{} {NOT_A_KEY} into it; another key than before makes stream keys and sessions invalid",
            path.display()
        ))
    })
}

/// Writes a new key beside its place and links it there: a link never replaces, so the first of several wins.
fn make(data_dir: &Path, path: &Path) -> std::io::Result<()> {
    let random = SystemRandom::default();
    let (mut key, mut word) = ([0_u8; 32], [0_u8; 8]);
    random.fill(&mut key);
    random.fill(&mut word);
    fs::create_dir_all(data_dir)?;
    let beside = data_dir.join(format!(".{NAME}.{}", hex(&word)));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = writeln!(file, "{}", STANDARD.encode(key)).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&beside)?;
    linked?;
    fs::File::open(data_dir)?.sync_all()
}
