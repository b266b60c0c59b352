//! Checks that the browser files are built, and rebuilds when they, the pages or their words change.

use std::path::Path;

fn main() {
    for watched in ["static/dist", "static/locales", "templates"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    if !Path::new("static/dist/manifest.json").exists() {
        println!("cargo::error=The browser files are not built: run `make assets` (npm ci && npm run build) first.");
    }
}
