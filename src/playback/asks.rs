//! Questions to the database that are asked together: those that come while one batch is answered make the next.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::GateError;
use crate::store::StoreError;

/// How long the first question of a batch waits for others.
const COLLECT: Duration = Duration::from_millis(4);
/// Questions of one batch.
const BATCH_MAX: usize = 500;
/// Questions that wait; whoever comes beyond is told to come again.
const QUEUE_MAX: usize = 65_536;
/// The longest wait for an answer, its turn included.
const ASK_MAX: Duration = Duration::from_secs(5);
/// A batch that takes longer is given up; what it asked may still be done.
const BATCH_TAKES_MAX: Duration = Duration::from_secs(4);

type Waiting<Q, A> = (Q, oneshot::Sender<Result<A, GateError>>);

/// Questions on their way to whoever answers them.
pub(super) type Queue<Q, A> = mpsc::Receiver<Waiting<Q, A>>;

/// Where one kind of question is asked.
pub(super) struct Asks<Q, A>(mpsc::Sender<Waiting<Q, A>>);

impl<Q, A> fmt::Debug for Asks<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asks")
    }
}

impl<Q: Send + 'static, A: Send + 'static> Asks<Q, A> {
    /// Where to ask, and the queue for [`answer`].
    pub(super) fn new() -> (Self, Queue<Q, A>) {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        (Self(sender), queue)
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&self, question: Q) -> Result<A, GateError> {
        let (teller, told) = oneshot::channel();
        self.0.try_send((question, teller)).map_err(|_full_or_stopped| GateError::Away)?;
        match timeout(ASK_MAX, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_stopped)) => Err(GateError::Away),
            Err(_late) => Err(GateError::Away),
        }
    }
}

/// Answers what comes by `by`, which gives one answer for each question, in their order. Ends with whoever asks.
pub(super) async fn answer<Q, A, F, R>(mut queue: Queue<Q, A>, by: F)
where
    F: Fn(Vec<Q>) -> R,
    R: Future<Output = Result<Vec<A>, StoreError>>,
{
    let mut batch = Vec::new();
    let mut is_away = false;
    while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
        if batch.len() < BATCH_MAX {
            tokio::time::sleep(COLLECT).await;
            while batch.len() < BATCH_MAX
                && let Ok(more) = queue.try_recv()
            {
                batch.push(more);
            }
        }
        // Whoever has hung up need not be asked for.
        batch.retain(|(_, teller)| !teller.is_closed());
        let (questions, tellers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        if questions.is_empty() {
            continue;
        }
        let answered = match timeout(BATCH_TAKES_MAX, by(questions)).await {
            Ok(answered) => answered,
            Err(_late) => Err(StoreError::Unavailable("no answer in time".into())),
        };
        if let Err(error) = &answered
            && !is_away
        {
            tracing::warn!(%error, "the database is away: the gate goes by what it knows");
        }
        is_away = answered.is_err();
        tell(tellers, answered);
    }
}

/// Gives each his answer; whoever does not wait any more is not there to take it.
fn tell<A>(tellers: Vec<oneshot::Sender<Result<A, GateError>>>, answered: Result<Vec<A>, StoreError>) {
    match answered.map_err(GateError::from) {
        Ok(answers) => {
            for (teller, answer) in tellers.into_iter().zip(answers) {
                drop(teller.send(Ok(answer)));
            }
        }
        Err(error) => {
            for teller in tellers {
                drop(teller.send(Err(error.clone())));
            }
        }
    }
}
