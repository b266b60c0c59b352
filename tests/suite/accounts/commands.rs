//! `bakuhantam admin` and `bakuhantam account`, beside a running server.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::viewers::{JSON, PASSWORD, Viewer, cookie_of};
use crate::postgres::on_both_databases;

/// A command with a line on its standard input.
fn with_input(server: &TestServer, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bakuhantam"))
        .args(arguments)
        .arg("--config")
        .arg(server.config())
        .current_dir(server.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("stdin is piped").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

async fn log_in(server: &TestServer, body: &Value) -> Answer {
    http::send(Method::POST, &server.url("/api/v1/login"), &[JSON], body.to_string()).await
}

/// What stands after `label` on a line of its own, up to the hint.
fn shown<'a>(output: &'a str, label: &str) -> Option<&'a str> {
    output
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .map(|rest| rest.split(" (shown only now").next().expect("text"))
}

fn code(otpauth: &str, seconds: i64) -> String {
    let app = totp_rs::TOTP::from_url(otpauth).expect("an address for an app");
    let now = bakuhantam::clock::Clock::now(&bakuhantam::clock::SystemClock).0 / 1_000_000;
    app.generate(u64::try_from(now + seconds).expect("a time"))
}

on_both_databases! {
    async fn an_admin_is_made_once_and_signs_in_with_what_was_printed(db) {
        let server = night::serve(&db.overrides()).await;
        let create = ["admin", "create", "--phone", "0812-3456-7890", "--name", "Pemilik", "--role", "owner"];
        let said = server.cli_ok(&create);
        assert!(said.starts_with("account +6281234567890 made, role owner\n"), "{said}");
        let (password, otpauth) = (shown(&said, "password: ").expect("one"), shown(&said, "authenticator: ").expect("one"));

        let without = log_in(&server, &json!({"phone": "081234567890", "password": password})).await;
        assert_eq!((without.status.as_u16(), without.json()["error"]["code"].as_str()), (401, Some("accounts.totp_required")));
        let body = json!({"phone": "081234567890", "password": password, "totp": code(otpauth, 0)});
        let with = log_in(&server, &body).await;
        assert_eq!((with.status.as_u16(), with.json()["role"].as_str()), (200, Some("owner")));
        assert_eq!(log_in(&server, &body).await.status, 401, "a code counts once");

        // Again: nothing is made anew, so nothing is printed.
        let again = server.cli_ok(&create);
        assert_eq!(again, "account +6281234567890 updated, role owner\n");
        let cookie = cookie_of(&with);
        assert_eq!(http::send(Method::GET, &server.url("/api/v1/me"), &[("cookie", &cookie)], "").await.status, 200);

        // Without a role and with a password of one's own.
        let viewer = ["admin", "create", "--phone", "081234567891", "--name", "Tamu"];
        let made = with_input(&server, &viewer, &format!("{PASSWORD}\n"));
        assert_eq!(String::from_utf8_lossy(&made.stdout), "account +6281234567891 made, role viewer\n");
        assert_eq!(log_in(&server, &json!({"phone": "081234567891", "password": PASSWORD})).await.status, 200);

        // A viewer who becomes staff.
        let ari = Viewer::register(&server, 1).await;
        let promoted = server.cli_ok(&["admin", "create", "--phone", &ari.phone, "--name", "Ari", "--role", "finance"]);
        assert!(shown(&promoted, "password: ").is_none() && shown(&promoted, "authenticator: ").is_some(), "{promoted}");
        assert_eq!(ari.get("/api/v1/me").await.status, 401, "signed in without a second factor");

        for (arguments, input, sentence) in [
            (vec!["--phone", "021-5551234", "--name", "X"], "", "error: the number is no mobile number\n"),
            (vec!["--phone", "081234567892", "--name", " "], "", "error: a name has 1 to 40 characters"),
            (vec!["--phone", "081234567892", "--name", "X"], "bismillah\n", "error: the password is among those"),
        ] {
            let failed = with_input(&server, &[&["admin", "create"], &*arguments].concat(), input);
            assert_eq!(failed.status.code(), Some(1));
            assert!(String::from_utf8_lossy(&failed.stderr).starts_with(sentence), "{failed:?}");
        }
        let no_role = server.cli(&["admin", "create", "--phone", "081234567892", "--name", "X", "--role", "king"]);
        assert_eq!(no_role.status.code(), Some(2));
    }

    async fn an_account_is_banned_let_in_and_signed_out_by_command(db) {
        let server = night::serve(&db.overrides()).await;
        let mut ari = Viewer::register(&server, 1).await;
        let budi = Viewer::register(&server, 2).await;
        let said = server.cli_ok(&["account", "ban", "--phone", "0812 0000 0001", "--reason", "kata kasar"]);
        assert_eq!(said, "+6281200000001 (Penonton 1) is banned; its sessions have ended\n");
        assert_eq!(ari.get("/api/v1/me").await.status, 401);
        let refused = log_in(&server, &json!({"phone": ari.phone, "password": PASSWORD})).await;
        assert_eq!((refused.status.as_u16(), refused.json()["error"]["code"].as_str()), (403, Some("accounts.banned")));
        server.cli_ok(&["account", "unban", "--phone", &ari.phone]);
        ari.log_in_again().await;

        let listed = server.cli_ok(&["account", "sessions", "--phone", &ari.phone]);
        assert!(listed.starts_with("viewer  since 20") && listed.contains("127.0.0.1"), "{listed}");
        assert_eq!(
            server.cli_ok(&["account", "sessions", "--phone", &ari.phone, "--end"]),
            "1 sessions of +6281200000001 (Penonton 1) have ended\n"
        );
        assert_eq!(ari.get("/api/v1/me").await.status, 401);
        assert_eq!(
            server.cli_ok(&["account", "sessions", "--phone", &ari.phone]),
            "+6281200000001 (Penonton 1) is signed in nowhere\n"
        );
        assert_eq!(budi.get("/api/v1/me").await.status, 200);

        let unknown = server.cli(&["account", "ban", "--phone", "081299999999", "--reason", "x"]);
        assert_eq!(unknown.status.code(), Some(1));
        assert_eq!(String::from_utf8_lossy(&unknown.stderr), "error: there is no such account\n");
        let viewer = server.cli(&["account", "new-totp", "--phone", &ari.phone]);
        assert_eq!(String::from_utf8_lossy(&viewer.stderr), "error: this account has no role in the panel\n");

        let rows = db.open().read(|conn| bakuhantam::store::audit::list(conn, 100)).await.expect("the audit");
        let what: Vec<&str> = rows.iter().rev().map(|row| row.what.as_str()).filter(|what| what.starts_with("acc")).collect();
        assert_eq!(
            what,
            ["accounts.ban", "accounts.unban", "accounts.list_sessions", "accounts.end_sessions", "accounts.list_sessions"]
        );
        assert!(rows.iter().all(|row| row.who == "cli"));
    }
}
