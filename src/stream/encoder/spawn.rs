//! Starts children from one thread that lives as long as the encoders.

use std::io;
use std::sync::mpsc;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The thread that starts children. The parent death signal is sent when the *thread* that started a child ends
/// (prctl(2), `PR_SET_PDEATHSIG`), and a runtime's threads come and go: so all children are started here.
#[derive(Clone, Debug)]
pub(super) struct Spawner {
    jobs: Option<mpsc::Sender<Job>>,
}

#[derive(Debug)]
struct Job {
    command: Command,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Child>>,
}

impl Spawner {
    /// Starts the thread; it ends with the last clone.
    pub(super) fn start() -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new().name("encoder-spawn".into()).spawn(move || {
            while let Ok(mut job) = queue.recv() {
                let _in_runtime = job.runtime.enter();
                // Where the asker is gone the child is killed by `kill_on_drop`.
                drop(job.reply.send(job.command.spawn()));
            }
        });
        Self { jobs: thread.is_ok().then_some(jobs) }
    }

    /// Starts one child.
    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("no thread left to start programs");
        let (reply, answer) = oneshot::channel();
        let job = Job { command, runtime: Handle::current(), reply };
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
