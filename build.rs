//! Checks that the browser files are built: the binary embeds them.

use std::path::Path;

fn main() {
    for path in ["static/dist", "static/locales", "templates", "migrations"] {
        println!("cargo::rerun-if-changed={path}");
    }
    if !Path::new("static/dist/manifest.json").exists() {
        println!("cargo::error=the browser files are not built: run `make assets`, then build again");
    }
}
