//! The rules. Each gives one sentence for each thing that breaks it.

use super::source::Source;

const LINES_MAX: usize = 400;

const BELOW: &[&str] = &["config", "clock", "ids", "money"];
const FLOOR: &[&str] = &["store", "objects", "hub", "jobs", "config", "clock", "ids", "money"];
const ROOMS: &[&str] =
    &["accounts", "events", "ledger", "payments", "superchat", "polls", "playback", "ingest", "stream"];

/// Sideways, from room to room. `stream` imports no other room.
const SIDEWAYS: &[(&str, &str)] = &[
    ("payments", "ledger"),
    ("superchat", "ledger"),
    ("superchat", "events"),
    ("polls", "ledger"),
    ("polls", "events"),
    ("playback", "events"),
    ("playback", "accounts"),
    ("playback", "stream"),
    ("ingest", "events"),
    ("ingest", "stream"),
];

/// File and folder names that say nothing.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "service", "misc"];

/// Words that belong to no finished text, and places of one machine. Written in two parts, so that this file has none.
pub const BANNED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Whether `room` may import `other`; `None` for a room the table does not know.
fn may_import(room: &str, other: &str) -> Option<bool> {
    let is_room = ROOMS.contains(&other);
    let allowed = match room {
        "app" | "cli" | "main" | "lib" => true,
        "web" => is_room || BELOW.contains(&other) || ["flows", "objects", "hub", "cluster"].contains(&other),
        "flows" => is_room || ["store", "hub", "jobs", "clock", "ids", "money"].contains(&other),
        room if ROOMS.contains(&room) => FLOOR.contains(&other) || SIDEWAYS.contains(&(room, other)),
        "jobs" | "cluster" => ["store", "hub"].contains(&other) || BELOW.contains(&other),
        // On the ground floor each may use what stands beside it.
        "store" | "objects" | "hub" | "config" | "clock" | "ids" | "money" => BELOW.contains(&other),
        _ => return None,
    };
    Some(allowed || room == other)
}

/// The import table.
pub fn imports(file: &Source) -> Vec<String> {
    let room = file.room();
    let mut wrong = Vec::new();
    if may_import(room, room).is_none() {
        wrong.push(format!("{}: {room} is no room of the table in src/lib.rs", file.path));
        return wrong;
    }
    let code = file.code();
    for other in imported(&code) {
        // What is no room is an item of the crate's root, of which there is none but macros.
        if may_import(&other, &other).is_some() && may_import(room, &other) != Some(true) {
            wrong.push(format!("{}: {room} may not import {other}", file.path));
        }
    }
    let chain = longest_chain(&code);
    if chain > 0 && chain >= file.depth() {
        wrong.push(format!("{}: leaves its room by super, {chain} deep: write crate::", file.path));
    }
    wrong
}

fn longest_chain(code: &str) -> usize {
    let mut longest = 0;
    let mut rest = code;
    while let Some(at) = rest.find("super::") {
        let mut length = 0;
        rest = &rest[at..];
        while let Some(after) = rest.strip_prefix("super::") {
            length += 1;
            rest = after;
        }
        longest = longest.max(length);
    }
    longest
}

/// The first names after each `crate::`, those in braces too.
fn imported(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (_, rest) in code.match_indices("crate::").map(|(at, found)| code.split_at(at + found.len())) {
        if let Some(group) = rest.strip_prefix('{') {
            found.extend(first_names(group));
        } else {
            found.push(word(rest));
        }
    }
    found
}

/// The first name of each member of a brace group, whose own braces are passed over.
fn first_names(group: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut member = String::new();
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.push(word(std::mem::take(&mut member).trim())),
            _ if depth == 0 => member.push(letter),
            _ => {}
        }
    }
    found.push(word(member.trim()));
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Packages that have one home.
pub fn packages(file: &Source) -> Vec<String> {
    let code = file.code();
    let room = file.room();
    let records = file.path.ends_with("/records.rs") || file.parts().any(|part| part == "records");
    let rows = records || ["store", "cluster", "jobs"].contains(&room);
    let mut wrong = Vec::new();
    for (package, home, is_home) in [
        ("diesel", "store, records.rs, cluster and jobs", rows),
        ("diesel_migrations", "store", room == "store"),
        ("r2d2", "store", room == "store"),
        ("actix_web", "web", room == "web"),
        ("actix_ws", "web", room == "web"),
        ("actix_files", "web", room == "web"),
        ("askama", "web", room == "web"),
        ("askama_web", "web", room == "web"),
        ("rusoto_core", "objects", room == "objects"),
        ("rusoto_credential", "objects", room == "objects"),
        ("rusoto_s3", "objects", room == "objects"),
        ("rusoto_signature", "objects", room == "objects"),
    ] {
        if !is_home && names(&code, package) {
            wrong.push(format!("{}: {package} appears only in {home}", file.path));
        }
    }
    if room != "config"
        && ["env::var", "env::vars", "env::var_os", "env::vars_os"].iter().any(|call| code.contains(call))
    {
        wrong.push(format!("{}: environment variables are read only in config", file.path));
    }
    wrong
}

/// Whether a package is used: its name as a whole word before `::` or `;` or ` as`.
fn names(code: &str, package: &str) -> bool {
    code.match_indices(package).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + package.len()..];
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.')
            && (after.starts_with("::") || (after.starts_with(';') && code[..at].trim_end().ends_with("use")))
    })
}

/// Names that say what is inside.
pub fn names_of_files(file: &Source) -> Vec<String> {
    file.parts()
        .map(|part| part.trim_end_matches(".rs"))
        .filter(|part| EMPTY_NAMES.contains(part))
        .map(|part| format!("{}: {part} says nothing: name it after what it does", file.path))
        .collect()
}

/// A room's door says what the room is.
pub fn door_doc(file: &Source) -> Vec<String> {
    let said = file.text.lines().next().and_then(|line| line.strip_prefix("//! "));
    if file.path.ends_with("/mod.rs") && said.is_none_or(|line| line.len() < 20) {
        return vec![format!("{}: no door doc: say in //! what the room is and what its verbs are", file.path)];
    }
    Vec::new()
}

/// A file past its size asks to be split.
pub fn size(file: &Source, long: &[(&str, usize)]) -> Vec<String> {
    let lines = file.text.lines().count();
    let listed = long.iter().find(|(path, _)| *path == file.path).map(|(_, lines)| *lines);
    let said = match listed {
        None if lines > LINES_MAX => format!("{lines} lines, {LINES_MAX} are allowed: split it"),
        Some(_) if lines <= LINES_MAX => "short enough now: take it off LONG_FILES".to_owned(),
        Some(before) if lines > before => format!("{lines} lines, it has grown from {before}: split it"),
        _ => return Vec::new(),
    };
    vec![format!("{}: {said}", file.path)]
}

/// Words that belong to no finished text.
pub fn banned_words(file: &Source) -> Vec<String> {
    file.text
        .lines()
        .enumerate()
        .flat_map(|(at, line)| {
            BANNED
                .iter()
                .filter(|word| line.contains(**word))
                .map(move |word| format!("{}:{}: \"{word}\" may not stand here", file.path, at + 1))
        })
        .collect()
}
