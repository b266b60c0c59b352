//! `bakuhantam admin`: accounts of the people who run the night.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;

use super::event::with_database;
use super::{fail, say};
use crate::accounts::{AccountError, Accounts, Created, NewAccount, Parts, Role};
use crate::clock::SystemClock;
use crate::config::{Loaded, Secret, SecretKey};
use crate::ids::SharedRandom;
use crate::store::Store;

/// Arguments of `admin`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What `admin` does.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make an account, or give one that exists another name, role or password
    ///
    /// The password is the first line of standard input; when none is given and the account is new, one is made and
    /// printed. For a role the address for an authenticator app is printed, once: make a QR code of it
    /// (`qrencode -t ansiutf8`) or type its secret.
    Create {
        /// The phone number
        #[arg(long)]
        phone: String,
        /// The display name
        #[arg(long)]
        name: String,
        /// What it may do in the panel; left out: nothing, or what it may do already
        #[arg(long, value_parser = parse_role)]
        role: Option<Role>,
    },
}

fn parse_role(text: &str) -> Result<Role, String> {
    text.parse()
}

/// Accounts for a command: they send no codes.
pub(super) fn accounts_of(store: &Store, random: &SharedRandom, key: &SecretKey) -> Accounts {
    Accounts::new(Parts {
        store: store.clone(),
        clock: Arc::new(SystemClock),
        random: random.clone(),
        secret: key.clone(),
    })
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let Verb::Create { phone, name, role } = args.verb;
    let password = match typed_password() {
        Ok(password) => password,
        Err(error) => return fail(format_args!("the password cannot be read from standard input: {error}")),
    };
    let locale = loaded.config.locale.default;
    let wanted = NewAccount { phone: phone.clone(), name, role, password, locale };
    let done = with_database(loaded, async |store, act, key| {
        let accounts = accounts_of(store, &act.random, key);
        let created = accounts.create(&act.actor, wanted).await?;
        Ok::<_, AccountError>((accounts.get_account(&created.account).await?.phone, created))
    });
    match done {
        Ok((stored, created)) => {
            tell(stored.as_ref().map_or(phone.as_str(), crate::accounts::Phone::as_str), &created);
            0
        }
        Err(error) => fail(error),
    }
}

/// The first line of standard input, where that is no terminal and holds one.
fn typed_password() -> std::io::Result<Option<Secret>> {
    let input = std::io::stdin().lock();
    if input.is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    // A password has 128 characters at most, a character 4 bytes.
    std::io::Read::take(input, 1_024).read_line(&mut line)?;
    let line = line.trim_end_matches(['\r', '\n']);
    Ok((!line.is_empty()).then(|| Secret::new(line)))
}

fn tell(phone: &str, created: &Created) {
    let made = if created.is_new { "made" } else { "updated" };
    say(format_args!("account {phone} {made}, role {}", created.role));
    if let Some(password) = &created.password {
        say(format_args!("password: {} (shown only now: keep it)", password.expose()));
    }
    if let Some(otpauth) = &created.otpauth {
        say(format_args!("authenticator: {} (shown only now: scan it)", otpauth.expose()));
    }
}
