//! Bodies in both directions: reading a request's within its limits, sending an answer's.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, timeout_at};

use crate::front::Chunks;
use crate::limits::Limits;
use crate::line::Exchange;

/// Bodies below this are not counted against the common budget.
const UNCOUNTED_BYTES: usize = 64 * 1024;
/// Bytes that a refused client may still send, so that it gets to read its answer.
pub(crate) const DISCARDED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most bytes that are reserved on the word of a `Content-Length` alone.
const RESERVED_BYTES_MAX: usize = 1024 * 1024;

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum Unread {
    /// Larger than the limit.
    TooLarge,
    /// Slower than the minimum (SEC-15).
    TooSlow,
    /// All bodies together would exceed their budget.
    NoRoom,
    /// The connection ended or the framing is wrong.
    Broken(hyper::Error),
}

/// Bytes of large bodies that are held now, all requests together.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    held: AtomicUsize,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Budget {
    pub(crate) fn share(&self) -> Share<'_> {
        Share { budget: self, bytes: 0 }
    }
}

impl Share<'_> {
    /// Raises the share to `bytes`; `false` if the budget does not allow it.
    fn raise(&mut self, bytes: usize, max: usize) -> bool {
        if bytes <= UNCOUNTED_BYTES {
            return true;
        }
        let more = bytes - self.bytes;
        let before = self.budget.held.fetch_add(more, Ordering::Relaxed);
        self.bytes = bytes;
        before + more <= max
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// Reads a whole body of at most `bytes_max` bytes, at the least speed that `limits` demand. `share` must live as long
/// as the body does.
pub(crate) async fn read<B>(body: &mut B, bytes_max: usize, limits: &Limits, share: &mut Share<'_>) -> Result<Bytes, Unread>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(Unread::TooLarge);
    }
    let started = Instant::now();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    loop {
        let received = first.len() + rest.len();
        let owed = Duration::from_secs(received as u64 / limits.body_bytes_per_s_min.max(1));
        let deadline = started + limits.body_grace + owed;
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        let frame = match timeout_at(deadline, frame).await {
            Err(_) => return Err(Unread::TooSlow),
            Ok(None) => break,
            Ok(Some(frame)) => frame.map_err(Unread::Broken)?,
        };
        let Ok(data) = frame.into_data() else {
            continue; // trailers mean nothing here
        };
        let total = received + data.len();
        if total > bytes_max {
            return Err(Unread::TooLarge);
        }
        if !share.raise(total, limits.bodies_bytes_max) {
            return Err(Unread::NoRoom);
        }
        // Most bodies come in one piece, which is then handed on as it is.
        if received == 0 {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(announced.clamp(total, RESERVED_BYTES_MAX.max(total)));
            rest.extend_from_slice(&first);
            first = Bytes::new();
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Reads what is left of a body, for so long and no more than [`DISCARDED_BYTES_MAX`], and forgets it.
pub(crate) async fn discard<B>(body: &mut B, patience: Duration)
where
    B: Body<Data = Bytes> + Unpin,
{
    let deadline = Instant::now() + patience;
    let mut taken = 0;
    while taken < DISCARDED_BYTES_MAX && !body.is_end_stream() {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        match timeout_at(deadline, frame).await {
            Ok(Some(Ok(frame))) => taken += frame.data_ref().map_or(0, Bytes::len),
            _ => return,
        }
    }
}

/// The body of an answer on its way out. It holds the exchange, which ends when the last piece was taken.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    pieces: std::vec::IntoIter<Bytes>,
    left: u64,
    _exchange: Exchange,
}

impl AnswerBody {
    pub(crate) fn new(chunks: Chunks, exchange: Exchange) -> Self {
        Self { left: chunks.len(), pieces: chunks.into_pieces().into_iter(), _exchange: exchange }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.find(|piece| !piece.is_empty());
        if let Some(piece) = &piece {
            self.left -= piece.len() as u64;
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
