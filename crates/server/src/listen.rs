//! Listening: where, and the loop that accepts connections.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::exchange::{self, Site};
use crate::front::{Peer, Scheme};
use crate::limits::Limits;
use crate::line::Line;
use crate::pages::PageOrigin;
use crate::proxy::Network;
use crate::stream::TimedStream;

/// Where to listen. Port 0 takes a free one.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// Plain HTTP, on loopback addresses only. The first one is that of [`crate::Running::http_addr`].
    pub http: Vec<SocketAddr>,
    /// HTTPS; needs a [`crate::Tls`].
    pub https: Vec<SocketAddr>,
    /// Plain HTTP for operators, on loopback addresses only: `/livez`, `/readyz` and `/metrics`, without a token.
    pub operations: Vec<SocketAddr>,
    /// Names, without port, by which a client may address a service that listens on loopback only, besides
    /// `localhost`, `127.0.0.1` and `::1`. A service that other machines reach answers to any name.
    pub host_names: Vec<String>,
    /// Proxies whose word counts about the client and the address that it used (AUTH-51).
    pub proxies: Vec<Network>,
    /// The address that all links have, such as `https://books.example`, without a trailing slash; else they have the one that the client used.
    pub public_url: Option<String>,
    /// Origins of pages that may call the service from a browser, besides its own (AUTH-31).
    pub page_origins: Vec<PageOrigin>,
}

/// Why the service cannot listen.
#[derive(Debug)]
pub enum ListenError {
    /// No address was given at all.
    Nowhere,
    /// Plain HTTP was asked for on an address that other machines reach.
    PlainOutsideLoopback(SocketAddr),
    /// HTTPS was asked for without a certificate.
    NoCertificate,
    /// The system refuses the address.
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system gives no threads, timers, signals or randomness.
    Start(io::Error),
}

impl fmt::Display for ListenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => out.write_str("no address to listen on: give --http or --https"),
            Self::PlainOutsideLoopback(address) => write!(
                out,
                "plain http on {address} would send tokens in the clear; listen there with --https {address}, or use \
                 --http 127.0.0.1:{}",
                address.port()
            ),
            Self::NoCertificate => out.write_str("https needs a certificate and its key"),
            Self::Bind { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(out, "{address} is in use by another program; stop it, or take another port (0 takes a free one)")
            }
            Self::Bind { address, source } => write!(out, "cannot listen on {address}: {source}"),
            Self::Start(source) => write!(out, "cannot start the service: {source}"),
        }
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind { source, .. } | Self::Start(source) => Some(source),
            _ => None,
        }
    }
}

impl Listeners {
    /// Refuses what must not be listened on.
    pub(crate) fn check(&self) -> Result<(), ListenError> {
        if self.http.is_empty() && self.https.is_empty() {
            return Err(ListenError::Nowhere);
        }
        match self.http.iter().chain(&self.operations).find(|address| !address.ip().to_canonical().is_loopback()) {
            Some(address) => Err(ListenError::PlainOutsideLoopback(*address)),
            None => Ok(()),
        }
    }

    /// Whether other machines cannot reach the service.
    pub(crate) fn is_local(&self) -> bool {
        self.http.iter().chain(&self.https).all(|address| address.ip().to_canonical().is_loopback())
    }
}

/// For whom a listener is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everybody with a token.
    Callers,
    /// Whoever looks after the service.
    Operators,
}

/// What the connections of all listeners share.
pub(crate) struct Door {
    site: Arc<Site>,
    slots: Arc<Slots>,
    builder: auto::Builder<TokioExecutor>,
}

impl Door {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        let limits = &site.limits;
        let mut builder = auto::Builder::new(TokioExecutor::new());
        if limits.header_fields_max > 100 {
            // 100 is the library's own limit, for which it needs no allocation; a lower one is checked by us.
            builder.http1().max_headers(limits.header_fields_max);
        }
        let list_max = u32::try_from(limits.headers_bytes_max).unwrap_or(u32::MAX);
        builder.http2().max_concurrent_streams(limits.streams_max).max_header_list_size(list_max.saturating_add(64 * 1024)); // the URL counts, too
        let slots = Arc::new(Slots::new(limits));
        Self { site, slots, builder }
    }

    /// Accepts connections until `stop` says so. Each connection holds a clone of `alive` while it lasts.
    pub(crate) async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        audience: Audience,
        mut stop: watch::Receiver<bool>,
        alive: mpsc::Sender<()>,
    ) {
        let tls = tls.map(TlsAcceptor::from);
        loop {
            let accepted = tokio::select! {
                biased;
                () = told(&mut stop) => return,
                accepted = listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, most likely: some will be free soon, and trying at once would spin.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(slot) = self.slots.take(address.ip()) else {
                tracing::debug!(%address, "connection refused: too many");
                continue; // SEC-14
            };
            let door = Arc::clone(&self);
            let (tls, stop, alive) = (tls.clone(), stop.clone(), alive.clone());
            tokio::spawn(async move {
                door.connection(stream, (address, audience), tls, stop).await;
                drop((slot, alive));
            });
        }
    }

    async fn connection(&self, stream: TcpStream, (address, audience): (SocketAddr, Audience), tls: Option<TlsAcceptor>, stop: watch::Receiver<bool>) {
        // Answers are written whole; waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let Some(acceptor) = tls else {
            return self.exchanges(stream, Peer { address, scheme: Scheme::Http }, audience, stop).await;
        };
        let handshake = timeout(self.site.limits.handshake_timeout, acceptor.accept(stream));
        match handshake.await {
            Ok(Ok(stream)) => self.exchanges(stream, Peer { address, scheme: Scheme::Https }, audience, stop).await,
            Ok(Err(error)) => tracing::debug!(%address, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "TLS handshake took too long"), // SEC-15
        }
    }

    async fn exchanges<S>(&self, stream: S, peer: Peer, audience: Audience, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let line = Arc::new(Line::new(peer, &self.site.limits));
        let stream = TimedStream::new(stream, Arc::clone(&line), Arc::clone(&self.site));
        let service = service_fn(|request| exchange::serve(Arc::clone(&self.site), Arc::clone(&line), audience, request));
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = told(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(address = %peer.address, %error, "a connection ended early");
        }
    }
}

/// Waits until told to stop, which losing the one who tells amounts to.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Counts connections against their limits (SEC-14).
struct Slots {
    connections_max: usize,
    per_address_max: usize,
    per_loopback_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    connections: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A counted connection; no longer counted when dropped.
struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
}

impl Slots {
    fn new(limits: &Limits) -> Self {
        Self {
            connections_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max,
            per_loopback_max: limits.connections_per_loopback_max,
            taken: Mutex::default(),
        }
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let address = network(address);
        let per_address_max = if address.is_loopback() { self.per_loopback_max } else { self.per_address_max };
        let mut taken = self.lock();
        if taken.connections >= self.connections_max {
            return None;
        }
        let of_address = taken.by_address.entry(address).or_default();
        if *of_address >= per_address_max {
            return None;
        }
        *of_address += 1;
        taken.connections += 1;
        Some(Slot { slots: Arc::clone(self), address })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.lock();
        taken.connections = taken.connections.saturating_sub(1);
        if let Entry::Occupied(mut entry) = taken.by_address.entry(self.address) {
            *entry.get_mut() = entry.get().saturating_sub(1);
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// Whom an address belongs to: in IPv6 one customer has a /64 network at least.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let prefix = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::{ListenError, Listeners, Slots};
    use crate::limits::Limits;

    fn listeners(http: &str) -> Listeners {
        Listeners { http: vec![http.parse().unwrap()], ..Listeners::default() }
    }

    #[test] // AUTH-50
    fn plain_http_stays_on_loopback() {
        for address in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(listeners(address).check().is_ok(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80"] {
            let error = listeners(address).check().unwrap_err();
            assert!(matches!(error, ListenError::PlainOutsideLoopback(_)));
            assert!(error.to_string().contains("--http 127.0.0.1:80"));
        }
        assert!(matches!(Listeners::default().check(), Err(ListenError::Nowhere)));
    }

    #[test] // SEC-14
    fn connections_are_counted_in_all_and_by_address() {
        let slots = Arc::new(Slots::new(&Limits { connections_max: 5, connections_per_address_max: 2, connections_per_loopback_max: 3, ..Limits::default() }));
        let mut held = Vec::new();
        let mut take = |address: &str| {
            let slot = slots.take(address.parse::<IpAddr>().unwrap());
            let taken = slot.is_some();
            held.extend(slot);
            taken
        };
        assert!(take("10.0.0.1") && take("::ffff:10.0.0.1") && !take("10.0.0.1"));
        assert!(take("2001:db8::1") && take("2001:db8::ffff") && !take("2001:db8::2"));
        assert!(take("127.0.0.1"), "the fifth");
        assert!(!take("10.0.0.9"), "the sixth");
        held.remove(0);
        assert!(slots.take("10.0.0.1".parse().unwrap()).is_some());
    }
}
