//! The one bridge from sockets to blocking code: a bounded queue in front of a fixed number of threads.
//!
//! A request costs one allocation here, the channel on which its answer comes back. Waiting threads form a stack: the
//! one that waited last is woken first, since its caches are warm, and under light load most threads sleep on. Measured
//! with 64 connections on two cores, that carries about a tenth more requests than waking them in turn; letting each
//! woken thread call the next one made no difference. The way there and back costs about 5 us of a core.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::oneshot;

use crate::front::{Chunks, Front, Peer};
use crate::refusal::Refusal;

/// The threads that run a front.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    front: Arc<dyn Front>,
    queue_max: usize,
    state: Mutex<State>,
    thread_ended: Condvar,
}

struct State {
    queue: VecDeque<Job>,
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

struct Job {
    request: Request<Bytes>,
    peer: Peer,
    answer: oneshot::Sender<Result<Response<Chunks>, Refusal>>,
}

impl Pool {
    /// Starts `threads` threads.
    ///
    /// # Errors
    /// The system gives no more threads; those that started end again.
    pub(crate) fn start(front: Arc<dyn Front>, threads: usize, queue_max: usize) -> io::Result<Self> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            front,
            queue_max,
            state: Mutex::new(State {
                queue: VecDeque::new(),
                asleep: Vec::with_capacity(threads),
                is_asleep: vec![false; threads],
                running: 0,
                closed: false,
            }),
            thread_ended: Condvar::new(),
        });
        let pool = Self { shared };
        for index in 0..threads {
            let shared = Arc::clone(&pool.shared);
            pool.shared.lock().running += 1;
            let spawned = thread::Builder::new().name(format!("front-{index}")).spawn(move || shared.work(index));
            if let Err(error) = spawned {
                pool.shared.lock().running -= 1;
                return Err(error); // dropping the pool ends the others
            }
        }
        Ok(pool)
    }

    /// Has a thread answer the request. Dropping the future abandons the request if no thread has begun it.
    pub(crate) async fn run(&self, request: Request<Bytes>, peer: Peer) -> Result<Response<Chunks>, Refusal> {
        let answer = self.submit(request, peer)?;
        // The sender is dropped unused only by a thread that was ended in between.
        answer.await.unwrap_or(Err(Refusal::Closing))
    }

    /// Takes no more requests, and waits at most `patience` for those that run. Whether all threads ended.
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
        true
    }

    fn submit(&self, request: Request<Bytes>, peer: Peer) -> Result<oneshot::Receiver<Result<Response<Chunks>, Refusal>>, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.shared.lock();
        if state.closed {
            return Err(Refusal::Closing);
        }
        if state.queue.len() >= self.shared.queue_max {
            return Err(Refusal::Busy);
        }
        state.queue.push_back(Job { request, peer, answer: sender });
        let woken = state.asleep.pop();
        if let Some(sleeper) = &woken {
            state.is_asleep[sleeper.index] = false;
        }
        drop(state);
        if let Some(sleeper) = woken {
            sleeper.thread.unpark();
        }
        Ok(receiver)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

impl Shared {
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
