//! The command line: one file per subcommand, each a struct of arguments and a `run` that gives the exit code.
//!
//! Results go to standard output, everything else to standard error. What is wrong is said in one sentence that says
//! what to change; usage errors exit with 2.

mod account;
mod admin;
mod apply;
mod coins;
mod config;
mod demo;
mod doctor;
mod event;
mod fetch;
mod health;
mod ledger;
mod logs;
mod migrate;
mod orders;
mod poll;
mod replay;
mod serve;
mod support;
mod transcode;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::config::Loaded;

/// A pay-per-view live event in one binary.
#[derive(Debug, Parser)]
#[command(name = "bakuhantam", version, about, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Every setting and what it means stands in the shipped bakuhantam.toml; each can also be set by \
                        the environment: BAKUHANTAM__SECTION__KEY."
)]
struct CommandLine {
    /// The configuration file; default: ./bakuhantam.toml where there is one, else the built-in defaults
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages, API and sockets, open the RTMP door and publish the picture
    Serve,
    /// Bring the database's schema up to date, take it back, or show where it stands
    Migrate(migrate::Args),
    /// Ask every node whether it is well
    Health(health::Args),
    /// Encode one event's picture from an address or a file, or by listening for SRT
    Transcode(transcode::Args),
    /// Create or update events as a file describes them
    Apply(apply::Args),
    /// Make accounts of the people who run the night
    Admin(admin::Args),
    /// Ban an account, or see and end its sessions
    Account(account::Args),
    /// Put a fight on air and off, interrupt an event, end it
    Event(event::Args),
    /// Open a poll, close it, record its result
    Poll(poll::Args),
    /// List an event's replays, let them begin or end elsewhere, hide parts of the night
    Replay(replay::Args),
    /// List supports, approve, hide and show them, or let them wait for an approval
    Support(support::Args),
    /// Give coins to a viewer, or take them
    Coins(coins::Args),
    /// Check whether the coins' books are right
    Ledger(ledger::Args),
    /// List orders and the provider's notices, ask after an order, sum up what came in
    Orders(orders::Args),
    /// Check or show the configuration
    Config(config::Args),
    /// Show everything on this machine with a test picture
    Demo(demo::Args),
    /// Check everything an event night depends on, and say what to do
    Doctor(doctor::Args),
}

/// Runs the command that `arguments` (the program's name first) ask for; returns the exit code.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // Help and version come this way too, with code 0. A reader that has gone is no error.
            drop(error.print());
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    let file = line.config.as_deref();
    match line.command {
        Command::Serve => with_config(file, "info", serve::run),
        Command::Migrate(args) => with_config(file, "warn", |loaded| migrate::run(args, loaded)),
        Command::Health(args) => health::run(&args, file),
        Command::Transcode(args) => with_config(file, "info", |loaded| transcode::run(args, loaded)),
        Command::Apply(args) => with_config(file, "warn", |loaded| apply::run(args, loaded)),
        Command::Admin(args) => with_config(file, "warn", |loaded| admin::run(args, loaded)),
        Command::Account(args) => with_config(file, "warn", |loaded| account::run(args, loaded)),
        Command::Event(args) => with_config(file, "warn", |loaded| event::run(args, loaded)),
        Command::Poll(args) => with_config(file, "warn", |loaded| poll::run(args, loaded)),
        Command::Replay(args) => with_config(file, "warn", |loaded| replay::run(args, loaded)),
        Command::Support(args) => with_config(file, "warn", |loaded| support::run(args, loaded)),
        Command::Coins(args) => with_config(file, "warn", |loaded| coins::run(args, loaded)),
        Command::Ledger(args) => with_config(file, "warn", |loaded| ledger::run(args, loaded)),
        Command::Orders(args) => with_config(file, "warn", |loaded| orders::run(args, loaded)),
        Command::Config(args) => config::run(&args, file),
        Command::Demo(args) => with_config(file, "info", |loaded| demo::run(args, loaded)),
        Command::Doctor(args) => doctor::run(&args, file),
    }
}

/// Loads the configuration, starts the log and runs a command.
fn with_config(file: Option<&Path>, level: &str, run: impl FnOnce(&Loaded) -> u8) -> u8 {
    match crate::config::load(file) {
        Ok(loaded) => {
            logs::start(level);
            run(&loaded)
        }
        Err(error) => fail(error),
    }
}

/// An async runtime for one command, small: commands wait more than they compute.
///
/// # Errors
/// The system gives no threads or no event queue.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Says on standard error what went wrong; returns exit code 1.
pub(crate) fn fail(sentence: impl Display) -> u8 {
    // Nothing can be done when standard error is gone.
    drop(writeln!(std::io::stderr().lock(), "error: {sentence}"));
    1
}

/// Prints a result on standard output. A reader that has gone (`| head`) is no error.
pub(crate) fn say(text: impl Display) {
    if let Err(error) = writeln!(std::io::stdout().lock(), "{text}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        fail(format_args!("standard output cannot be written: {error}"));
    }
}
