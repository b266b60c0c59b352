//! The commands themselves: what they print and how they exit, on both databases.

use std::process::Output;

use crate::apply::NIGHT;
use crate::harness::server::TestServer;
use crate::postgres::on_both_databases;

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(site: &TestServer, arguments: &[&str]) -> String {
    let output = site.cli(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", out(&output));
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", out(&output));
    String::from_utf8(output.stderr).expect("UTF-8")
}

on_both_databases! {
    async fn a_night_is_run_from_the_command_line(db) {
        let site = TestServer::prepare(&db.overrides());
        let file = site.folder().join("night.toml");
        std::fs::write(&file, NIGHT).expect("a file");
        let file = file.to_str().expect("UTF-8");

        let early = refused(&site, &["apply", file]);
        assert!(early.contains("bakuhantam migrate up"), "{early}");
        assert!(site.cli_ok(&["migrate", "status"]).contains("missing"));
        assert!(site.cli_ok(&["migrate"]).contains("made "));
        assert!(site.cli_ok(&["migrate", "up"]).contains("nothing to do"));
        assert!(!site.cli_ok(&["migrate", "status"]).contains("missing"));

        let first = site.cli_ok(&["apply", file]);
        assert!(first.contains("event island-fight: added, published"), "{first}");
        assert_eq!(first.matches("stream key ").count(), 1, "{first}");
        assert_eq!(site.cli_ok(&["apply", file]).trim(), "nothing to change");

        let on_air = site.cli_ok(&["event", "on-air", "island-fight", "--fight", "1"]);
        assert_eq!(on_air.trim(), "fight 1 of island-fight is on air");
        let again = refused(&site, &["event", "on-air", "island-fight", "--fight", "1"]);
        assert!(again.contains("on air already"), "{again}");
        site.cli_ok(&["event", "off-air", "island-fight"]);
        site.cli_ok(&["event", "interrupted", "island-fight"]);
        site.cli_ok(&["event", "resume", "island-fight"]);
        let key = site.cli_ok(&["event", "stream-key", "island-fight"]);
        assert!(key.trim().len() >= 20 && !first.contains(key.trim()), "a new key, alone on its line");
        site.cli_ok(&["event", "rotate-epoch", "island-fight"]);
        site.cli_ok(&["event", "end", "island-fight"]);
        let ended = refused(&site, &["event", "end", "island-fight"]);
        assert!(ended.contains("has ended"), "{ended}");
        let missing = refused(&site, &["event", "end", "nobody"]);
        assert!(missing.contains("there is no event nobody"), "{missing}");
        assert_eq!(site.cli(&["event", "end", "Not A Slug"]).status.code(), Some(2));
    }

    async fn a_wrong_file_is_told_with_line_and_key(db) {
        let site = TestServer::prepare(&db.overrides());
        site.migrate();
        let file = site.folder().join("wrong.toml");
        std::fs::write(&file, NIGHT.replace("price_coins = 30", "price_coins = -30")).expect("a file");
        let said = refused(&site, &["apply", file.to_str().expect("UTF-8")]);
        assert!(said.contains("line 19: events[0].fights[0].price_coins is -30"), "{said}");
        let gone = refused(&site, &["apply", "nowhere.toml"]);
        assert!(gone.contains("nowhere.toml cannot be read"), "{gone}");
    }

    async fn a_node_with_another_secret_key_is_refused(db) {
        let site = TestServer::prepare(&db.overrides());
        site.migrate();
        let file = site.folder().join("night.toml");
        std::fs::write(&file, NIGHT).expect("a file");
        site.cli_ok(&["apply", file.to_str().expect("UTF-8")]);
        let other = TestServer::prepare(&db.overrides().replace("AAEC", "AAED"));
        let said = refused(&other, &["event", "end", "island-fight"]);
        assert!(said.contains("server.secret_key"), "{said}");
    }
}
