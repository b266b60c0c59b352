//! Which keys there are, and what kind of value each takes: told by the defaults themselves.

use toml::{Table, Value};

use super::tree::{Origin, Origins, join};
use super::{Config, ConfigError};

/// The keys that hold a secret. Each may be given as `<key>_file`, which names a file that holds it.
pub(super) const SECRETS: [&str; 7] = [
    "server.secret_key",
    "database.url",
    "objects.s3.access_key_id",
    "objects.s3.secret_access_key",
    "payments.doku.secret_key",
    "messages.token",
    "metrics.token",
];

/// The defaults as a tree: the list of all keys with a value of the right kind for each.
///
/// # Errors
/// None in practice: the defaults are values TOML can hold.
pub(super) fn schema() -> Result<Table, ConfigError> {
    Table::try_from(Config::default()).map_err(|error| ConfigError(format!("the built-in defaults: {error}")))
}

/// The secret that `<key>_file` stands for.
pub(super) fn secret_of_file_key(key: &str) -> Option<&'static str> {
    let base = key.strip_suffix("_file")?;
    SECRETS.into_iter().find(|secret| *secret == base)
}

/// Holds every given key against the schema.
///
/// # Errors
/// The first key that is not one, or whose value is of another kind.
pub(super) fn check(given: &Table, schema: &Table, origins: &Origins) -> Result<(), ConfigError> {
    check_table(given, schema, "", origins)
}

fn check_table(given: &Table, schema: &Table, path: &str, origins: &Origins) -> Result<(), ConfigError> {
    for (key, value) in given {
        let name = join(path, key);
        match schema.get(key) {
            Some(model) => check_value(value, model, &name, origins)?,
            None if secret_of_file_key(&name).is_some() => {
                if !value.is_str() {
                    return Err(wrong_kind(value, &Value::String("/run/secrets/name".into()), &name, origins));
                }
            }
            None => return Err(unknown(path, key, schema, origins)),
        }
    }
    Ok(())
}

fn check_value(value: &Value, model: &Value, name: &str, origins: &Origins) -> Result<(), ConfigError> {
    match (value, model) {
        (Value::Table(given), Value::Table(schema)) => check_table(given, schema, name, origins),
        (Value::Array(items), Value::Array(models)) => {
            let text = Value::String(String::new());
            let model = models.first().unwrap_or(&text);
            for (index, item) in items.iter().enumerate() {
                let name = format!("{name}[{index}]");
                check_value(item, model, &name, origins)?;
                check_complete(item, model, &name, origins)?;
            }
            Ok(())
        }
        (Value::Integer(number), Value::Integer(_)) if *number < 0 => {
            Err(origins.wrong(name, &format!("cannot be {number}: write 0 or more")))
        }
        (Value::Integer(_), Value::Integer(_))
        | (Value::String(_), Value::String(_))
        | (Value::Boolean(_), Value::Boolean(_)) => Ok(()),
        _ => Err(wrong_kind(value, model, name, origins)),
    }
}

/// An item of a list has no defaults: every key must be there.
fn check_complete(item: &Value, model: &Value, name: &str, origins: &Origins) -> Result<(), ConfigError> {
    let (Value::Table(given), Value::Table(schema)) = (item, model) else { return Ok(()) };
    match schema.iter().find(|(key, _)| !given.contains_key(*key)) {
        Some((key, model)) => Err(origins.wrong(&join(name, key), &format!("is missing: add {key} = {model}"))),
        None => Ok(()),
    }
}

fn wrong_kind(value: &Value, model: &Value, name: &str, origins: &Origins) -> ConfigError {
    let secret = SECRETS.contains(&name);
    let given = match value {
        Value::String(_) if secret => "text".to_owned(),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Integer(_) if secret => "a number".to_owned(),
        Value::Integer(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::Boolean(flag) => format!("{flag}"),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a section".to_owned(),
    };
    let wanted = match model {
        Value::String(text) if text.is_empty() || secret => "text: write it in quotes".to_owned(),
        Value::String(text) => format!("text: write it in quotes, such as {}", quoted(text)),
        Value::Integer(number) => format!("a whole number: write digits without quotes, such as {number}"),
        Value::Boolean(_) => "a switch: write true or false without quotes".to_owned(),
        Value::Array(items) if items.iter().any(Value::is_table) => {
            format!("a list of sections: write [[{name}]] and its keys below it")
        }
        Value::Array(_) => "a list: write [\"one\", \"two\"]".to_owned(),
        Value::Table(_) => {
            let section = name.split('[').next().unwrap_or(name);
            if section == name {
                format!("a section: write [{name}] and its keys below it")
            } else {
                format!("a section: write [[{section}]] and its keys below it")
            }
        }
        Value::Float(_) | Value::Datetime(_) => "something else".to_owned(),
    };
    origins.wrong(name, &format!("is {given} and must be {wanted}"))
}

/// The sentence for a key that does not exist: the nearest one that does, else all of its section.
pub(super) fn unknown(path: &str, key: &str, schema: &Table, origins: &Origins) -> ConfigError {
    let name: String = join(path, key).chars().take(120).collect();
    let is_variable = matches!(origins.find(&name), Some(Origin::Variable(_)));
    let spelled = |key: &str| {
        let full = join(path, key);
        if is_variable { variable(&full) } else { full }
    };
    let near = schema
        .keys()
        .map(|known| (strsim::damerau_levenshtein(known, key), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(key.len()) / 3);
    let advice = near.map_or_else(
        || elsewhere(key).map_or_else(|| list_of(path, schema), |full| format!("write {full}")),
        |(_, known)| format!("write {}", spelled(known)),
    );
    origins.wrong(&name, &format!("is not a setting: {advice}"))
}

/// The full name of the one key elsewhere that is spelled like this: a key under the wrong section.
fn elsewhere(key: &str) -> Option<String> {
    let mut found = leaves(&schema().ok()?, "").into_iter().filter(|full| full.rsplit('.').next() == Some(key));
    found.next().filter(|_| found.next().is_none())
}

fn list_of(path: &str, schema: &Table) -> String {
    let keys: Vec<&str> = schema.keys().map(String::as_str).collect();
    let keys = keys.join(", ");
    if path.is_empty() { format!("the sections are {keys}") } else { format!("the settings of {path} are {keys}") }
}

/// The full names of all keys that hold a value or a list.
pub(super) fn leaves(table: &Table, path: &str) -> Vec<String> {
    table
        .iter()
        .flat_map(|(key, value)| {
            let name = join(path, key);
            match value {
                Value::Table(below) => leaves(below, &name),
                _ => vec![name],
            }
        })
        .collect()
}

/// The environment variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    let name = key.replace('[', ".").replace(']', "").replace('.', "__");
    format!("BAKUHANTAM__{}", name.to_ascii_uppercase())
}

/// A text as TOML writes it, cut to 80 characters.
pub(super) fn quoted(text: &str) -> String {
    Value::String(text.chars().take(80).collect()).to_string()
}
