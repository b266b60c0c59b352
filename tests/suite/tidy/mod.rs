//! The habits of the house, read from the sources: who imports whom, where things may stand, how large they grow.
//!
//! Each rule is a function of a file's path and text, so that a planted violation can be given to it.

mod meters;
mod rules;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rules::{banned_words, door_doc, imports, names_of_files, packages, size};
use source::Source;

/// Files that are longer than allowed, with their length when they were listed. The list only gets shorter: a file may
/// not grow, and one that has become short enough must leave.
const LONG_FILES: &[(&str, usize)] = &[];

/// Everything people write. What is not there yet is not looked at.
const WRITTEN: &[&str] = &[
    "src",
    "tests",
    "benches",
    "fuzz",
    "migrations",
    "templates",
    "static",
    "scripts",
    "deploy",
    "docs",
    ".ci",
    ".config",
];
const WRITTEN_AT_THE_TOP: &[&str] =
    &["Makefile", "README.md", "CHANGELOG.md", "Cargo.toml", "build.rs", "bakuhantam.toml"];
const NOT_WRITTEN: &[&str] = &["node_modules", "dist", "target", "corpus", "artifacts"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file under the folders, by its path from the top.
fn written() -> Vec<Source> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = WRITTEN.iter().map(|name| root().join(name)).filter(|path| path.is_dir()).collect();
    let mut files: Vec<PathBuf> =
        WRITTEN_AT_THE_TOP.iter().map(|name| root().join(name)).filter(|path| path.is_file()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if !NOT_WRITTEN.iter().any(|skipped| name == *skipped) {
                    open.push(path);
                }
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    for path in files {
        // Pictures and fonts are no text.
        if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root()).expect("under the top").to_str().expect("UTF-8").to_owned();
            found.push(Source::new(path, text));
        }
    }
    found
}

fn complaints(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        wrong.extend(banned_words(file));
        if file.is_rust() {
            wrong.extend(names_of_files(file));
            wrong.extend(size(file, LONG_FILES));
        }
        if file.is_in_house() {
            wrong.extend(imports(file));
            wrong.extend(packages(file));
            wrong.extend(door_doc(file));
        }
    }
    wrong
}

fn folders(under: &Path) -> BTreeSet<String> {
    fs::read_dir(under)
        .map(|entries| {
            entries
                .map(|entry| entry.expect("an entry"))
                .filter(|entry| entry.path().is_dir())
                .map(|entry| entry.file_name().into_string().expect("UTF-8"))
                .collect()
        })
        .unwrap_or_default()
}

#[test]
fn the_sources_keep_to_the_habits_of_the_house() {
    let files = written();
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the sources were not found");
    let wrong = complaints(&files);
    assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_metric_has_its_line_of_help_and_of_the_manual() {
    let wrong = meters::meters(&written());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_long_file_in_the_list_is_still_there() {
    let files = written();
    for (path, _) in LONG_FILES {
        assert!(files.iter().any(|file| file.path == *path), "{path} is gone: take it off LONG_FILES");
    }
}

#[test]
fn every_migration_has_both_dialects_and_both_directions() {
    let (sqlite, postgres) = (root().join("migrations/sqlite"), root().join("migrations/postgres"));
    assert_eq!(folders(&sqlite), folders(&postgres), "the same migrations for both");
    for dialect in [sqlite, postgres] {
        for name in folders(&dialect) {
            for direction in ["up.sql", "down.sql"] {
                assert!(dialect.join(&name).join(direction).is_file(), "{}/{name}/{direction}", dialect.display());
            }
        }
    }
}

#[test]
fn every_template_is_used() {
    let files = written();
    let templates: Vec<&Source> = files.iter().filter(|file| file.path.starts_with("templates/")).collect();
    let unused: Vec<&str> = templates
        .iter()
        .map(|template| template.path.trim_start_matches("templates/"))
        .filter(|name| {
            let quoted = format!("\"{name}\"");
            !files
                .iter()
                .any(|file| (file.is_in_house() || file.path.starts_with("templates/")) && file.text.contains(&quoted))
        })
        .collect();
    assert!(unused.is_empty(), "nobody names these templates: {unused:?}");
}

#[test]
fn a_planted_violation_is_found_and_its_twin_is_not() {
    let doc = "//! A room's door: what it is, and what its verbs are.\n";
    for (path, text, found) in [
        ("src/stream/plan.rs", "use crate::events::Mirror;", "may not import events"),
        ("src/stream/plan.rs", "use crate::{ids, store};", ""),
        ("src/stream/plan.rs", "use crate::{ids::{A, B}, payments};", "may not import payments"),
        ("src/stream/plan.rs", "fn f() { crate::web::x() }", "may not import web"),
        ("src/stream/plan.rs", "use super::super::events::Mirror;", "leaves its room by super"),
        ("src/stream/encoder/feed.rs", "use super::super::facts::StreamFacts;", ""),
        ("src/ingest/door.rs", "use crate::events::Mirror; use crate::stream::encoder::Feed;", ""),
        ("src/web/viewer/home.rs", "use crate::events::Mirror;", ""),
        ("src/web/viewer/home.rs", "use crate::store::Store;", "may not import store"),
        ("src/hub/mod.rs", "use crate::events::Mirror;", "may not import events"),
        ("src/unheard/of.rs", "use crate::ids::RowId;", "is no room of the table"),
        ("src/app.rs", "use crate::web::serve; use crate::store::Store;", ""),
        ("src/events/apply.rs", "use diesel::prelude::*;", "diesel"),
        ("src/events/records.rs", "use diesel::prelude::*;", ""),
        ("src/store/open.rs", "use diesel::prelude::*;", ""),
        ("src/events/apply.rs", "fn f() { actix_web::rt::spawn(g()) }", "actix_web"),
        ("src/web/error.rs", "use actix_web::HttpResponse; use askama::Template;", ""),
        ("src/stream/uploader.rs", "use rusoto_s3::S3Client;", "rusoto_s3"),
        ("src/objects/s3.rs", "use rusoto_s3::S3Client;", ""),
        ("src/cli/serve.rs", "fn f() { std::env::var(\"HOME\") }", "environment"),
        ("src/config/load.rs", "fn f() { std::env::vars() }", ""),
        ("src/stream/plan.rs", "// use crate::events::Mirror;\nfn f() { g(\"crate::events\", r#\"diesel \"\"#) }", ""),
        ("src/stream/plan.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n use crate::events::Mirror;\n}", ""),
        ("src/stream/utils.rs", "", "utils"),
        ("src/stream/manager/mod.rs", "//! A manager of things that should have a name.\n", "manager"),
        ("src/polls/mod.rs", "pub mod vote;", "no door doc"),
    ] {
        let text =
            if path.ends_with("/mod.rs") && found != "no door doc" { format!("{doc}{text}") } else { text.into() };
        let wrong = complaints(&[Source::new(path.into(), text.clone())]);
        if found.is_empty() {
            assert!(wrong.is_empty(), "{path}: {text}: {wrong:?}");
        } else {
            assert!(wrong.iter().any(|said| said.contains(found)), "{path}: {text}: {wrong:?} without {found}");
        }
    }
}

#[test]
fn a_long_file_and_a_banned_word_are_found() {
    let long = Source::new("src/ids.rs".into(), "\n".repeat(401));
    assert!(size(&long, &[])[0].contains("401"));
    assert!(size(&long, &[("src/ids.rs", 401)]).is_empty());
    assert!(size(&long, &[("src/ids.rs", 400)])[0].contains("grown"));
    let short = Source::new("src/ids.rs".into(), "\n".repeat(400));
    assert!(size(&short, &[]).is_empty());
    assert!(size(&short, &[("src/ids.rs", 450)])[0].contains("take it off"));

    for word in rules::BANNED {
        let planted = Source::new("docs/page.md".into(), format!("first\nhere: {word}x\n"));
        assert!(banned_words(&planted)[0].contains("docs/page.md:2"), "{word}");
    }
    assert!(banned_words(&Source::new("docs/page.md".into(), "a list of things to do".into())).is_empty());
}
