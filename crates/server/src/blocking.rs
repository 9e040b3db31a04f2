//! The one bridge from sockets to blocking code: a bounded queue in front of a bounded number of threads.
//!
//! A front answers with a future, which is polled on these threads: it blocks while it reads, and gives its thread back while it waits for a commit. So
//! many requests share a commit without a thread, a stack and two switches each (ADR 0026).
//!
//! Waiting threads form a stack: the one that waited last is woken first, since its caches are warm, and under light load most threads sleep on. Only the
//! usual number is called: a thread that finds more work goes on without sleeping, which saves a call and a switch for each. Another one is called when a
//! request has not been answered soon: then those threads read something long.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
use driftless_webapi::Weight;
use http::{Request, Response};
use tokio::sync::oneshot;

use crate::front::{Answering, Chunks, Front, Peer};
use crate::refusal::Refusal;

/// How many threads and requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolSize {
    /// Most threads, and most requests at work.
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

/// How long a request waits before a thread beyond the usual ones is called for it; doubled each time that it has waited so long again.
const CALL_AFTER: Duration = Duration::from_millis(10);
/// The longest time between two such looks.
const CALL_AFTER_MAX: Duration = Duration::from_secs(1);

/// The threads that run a front.
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    front: Arc<dyn Front>,
    size: PoolSize,
    state: Mutex<State>,
    thread_ended: Condvar,
}

#[derive(Default)]
struct State {
    /// Requests that were not begun.
    queue: VecDeque<Box<Job>>,
    /// Requests that waited for something and can go on. They come before new ones: what was begun shall end.
    ready: VecDeque<Arc<Task>>,
    /// Requests that were begun and have not ended.
    begun: usize,
    /// Since when requests are late.
    late_since: Option<Instant>,
    /// Threads that sleep, the latest on top.
    asleep: Vec<Sleeper>,
    /// By thread: whether it is in `asleep`. A thread that wakes without having been called goes back to sleep.
    is_asleep: Vec<bool>,
    running: usize,
    threads: Vec<JoinHandle<()>>,
    closed: bool,
}

struct Sleeper {
    index: usize,
    thread: Thread,
}

/// What comes of a request.
type Outcome = Result<Response<Chunks>, Refusal>;

/// A request that was not begun.
struct Job {
    queued: Instant,
    request: Request<Bytes>,
    peer: Peer,
    answer: oneshot::Sender<Outcome>,
}

/// A request that was begun. Its waker puts it among those that can go on.
struct Task {
    shared: Arc<Shared>,
    /// None when it has ended.
    call: Mutex<Option<Call>>,
}

struct Call {
    answering: Answering,
    answer: oneshot::Sender<Outcome>,
}

/// What a thread does next.
enum Work {
    Begin(Box<Job>),
    GoOn(Arc<Task>),
}

impl Pool {
    /// Starts the first thread; the others follow when there is work for them, so that a service without load needs no memory for them.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(front: Arc<dyn Front>, size: PoolSize) -> io::Result<Self> {
        let size = PoolSize { threads: size.threads.max(1), threads_usual: size.threads_usual.max(1), ..size };
        let shared = Arc::new(Shared { front, size, state: Mutex::default(), thread_ended: Condvar::new() });
        shared.add_thread(&mut shared.lock())?;
        Ok(Self(shared))
    }

    /// Has the request answered. Dropping the future abandons the request if no thread has begun it.
    pub(crate) async fn run(&self, request: Request<Bytes>, peer: Peer) -> Outcome {
        let mut answer = self.0.submit(request, peer)?;
        let mut patience = CALL_AFTER;
        loop {
            match tokio::time::timeout(patience, &mut answer).await {
                // The sender is dropped unused only when the pool was closed in between.
                Ok(outcome) => return outcome.unwrap_or(Err(Refusal::Closing)),
                Err(_) => self.0.call_if_late(),
            }
            patience = (patience * 2).min(CALL_AFTER_MAX);
        }
    }

    /// Takes no more requests, and waits at most `patience` for those that were begun. Whether all threads ended; then none of them holds the front any more,
    /// so that whoever drops it last closes what is behind it.
    pub(crate) fn close(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.0.lock();
        state.closed = true;
        state.queue.clear();
        state.call_all();
        while state.running > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.thread_ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        for thread in threads {
            let _ = thread.join(); // it has no more work, so this is a moment; the panics of a front were caught in it
        }
        true
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

    /// Wakes all threads that sleep.
    fn call_all(&mut self) {
        while let Some(thread) = self.take_sleeper() {
            thread.unpark();
        }
    }
}

impl Shared {
    /// Queues a request.
    fn submit(self: &Arc<Self>, request: Request<Bytes>, peer: Peer) -> Result<oneshot::Receiver<Outcome>, Refusal> {
        let (answer, receiver) = oneshot::channel();
        let mut state = self.lock();
        if state.closed {
            return Err(Refusal::Closing);
        }
        let queued = Instant::now();
        if let Some(late_for) = state.late_for(queued, self.size.delay_max) {
            self.front.late();
            if self.sheds(&request, late_for) {
                return Err(Refusal::Shed);
            }
        }
        if state.queue.len() >= self.size.queue_max {
            return Err(Refusal::Busy);
        }
        state.queue.push_back(Box::new(Job { queued, request, peer, answer }));
        self.call_usual(state);
        Ok(receiver)
    }

    /// Whether a request is refused because others have been late for so long (SEC-25).
    fn sheds(&self, request: &Request<Bytes>, late_for: Duration) -> bool {
        late_for >= self.size.shed_after
            && match self.front.weight(request) {
                Weight::Usual => false,
                Weight::Export => true,
                Weight::LargeRead => late_for >= self.size.shed_after * 2,
            }
    }

    /// Calls a thread if there is work for one and fewer than usual are awake.
    fn call_usual(self: &Arc<Self>, state: MutexGuard<'_, State>) {
        if state.running - state.asleep.len() < self.size.threads_usual && self.has_work(&state) {
            self.call(state);
        }
    }

    /// Calls a thread beyond the usual ones if something can be done, and of what was not begun, the oldest has waited too long.
    fn call_if_late(self: &Arc<Self>) {
        let state = self.lock();
        let is_late = state.queue.front().is_some_and(|job| job.queued.elapsed() >= CALL_AFTER);
        if self.has_work(&state) && (is_late || !state.ready.is_empty()) {
            self.call(state);
        }
    }

    /// Calls the thread that fell asleep last, or else a new one.
    fn call(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if let Some(thread) = state.take_sleeper() {
            drop(state);
            thread.unpark();
        } else if state.running < self.size.threads
            && let Err(error) = self.add_thread(&mut state)
        {
            tracing::warn!(%error, threads = state.running, "no more threads can be started; requests wait for those that run");
        }
    }

    /// Starts one more thread.
    fn add_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let index = state.is_asleep.len();
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name(format!("front-{index}")).spawn(move || shared.work(index))?;
        state.is_asleep.push(false);
        state.running += 1;
        state.threads.push(thread);
        Ok(())
    }

    fn has_work(&self, state: &State) -> bool {
        !state.ready.is_empty() || (!state.queue.is_empty() && state.begun < self.size.threads)
    }

    fn work(self: Arc<Self>, index: usize) {
        let mut has_ended = false;
        while let Some(work) = self.next(index, has_ended) {
            has_ended = match work {
                Work::Begin(job) => self.begin(job),
                Work::GoOn(task) => task.go_on(),
            };
        }
        self.lock().running -= 1;
        self.thread_ended.notify_all();
    }

    /// Waits for work. `has_ended` says that a request has ended with what was done last. None when the pool is closed and every request has ended.
    fn next(&self, index: usize, has_ended: bool) -> Option<Work> {
        let mut state = self.lock();
        state.begun -= usize::from(has_ended);
        loop {
            if let Some(task) = state.ready.pop_front() {
                return Some(Work::GoOn(task));
            }
            if state.begun < self.size.threads
                && let Some(job) = state.queue.pop_front()
            {
                state.begun += 1;
                return Some(Work::Begin(job));
            }
            if state.closed && state.begun == 0 {
                state.call_all();
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

    /// Begins a request. Whether it has ended.
    fn begin(self: &Arc<Self>, job: Box<Job>) -> bool {
        let Job { request, peer, answer, .. } = *job;
        if answer.is_closed() {
            return true; // the client went away while its request waited
        }
        match guarded(|| Arc::clone(&self.front).respond(request, peer)) {
            Ok(answering) => {
                let call = Call { answering, answer };
                Arc::new(Task { shared: Arc::clone(self), call: Mutex::new(Some(call)) }).go_on()
            }
            Err(refusal) => {
                let _ = answer.send(Err(refusal));
                true
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    /// Goes on until the request is answered or waits for something. Whether it has ended.
    fn go_on(self: Arc<Self>) -> bool {
        let waker = Waker::from(Arc::clone(&self));
        // What it waits for may be there before the thread that polled it has left: then another one waits here for a moment.
        let mut slot = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(call) = slot.as_mut() else { return false };
        let outcome = match guarded(|| call.answering.as_mut().poll(&mut Context::from_waker(&waker))) {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(response)) => Ok(response),
            Err(refusal) => Err(refusal),
        };
        if let Some(call) = slot.take() {
            let _ = call.answer.send(outcome);
        }
        true
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        state.ready.push_back(self);
        shared.call_usual(state);
    }
}

/// Runs code of a front. The front is shared by reference and keeps its own invariants across a panic: its transactions roll back when they are dropped, and
/// poisoned locks are its business.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Refusal::Panicked) // SEC-66
}
