//! `bakuhantam apply`: a night as a file – events, fights, milestones, polls, coin packages – brought into the
//! database whole or not at all.

use std::ops::Range;

use serde::Deserialize;

use crate::events::apply::{Applied, EventEntry, EventPlan};
use crate::events::{self, Act, EventError, StreamKeyCodes};
use crate::payments::{self, PackageEntry, PackagePlan, PaymentError};
use crate::store::{self, Store, StoreError};

/// Why a file was not applied. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The file says something impossible: each sentence names the line and the key.
    #[error("{}", .0.join("\n"))]
    File(Vec<String>),
    /// It does not fit the events stored.
    #[error(transparent)]
    Events(#[from] EventError),
    /// It does not fit the packages stored.
    #[error(transparent)]
    Payments(#[from] PaymentError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file that has been read and checked.
#[derive(Clone, Debug)]
pub struct Night {
    packages: Vec<PackagePlan>,
    events: Vec<EventPlan>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    coin_packages: Vec<PackageEntry>,
    #[serde(default)]
    events: Vec<EventEntry>,
}

impl Night {
    /// Reads `text`, the content of the file called `name`; `act` gives the ids that new rows will have.
    ///
    /// # Errors
    /// [`ApplyError::File`] with everything that is wrong, in the order of the file.
    pub fn read(name: &str, text: &str, act: &Act) -> Result<Self, ApplyError> {
        let at = |span: Option<Range<usize>>, what: &str| match span {
            Some(span) => format!("{name} line {}: {what}", line_of(text, span.start)),
            None => format!("{name}: {what}"),
        };
        let file = parse(text).map_err(|(span, what)| ApplyError::File(vec![at(span, &what)]))?;
        let mut said = Vec::new();
        let packages = payments::check(&file.coin_packages, act.actor.at, &act.random, &mut said);
        let events = events::apply::check(&file.events, act, &mut said);
        if said.is_empty() {
            return Ok(Self { packages, events });
        }
        said.sort_by_key(|(span, _)| span.start);
        Err(ApplyError::File(said.into_iter().map(|(span, what)| at(Some(span), &what)).collect()))
    }
}

/// Brings the database to the file. Applying the same file again changes nothing.
///
/// # Errors
/// [`ApplyError`]
pub async fn apply_night(
    store: &Store,
    act: &Act,
    codes: &StreamKeyCodes,
    night: Night,
) -> Result<Applied, ApplyError> {
    let (actor, codes) = (act.actor.clone(), codes.clone());
    store
        .write(move |conn| {
            // Two files at once would both find that a row is missing.
            store::lock(conn, "apply")?;
            let mut changes = payments::apply(conn, &actor, &night.packages)?;
            let mut applied = events::apply::apply(conn, &actor, &codes, &night.events)?;
            changes.append(&mut applied.changes);
            Ok(Applied { changes, ..applied })
        })
        .await
}

type Wrong = (Option<Range<usize>>, String);

fn parse(text: &str) -> Result<File, Wrong> {
    let of_syntax = |error: &toml::de::Error| (error.span(), error.message().replace('\n', ", "));
    let file = toml::de::Deserializer::parse(text).map_err(|error| of_syntax(&error))?;
    serde_path_to_error::deserialize(file).map_err(|error| {
        let path = key_of(&error.path().to_string());
        let error = error.into_inner();
        (error.span(), explain(&path, error.message()))
    })
}

/// The key's full name, without what stands for the position of a value.
fn key_of(path: &str) -> String {
    path.split('.').filter(|part| !part.starts_with('$')).collect::<Vec<_>>().join(".")
}

/// serde's words as a sentence about a key.
fn explain(path: &str, message: &str) -> String {
    let quoted = || message.split('`').nth(1).unwrap_or_default();
    let join = |key: &str| match path.strip_suffix(key).map(|front| front.ends_with('.') || front.is_empty()) {
        _ if path == "." || path.is_empty() => key.to_owned(),
        Some(true) => path.to_owned(),
        _ => format!("{path}.{key}"),
    };
    if message.starts_with("unknown field") {
        let known = message.split_once("expected").map_or("", |(_, known)| known.trim());
        let known = known.trim_start_matches("one of ").replace('`', "");
        format!("{} is not a key here: take it out, or write one of {known}", join(quoted()))
    } else if message.starts_with("missing field") {
        format!("{} is missing", join(quoted()))
    } else if let Some((found, wanted)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        let wanted = match wanted {
            "i64" => "a whole number",
            "a string" | "string" => "a text in quotes",
            "a sequence" | "sequence" => "a list",
            other => other,
        };
        format!("{path} must be {wanted}, not {found}")
    } else if message.starts_with("unknown variant") {
        let known = message.split_once("expected").map_or("", |(_, known)| known.trim());
        let known = known.trim_start_matches("one of ").replace('`', "\"");
        format!("{path} cannot be \"{}\": write {known}", quoted())
    } else {
        format!("{path}: {message}")
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
