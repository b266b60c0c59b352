//! Checks that the browser files are built, since the binary embeds them, and rebuilds when they, the pages, their
//! words or the migrations change.

#![expect(clippy::print_stdout, reason = "how a build script talks to cargo")]

use std::path::Path;

fn main() {
    for watched in ["static/dist", "static/locales", "templates", "migrations"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    if !Path::new("static/dist/manifest.json").exists() {
        println!("cargo::error=the browser files are not built: run `make assets`, then build again");
    }
}
