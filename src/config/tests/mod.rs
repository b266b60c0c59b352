//! The room's own tests: layers, sentences, paths, secrets.

mod ladder;
mod messages;
mod payments;
mod sentences;

use std::ffi::OsString;
use std::path::Path;

use tempfile::TempDir;

use super::load::load_from;
use super::{Config, Loaded, Secret, keys, show};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A folder with a `bakuhantam.toml` in it.
fn folder(text: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bakuhantam.toml"), text).unwrap();
    dir
}

fn load_in(dir: &Path, vars: &[(&str, &str)]) -> Result<Loaded, String> {
    let vars = vars.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    load_from(None, dir, vars).map_err(|error| error.to_string())
}

fn refused(text: &str, vars: &[(&str, &str)]) -> String {
    load_in(folder(text).path(), vars).map(|loaded| show(&loaded.config)).expect_err(text)
}

fn accepted(text: &str, vars: &[(&str, &str)]) -> Config {
    load_in(folder(text).path(), vars).unwrap_or_else(|error| panic!("{text}: {error}")).config
}

#[test]
fn shipped_file_is_equal_to_the_defaults() {
    let shipped: Config = toml::from_str(include_str!("../../../bakuhantam.toml")).unwrap();
    assert_eq!(shipped, Config::default());
}

#[test]
fn shipped_file_names_every_key() {
    let shipped: toml::Table = include_str!("../../../bakuhantam.toml").parse().unwrap();
    let schema = keys::schema().unwrap();
    assert_eq!(keys::leaves(&shipped, ""), keys::leaves(&schema, ""));
    let rungs = |table: &toml::Table| table["encoder"]["renditions"].clone();
    assert_eq!(rungs(&shipped), rungs(&schema));
}

#[test]
fn every_secret_can_be_given_as_a_file_and_no_other_key_can() {
    // A secret is what does not come out as it went in.
    let schema = keys::schema().unwrap();
    let mut secrets: Vec<String> = keys::leaves(&schema, "")
        .into_iter()
        .filter(|key| {
            let mut table = toml::Table::new();
            super::tree::put(&mut table, key, toml::Value::String("probe".into()));
            let Ok(config) = table.try_into::<Config>() else { return false };
            super::tree::get(&toml::Table::try_from(config).unwrap(), key).and_then(toml::Value::as_str) == Some("***")
        })
        .collect();
    let mut known = keys::SECRETS.map(str::to_owned).to_vec();
    secrets.sort();
    known.sort();
    assert_eq!(secrets, known);
}

#[test]
fn without_a_file_the_defaults_hold_and_follow_the_current_folder() {
    let dir = tempfile::tempdir().unwrap();
    let loaded = load_in(dir.path(), &[]).unwrap();
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.config.uploader.hls_dir, dir.path().join("data/hls"));
    assert_eq!(loaded.config.objects.folder, dir.path().join("data/media"));
    let url = format!("sqlite://{}", dir.path().join("data/bakuhantam.db").display());
    assert_eq!(loaded.config.database.url.expose(), url);
}

#[test]
fn defaults_below_data_follow_the_data_dir_and_given_paths_the_file() {
    let config = accepted(
        "[server]\ndata_dir = \"/srv/bh\"\n[uploader]\nhls_dir = \"data/hls\"\n[ingest]\ntls_cert = \"../c.pem\"\ntls_key = \"/k.pem\"",
        &[],
    );
    assert_eq!(config.server.data_dir, Path::new("/srv/bh"));
    assert_eq!(config.uploader.state_file, Path::new("/srv/bh/uploader/state.json"));
    assert_eq!(config.objects.folder, Path::new("/srv/bh/media"));
    assert_eq!(config.database.url.expose(), "sqlite:///srv/bh/bakuhantam.db");
    assert!(config.uploader.hls_dir.ends_with("data/hls") && !config.uploader.hls_dir.starts_with("/srv"));
    assert!(config.ingest.tls_cert.unwrap().is_absolute());
}

#[test]
fn a_named_file_starts_relative_paths_at_its_own_folder() {
    let dir = folder("");
    let inner = dir.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("mine.toml"), "[server]\ndata_dir = \"here\"").unwrap();
    let loaded = load_from(Some(Path::new("inner/mine.toml")), dir.path(), std::iter::empty()).unwrap();
    assert_eq!(loaded.config.server.data_dir, inner.join("here"));
    assert_eq!(loaded.file, Some(inner.join("mine.toml")));
    let missing = load_from(Some(Path::new("no.toml")), dir.path(), std::iter::empty()).unwrap_err().to_string();
    assert!(missing.starts_with("the configuration file no.toml cannot be read (No such file"), "{missing}");
}

#[test]
fn environment_wins_over_the_file() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\n[uploader]\nenabled = true\nconcurrency = 2";
    let config = accepted(
        file,
        &[
            ("BAKUHANTAM__SERVER__LISTEN", "0.0.0.0:80"),
            ("BAKUHANTAM__PAYMENTS__GATEWAY", "none"),
            ("BAKUHANTAM__UPLOADER__ENABLED", "false"),
            ("BAKUHANTAM__UPLOADER__CONCURRENCY", "3"),
            ("BAKUHANTAM__OBJECTS__S3__BUCKET", "b"),
            ("BAKUHANTAM__SERVER__TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2"),
            ("BAKUHANTAM__INGEST__HOOK_TRUSTED", "[\"10.0.0.3\"]"),
            ("BAKUHANTAM_LOG", "debug"),
            ("UNRELATED", "1"),
        ],
    );
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:80");
    assert!(!config.uploader.enabled);
    assert_eq!(config.uploader.concurrency, 3);
    assert_eq!(config.objects.s3.bucket, "b");
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.ingest.hook_trusted.len(), 1);
}

#[test]
fn environment_changes_one_rendition_or_gives_the_whole_ladder() {
    let config = accepted("", &[("BAKUHANTAM__ENCODER__RENDITIONS__2__BITRATE_KBPS", "600")]);
    assert_eq!(config.encoder.renditions.len(), 3);
    assert_eq!(config.encoder.renditions[2].bitrate_kbps, 600);
    let toml =
        "[{name='a', height=360, fps=25, level='3.0', bitrate_kbps=1, maxrate_kbps=2, bufsize_kbps=3, audio_kbps=64}]";
    let json = r#"[{"name":"a","height":360,"fps":25,"level":"3.0","bitrate_kbps":1,"maxrate_kbps":2,"bufsize_kbps":3,"audio_kbps":64}]"#;
    for ladder in [toml, json] {
        let config = accepted("", &[("BAKUHANTAM__ENCODER__RENDITIONS", ladder)]);
        assert_eq!(config.encoder.renditions.len(), 1, "{ladder}");
        assert_eq!(config.encoder.renditions[0].fps, 25);
    }
}

#[test]
fn secrets_come_from_files_without_their_line_end() {
    let dir = folder("[server]\nsecret_key = \"\"\nsecret_key_file = \"key\"\n[metrics]\ntoken = \"from the file\"");
    std::fs::write(dir.path().join("key"), format!("{KEY}\r\n")).unwrap();
    std::fs::write(dir.path().join("url"), "postgres://u:p@h/d\n").unwrap();
    std::fs::write(dir.path().join("token"), "t0ken\n\n").unwrap();
    let vars = [("BAKUHANTAM__DATABASE__URL_FILE", "url"), ("BAKUHANTAM__METRICS__TOKEN_FILE", "token")];
    let config = load_in(dir.path(), &vars).unwrap().config;
    assert_eq!(config.server.secret_key.expose(), KEY);
    assert_eq!(config.database.url.expose(), "postgres://u:p@h/d");
    assert_eq!(config.metrics.token.expose(), "t0ken\n");
}

#[test]
fn a_secret_given_twice_in_one_layer_is_refused_and_across_layers_the_higher_wins() {
    let dir = folder("[metrics]\ntoken = \"a\"\ntoken_file = \"token\"");
    std::fs::write(dir.path().join("token"), "b").unwrap();
    assert_eq!(
        load_in(dir.path(), &[]).unwrap_err(),
        "metrics.token_file (bakuhantam.toml:3) and metrics.token are both given: remove one of them"
    );
    let config = load_in(dir.path(), &[("BAKUHANTAM__METRICS__TOKEN", "c")]).unwrap().config;
    assert_eq!(config.metrics.token.expose(), "c");
    let both = [("BAKUHANTAM__METRICS__TOKEN", "c"), ("BAKUHANTAM__METRICS__TOKEN_FILE", "token")];
    assert_eq!(
        load_in(dir.path(), &both).unwrap_err(),
        "metrics.token_file (BAKUHANTAM__METRICS__TOKEN_FILE) and metrics.token are both given: remove one of them"
    );
}

#[test]
fn show_masks_secrets_and_can_be_read_again() {
    let text = format!(
        "[server]\nsecret_key = \"{KEY}\"\n[database]\nurl = \"postgres://user:s3cret@host/db?sslpassword=hidden&x=1\"\n\
         [objects.s3]\nsecret_access_key = \"hush\"\n[metrics]\ntoken = \"hush\""
    );
    let shown = show(&accepted(&text, &[]));
    for secret in [KEY, "s3cret", "hidden", "hush"] {
        assert!(!shown.contains(secret), "{secret} in\n{shown}");
    }
    assert!(shown.contains("url = \"postgres://user:***@host/db?sslpassword=***&x=1\""), "{shown}");
    assert!(toml::from_str::<Config>(&shown).is_ok());
    let open = show(&accepted("", &[("BAKUHANTAM__DATABASE__URL", "sqlite:///x/y.db")]));
    assert!(open.contains("url = \"sqlite:///x/y.db\""), "{open}");
}

#[test]
fn secret_key_is_made_once_and_processes_at_once_agree() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let loaded = load_in(dir.path(), &[]).unwrap();
    let prints: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| loaded.secret_key().unwrap().fingerprint())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(prints.iter().all(|print| *print == prints[0]), "{prints:?}");
    let path = dir.path().join("data/secret.key");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(dir.path().join("data")).unwrap().count(), 1, "nothing is left beside it");
    std::fs::write(&path, "short").unwrap();
    let wrong = loaded.secret_key().unwrap_err().to_string();
    assert!(wrong.contains("secret.key is not base64 of 32 bytes"), "{wrong}");
}

#[test]
fn a_given_secret_key_is_used_and_no_file_is_made() {
    let dir = folder(&format!("[server]\nsecret_key = \"{KEY}\""));
    let mut loaded = load_in(dir.path(), &[]).unwrap();
    assert!(loaded.secret_key().is_ok());
    assert!(!dir.path().join("data").exists());
    loaded.config.server.secret_key = Secret::default();
    loaded.config.cluster.nodes = vec!["http://a".into()];
    assert!(loaded.secret_key().unwrap_err().to_string().contains("cluster.nodes names nodes"));
}

#[test]
fn a_cookie_domain_is_above_every_host_that_needs_the_cookie() {
    let hosts = |domain: &str| {
        format!(
            "[server]\npublic_url = \"https://baku.test\"\n[hosts]\nsite = \"baku.test\"\napi = \"api.baku.test\"\n\
             cookie_domain = \"{domain}\"\n[payments]\ngateway = \"none\"\n"
        )
    };
    for right in [".baku.test", "baku.test", ""] {
        accepted(&hosts(right), &[]);
    }
    for wrong in [".api.baku.test", ".evil.test", "test", ".test", "aku.test", "https://baku.test", "."] {
        let told = refused(&hosts(wrong), &[]);
        assert!(told.contains("hosts.cookie_domain") && told.contains("write a"), "{told}");
    }
    let told = refused("[hosts]\ncookie_domain = \".baku.test\"\n", &[]);
    assert!(told.contains("127.0.0.1"), "{told}");
    let key = format!(
        "[server]\nsecret_key = \"{KEY}\"\npublic_url = \"https://baku.test\"\n[payments]\ngateway = \"none\"\n"
    );
    let nodes =
        |node: &str| format!("{key}[hosts]\ncookie_domain = \".baku.test\"\n[cluster]\nnodes = [\"https://{node}\"]\n");
    accepted(&nodes("node-1.baku.test"), &[]);
    assert!(refused(&nodes("node-1.other.test"), &[]).contains("cluster.nodes"));
}
