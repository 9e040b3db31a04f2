//! The queue before the one writer, and its thread: takes what waits, runs it as one group, answers, and goes on.
//!
//! A caller has a future, whose waker is called when the group is on disk: no thread need wait for it (ADR 0026).

use std::collections::VecDeque;
use std::future::ready;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use driftless_model::{Error, Result};
use driftless_store::{Length, StoreFigures, Unit, Written, unavailable};

use crate::error::Watch;
use crate::group;
use crate::log::{self, Log};
use crate::pool::Pool;
use crate::unit::{Counts, Engine};

/// Most units of one group (ADR 0003).
const GROUP_MAX: usize = 256;
/// How long a group takes in more units: those that come while it runs save a commit, but the first ones wait for it.
const GROUP_OPEN: Duration = Duration::from_millis(5);
/// Groups between two looks at the size of the log.
const LOG_LOOK_GROUPS: u64 = 64;

/// The writer of a store.
pub(crate) struct Writer {
    queue: Mutex<Queue>,
    /// A unit has come to an empty queue, or the store is closed.
    called: Condvar,
    engine: Mutex<Engine>,
    watch: Arc<Watch>,
    counts: Arc<Counts>,
    /// Watched by the upkeep.
    pub(crate) log: Log,
    /// Groups committed so far.
    groups: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Ticket>,
    /// The writer has nothing to do and is to be called.
    is_asleep: bool,
    closed: bool,
}

struct Ticket {
    unit: Unit,
    seat: Arc<Seat>,
    come: Instant,
}

/// Where a caller gets its answer.
#[derive(Default)]
struct Seat(Mutex<Call>);

#[derive(Default)]
struct Call {
    answer: Option<Result<()>>,
    waker: Option<Waker>,
}

impl Seat {
    fn answer(&self, answer: Result<()>) {
        let mut call = self.lock();
        call.answer = Some(answer);
        let waker = call.waker.take();
        drop(call);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a unit that was queued. Dropped, it leaves the unit where it is.
struct Answer(Arc<Seat>);

impl Future for Answer {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut call = self.0.lock();
        match call.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                call.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The thread of a writer. Dropped, it ends when nothing waits.
pub(crate) struct WriterThread {
    writer: Arc<Writer>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    pub(crate) fn start(writer: Arc<Writer>) -> std::io::Result<Self> {
        let own = Arc::clone(&writer);
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || own.work())?;
        Ok(Self { writer, thread: Some(thread) })
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.writer.queue().closed = true;
        self.writer.called.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the writer of the store had panicked");
        }
    }
}

impl Writer {
    pub(crate) fn new(engine: Engine, watch: Arc<Watch>, log: Log) -> Self {
        let counts = Arc::clone(&engine.counts);
        let (queue, called) = (Mutex::default(), Condvar::new());
        Self { queue, called, engine: Mutex::new(engine), watch, counts, log, groups: AtomicU64::new(0) }
    }

    /// Queues a unit.
    pub(crate) fn submit(&self, unit: Unit) -> Written<'static> {
        if self.watch.is_broken() {
            return Box::pin(ready(Err(broken())));
        }
        let seat = Arc::new(Seat::default());
        let ticket = Ticket { unit, seat: Arc::clone(&seat), come: Instant::now() };
        let mut queue = self.queue();
        queue.waiting.push_back(ticket);
        let is_asleep = std::mem::take(&mut queue.is_asleep);
        drop(queue);
        if is_asleep {
            self.called.notify_one();
        }
        Box::pin(Answer(seat))
    }

    /// Runs groups until the store is closed.
    fn work(&self) {
        let _ended = Vigil(&self.watch);
        while let Some(first) = self.first() {
            let (seats, results) = self.run(first);
            for (seat, result) in seats.into_iter().zip(results) {
                seat.answer(result);
            }
        }
    }

    /// Waits for the unit that begins the next group. None when the store is closed.
    fn first(&self) -> Option<Ticket> {
        let mut queue = self.queue();
        loop {
            if let Some(first) = queue.waiting.pop_front() {
                return Some(first);
            }
            if queue.closed {
                return None;
            }
            queue.is_asleep = true;
            queue = self.called.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Answers units that have waited for so long: they never run.
    pub(crate) fn turn_away(&self, older_than: Duration) {
        let mut late = Vec::new();
        let mut queue = self.queue();
        while let Some(ticket) = queue.waiting.pop_front_if(|ticket| ticket.come.elapsed() >= older_than) {
            late.push(ticket.seat);
        }
        drop(queue);
        for seat in late {
            seat.answer(Err(unavailable("The request waited too long for others to finish writing. Try again.", 1)));
        }
    }

    /// One more short unit, if one waits. Threads that are about to queue theirs are let run once: each that joins saves a commit.
    fn joining(&self) -> Option<Ticket> {
        let take = || self.queue().waiting.pop_front_if(|ticket| ticket.unit.length == Length::Short);
        take().or_else(|| {
            std::thread::yield_now();
            take()
        })
    }

    /// Runs a group. Gives who took part and what came of it, in the same order.
    fn run(&self, first: Ticket) -> (Vec<Arc<Seat>>, Vec<Result<()>>) {
        let mut engine = self.engine();
        if self.watch.is_broken() {
            return (vec![first.seat], vec![Err(broken())]);
        }
        let long = first.unit.length == Length::Long;
        if long {
            // An index build sorts all rows of a table: on disk, not in memory.
            set_temp_store(&engine, "FILE");
        }
        let begun = Instant::now();
        let mut seats = Vec::new();
        let mut first = Some(first);
        let mut next = || {
            let is_open = !long && seats.len() < GROUP_MAX && begun.elapsed() < GROUP_OPEN;
            let ticket = first.take().or_else(|| if is_open { self.joining() } else { None })?;
            seats.push(ticket.seat);
            Some(ticket.unit)
        };
        let results = group::run(&mut engine, &self.watch, &mut next);
        let kept = results.iter().filter(|result| result.is_ok()).count();
        self.counts.committed.fetch_add(kept as u64, Ordering::Relaxed);
        self.counts.failed.fetch_add((results.len() - kept) as u64, Ordering::Relaxed);
        if long {
            set_temp_store(&engine, "MEMORY");
        }
        let groups = self.groups.fetch_add(1, Ordering::Relaxed);
        self.log.after_group(&engine.conn, &self.watch);
        if (long || groups.is_multiple_of(LOG_LOOK_GROUPS)) && self.log.is_large() {
            log::cut(&engine.conn);
        }
        (seats, results)
    }

    /// What was counted; sizes are not known here.
    pub(crate) fn figures(&self) -> StoreFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counts { committed, failed, commits, commit_ns, version } = &*self.counts;
        StoreFigures {
            is_writable: !self.watch.is_broken(),
            committed: of(committed),
            failed: of(failed),
            commits: of(commits),
            commit_ns: of(commit_ns),
            version: version.load(Ordering::Relaxed),
            ..StoreFigures::default()
        }
    }

    /// Groups run so far: tells whether the writer rests.
    pub(crate) fn groups(&self) -> u64 {
        self.groups.load(Ordering::Relaxed)
    }

    /// Copies a long log into the database beside the groups that run.
    pub(crate) fn copy_log(&self, pool: &Pool) {
        self.log.copy_beside(pool, &self.watch);
    }

    /// Copies the log into the database and cuts it, and records the position beside the database, unless a group runs. Whether it was done.
    pub(crate) fn rest(&self, closed: bool) -> bool {
        if self.watch.is_broken() {
            return true;
        }
        let mut engine = match self.engine.try_lock() {
            Ok(engine) => engine,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        log::cut(&engine.conn);
        let durable = engine.state.position;
        if let Err(error) = engine.counter.rest(durable, closed) {
            tracing::warn!(%error, "the position could not be recorded beside the database");
        }
        true
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Units catch their own panics: one that ends the writer is a fault of the store, after which the others would wait forever.
struct Vigil<'w>(&'w Watch);

impl Drop for Vigil<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fatal("the writer panicked");
        }
    }
}

fn broken() -> Error {
    unavailable("The store has failed and must be started again.", 30)
}

fn set_temp_store(engine: &Engine, place: &str) {
    if let Err(error) = engine.conn.pragma_update(None, "temp_store", place) {
        tracing::warn!(%error, place, "the place of temporary data could not be chosen");
    }
}
