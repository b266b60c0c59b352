//! A PostgreSQL cluster of a test's own, with fsync on, that can be killed as a power cut would and started again.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::processes::descendants;
use super::{ports, signal, until_blocking};

const START_DEADLINE: Duration = Duration::from_secs(60);

/// The cluster. Ends with the test.
pub struct PrivatePostgres {
    folder: TempDir,
    port: u16,
    postmaster: Option<Child>,
}

impl PrivatePostgres {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if is_root() {
            let owned = Command::new("chown").arg("postgres:postgres").arg(folder.path()).status();
            assert!(owned.expect("chown runs").success(), "the folder is the cluster's");
        }
        let made = as_postgres("initdb")
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut cluster = Self { folder, port: ports::free(), postmaster: None };
        cluster.restart();
        cluster
    }

    /// Its address, for `database.url`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it after [`PrivatePostgres::kill`], and waits until it answers.
    pub fn restart(&mut self) {
        let (folder, port) = (self.folder.path().to_owned(), self.port.to_string());
        let mut started = false;
        until_blocking("the cluster answers", START_DEADLINE, || {
            let ended = self.postmaster.as_mut().is_none_or(|child| child.try_wait().expect("a child").is_some());
            if ended {
                // What was killed may hold its memory for a moment: then the new one ends at once, and is tried again.
                let log = std::fs::File::options().create(true).append(true).open(folder.join("log"));
                let mut command = as_postgres("postgres");
                command.arg("-D").arg(folder.join("data")).args(["-h", "127.0.0.1", "-p", &port, "-k"]).arg(&folder);
                command.args(["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=100"]);
                command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null());
                command.stderr(log.expect("a log")).process_group(0);
                self.postmaster = Some(command.spawn().expect("postgres runs"));
                started = true;
            }
            PgConnection::establish(&self.url()).ok()?.batch_execute("SELECT 1").ok()
        });
        assert!(started, "it was killed before");
    }

    /// SIGKILL to every process of it at once.
    pub fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        let pid = postmaster.id();
        let mut all = vec![pid];
        all.extend(descendants(pid, "postgres"));
        for pid in all {
            signal(pid, "KILL");
        }
        postmaster.wait().expect("a child can be waited for");
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.kill();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").expect("/proc is mounted").uid() == 0
}

/// A program of the server. It refuses to run as root, so root becomes the user "postgres" for it.
fn as_postgres(program: &str) -> Command {
    let path = bin().join(program);
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(path);
    command
}

/// The newest of the installed servers.
fn bin() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib/postgresql").map(|entries| {
        entries
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .filter(|bin| bin.join("postgres").is_file())
            .max_by_key(|bin| {
                let version = bin.parent().and_then(|folder| folder.file_name()?.to_str()?.parse::<u32>().ok());
                version.unwrap_or(0)
            })
    });
    found.ok().flatten().expect("PostgreSQL's server programs are missing: run the tests by `make test`")
}
