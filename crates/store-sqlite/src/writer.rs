//! The queue before the one writer. Whoever finds nobody leading leads: takes what waits, runs it as one group, answers, and passes the lead on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use driftless_model::{Error, Result};
use driftless_store::{Length, StoreFigures, Unit, unavailable};

use crate::error::Watch;
use crate::group;
use crate::log::{self, Log};
use crate::pool::Pool;
use crate::unit::{Counts, Engine};

/// Most units of one group (ADR 0003).
const GROUP_MAX: usize = 256;
/// How long a group takes in more units: those that come while it runs save a commit, but the first ones wait for it.
const GROUP_OPEN: Duration = Duration::from_millis(5);
/// Groups that a leader runs before it passes the lead on, so that its caller gets the answer soon.
const ROUNDS_MAX: u32 = 2;
/// Groups between two looks at the size of the log.
const LOG_LOOK_GROUPS: u64 = 64;

/// The writer of a store.
pub(crate) struct Writer {
    queue: Mutex<Queue>,
    engine: Mutex<Engine>,
    watch: Arc<Watch>,
    counts: Arc<Counts>,
    wait: Duration,
    /// Watched by the upkeep.
    pub(crate) log: Log,
    /// Groups committed so far.
    groups: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Ticket>,
    leading: bool,
}

struct Ticket {
    unit: Unit,
    seat: Arc<Seat>,
}

/// Where a caller waits for its answer.
#[derive(Default)]
struct Seat {
    call: Mutex<Call>,
    called: Condvar,
}

#[derive(Default)]
enum Call {
    #[default]
    Waiting,
    /// The caller shall lead; its unit is still in the queue.
    Lead,
    Answer(Result<()>),
    /// The answer was taken.
    Gone,
}

impl Seat {
    fn call(&self, call: Call) {
        *self.call.lock().unwrap_or_else(PoisonError::into_inner) = call;
        self.called.notify_one();
    }

    /// Waits until called, or until `deadline`; gives none when the time is over.
    fn wait(&self, deadline: Option<Instant>) -> Option<Call> {
        let mut call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !matches!(*call, Call::Waiting) {
                return Some(std::mem::replace(&mut *call, Call::Gone));
            }
            call = match deadline {
                None => self.called.wait(call).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.called.wait_timeout(call, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Writer {
    pub(crate) fn new(engine: Engine, watch: Arc<Watch>, wait: Duration, log: Log) -> Self {
        let counts = Arc::clone(&engine.counts);
        Self { queue: Mutex::default(), engine: Mutex::new(engine), watch, counts, wait, log, groups: AtomicU64::new(0) }
    }

    /// Runs a unit and returns when it is on disk.
    pub(crate) fn write(&self, unit: Unit) -> Result<()> {
        if self.watch.is_broken() {
            return Err(unavailable("The store has failed and must be started again.", 30));
        }
        let seat = Arc::new(Seat::default());
        let mut queue = self.queue();
        queue.waiting.push_back(Ticket { unit, seat: Arc::clone(&seat) });
        let leads = !std::mem::replace(&mut queue.leading, true);
        drop(queue);
        if leads {
            return self.lead(&seat);
        }
        let call = match seat.wait(Some(Instant::now() + self.wait)) {
            Some(call) => call,
            None => match self.withdraw(&seat) {
                Withdrawal::Done => return Err(unavailable("The request waited too long for others to finish writing. Try again.", 1)),
                // It has started, or was called to lead: its answer comes.
                Withdrawal::TooLate => seat.wait(None).unwrap_or(Call::Gone),
            },
        };
        match call {
            Call::Answer(result) => result,
            Call::Lead => self.lead(&seat),
            Call::Waiting | Call::Gone => Err(Error::damaged("a unit of work got no answer")),
        }
    }

    /// Runs groups until the own unit is answered and `ROUNDS_MAX` groups are done, or nothing waits.
    fn lead(&self, own: &Seat) -> Result<()> {
        let _ended = Leadership(&self.watch);
        let mut rounds = 0;
        let mut answered = None;
        loop {
            let Some(first) = self.first(answered.is_some() && rounds >= ROUNDS_MAX) else {
                return answered.unwrap_or_else(|| Err(Error::damaged("a leader found no unit of its own")));
            };
            let (seats, results) = self.run(first);
            rounds += 1;
            for (seat, result) in seats.into_iter().zip(results) {
                if std::ptr::eq(Arc::as_ptr(&seat), own) {
                    answered = Some(result);
                } else {
                    seat.call(Call::Answer(result));
                }
            }
        }
    }

    /// The unit that begins the next group. None when there is none, or when the lead is passed on.
    fn first(&self, pass_on: bool) -> Option<Ticket> {
        let mut queue = self.queue();
        let Some(first) = queue.waiting.front() else {
            queue.leading = false;
            return None;
        };
        if pass_on {
            first.seat.call(Call::Lead);
            return None;
        }
        queue.waiting.pop_front()
    }

    /// One more short unit, if one waits. Threads that are about to queue theirs are let run once: each that joins saves a commit. Measured with 64
    /// connections on two cores, groups grow by a third, and a tenth more rows a second are written.
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
            return (vec![first.seat], vec![Err(unavailable("The store has failed and must be started again.", 30))]);
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

    /// Takes a unit out of the queue for certain, unless it has started.
    fn withdraw(&self, seat: &Seat) -> Withdrawal {
        let mut queue = self.queue();
        // Calls to lead are made under this lock: here the seat has one or will get none before the unit is out.
        if !matches!(*seat.call.lock().unwrap_or_else(PoisonError::into_inner), Call::Waiting) {
            return Withdrawal::TooLate;
        }
        match queue.waiting.iter().position(|ticket| std::ptr::eq(Arc::as_ptr(&ticket.seat), seat)) {
            Some(at) => {
                let ticket = queue.waiting.remove(at);
                drop(queue);
                drop(ticket);
                Withdrawal::Done
            }
            None => Withdrawal::TooLate,
        }
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

    /// Copies the log into the database and cuts it, and records the position beside the database. Waits for the running group only.
    pub(crate) fn rest(&self, closed: bool) {
        if self.watch.is_broken() {
            return;
        }
        let mut engine = self.engine();
        log::cut(&engine.conn);
        let durable = engine.state.position;
        if let Err(error) = engine.counter.rest(durable, closed) {
            tracing::warn!(%error, "the position could not be recorded beside the database");
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Withdrawal {
    Done,
    TooLate,
}

/// Units catch their own panics: one that ends a leader is a fault of the store, after which the others would wait forever.
struct Leadership<'w>(&'w Watch);

impl Drop for Leadership<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fatal("the writer panicked");
        }
    }
}

fn set_temp_store(engine: &Engine, place: &str) {
    if let Err(error) = engine.conn.pragma_update(None, "temp_store", place) {
        tracing::warn!(%error, place, "the place of temporary data could not be chosen");
    }
}
