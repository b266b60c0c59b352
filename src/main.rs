//! bakuhantam: parses arguments, sets the exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(bakuhantam::cli::run(std::env::args_os()))
}
