//! The one bridge from sockets to blocking code: a bounded queue in front of a bounded number of threads.
//!
//! A request costs one allocation here, the channel on which its answer comes back. Waiting threads form a stack: the
//! one that waited last is woken first, since its caches are warm, and under light load most threads sleep on. Measured
//! with 64 connections on two cores, that carries about a tenth more requests than waking them in turn; letting each
//! woken thread call the next one made no difference. The way there and back costs about 5 us of a core.
//!
//! Most threads wait for the store, so more are needed than cores; but a thread that comes back from it and finds a
//! request goes on without sleeping, which saves a call and a switch for each. So only the usual number is called, and
//! another one when a request was not taken soon: then those threads wait for something long. Measured with 64
//! connections that create rows, calling at most 32 takes about a tenth off what a request costs in all.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
use driftless_webapi::Weight;
use http::{Request, Response};
use tokio::sync::oneshot;

use crate::front::{Chunks, Front, Peer};
use crate::refusal::Refusal;

/// How many threads and requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolSize {
    /// Most threads.
    pub(crate) threads: usize,
    /// Threads that are called as soon as there is a request.
    pub(crate) threads_usual: usize,
    /// Requests that wait.
    pub(crate) queue_max: usize,
    /// How long one may wait before requests are late.
    pub(crate) delay_max: Duration,
    /// How long they may be late before those that can wait are refused.
    pub(crate) shed_after: Duration,
}

/// How long a request waits before a thread beyond the usual ones is called for it.
const CALL_AFTER: Duration = Duration::from_millis(10);

/// The threads that run a front.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    front: Arc<dyn Front>,
    size: PoolSize,
    state: Mutex<State>,
    thread_ended: Condvar,
}

struct State {
    queue: VecDeque<Job>,
    /// Since when requests are late.
    late_since: Option<Instant>,
    /// Threads that sleep, the latest on top.
    asleep: Vec<Sleeper>,
    /// By thread: whether it is in `asleep`. A thread that wakes without having been called goes back to sleep.
    is_asleep: Vec<bool>,
    running: usize,
    closed: bool,
}

struct Sleeper {
    index: usize,
    thread: Thread,
}

/// Where the answer to one request comes back.
type Answer = oneshot::Receiver<Result<Response<Chunks>, Refusal>>;

struct Job {
    queued: Instant,
    request: Request<Bytes>,
    peer: Peer,
    answer: oneshot::Sender<Result<Response<Chunks>, Refusal>>,
}

impl Pool {
    /// Starts the first thread; the others follow when there is work for them, so that a service without load needs no memory for them.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(front: Arc<dyn Front>, size: PoolSize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            front,
            size: PoolSize { threads: size.threads.max(1), ..size },
            state: Mutex::new(State { queue: VecDeque::new(), asleep: Vec::new(), is_asleep: Vec::new(), running: 0, closed: false, late_since: None }),
            thread_ended: Condvar::new(),
        });
        let pool = Self { shared, threads: Mutex::default() };
        pool.add(&mut pool.shared.lock())?;
        Ok(pool)
    }

    /// Starts one more thread.
    fn add(&self, state: &mut State) -> io::Result<()> {
        let index = state.is_asleep.len();
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name(format!("front-{index}")).spawn(move || shared.work(index))?;
        state.is_asleep.push(false);
        state.running += 1;
        self.threads().push(thread);
        Ok(())
    }

    /// Calls the thread that fell asleep last, or else a new one. Whether there was one.
    fn call(&self, mut state: MutexGuard<'_, State>) -> bool {
        if let Some(thread) = state.take_sleeper() {
            drop(state);
            thread.unpark();
            return true;
        }
        if state.running >= self.shared.size.threads {
            return false;
        }
        let added = self.add(&mut state);
        if let Err(error) = &added {
            tracing::warn!(%error, threads = state.running, "no more threads can be started; requests wait for those that run");
        }
        added.is_ok()
    }

    /// Has a thread answer the request. Dropping the future abandons the request if no thread has begun it.
    pub(crate) async fn run(&self, request: Request<Bytes>, peer: Peer) -> Result<Response<Chunks>, Refusal> {
        let (mut answer, is_called) = self.submit(request, peer)?;
        if !is_called {
            match tokio::time::timeout(CALL_AFTER, &mut answer).await {
                Ok(outcome) => return outcome.unwrap_or(Err(Refusal::Closing)),
                Err(_) => self.call_if_late(),
            }
        }
        // The sender is dropped unused only by a thread that was ended in between.
        answer.await.unwrap_or(Err(Refusal::Closing))
    }

    /// Takes no more requests, and waits at most `patience` for those that run. Whether all threads ended; then none of
    /// them holds the front any more, so that whoever drops it last closes what is behind it.
    pub(crate) fn close(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.lock();
        state.closed = true;
        state.queue.clear();
        state.is_asleep.fill(false);
        for sleeper in std::mem::take(&mut state.asleep) {
            sleeper.thread.unpark();
        }
        while state.running > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.thread_ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        for thread in self.threads().drain(..) {
            let _ = thread.join(); // it has no more work, so this is a moment; the panics of a front were caught in it
        }
        true
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a thread beyond the usual ones if the request that waits longest has waited too long.
    fn call_if_late(&self) {
        let state = self.shared.lock();
        if state.queue.front().is_some_and(|job| job.queued.elapsed() >= CALL_AFTER) {
            self.call(state);
        }
    }

    /// Queues a request. Whether a thread was called for it; else one that runs takes it.
    fn submit(&self, request: Request<Bytes>, peer: Peer) -> Result<(Answer, bool), Refusal> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.shared.lock();
        if state.closed {
            return Err(Refusal::Closing);
        }
        let queued = Instant::now();
        let late_for = state.late_for(queued, self.shared.size.delay_max);
        if let Some(late_for) = late_for {
            self.shared.front.late();
            if self.shared.sheds(&request, late_for) {
                return Err(Refusal::Shed);
            }
        }
        if state.queue.len() >= self.shared.size.queue_max {
            return Err(Refusal::Busy);
        }
        state.queue.push_back(Job { queued, request, peer, answer: sender });
        let awake = state.running.saturating_sub(state.asleep.len());
        let is_called = awake < self.shared.size.threads_usual && self.call(state);
        Ok((receiver, is_called))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

impl State {
    /// How long requests have been late, if they are: the one that waits longest tells. Looked at with each request, so that one that comes to an empty
    /// queue ends it.
    fn late_for(&mut self, now: Instant, delay_max: Duration) -> Option<Duration> {
        let is_late = self.queue.front().is_some_and(|job| now.saturating_duration_since(job.queued) >= delay_max);
        self.late_since = is_late.then(|| self.late_since.unwrap_or(now));
        self.late_since.map(|since| now.saturating_duration_since(since))
    }

    /// The thread that fell asleep last, which is then to be woken.
    fn take_sleeper(&mut self) -> Option<Thread> {
        let sleeper = self.asleep.pop()?;
        self.is_asleep[sleeper.index] = false;
        Some(sleeper.thread)
    }
}

impl Shared {
    /// Whether a request is refused because others have been late for so long (SEC-25).
    fn sheds(&self, request: &Request<Bytes>, late_for: Duration) -> bool {
        late_for >= self.size.shed_after
            && match self.front.weight(request) {
                Weight::Usual => false,
                Weight::Export => true,
                Weight::LargeRead => late_for >= self.size.shed_after * 2,
            }
    }

    fn work(&self, index: usize) {
        while let Some(job) = self.next(index) {
            self.respond(job);
        }
        self.lock().running -= 1;
        self.thread_ended.notify_all();
    }

    fn next(&self, index: usize) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state.is_asleep[index] = true;
            state.asleep.push(Sleeper { index, thread: thread::current() });
            while state.is_asleep[index] {
                drop(state);
                thread::park();
                state = self.lock();
            }
        }
    }

    fn respond(&self, job: Job) {
        if job.answer.is_closed() {
            return; // the client went away while its request waited
        }
        // The front is shared by reference and keeps its own invariants across a panic: its transactions roll back when
        // they are dropped, and poisoned locks are its business.
        let call = AssertUnwindSafe(|| self.front.respond(job.request, &job.peer));
        let outcome = catch_unwind(call).map_err(|_| Refusal::Panicked); // SEC-66
        let _ = job.answer.send(outcome);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
