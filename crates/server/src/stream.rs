//! A connection's byte stream that keeps its times: closes it when a head, the next request or the reading of an answer
//! takes too long, and lets a refused client read its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};
use uuid::Uuid;

use crate::body::DISCARDED_BYTES_MAX;
use crate::exchange::Site;
use crate::line::Line;
use crate::refusal::{JSON, Refusal};

pub(crate) struct TimedStream<S> {
    inner: S,
    line: Arc<Line>,
    site: Arc<Site>,
    read_timer: Option<Pin<Box<Sleep>>>,
    write_timer: Option<Pin<Box<Sleep>>>,
    /// Whether the last write or flush got stuck.
    is_stalled: bool,
    /// An answer in place of one that the HTTP library gave by itself, not yet written from `.1` on.
    substitute: Option<(Vec<u8>, usize)>,
    shutdown: Shutdown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shutdown {
    NotYet,
    Lingering { taken: usize },
    Done,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TimedStream<S> {
    pub(crate) fn new(inner: S, line: Arc<Line>, site: Arc<Site>) -> Self {
        Self { inner, line, site, read_timer: None, write_timer: None, is_stalled: false, substitute: None, shutdown: Shutdown::NotYet }
    }

    /// Ready when nothing arrived for too long. The timer is left standing while the deadline only moves on, so that a
    /// request costs no work on it.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_running = self.line.is_running();
        let timer = match &mut self.read_timer {
            Some(timer) => {
                if !is_running {
                    let deadline = self.line.read_deadline();
                    if deadline < timer.deadline() {
                        timer.as_mut().reset(deadline);
                    }
                }
                timer
            }
            none => none.insert(Box::pin(sleep_until(self.line.next_look()))),
        };
        loop {
            ready!(timer.as_mut().poll(cx));
            if self.line.read_deadline() <= Instant::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(self.line.next_look());
        }
    }

    /// Passes the outcome of a write or flush on, unless writing has been stuck for too long (SEC-15).
    fn watch_stall<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.is_stalled = false;
            return outcome;
        }
        if !self.is_stalled {
            self.is_stalled = true;
            let deadline = Instant::now() + self.site.limits.write_stall_timeout;
            match &mut self.write_timer {
                Some(timer) => timer.as_mut().reset(deadline),
                none => *none = Some(Box::pin(sleep_until(deadline))),
            }
        }
        if let Some(timer) = &mut self.write_timer {
            ready!(timer.as_mut().poll(cx));
            return Poll::Ready(Err(late("the client does not read its answer")));
        }
        Poll::Pending
    }

    /// Takes the place of a bodiless answer of the HTTP library, which clients could not parse (web-api 29).
    fn replaces(&mut self, written: &[u8]) -> bool {
        if self.line.is_running() {
            return false;
        }
        let Some(refusal) = bare_refusal(written) else {
            return false;
        };
        self.line.linger();
        self.substitute = Some((refusal_text(refusal, self.site.ids.fresh()).into_bytes(), 0));
        true
    }

    fn poll_substitute(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((text, done)) = &mut self.substitute {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &text[*done..]))?;
            *done += written;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if *done == text.len() {
                self.substitute = None;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and forgets until the client ends too, the time is over or enough was taken.
    fn poll_linger(&mut self, cx: &mut Context<'_>, mut taken: usize) -> Poll<()> {
        let mut scratch = [0; 8 * 1024];
        while taken < DISCARDED_BYTES_MAX {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    taken += buffer.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    self.shutdown = Shutdown::Lingering { taken };
                    return match &mut self.read_timer {
                        Some(timer) => timer.as_mut().poll(cx),
                        None => Poll::Ready(()),
                    };
                }
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.line.is_flooded() {
            return Poll::Ready(Err(late("the client takes back too many requests")));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut self.inner).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                let arrived = buffer.filled().get(before..).unwrap_or_default();
                if !arrived.is_empty() {
                    self.line.received(arrived);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => match self.poll_overdue(cx) {
                Poll::Ready(()) => Poll::Ready(Err(late("the client sends nothing"))),
                Poll::Pending => Poll::Pending,
            },
            failed => failed,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch_stall(cx, outcome)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let [only] = slices
            && self.replaces(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.watch_stall(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = match self.poll_substitute(cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_flush(cx),
            other => other,
        };
        self.watch_stall(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.shutdown == Shutdown::NotYet {
            let outcome = match self.poll_substitute(cx) {
                Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_shutdown(cx),
                other => other,
            };
            ready!(self.watch_stall(cx, outcome))?;
            let lingers = self.line.lingers();
            self.shutdown = Shutdown::Done;
            if lingers {
                let deadline = Instant::now() + self.site.limits.linger;
                self.read_timer = Some(Box::pin(sleep_until(deadline)));
                self.shutdown = Shutdown::Lingering { taken: 0 };
            }
        }
        if let Shutdown::Lingering { taken } = self.shutdown {
            ready!(self.poll_linger(cx, taken));
            self.shutdown = Shutdown::Done;
        }
        Poll::Ready(Ok(()))
    }
}

fn late(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

/// The refusal in place of a bodiless 4xx of the HTTP library. Ours all have a body and a request id, and a piece of a
/// JSON body has no raw line break, so nothing else looks like it.
fn bare_refusal(written: &[u8]) -> Option<Refusal> {
    let rest = written.strip_prefix(b"HTTP/1.1 4")?;
    let text = std::str::from_utf8(rest).ok()?;
    let has = |part: &str| text.contains(part);
    let is_bare = has("\r\ncontent-length: 0\r\n") && text.ends_with("\r\n\r\n") && !has("x-ms-service-request-id");
    if !is_bare {
        return None;
    }
    Refusal::of_bare_status(written.get(9..12)?)
}

fn refusal_text(refusal: Refusal, id: Uuid) -> String {
    let (status, body) = (refusal.status(), refusal.body());
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: {JSON}\r\nodata-version: 4.0\r\nx-ms-service-request-id: {id}\r\nreq_id: {id}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::bare_refusal;
    use crate::refusal::Refusal;

    #[test]
    fn only_a_bodiless_answer_of_the_library_is_replaced() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(bare_refusal(bare), Some(Refusal::HeadersTooLarge));
        for other in [
            &b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-ms-service-request-id: 1\r\n\r\n"[..],
            b"HTTP/1.1 414 URI Too Long\r\ncontent-length: 7\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 4",
            b"{\"value\":[]}",
            b"",
        ] {
            assert_eq!(bare_refusal(other), None);
        }
    }
}
