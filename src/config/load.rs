//! Reading the configuration: defaults, file, environment, in this order.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::keys::{SECRETS, quoted};
use super::tree::{Origins, get, put, take};
use super::{Config, Secret, SecretKey, check, environment, keys, secret_file, tree};

/// The file read when `--config` is not given.
const FILE_NAME: &str = "bakuhantam.toml";

/// What was wrong with the configuration: one sentence with the key's full name and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The secret key: from the configuration, else from `data_dir/secret.key`, which is made when absent. Processes
    /// that make it at the same moment agree on one. Blocking: it reads a file.
    ///
    /// # Errors
    /// A key that is not base64 of 32 bytes, a file that cannot be read or made, PostgreSQL or nodes without a key.
    pub fn secret_key(&self) -> Result<SecretKey, ConfigError> {
        let given = &self.config.server.secret_key;
        if !given.is_empty() {
            return secret_file::decode(given.expose())
                .ok_or_else(|| Origins::default().wrong("server.secret_key", secret_file::NOT_A_KEY));
        }
        check::secret_key_is_given(&self.config, &Origins::default())?;
        secret_file::read_or_make(&self.config.server.data_dir)
    }
}

/// Loads the configuration: `--config PATH` when given, else `./bakuhantam.toml` where there is one, else the defaults;
/// then `BAKUHANTAM__SECTION__KEY`. Blocking: it reads files.
///
/// # Errors
/// The first thing wrong.
pub fn load(path: Option<&Path>) -> Result<Loaded, ConfigError> {
    let here = std::env::current_dir().map_err(|error| {
        ConfigError(format!("the current folder cannot be found ({error}): change to one that exists"))
    })?;
    load_from(path, &here, environment::variables())
}

/// [`load`] in a given folder with given environment variables.
pub(super) fn load_from(
    path: Option<&Path>,
    here: &Path,
    vars: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Loaded, ConfigError> {
    let schema = keys::schema()?;
    let file = path.map(|path| (path.to_owned(), here.join(path))).or_else(|| {
        let beside = here.join(FILE_NAME);
        beside.exists().then(|| (PathBuf::from(FILE_NAME), beside))
    });
    let (mut table, mut origins) = match &file {
        None => (Table::new(), Origins::default()),
        Some((named, full)) => {
            let text = std::fs::read_to_string(full).map_err(|error| {
                ConfigError(format!(
                    "the configuration file {} cannot be read ({error}): give --config the path of a readable file",
                    named.display()
                ))
            })?;
            tree::parse(&text, named)?
        }
    };
    let base = file.as_ref().and_then(|(_, full)| full.parent()).unwrap_or(here).to_owned();
    keys::check(&table, &schema, &origins)?;
    environment::overlay(&mut table, &mut origins, &schema, vars)?;
    keys::check(&table, &schema, &origins)?;
    read_secret_files(&mut table, &mut origins, &base)?;
    let mut config = typed(table, &origins)?;
    settle_paths(&mut config, &origins, &base);
    check::values(&config, &origins)?;
    Ok(Loaded { config, file: file.map(|(_, full)| tidy(&full)) })
}

/// Replaces each `<secret>_file` by what the file holds, without the line end after it.
fn read_secret_files(table: &mut Table, origins: &mut Origins, base: &Path) -> Result<(), ConfigError> {
    for secret in SECRETS {
        let key = format!("{secret}_file");
        let Some(Value::String(path)) = take(table, &key) else { continue };
        if path.is_empty() {
            origins.forget(&key);
            continue;
        }
        let is_given = get(table, secret).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if is_given {
            return Err(origins.wrong(&key, &format!("and {secret} are both given: remove one of them")));
        }
        let text = std::fs::read_to_string(base.join(&path)).map_err(|error| {
            let what =
                format!("names {}, which cannot be read ({error}): write the path of a readable file", quoted(&path));
            origins.wrong(&key, &what)
        })?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            let what = format!("names {}, which is empty: write the secret into it", quoted(&path));
            return Err(origins.wrong(&key, &what));
        }
        put(table, secret, Value::String(text.to_owned()));
        origins.rename(&key, secret);
    }
    Ok(())
}

/// The tree as typed values.
fn typed(table: Table, origins: &Origins) -> Result<Config, ConfigError> {
    // A copy for the sentence: the value as it was given.
    let given = Value::Table(table.clone());
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let key = error.path().to_string();
        let message = error.inner().message();
        let value = value_at(&given, &key).map(cut).unwrap_or_default();
        let what = match advice(&key) {
            Some(advice) => format!("cannot be {value}: {advice}"),
            None if message.contains("integer") => format!("cannot be {value}: write a smaller number"),
            None => format!("is refused: {}", message.lines().collect::<Vec<_>>().join(", ")),
        };
        origins.wrong(&key, &what)
    })
}

/// What to write where a text has a form of its own.
fn advice(key: &str) -> Option<&'static str> {
    Some(match key.split('[').next().unwrap_or(key) {
        "server.listen" => "write an IP address and a port, such as \"127.0.0.1:8080\" or \"0.0.0.0:8080\"",
        "ingest.listen" => "write an IP address and a port, such as \"127.0.0.1:1935\" or \"0.0.0.0:1935\"",
        "server.trusted_proxies" | "ingest.hook_trusted" => "write one IP address, such as \"10.0.0.5\"",
        "ingest.takeover" => "write \"dead\" or \"always\"",
        "objects.kind" => "write \"folder\" or \"s3\"",
        "locale.default" => "write \"id\" or \"en\"",
        _ => return None,
    })
}

/// The value at a path such as `encoder.renditions[0].name`.
fn value_at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split(['.', '[']).map(|part| part.trim_end_matches(']')).try_fold(value, |at, part| match at {
        Value::Table(table) => table.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

fn cut(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string().chars().take(80).collect(), quoted)
}

/// Makes every path absolute: given ones from the configuration file's folder, defaults from `server.data_dir`.
fn settle_paths(config: &mut Config, origins: &Origins, base: &Path) {
    let data_dir = tidy(&base.join(&config.server.data_dir));
    let settle = |key: &str, path: &Path| match path.strip_prefix("data") {
        Ok(below) if !origins.has(key) => tidy(&data_dir.join(below)),
        _ => tidy(&base.join(path)),
    };
    config.uploader.hls_dir = settle("uploader.hls_dir", &config.uploader.hls_dir);
    config.uploader.state_file = settle("uploader.state_file", &config.uploader.state_file);
    config.objects.folder = settle("objects.folder", &config.objects.folder);
    for path in [&mut config.ingest.tls_cert, &mut config.ingest.tls_key].into_iter().flatten() {
        *path = tidy(&base.join(&*path));
    }
    if let Some(path) = &mut config.superchat.words_file {
        *path = tidy(&base.join(&*path));
    }
    if config.encoder.ffmpeg.contains('/') {
        config.encoder.ffmpeg = tidy(&base.join(&config.encoder.ffmpeg)).display().to_string();
    }
    if let Some(path) = config.database.url.expose().strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
        let path = settle("database.url", Path::new(path));
        config.database.url = Secret::new(format!("sqlite://{}", path.display()));
    }
    config.server.data_dir = data_dir;
}

/// A path without `.` and `..`, by its text alone.
fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
