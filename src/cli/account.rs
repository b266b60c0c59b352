//! `bakuhantam account`: bans and sessions of one account.

use super::admin::accounts_of;
use super::event::with_database;
use super::{fail, say};
use crate::accounts::{Account, AccountError, Accounts, Actor, Session};
use crate::config::Loaded;

/// Arguments of `account`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What `account` does.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// End the account's sessions and let it sign in no more
    Ban {
        /// The phone number
        #[arg(long)]
        phone: String,
        /// Why; staff see it, the account does not
        #[arg(long)]
        reason: String,
    },
    /// Take a ban back
    Unban {
        /// The phone number
        #[arg(long)]
        phone: String,
    },
    /// List where the account is signed in
    Sessions {
        /// The phone number
        #[arg(long)]
        phone: String,
        /// End all of them
        #[arg(long)]
        end: bool,
    },
    /// Give a role account another authenticator secret, for whoever has lost the phone with the old one
    NewTotp {
        /// The phone number
        #[arg(long)]
        phone: String,
    },
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let done = with_database(loaded, async |store, act, key| {
        one(args.verb, &accounts_of(store, &act.random, key), &act.actor).await
    });
    match done {
        Ok(lines) => {
            for line in lines {
                say(line);
            }
            0
        }
        Err(error) => fail(error),
    }
}

/// Does it, and says what is true now.
async fn one(verb: Verb, accounts: &Accounts, actor: &Actor) -> Result<Vec<String>, AccountError> {
    Ok(match verb {
        Verb::Ban { phone, reason } => {
            let account = get(accounts, &phone).await?;
            accounts.ban(actor, &account.id, &reason).await?;
            vec![format!("{} is banned; its sessions have ended", shown(&account))]
        }
        Verb::Unban { phone } => {
            let account = get(accounts, &phone).await?;
            accounts.unban(actor, &account.id).await?;
            vec![format!("{} is not banned", shown(&account))]
        }
        Verb::Sessions { phone, end: true } => {
            let account = get(accounts, &phone).await?;
            let ended = accounts.end_sessions_of(actor, &account.id).await?;
            vec![format!("{ended} sessions of {} have ended", shown(&account))]
        }
        Verb::Sessions { phone, end: false } => {
            let account = get(accounts, &phone).await?;
            let sessions = accounts.list_sessions_of(actor, &account.id).await?;
            if sessions.is_empty() {
                return Ok(vec![format!("{} is signed in nowhere", shown(&account))]);
            }
            sessions.iter().map(line).collect()
        }
        Verb::NewTotp { phone } => {
            let account = get(accounts, &phone).await?;
            let otpauth = accounts.reset_totp(actor, &account.id).await?;
            vec![format!("authenticator: {} (shown only now: scan it)", otpauth.expose())]
        }
    })
}

async fn get(accounts: &Accounts, phone: &str) -> Result<Account, AccountError> {
    accounts.find_account(phone).await?.ok_or(AccountError::NotFound)
}

fn shown(account: &Account) -> String {
    format!("{} ({})", account.phone.as_ref().map_or("", crate::accounts::Phone::as_str), account.name)
}

fn line(session: &Session) -> String {
    let moment = |at: crate::clock::Micros| {
        jiff::Timestamp::from_microsecond(at.0)
            .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
            .unwrap_or_default()
    };
    // What a browser calls itself is the caller's text: nothing of it may steer a terminal.
    let agent: String = session.agent.chars().filter(|letter| !letter.is_control()).collect();
    format!(
        "{:6}  since {}  last used {}  {}  {agent}",
        session.kind.as_str(),
        moment(session.created_at),
        moment(session.seen_at),
        if session.address.is_empty() { "-" } else { &session.address },
    )
}
