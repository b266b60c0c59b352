//! `BAKUHANTAM__SECTION__KEY`: the environment as a layer above the file. The only reader of environment variables.

use std::ffi::OsString;

use toml::{Table, Value};

use super::ConfigError;
use super::keys::{secret_of_file_key, unknown, variable};
use super::tree::{Origin, Origins, join};

/// What our variables begin with.
const PREFIX: &str = "BAKUHANTAM__";

/// The process's own environment.
pub(super) fn variables() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// What is logged, in the words of `RUST_LOG`, from `BAKUHANTAM_LOG`; `None` where it is not set or empty.
#[must_use]
pub fn log_filter() -> Option<String> {
    variables()
        .find(|(name, _)| name == "BAKUHANTAM_LOG")
        .and_then(|(_, value)| value.into_string().ok())
        .filter(|value| !value.trim().is_empty())
}

/// Lays our variables over the tree.
///
/// # Errors
/// The first variable, by name, that names no key or cannot hold.
pub(super) fn overlay(
    table: &mut Table,
    origins: &mut Origins,
    schema: &Table,
    vars: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(), ConfigError> {
    let mut ours = Vec::new();
    for (name, value) in vars {
        let Some(name) = name.to_str().map(str::to_owned) else { continue };
        if let Some(key) = name.strip_prefix(PREFIX) {
            let parts: Vec<String> = key.split("__").map(str::to_ascii_lowercase).collect();
            let Ok(value) = value.into_string() else {
                return Err(ConfigError(format!("{name} is not text: write it in UTF-8")));
            };
            ours.push((name, parts, value));
        }
    }
    // By name, so that a whole list comes before one of its items.
    ours.sort();
    let mut seen = Origins::default();
    for (name, parts, value) in &ours {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut layer = Layer { origins, seen: &mut seen, name };
        layer.set(table, schema, "", &parts, value)?;
    }
    Ok(())
}

/// One variable on its way into the tree.
struct Layer<'a> {
    origins: &'a mut Origins,
    /// What this layer has set.
    seen: &'a mut Origins,
    name: &'a str,
}

impl Layer<'_> {
    fn note(&mut self, key: &str) {
        let origin = Origin::Variable(self.name.to_owned());
        self.origins.forget(key);
        self.origins.set(key.to_owned(), origin.clone());
        self.seen.set(key.to_owned(), origin);
    }

    fn unknown(&mut self, path: &str, key: &str, schema: &Table) -> ConfigError {
        self.note(&join(path, key));
        unknown(path, key, schema, self.origins)
    }

    fn set(
        &mut self,
        table: &mut Table,
        schema: &Table,
        path: &str,
        parts: &[&str],
        text: &str,
    ) -> Result<(), ConfigError> {
        let Some((key, rest)) = parts.split_first() else { return Ok(()) };
        let name = join(path, key);
        match (schema.get(*key), rest) {
            (Some(Value::Table(below)), []) => {
                let first = below.keys().next().map_or("", String::as_str);
                let example = variable(&join(&name, first));
                self.note(&name);
                Err(self.origins.wrong(&name, &format!("is a section: set one of its keys, such as {example}")))
            }
            (Some(Value::Table(below)), rest) => {
                let entry = table.entry((*key).to_owned()).or_insert_with(|| Value::Table(Table::new()));
                let Value::Table(entry) = entry else { return Ok(()) };
                self.set(entry, below, &name, rest, text)
            }
            (Some(Value::Array(models)), [index, rest @ ..]) => {
                let list = table.entry((*key).to_owned()).or_insert_with(|| Value::Array(models.clone()));
                let Value::Array(items) = list else { return Ok(()) };
                self.set_item(items, models, &name, (index, rest), text)
            }
            (Some(model), []) => {
                self.replace(table, key, &name, value_of(text, model));
                Ok(())
            }
            (None, []) if secret_of_file_key(&name).is_some() => {
                self.replace(table, key, &name, Value::String(text.to_owned()));
                Ok(())
            }
            (Some(_), _) => Err(self.unknown(&name, &rest.join("__"), &Table::new())),
            (None, _) => Err(self.unknown(path, key, schema)),
        }
    }

    /// Sets one item of a list, or one key of it; the place after the last one adds an item.
    fn set_item(
        &mut self,
        items: &mut Vec<Value>,
        models: &[Value],
        name: &str,
        (index, rest): (&str, &[&str]),
        text: &str,
    ) -> Result<(), ConfigError> {
        let place = index.parse::<usize>().ok().filter(|place| *place <= items.len());
        let Some(place) = place else {
            self.note(name);
            let most = items.len();
            return Err(self.origins.wrong(name, &format!("has no place {index}: write a number from 0 to {most}")));
        };
        let item_name = format!("{name}[{place}]");
        let model = models.first();
        if place == items.len() {
            items.push(model.map_or_else(|| Value::String(String::new()), |_| Value::Table(Table::new())));
            self.note(&item_name);
        }
        match (items.get_mut(place), model, rest) {
            (Some(Value::Table(item)), Some(Value::Table(schema)), [_, ..]) => {
                self.set(item, schema, &item_name, rest, text)
            }
            (Some(item), None, []) => {
                *item = Value::String(text.to_owned());
                self.note(&item_name);
                Ok(())
            }
            _ => {
                self.note(&item_name);
                Err(self.origins.wrong(&item_name, "cannot be set like this: add the name of one of its keys"))
            }
        }
    }

    /// Puts a value in. A secret given here in one way replaces what the file gave in the other.
    fn replace(&mut self, table: &mut Table, key: &str, name: &str, value: Value) {
        let twin = key.strip_suffix("_file").map_or_else(|| format!("{key}_file"), str::to_owned);
        let twin_name = name.strip_suffix("_file").map_or_else(|| format!("{name}_file"), str::to_owned);
        let are_twins = secret_of_file_key(name).is_some() || secret_of_file_key(&twin_name).is_some();
        if are_twins && !self.seen.has(&twin_name) {
            table.remove(&twin);
            self.origins.forget(&twin_name);
        }
        table.insert(key.to_owned(), value);
        self.note(name);
    }
}

/// A variable's text as the kind of value its key takes; text that cannot be one stays text and is refused later.
fn value_of(text: &str, model: &Value) -> Value {
    let as_text = || Value::String(text.to_owned());
    match model {
        Value::Boolean(_) => text.trim().parse().map_or_else(|_| as_text(), Value::Boolean),
        Value::Integer(_) => text.trim().parse().map_or_else(|_| as_text(), Value::Integer),
        Value::Array(_) => list_of(text.trim()).unwrap_or_else(as_text),
        _ => as_text(),
    }
}

/// A list: a TOML or JSON array, else items between commas.
fn list_of(text: &str) -> Option<Value> {
    if text.starts_with('[') {
        let toml = format!("list = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("list"));
        return toml.or_else(|| serde_json::from_str(text).ok()).filter(Value::is_array);
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
}
