//! bakuhantam: parses arguments, sets the exit code; nothing else.

fn main() {}
