//! The service as a whole: start, run, stop.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep, timeout_at};

use crate::blocking::{Pool, PoolSize};
use crate::body::Budget;
use crate::exchange::Site;
use crate::front::{Front, Scheme};
use crate::head::Names;
use crate::limits::Limits;
use crate::listen::{Audience, Door, ListenError, Listeners};
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::request_id::RequestIds;
use crate::tls::Tls;

/// How often certificates are looked at: a changed file is served, and an old one renewed, this much later at most.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(60);
/// How long the ends of tasks may take that hold nothing but memory: until then whoever waits for the front to be free would wait for them.
const RUNTIME_END: Duration = Duration::from_secs(1);
/// Status of a process that was interrupted (OPS-06).
pub(crate) const EXIT_INTERRUPTED: i32 = 130;

/// Starts the service.
#[derive(Debug)]
pub struct Server;

/// A service that answers requests. Dropping it ends it without waiting for anyone.
pub struct Running {
    runtime: Option<Runtime>,
    site: Arc<Site>,
    tls: Option<Arc<Tls>>,
    http: Vec<SocketAddr>,
    https: Vec<SocketAddr>,
    operations: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    /// Yields nothing until the last connection has ended.
    connections: mpsc::Receiver<()>,
    signals: Option<Signals>,
}

/// How the service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every request that had begun was answered.
    Clean,
    /// Some requests were cut off when their time was over.
    CutOff,
}

impl Server {
    /// Binds the addresses and answers requests from then on, on threads of its own.
    ///
    /// # Errors
    /// [`ListenError`]: nothing listens then.
    pub fn start(front: Arc<dyn Front>, listeners: &Listeners, tls: Option<Tls>, limits: Limits) -> Result<Running, ListenError> {
        listeners.check()?;
        if !listeners.https.is_empty() && tls.is_none() {
            return Err(ListenError::NoCertificate);
        }
        let names = Names::new(listeners);
        let runtime = runtime(&limits).map_err(ListenError::Start)?;
        let bind = |address: &SocketAddr| {
            let bound = runtime.block_on(TcpListener::bind(*address));
            bound.map_err(|source| ListenError::Bind { address: *address, source })
        };
        let bind_all = |addresses: &[SocketAddr]| addresses.iter().map(bind).collect::<Result<Vec<_>, _>>();
        let (http, https) = (bind_all(&listeners.http)?, bind_all(&listeners.https)?);
        let operations = bind_all(&listeners.operations)?;
        let size = PoolSize {
            threads: limits.front_threads,
            threads_usual: limits.front_threads_usual,
            queue_max: limits.queue_requests_max,
            delay_max: limits.queue_delay,
            shed_after: limits.shed_after,
        };
        let tls = tls.map(Arc::new);
        let pool = Pool::start(Arc::clone(&front), size);
        let site = Arc::new(Site {
            front,
            pool: pool.map_err(ListenError::Start)?,
            limits,
            names,
            pages: Pages::new(&listeners.page_origins),
            ids: RequestIds::new(random_start().map_err(ListenError::Start)?),
            bodies: Budget::default(),
            metrics: Metrics::new(),
            tls: tls.clone(),
            is_draining: AtomicBool::new(false),
        });
        let (stop, stopped) = watch::channel(false);
        let (alive, connections) = mpsc::channel(1);
        let door = Arc::new(Door::new(Arc::clone(&site)));
        let open = |listeners: Vec<TcpListener>, tls: Option<Arc<ServerConfig>>, audience: Audience| {
            let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect::<Vec<_>>();
            for listener in listeners {
                runtime.spawn(Arc::clone(&door).accept(listener, tls.clone(), audience, stopped.clone(), alive.clone()));
            }
            addresses
        };
        let http = open(http, None, Audience::Callers);
        let https = open(https, tls.as_ref().map(|tls| tls.config()), Audience::Callers);
        let operations = open(operations, None, Audience::Operators);
        if let Some(tls) = &tls {
            runtime.spawn(keep_fresh(Arc::clone(tls)));
        }
        Ok(Running { runtime: Some(runtime), site, tls, http, https, operations, stop, connections, signals: None })
    }
}

impl Running {
    /// Where plain HTTP is answered, with the port that was taken; of several the first.
    #[must_use]
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http.first().copied()
    }

    /// Where HTTPS is answered, with the port that was taken; of several the first.
    #[must_use]
    pub fn https_addr(&self) -> Option<SocketAddr> {
        self.https.first().copied()
    }

    /// Where operators ask, with the port that was taken; of several the first.
    #[must_use]
    pub fn operations_addr(&self) -> Option<SocketAddr> {
        self.operations.first().copied()
    }

    /// All addresses at which requests are answered.
    pub fn addresses(&self) -> impl Iterator<Item = (Scheme, SocketAddr)> {
        let http = self.http.iter().map(|address| (Scheme::Http, *address));
        http.chain(self.https.iter().map(|address| (Scheme::Https, *address)))
    }

    /// Stops: waits out the drain delay, accepts nothing more, lets running requests finish within their time, ends
    /// all threads (REL-30).
    pub fn shutdown(mut self) -> Stopped {
        let Some(runtime) = self.runtime.take() else {
            return Stopped::Clean;
        };
        let stopped = runtime.block_on(self.finish());
        runtime.shutdown_timeout(RUNTIME_END);
        stopped
    }

    /// From here on SIGTERM, SIGINT and SIGHUP wait for [`wait_for_signal`](Self::wait_for_signal) instead of ending the
    /// process. To be called before the service says that it is ready, so that no signal comes in between.
    ///
    /// # Errors
    /// The system refuses to report signals.
    pub fn catch_signals(&mut self) -> io::Result<()> {
        if let Some(runtime) = &self.runtime {
            let _context = runtime.enter();
            self.signals = Some(Signals::new()?);
        }
        Ok(())
    }

    /// Runs until SIGTERM or SIGINT, then [shuts down](Self::shutdown). A second signal ends the process at once with
    /// exit status 130, which loses nothing that was acknowledged. SIGHUP looks at the certificates.
    ///
    /// # Errors
    /// The system refuses to report signals.
    pub fn wait_for_signal(mut self) -> io::Result<Stopped> {
        if self.signals.is_none() {
            self.catch_signals()?;
        }
        let (Some(runtime), Some(mut signals)) = (self.runtime.take(), self.signals.take()) else {
            return Ok(Stopped::Clean);
        };
        let stopped = runtime.block_on(async {
            while signals.next().await == Signal::Reload {
                if let Some(tls) = &self.tls {
                    refresh(Arc::clone(tls)).await;
                }
            }
            tracing::info!("stopping; a second signal ends at once");
            tokio::select! {
                stopped = self.finish() => stopped,
                () = signals.end() => std::process::exit(EXIT_INTERRUPTED),
            }
        });
        runtime.shutdown_timeout(RUNTIME_END);
        Ok(stopped)
    }

    async fn finish(&mut self) -> Stopped {
        let limits = &self.site.limits;
        self.site.is_draining.store(true, Ordering::Release);
        sleep(limits.drain_delay).await;
        let deadline = Instant::now() + limits.shutdown_timeout;
        self.stop.send_replace(true);
        let all_ended = timeout_at(deadline, self.connections.recv()).await.is_ok();
        let site = Arc::clone(&self.site);
        let left = deadline.saturating_duration_since(Instant::now());
        let pool = tokio::task::spawn_blocking(move || site.pool.close(left));
        match pool.await {
            Ok(true) if all_ended => Stopped::Clean,
            _ => Stopped::CutOff,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.site.pool.close(Duration::ZERO);
            runtime.shutdown_timeout(Duration::ZERO);
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Running").field("http", &self.http).field("https", &self.https).finish_non_exhaustive()
    }
}

fn runtime(limits: &Limits) -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread().worker_threads(limits.listener_threads.unwrap_or(cores.min(4)).max(1)).thread_name("listener").enable_all().build()
}

fn random_start() -> io::Result<[u64; 2]> {
    let one = || getrandom::u64().map_err(io::Error::other);
    Ok([one()?, one()?])
}

async fn keep_fresh(tls: Arc<Tls>) {
    let mut looks = interval(CERTIFICATE_LOOK);
    loop {
        looks.tick().await;
        refresh(Arc::clone(&tls)).await;
    }
}

/// Certificates are files, and a renewal makes keys: work for a thread that may block.
async fn refresh(tls: Arc<Tls>) {
    let looked = tokio::task::spawn_blocking(move || tls.refresh(SystemTime::now())).await;
    match looked {
        Ok(Ok(true)) => tracing::info!("a new certificate is served"),
        Ok(Err(error)) => tracing::warn!(%error, "the old certificate stays"),
        Ok(Ok(false)) | Err(_) => {}
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Signal {
    End,
    Reload,
}

#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())?, hang_up: signal(SignalKind::hangup())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::End,
            _ = self.interrupt.recv() => Signal::End,
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }
}

#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::End
    }
}

impl Signals {
    /// Waits until the process is told to end.
    pub(crate) async fn end(&mut self) {
        while self.next().await == Signal::Reload {}
    }
}
