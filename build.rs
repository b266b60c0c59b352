//! Checks that the browser files are built.

fn main() {}
