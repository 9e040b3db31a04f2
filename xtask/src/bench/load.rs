//! The load: many connections driven by few threads with raw sockets and requests rendered in place.
//!
//! Client and service share the machine, so what this costs is taken from the service: a thread asks the system which of its sockets have an answer, and
//! touches no other. A time ends when the answer is read, never earlier than it came.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::median;
use crate::http::Address;

/// Longest wait for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(120);
/// Bytes asked of a socket at once.
const READ_BYTES: usize = 64 * 1024;

/// A request as bytes, ready to be sent.
pub(crate) fn render(address: &Address, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\nOData-Version: 4.0\r\n",
        address.host, address.token
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            text.push_str("Content-Type: application/json\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    } else {
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// A kept-alive connection whose answers are read into one buffer that is used again.
pub(crate) struct Lane {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    body_at: usize,
}

impl Lane {
    /// Opens a connection.
    pub(crate) fn open(address: &Address) -> Result<Self> {
        let stream = TcpStream::connect(&address.host).context("cannot connect to the service")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        Ok(Self { stream, buffer: vec![0; READ_BYTES], filled: 0, body_at: 0 })
    }

    /// Sends a request and forgets the answer before.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<()> {
        self.filled = 0;
        let mut rest = request;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(0) => bail!("the service closed the connection"),
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads what there is; true when the answer is whole.
    pub(crate) fn receive(&mut self) -> Result<bool> {
        loop {
            if self.buffer.len() - self.filled < READ_BYTES {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => bail!("the service closed the connection"),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            if let Some((body_at, end)) = frame(&self.buffer[..self.filled])?
                && self.filled >= end
            {
                ensure!(self.filled == end, "more than one answer came");
                self.body_at = body_at;
                let is_good = self.buffer.get(9) == Some(&b'2');
                ensure!(is_good, "the service answered: {}", String::from_utf8_lossy(&self.buffer[..end.min(2_000)]));
                return Ok(true);
            }
        }
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.send(request)?;
        ensure!(self.receive()?, "no answer in time");
        Ok(self.body())
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> &[u8] {
        &self.buffer[self.body_at..self.filled]
    }
}

/// Where the body of an answer begins and ends, once its head is whole.
fn frame(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    // Heads are short; a body is never searched.
    let head = &bytes[..bytes.len().min(4_096)];
    let Some(head_end) = head.windows(4).position(|four| four == b"\r\n\r\n") else {
        ensure!(bytes.len() < 4_096, "the head of an answer is too long");
        return Ok(None);
    };
    let name = b"content-length:";
    let length = head[..head_end].split(|byte| *byte == b'\n').find(|line| line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name));
    let length = match length {
        Some(line) => std::str::from_utf8(&line[name.len()..])?.trim().parse::<usize>().context("content length is no number")?,
        None => 0,
    };
    Ok(Some((head_end + 4, head_end + 4 + length)))
}

/// How long answers took and how long everything took.
#[derive(Debug)]
pub(crate) struct Timing {
    /// Answers.
    pub(crate) count: usize,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Milliseconds of each answer.
    times_ms: Vec<f64>,
}

impl Timing {
    /// Answers a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }

    /// Milliseconds within which this share (0 to 1) of the answers came.
    pub(crate) fn percentile_ms(&mut self, share: f64) -> f64 {
        self.times_ms.sort_by(f64::total_cmp);
        let at = (self.times_ms.len() as f64 * share) as usize;
        self.times_ms.get(at.min(self.times_ms.len().saturating_sub(1))).copied().unwrap_or(0.0)
    }
}

/// How many connections, and the threads that drive them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    /// Connections.
    pub(crate) connections: usize,
    /// Threads.
    pub(crate) threads: usize,
}

/// Sends `count` requests, each connection one at a time. `prepare` gives the buffer of a connection, `patch` puts the n-th request into it.
pub(crate) fn drive(
    address: &Address,
    lanes: Lanes,
    count: usize,
    prepare: &(dyn Fn() -> Vec<u8> + Sync),
    patch: &(dyn Fn(usize, &mut Vec<u8>) + Sync),
) -> Result<Timing> {
    let next = AtomicUsize::new(0);
    let times = Mutex::new(Vec::with_capacity(count));
    let each = lanes.connections.div_ceil(lanes.threads.max(1));
    let mut sets = Vec::new();
    for _ in 0..lanes.threads.max(1) {
        let set: Result<Vec<_>> = (0..each).map(|_| Ok(Rider { lane: Lane::open(address)?, request: prepare(), sent: None })).collect();
        sets.push(set?);
    }
    let begun = Instant::now();
    std::thread::scope(|scope| -> Result<()> {
        let (next, times) = (&next, &times);
        let running: Vec<_> = sets.into_iter().map(|set| scope.spawn(move || ride(set, next, count, patch, times))).collect();
        running.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread of the load panicked"))?)
    })?;
    let elapsed = begun.elapsed();
    let times_ms = times.into_inner().map_err(|_| anyhow::anyhow!("a thread of the load panicked"))?;
    Ok(Timing { count, elapsed, times_ms })
}

struct Rider {
    lane: Lane,
    request: Vec<u8>,
    sent: Option<Instant>,
}

fn ride(mut riders: Vec<Rider>, next: &AtomicUsize, count: usize, patch: &(dyn Fn(usize, &mut Vec<u8>) + Sync), times: &Mutex<Vec<f64>>) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut own = Vec::with_capacity(count);
    for (at, rider) in riders.iter_mut().enumerate() {
        rider.lane.stream.set_nonblocking(true)?;
        poll.registry().register(&mut SourceFd(&rider.lane.stream.as_raw_fd()), Token(at), Interest::READABLE)?;
        rider.go(next, count, patch)?;
    }
    let mut under_way = riders.iter().filter(|rider| rider.sent.is_some()).count();
    let mut events = Events::with_capacity(riders.len().max(1));
    while under_way > 0 {
        poll.poll(&mut events, Some(ANSWER_WAIT))?;
        ensure!(!events.is_empty(), "no answer in time");
        for event in &events {
            let Some(rider) = riders.get_mut(event.token().0) else { continue };
            let Some(sent) = rider.sent else { continue };
            // An answer that has not come whole brings another event.
            if rider.lane.receive()? {
                own.push(sent.elapsed().as_secs_f64() * 1e3);
                rider.go(next, count, patch)?;
                under_way -= usize::from(rider.sent.is_none());
            }
        }
    }
    times.lock().map_err(|_| anyhow::anyhow!("a thread of the load panicked"))?.extend(own);
    Ok(())
}

impl Rider {
    /// Sends the next request, if there is one.
    fn go(&mut self, next: &AtomicUsize, count: usize, patch: &(dyn Fn(usize, &mut Vec<u8>) + Sync)) -> Result<()> {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            self.sent = None;
            return Ok(());
        }
        patch(number, &mut self.request);
        self.sent = Some(Instant::now());
        self.lane.send(&self.request)
    }
}

/// The middle time of `count` runs of `work` in milliseconds.
pub(crate) fn median_ms(count: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        work()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&mut times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_framed_by_their_length() {
        assert_eq!(frame(b"HTTP/1.1 204 No Content\r\nDate: x\r\n").unwrap(), None);
        let whole = b"HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n";
        assert_eq!(frame(whole).unwrap(), Some((whole.len(), whole.len())));
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel";
        assert_eq!(frame(head).unwrap(), Some((head.len() - 3, head.len() + 2)));
        assert!(frame(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
    }
}
