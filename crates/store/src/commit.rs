//! The answer to a transaction: a future, or a blocking wait for those who are not in a runtime.
//!
//! Dropping the future takes nothing back: a transaction that was handed in is committed or refused.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::oneshot;

use crate::fault::CommitError;
use crate::record::Committed;

pub(crate) type Answer = Result<Committed, CommitError>;

/// Resolves once the transaction is durable, or refused. Dropping it does not take the transaction back.
#[derive(Debug)]
#[must_use = "whether the transaction is durable is known only from the answer"]
pub struct Commit(Progress);

#[derive(Debug)]
enum Progress {
    Waits(oneshot::Receiver<Answer>),
    Refused(CommitError),
}

impl Commit {
    pub(crate) fn pending(answer: oneshot::Receiver<Answer>) -> Self {
        Self(Progress::Waits(answer))
    }

    pub(crate) fn refused(error: CommitError) -> Self {
        Self(Progress::Refused(error))
    }

    /// Blocks the calling thread until the answer is there.
    ///
    /// # Errors
    /// As the future.
    pub fn wait(self) -> Answer {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut commit = pin!(self);
        loop {
            match commit.as_mut().poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Future for Commit {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match &mut self.0 {
            Progress::Refused(error) => Poll::Ready(Err(error.clone())),
            Progress::Waits(answer) => Pin::new(answer)
                .poll(context)
                .map(|answer| answer.unwrap_or(Err(CommitError::Closed))),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
