//! The real binary, `bakuhantam serve`, on a free port with a data folder of its own.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bakuhantam::store::Store;
use bakuhantam::store::migrate::{self, SchemaState};
use bakuhantam::{config, ledger};
use tempfile::TempDir;

use super::{http, ports, signal, until, until_blocking};

/// From start to a first answer of `/health`.
const START_DEADLINE: Duration = Duration::from_secs(20);
/// From TERM to the end; longer than `server.shutdown_timeout_ms` below.
const STOP_DEADLINE: Duration = Duration::from_secs(15);

const BIN: &str = env!("CARGO_BIN_EXE_bakuhantam");

/// A server. When it is dropped it must stop by TERM with exit code 0, the books must be right, and no WARN or ERROR may
/// stand in its log that was not allowed.
#[derive(Debug)]
pub struct TestServer {
    folder: TempDir,
    port: u16,
    running: Option<Running>,
    log: Log,
    allowed: Vec<String>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    readers: Vec<JoinHandle<()>>,
}

/// The lines of a log, shared with the threads that read it.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn read(&self, from: impl Read + Send + 'static) -> JoinHandle<()> {
        let lines = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                lines.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        })
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TestServer {
    /// Migrates a new database and starts the server with `overrides` (the text of a `bakuhantam.toml`) over the
    /// defaults.
    pub async fn start(overrides: &str) -> Self {
        let mut server = Self::prepare(overrides);
        server.migrate();
        server.serve().await;
        server
    }

    /// Only writes the configuration: for tests that run commands first, or want to see a start fail.
    pub fn prepare(overrides: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = ports::free();
        let base = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n\
             shutdown_timeout_ms = 10000\n"
        );
        let mut config: toml::Table = base.parse().expect("the base configuration");
        merge(&mut config, overrides.parse().unwrap_or_else(|error| panic!("overrides: {error}")));
        let text = toml::to_string(&config).expect("a configuration as text");
        std::fs::write(folder.path().join("bakuhantam.toml"), text).expect("a configuration file");
        Self { folder, port, running: None, log: Log::default(), allowed: Vec::new() }
    }

    /// Lets log lines with this text be WARN or ERROR.
    pub fn allow(&mut self, text: &str) -> &mut Self {
        self.allowed.push(text.to_owned());
        self
    }

    /// `bakuhantam migrate`.
    pub fn migrate(&self) {
        let done = self.cli(&["migrate"]);
        assert!(done.status.success(), "migrate: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Starts `serve` and waits for `/health`, whatever it says of itself.
    pub async fn serve(&mut self) {
        self.spawn();
        let health = self.url("/health");
        until("the server answers /health", START_DEADLINE, async || {
            if let Some(ended) = self.ended() {
                panic!("the server stopped at its start ({ended}):\n{}", self.log().join("\n"));
            }
            http::try_send(hyper::Method::GET, &health, &[], "").await.ok()
        })
        .await;
    }

    fn spawn(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--", BIN, "serve", "--config"])
            .arg(self.config())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv runs (util-linux)");
        let out = child.stdout.take().expect("stdout is piped");
        let err = child.stderr.take().expect("stderr is piped");
        let readers = vec![self.log.read(out), self.log.read(err)];
        self.running = Some(Running { child, readers });
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.running.as_mut().and_then(|running| running.child.try_wait().expect("a child can be waited for"))
    }

    /// Runs a command of the binary with this server's configuration.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        Command::new(BIN)
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs")
    }

    /// [`TestServer::cli`] that must succeed; what it printed.
    pub fn cli_ok(&self, arguments: &[&str]) -> String {
        let done = self.cli(arguments);
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    /// An address of the server: `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder with the configuration file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("bakuhantam.toml")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the server runs").child.id()
    }

    /// Every line it has written so far, over all its starts.
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Ends it as a power cut would, and waits for the end. [`TestServer::serve`] starts it again.
    pub fn sigkill(&mut self) {
        let mut running = self.running.take().expect("the server runs");
        running.child.kill().expect("a child can be killed");
        running.child.wait().expect("a child can be waited for");
        join(running.readers);
    }

    /// Stops it by TERM; it must end with exit code 0. [`TestServer::serve`] starts it again.
    pub fn stop(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        signal(running.child.id(), "TERM");
        let mut ended = None;
        let begun = std::time::Instant::now();
        while ended.is_none() && begun.elapsed() < STOP_DEADLINE {
            ended = running.child.try_wait().expect("a child can be waited for");
            std::thread::sleep(Duration::from_millis(10));
        }
        if ended.is_none() {
            running.child.kill().expect("a child can be killed");
            running.child.wait().expect("a child can be waited for");
        }
        join(running.readers);
        let log = || self.log().join("\n");
        match ended {
            Some(status) => assert!(status.success(), "after TERM the server ended with {status}:\n{}", log()),
            None => panic!("{} s after TERM the server still ran:\n{}", STOP_DEADLINE.as_secs(), log()),
        }
    }

    /// Waits until the log has a line with `text`.
    pub fn wait_for_log(&self, text: &str, deadline: Duration) -> String {
        until_blocking(&format!("a log line with \"{text}\""), deadline, || {
            self.log().into_iter().find(|line| line.contains(text))
        })
    }

    /// What is wrong with the coins' books: what `ledger verify` finds, without a process for it. A database that is
    /// away or of another schema has no books to look at.
    fn drifts(&self) -> Vec<String> {
        let loaded = config::load(Some(&self.config())).ok();
        let store = loaded.and_then(|loaded| Store::open(&loaded.config.database).ok());
        let Some(store) = store.filter(|store| matches!(migrate::schema_state(store), Ok(SchemaState::Current))) else {
            return Vec::new();
        };
        let drifts = RefCell::new(Vec::new());
        let read =
            store.read_now(&|conn| ledger::verify(conn, &mut |drift| drifts.borrow_mut().push(drift.to_string())));
        match read {
            Ok(_) => drifts.into_inner(),
            Err(error) if error.is_unavailable() => Vec::new(),
            Err(error) => vec![error.to_string()],
        }
    }

    fn unexpected(&self) -> Vec<String> {
        let allowed = |line: &String| self.allowed.iter().any(|text| line.contains(text.as_str()));
        self.log().into_iter().filter(|line| is_alarm(line) && !allowed(line)).collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(mut running) = self.running.take() {
                running.child.kill().and_then(|()| running.child.wait()).expect("a child can be killed");
                join(running.readers);
            }
            eprintln!("the server's log:\n{}", self.log().join("\n"));
            return;
        }
        self.stop();
        let drifts = self.drifts();
        assert!(drifts.is_empty(), "the books are wrong:\n{}", drifts.join("\n"));
        let unexpected = self.unexpected();
        assert!(unexpected.is_empty(), "unexpected in the log:\n{}", unexpected.join("\n"));
    }
}

fn join(readers: Vec<JoinHandle<()>>) {
    // A process the server has started may hold the pipe: its end is not waited for.
    for reader in readers {
        let begun = std::time::Instant::now();
        while !reader.is_finished() && begun.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a line is a WARN, an ERROR or a panic.
fn is_alarm(line: &str) -> bool {
    match serde_json::from_str::<serde_json::Value>(line) {
        Ok(entry) => matches!(entry.get("level").and_then(|level| level.as_str()), Some("WARN" | "ERROR")),
        Err(_) => line.contains("panicked at"),
    }
}

/// Puts `over` on top of `base`, table by table.
fn merge(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[test]
fn overrides_go_table_by_table() {
    let mut base: toml::Table = "[server]\na = 1\nb = 2\n[hosts]\nsite = \"x\"".parse().expect("TOML");
    merge(&mut base, "[server]\nb = 3\n[objects.s3]\nbucket = \"y\"".parse().expect("TOML"));
    let both: toml::Table =
        "[server]\na = 1\nb = 3\n[hosts]\nsite = \"x\"\n[objects.s3]\nbucket = \"y\"".parse().expect("TOML");
    assert_eq!(base, both);
}

#[test]
fn warnings_errors_and_panics_are_alarms_and_the_rest_is_not() {
    for alarm in [r#"{"level":"WARN","message":"x"}"#, r#"{"level":"ERROR"}"#, "thread 'x' panicked at src/app.rs:1:1:"]
    {
        assert!(is_alarm(alarm), "{alarm}");
    }
    for fine in [r#"{"level":"INFO","message":"no ERROR"}"#, "http://127.0.0.1:8080", ""] {
        assert!(!is_alarm(fine), "{fine}");
    }
}
