//! Bodies on their way through: uploads that note their progress, downloads that give their upstream
//! connection back to the pool when they end. Bytes are passed on as they come.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::pool::{Pool, Sender};
use crate::wire::Activity;

/// A request's body.
pub(crate) struct Upload {
    inner: Incoming,
    progress: Activity,
    ended: Ended,
}

/// Has a request been sent to its end? Until then its connection takes no other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ended(Rc<Cell<bool>>);

impl Upload {
    pub(crate) fn new(inner: Incoming, progress: Activity) -> Self {
        let ended = Ended(Rc::new(Cell::new(inner.is_end_stream())));
        Self {
            inner,
            progress,
            ended,
        }
    }

    /// Becomes true at the body's end.
    pub(crate) fn ended(&self) -> Ended {
        self.ended.clone()
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(frame) = &polled {
            self.progress.touch();
            let over = frame.is_none() || self.inner.is_end_stream();
            self.ended.0.set(over);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A response's body: the upstream's, or our own words.
pub(crate) enum Download {
    Upstream(Incoming, #[expect(dead_code, reason = "held for its drop")] Lease),
    Own(Full<Bytes>),
}

/// An upstream connection in use; it goes back to the pool when this is dropped.
pub(crate) struct Lease {
    pub(crate) pool: Rc<RefCell<Pool>>,
    pub(crate) sender: Option<Sender>,
    /// Of the request that it carried.
    pub(crate) ended: Ended,
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A response may come before its request is over; such a connection is of no use to others.
        if let Some(sender) = self.sender.take().filter(|_| self.ended.0.get()) {
            self.pool.borrow_mut().put(sender);
        }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Upstream(body, _) => Pin::new(body).poll_frame(cx),
            Self::Own(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Upstream(body, _) => body.is_end_stream(),
            Self::Own(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Upstream(body, _) => body.size_hint(),
            Self::Own(body) => body.size_hint(),
        }
    }
}
