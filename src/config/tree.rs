//! A layer of settings as a tree of TOML values, and where each value stood.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::ConfigError;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A line of the configuration file, from 1.
    Line {
        /// The file as it was named.
        file: String,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
}

/// Where each given key stood, by its full name (`encoder.renditions[0].fps`).
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Whether the operator gave this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Remembers where a key stood.
    pub(super) fn set(&mut self, key: String, origin: Origin) {
        self.0.insert(key, origin);
    }

    /// Forgets a key and everything below it.
    pub(super) fn forget(&mut self, key: &str) {
        self.0.retain(|name, _| name != key && !is_below(name, key));
    }

    /// Moves what is known of one key to another.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if let Some(origin) = self.0.remove(from) {
            self.0.insert(to.to_owned(), origin);
        }
    }

    /// Where the key, or the nearest one above it, stood.
    pub(super) fn find(&self, key: &str) -> Option<&Origin> {
        let mut name = key;
        loop {
            if let Some(origin) = self.0.get(name) {
                return Some(origin);
            }
            name = name.get(..name.rfind(['.', '['])?)?;
        }
    }

    /// A sentence about a key: its full name, where it stood, and what is wrong.
    pub(super) fn wrong(&self, key: &str, what: &str) -> ConfigError {
        ConfigError(match self.find(key) {
            Some(Origin::Line { file, line }) => format!("{key} ({file}:{line}) {what}"),
            Some(Origin::Variable(name)) => format!("{key} ({name}) {what}"),
            None => format!("{key} {what}"),
        })
    }
}

/// Whether `name` stands below `key` in the tree.
fn is_below(name: &str, key: &str) -> bool {
    name.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// The full name of a key in a table.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Reads a file's text into a tree.
///
/// # Errors
/// Text that is not TOML: the file, the line and what is wrong there.
pub(super) fn parse(text: &str, file: &Path) -> Result<(Table, Origins), ConfigError> {
    let name = file.display().to_string();
    let line_of = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    let not_toml = |error: &toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(span.start));
        let what = error.message().lines().collect::<Vec<_>>().join(", ");
        ConfigError(format!("{name}:{line} is not TOML ({what}): write lines such as key = \"text\" or key = 8"))
    };
    let spanned = DeTable::parse(text).map_err(|error| not_toml(&error))?;
    let table = text.parse::<Table>().map_err(|error| not_toml(&error))?;
    let mut origins = Origins::default();
    note_table(spanned.get_ref(), "", &mut |key, at| {
        origins.set(key, Origin::Line { file: name.clone(), line: line_of(at) });
    });
    Ok((table, origins))
}

/// Tells `note` the place of every key below a table.
fn note_table(table: &DeTable<'_>, path: &str, note: &mut impl FnMut(String, usize)) {
    for (key, value) in table {
        let name = join(path, key.get_ref());
        note(name.clone(), key.span().start);
        note_value(value.get_ref(), &name, note);
    }
}

fn note_value(value: &DeValue<'_>, path: &str, note: &mut impl FnMut(String, usize)) {
    match value {
        DeValue::Table(table) => note_table(table, path, note),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = format!("{path}[{index}]");
                note(name.clone(), item.span().start);
                note_value(item.get_ref(), &name, note);
            }
        }
        _ => {}
    }
}

/// The value at a full name made of table keys only.
pub(super) fn get<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut at = table;
    for part in section.split('.').filter(|part| !part.is_empty()) {
        at = at.get(part)?.as_table()?;
    }
    at.get(name)
}

/// Puts a value at a full name made of table keys only, making the sections above it.
pub(super) fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            let below = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(below) = below {
                put(below, rest, value);
            }
        }
    }
}

/// Takes the value at a full name made of table keys only out of the tree.
pub(super) fn take(table: &mut Table, key: &str) -> Option<Value> {
    match key.split_once('.') {
        None => table.remove(key),
        Some((section, rest)) => take(table.get_mut(section)?.as_table_mut()?, rest),
    }
}
