//! Measures the listener alone: a front that echoes, raw keep-alive clients in the same process, requests per second.
//!
//! `cargo run --release -p driftless-server --example echo -- [connections] [seconds] [work_us]`
//!
//! `work_us` makes the front busy for that long, as a real one would be. Clients and server share the cores, so the
//! figure is a floor for what the listener carries.

#![allow(clippy::print_stdout)] // a program for people at a terminal

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use driftless_server::{Answering, Chunks, Front, Limits, Listeners, Peer, Server};
use http::{Method, Request, Response};

struct Echo {
    work: Duration,
}

impl Front for Echo {
    fn body_limit(&self, _: &Method, _: &str) -> usize {
        1024 * 1024
    }

    fn respond(self: Arc<Self>, request: Request<Bytes>, _: Peer) -> Answering {
        Box::pin(async move {
            let start = Instant::now();
            while start.elapsed() < self.work {
                std::hint::spin_loop();
            }
            Response::new(Chunks::from(request.into_body()))
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let mut next = |default: u64| numbers.next().unwrap_or(Ok(default));
    let (connections, seconds, work_us) = (next(64)?, next(3)?, next(0)?);
    let work = Duration::from_micros(work_us);

    let listeners = Listeners { http: vec![([127, 0, 0, 1], 0).into()], ..Listeners::default() };
    let front = Arc::new(Echo { work });
    let running = Server::start(front, &listeners, None, Limits::default())?;
    let address = running.http_addr().ok_or("no address")?;

    let stop = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || client(address, &stop))
        })
        .collect();
    thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Ordering::Relaxed);
    let elapsed = started.elapsed();
    let mut micros = Vec::new();
    for client in clients {
        micros.extend(client.join().map_err(|_| "a client panicked")??);
    }
    micros.sort_unstable();
    let at = |share: f64| micros.get((micros.len() as f64 * share) as usize);
    println!(
        "{connections} connections, {work_us} us of work: {:.0} requests/s, p50 {} us, p99 {} us",
        micros.len() as f64 / elapsed.as_secs_f64(),
        at(0.5).unwrap_or(&0),
        at(0.99).unwrap_or(&0),
    );
    println!("{:?}", running.shutdown());
    Ok(())
}

/// Sends the same request again and again; returns the microseconds that each took.
fn client(address: SocketAddr, stop: &AtomicBool) -> io::Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let body = [b'x'; 200];
    let mut request = format!(
        "POST /api/data/v9.2/accounts HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {:040}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        0,
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    let mut micros = Vec::new();
    let mut answer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        stream.write_all(&request)?;
        let mut length = 0;
        // The answer ends with the body that was sent, and nothing follows it.
        while !answer[..length].ends_with(&body) {
            let read = stream.read(&mut answer[length..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            length += read;
        }
        micros.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(micros)
}
