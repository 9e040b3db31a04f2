//! What the parts of one connection know of each other: its exchanges and its times.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::front::Peer;
use crate::limits::Limits;

/// One connection. Times are milliseconds since it was opened.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) peer: Peer,
    opened: Instant,
    head_timeout: Duration,
    idle_timeout: Duration,
    resets_per_s_max: u32,
    /// Exchanges whose answer has not been handed over whole.
    running: AtomicU32,
    /// When the last exchange ended.
    idle_since_ms: AtomicU64,
    /// When the head that is being read began; `NO_HEAD` between requests.
    head_since_ms: AtomicU64,
    is_http2: AtomicBool,
    lingers: AtomicBool,
    /// Exchanges that the client took back, and the second in which they are counted.
    resets: AtomicU32,
    resets_second: AtomicU64,
}

const NO_HEAD: u64 = u64::MAX;

impl Line {
    pub(crate) fn new(peer: Peer, limits: &Limits) -> Self {
        Self {
            peer,
            opened: Instant::now(),
            head_timeout: limits.head_timeout,
            idle_timeout: limits.idle_timeout,
            resets_per_s_max: limits.resets_per_s_max,
            running: AtomicU32::new(0),
            idle_since_ms: AtomicU64::new(0),
            head_since_ms: AtomicU64::new(0), // the first head is awaited from the start
            is_http2: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
            resets: AtomicU32::new(0),
            resets_second: AtomicU64::new(0),
        }
    }

    /// A request has been read up to its body.
    pub(crate) fn begin(self: &Arc<Self>) -> Exchange {
        self.running.fetch_add(1, Ordering::AcqRel);
        self.head_since_ms.store(NO_HEAD, Ordering::Release);
        Exchange { line: Arc::clone(self), answered: false }
    }

    /// Bytes arrived.
    pub(crate) fn received(&self, bytes: &[u8]) {
        // No method of HTTP/1 begins so. Frames between requests are no part of a head in HTTP/2.
        if self.head_since_ms.load(Ordering::Acquire) == 0 && bytes.starts_with(b"PRI ") {
            self.is_http2.store(true, Ordering::Release);
            self.head_since_ms.store(NO_HEAD, Ordering::Release);
        }
        if self.is_running() || self.is_http2.load(Ordering::Acquire) {
            return;
        }
        let awaited = self.head_since_ms.load(Ordering::Acquire) == NO_HEAD;
        if awaited {
            let now_ms = self.since_opened_ms();
            self.head_since_ms.store(now_ms, Ordering::Release);
        }
    }

    /// The connection speaks HTTP/2, where not all bytes between requests begin one.
    pub(crate) fn speaks_http2(&self) {
        self.is_http2.store(true, Ordering::Release);
    }

    /// Whether an exchange runs, which has limits of its own.
    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire) > 0
    }

    /// When to close the connection if nothing more arrives.
    pub(crate) fn read_deadline(&self) -> Instant {
        if self.is_running() {
            return Instant::now() + self.idle_timeout; // look again later
        }
        let head_ms = self.head_since_ms.load(Ordering::Acquire);
        if head_ms == NO_HEAD {
            let idle_ms = self.idle_since_ms.load(Ordering::Acquire);
            self.opened + Duration::from_millis(idle_ms) + self.idle_timeout
        } else {
            self.opened + Duration::from_millis(head_ms) + self.head_timeout
        }
    }

    /// When to look at the deadline again: an exchange may end without anybody looking, and idleness begins then.
    pub(crate) fn next_look(&self) -> Instant {
        self.read_deadline().min(Instant::now() + self.idle_timeout)
    }

    /// The client may still be sending: take what it sends for a while before closing, or it may lose the answer.
    pub(crate) fn linger(&self) {
        self.lingers.store(true, Ordering::Release);
    }

    pub(crate) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Acquire)
    }

    /// Whether the client takes back requests faster than it may (SEC-14).
    pub(crate) fn is_flooded(&self) -> bool {
        self.resets.load(Ordering::Acquire) > self.resets_per_s_max
    }

    fn count_reset(&self) {
        let second = self.since_opened_ms() / 1_000;
        if self.resets_second.swap(second, Ordering::AcqRel) != second && !self.is_flooded() {
            self.resets.store(0, Ordering::Release);
        }
        self.resets.fetch_add(1, Ordering::AcqRel);
    }

    fn since_opened_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NO_HEAD - 1)
    }
}

/// One request and its answer. Ends when dropped: after the answer's last piece was taken, or when the client gave up.
#[derive(Debug)]
pub(crate) struct Exchange {
    line: Arc<Line>,
    answered: bool,
}

impl Exchange {
    /// An answer exists; what happens from here on is no reset.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.answered {
            self.line.count_reset();
        }
        let now_ms = self.line.since_opened_ms();
        self.line.idle_since_ms.store(now_ms, Ordering::Release);
        self.line.running.fetch_sub(1, Ordering::AcqRel);
    }
}
