//! Every limit of the listener, named.

use std::time::Duration;

/// What the listener allows, per process, connection and request. The defaults are those of SEC-01, 02, 14 and 15.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests that are at work at once, and threads that run the front at most: a request that waits for its commit has none.
    pub front_threads: usize,
    /// Threads of the front that are called as soon as there is work, one more than cores unless set; the others only when a request waits for 10 ms, because
    /// these all do something long.
    pub front_threads_usual: usize,
    /// Requests that wait for a thread; one more is answered 429.
    pub queue_requests_max: usize,
    /// How long the request that waits longest may wait for a thread; above it the service does not keep up (SEC-25).
    pub queue_delay: Duration,
    /// How long the service may not keep up before exports are refused, and, after as long again, large reads (SEC-25).
    pub shed_after: Duration,
    /// Threads that read and write sockets; `None` takes one per core, at most four.
    pub listener_threads: Option<usize>,

    /// Bytes of the request line: method, URL and version; above it 414 (SEC-01). At most 65,000, where the HTTP
    /// library's own limit lies.
    pub request_line_bytes_max: usize,
    /// Header fields of a request; above it 431 (SEC-02).
    pub header_fields_max: usize,
    /// Bytes of all header fields together; above it 431 (SEC-02).
    pub headers_bytes_max: usize,
    /// Bytes of one header field, name and value; above it 431 (SEC-02).
    pub header_field_bytes_max: usize,
    /// Bytes of all request bodies that are held at once; above it 429. Bodies below 64 KiB are not counted: the limits
    /// on connections bound them.
    pub bodies_bytes_max: usize,

    /// Time for the TLS handshake; then the connection is closed (SEC-15).
    pub handshake_timeout: Duration,
    /// Time from the first byte of a request, or from the start of the connection, to the end of its headers; then the
    /// connection is closed (SEC-15).
    pub head_timeout: Duration,
    /// Time in which a body may come as slowly as it likes (SEC-15).
    pub body_grace: Duration,
    /// Bytes per second that a body must average after the grace; else 408 and the connection is closed (SEC-15).
    pub body_bytes_per_s_min: u64,
    /// Time between requests on one connection; then it is closed (SEC-15).
    pub idle_timeout: Duration,
    /// Time without progress while sending an answer; then the connection is closed (SEC-15).
    pub write_stall_timeout: Duration,
    /// Time in which a client whose request was refused may take the answer before the connection is closed.
    pub linger: Duration,

    /// Connections in all; one more is closed at once (SEC-14).
    pub connections_max: usize,
    /// Connections from one address, or one /64 network of IPv6 (SEC-14).
    pub connections_per_address_max: usize,
    /// Connections from a loopback address, which is all of this machine's programs together.
    pub connections_per_loopback_max: usize,
    /// Requests at once on one HTTP/2 connection (SEC-14).
    pub streams_max: u32,
    /// Requests that a client of HTTP/2 may take back in one second; then the connection is closed (SEC-14).
    pub resets_per_s_max: u32,

    /// Time between the wish to stop and the end of accepting, in which a balancer turns away (REL-30). Zero on
    /// loopback, where nobody balances.
    pub drain_delay: Duration,
    /// Time that running requests have to finish after that (REL-30).
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            front_threads: 64,
            front_threads_usual: std::thread::available_parallelism().map_or(3, |cores| cores.get() + 1),
            queue_requests_max: 1_024,
            queue_delay: Duration::from_millis(500),
            shed_after: Duration::from_secs(5),
            listener_threads: None,
            request_line_bytes_max: 32_768,
            header_fields_max: 100,
            headers_bytes_max: 64 * 1024,
            header_field_bytes_max: 16 * 1024,
            bodies_bytes_max: 1024 * 1024 * 1024,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            body_grace: Duration::from_secs(30),
            body_bytes_per_s_min: 1_024,
            idle_timeout: Duration::from_secs(75),
            write_stall_timeout: Duration::from_secs(60),
            linger: Duration::from_secs(1),
            connections_max: 10_000,
            connections_per_address_max: 256,
            connections_per_loopback_max: 4_096,
            streams_max: 100,
            resets_per_s_max: 200,
            drain_delay: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}
