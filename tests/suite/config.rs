//! `config check` and `config show` by the real binary: layers, sentences, masks.

use crate::cli::{bakuhantam, run};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn shipped_file_is_fine_and_shows_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let (code, plain, _) = run(bakuhantam(dir.path()).args(["config", "show"]));
    assert_eq!(code, 0);
    let file = dir.path().join("bakuhantam.toml");
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/bakuhantam.toml"), &file).unwrap();
    let (code, out, error) = run(bakuhantam(dir.path()).args(["config", "check"]));
    assert_eq!((code, out, error.as_str()), (0, format!("{} is fine\n", file.display()), ""));
    let (_, shown, _) = run(bakuhantam(dir.path()).args(["config", "show"]));
    assert_eq!(shown, plain);
}

#[test]
fn a_wrong_key_stops_every_command_with_its_full_name() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("other.toml"), "\n[uploader]\nrescn_ms = 1").unwrap();
    for args in [&["config", "check"][..], &["config", "show"], &["serve"]] {
        let (code, out, error) = run(bakuhantam(dir.path()).args(["--config", "other.toml"]).args(args));
        assert_eq!((code, out.as_str()), (1, ""));
        assert_eq!(error, "error: uploader.rescn_ms (other.toml:3) is not a setting: write uploader.rescan_ms\n");
    }
    std::fs::write(dir.path().join("other.toml"), "\n[uploader]\nrescan_ms = 1000").unwrap();
    let (code, ..) = run(bakuhantam(dir.path()).args(["config", "check", "--config", "other.toml"]));
    assert_eq!(code, 0, "the same with the right key");
}

#[test]
fn environment_wins_and_is_named_when_it_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bakuhantam.toml"), "[uploader]\nconcurrency = 2").unwrap();
    let with = |value: &str| {
        run(bakuhantam(dir.path()).args(["config", "show"]).env("BAKUHANTAM__UPLOADER__CONCURRENCY", value))
    };
    let (code, out, _) = with("5");
    assert_eq!(code, 0);
    assert!(out.contains("\nconcurrency = 5\n"), "{out}");
    let (code, _, error) = with("0");
    assert_eq!(code, 1);
    assert_eq!(error, "error: uploader.concurrency (BAKUHANTAM__UPLOADER__CONCURRENCY) cannot be 0: write 1 to 256\n");
}

#[test]
fn secrets_from_files_are_used_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key"), format!("{KEY}\n")).unwrap();
    std::fs::write(dir.path().join("url"), "postgres://user:s3cret@db.example/bh\n").unwrap();
    std::fs::write(dir.path().join("bakuhantam.toml"), "[server]\nsecret_key_file = \"key\"").unwrap();
    let (code, out, error) =
        run(bakuhantam(dir.path()).args(["config", "show"]).env("BAKUHANTAM__DATABASE__URL_FILE", "url"));
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.contains("url = \"postgres://user:***@db.example/bh\""), "{out}");
    assert!(out.contains("secret_key = \"***\""), "{out}");
    assert!(!out.contains("s3cret") && !out.contains(KEY), "{out}");
}
