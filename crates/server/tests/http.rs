//! The listener through real sockets, as bytes.

#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking, in its helpers too

mod raw;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use driftless_server::{Limits, ListenError, Listeners, Server, Stopped};
use raw::{Answer, Client, PATIENCE, Service, TestFront, connect, eventually};

const SHORT: Duration = Duration::from_millis(40);

#[test]
fn one_connection_serves_many_requests() {
    let service = Service::start(Limits::default());
    let mut client = service.client();
    let host = service.address();
    for turn in 0..3 {
        client.send(format!("POST /echo?turn={turn} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\nhello"));
        let answer = client.answer();
        let id = answer.header("x-ms-service-request-id").unwrap().to_owned();
        let expected = format!("http POST /echo?turn={turn} bytes=5 origin=http://{host} id={id}");
        assert_eq!((answer.status, &answer.body), (200, &expected));
        assert!(answer.header("server").is_none() && answer.header("date").is_some());
    }
}

#[test] // OPS-08
fn a_request_keeps_the_id_that_its_client_gave_it() {
    let service = Service::start(Limits::default());
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let mut client = service.client();
    client.send(format!("GET /echo HTTP/1.1\r\nHost: localhost\r\nx-ms-client-request-id: {id}\r\n\r\n"));
    let answer = client.answer();
    assert_eq!(answer.header("x-ms-service-request-id"), Some(id));
    assert!(answer.body.ends_with(id));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let service = Service::start(Limits::default());
    let mut client = service.client();
    let request = |n| format!("GET /echo/{n} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.send((0..5).map(request).collect::<String>());
    for n in 0..5 {
        assert!(client.answer().body.contains(&format!("/echo/{n} ")));
    }
}

#[test]
fn answers_without_a_body_end_where_they_should() {
    let service = Service::start(Limits::default());
    let mut client = service.client();
    client.send("HEAD /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = client.answer_to("HEAD");
    assert!(answer.header("content-length").unwrap().parse::<u32>().unwrap() > 20);
    assert_eq!(client.get("/nothing").status, 204);
    assert_eq!(client.get("/echo").status, 200);
}

#[test]
fn a_large_answer_arrives_whole() {
    let service = Service::start(Limits::default());
    let answer = service.client().get("/big");
    assert_eq!(answer.body.len(), 64 * 1024 * 1024);
}

#[test] // SEC-01
fn a_long_url_is_refused_in_json() {
    let service = Service::start(Limits::default());
    // The second is beyond what the HTTP library parses at all.
    for bytes in [33_000, 70_000] {
        let answer = service.client().get(&format!("/{}", "x".repeat(bytes)));
        answer.is_error(414, "0x8004418a");
    }
}

#[test] // SEC-02
fn large_headers_are_refused_in_json() {
    let service = Service::start(Limits::default());
    let line = |n, bytes| format!("x-{n}: {}\r\n", "v".repeat(bytes));
    let many: String = (0..101).map(|n| line(n, 1)).collect();
    let huge: String = (0..60).map(|n| line(n, 10_000)).collect();
    for headers in [many, line(1, 17_000), huge] {
        let mut client = service.client();
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        // The server may answer and close before all is sent.
        let _ = client.stream.write_all(request.as_bytes());
        client.answer().is_error(431, "0x8004418a");
    }
}

#[test] // SEC-03
fn a_large_body_is_refused_and_the_answer_can_be_read() {
    let service = Service::start(Limits::default());
    let body = "x".repeat(1024 * 1024);
    let sized = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n100000\r\n{body}\r\n0\r\n\r\n");
    for rest in [sized, chunked] {
        let mut client = service.client();
        let head = "POST /small HTTP/1.1\r\nHost: localhost\r\n";
        client.send(format!("{head}{rest}"));
        client.answer().is_error(413, "0x8004418a");
    }
    let mut client = service.client();
    client.send("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123456789");
    assert_eq!(client.answer().status, 200);
}

#[test] // SEC-12
fn a_compressed_body_is_refused() {
    let service = Service::start(Limits::default());
    let mut client = service.client();
    for (encoding, status) in [("identity", 200), ("gzip", 415)] {
        client.send(format!("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: {encoding}\r\nContent-Length: 2\r\n\r\nxx"));
        assert_eq!(client.answer().status, status, "{encoding}");
    }
}

#[test]
fn all_bodies_together_have_a_limit() {
    let service = Service::start(Limits { bodies_bytes_max: 100_000, ..Limits::default() });
    for (bytes, status) in [(90_000, 200), (120_000, 429), (90_000, 200)] {
        let mut client = service.client();
        client.send(format!("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n"));
        client.send("x".repeat(bytes));
        assert_eq!(client.answer().status, status, "{bytes}");
    }
}

#[test]
fn what_is_not_http_is_refused_in_json() {
    let service = Service::start(Limits::default());
    for text in ["nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nA B\r\n\r\n"] {
        let mut client = service.client();
        client.send(text);
        client.answer().is_error(400, "0x80040203");
        assert!(client.is_closed());
    }
    let mut client = service.client();
    client.send("CONNECT example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.answer().is_error(405, "0x80040315");
}

#[test] // AUTH-42
fn a_local_service_is_not_reached_under_another_name() {
    let service = Service::start(Limits::default());
    let mut client = service.client();
    client.send("GET /echo HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    client.answer().is_error(421, "0x80040203");
    client.send("GET /echo HTTP/1.1\r\n\r\n");
    client.answer().is_error(400, "0x80040203");
}

#[test] // SEC-15
fn a_slow_head_closes_the_connection() {
    let service = Service::start(Limits { head_timeout: SHORT, ..Limits::default() });
    for text in ["", "G", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut client = service.client();
        client.send(text);
        assert!(client.is_closed(), "{text}");
    }
    // After a first request, a head that stops in the middle has the same time.
    let mut client = service.client();
    assert_eq!(client.get("/echo").status, 200);
    client.send("GET /echo HTTP/1.1\r\n");
    assert!(client.is_closed());
}

#[test] // SEC-15
fn a_slow_body_is_refused() {
    let service = Service::start(Limits { body_grace: SHORT, ..Limits::default() });
    let mut client = service.client();
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe");
    let answer = client.answer();
    answer.is_error(408, "0x80040203");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test] // SEC-15
fn an_idle_connection_is_closed() {
    let service = Service::start(Limits { idle_timeout: SHORT, ..Limits::default() });
    let mut client = service.client();
    assert_eq!(client.get("/echo").status, 200);
    assert!(client.is_closed());
}

#[test] // SEC-15
fn a_request_may_take_longer_than_idleness() {
    let service = Service::start(Limits { idle_timeout: Duration::from_millis(5), ..Limits::default() });
    let mut client = service.client();
    client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    service.front.gate.wait_for(1);
    thread::sleep(SHORT); // eight times the idle time, which must not count here
    service.front.gate.open();
    assert_eq!(client.answer().status, 200);
}

#[test] // SEC-15
fn a_client_that_does_not_read_is_cut_off() {
    let service = Service::start(Limits { write_stall_timeout: SHORT, ..Limits::default() });
    let mut client = service.client();
    client.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Once the server has closed, its side refuses what we write.
    eventually("the connection stays open", || client.stream.write_all(b" ").is_err());
    let mut rest = Vec::new();
    let _ = client.stream.read_to_end(&mut rest);
    assert!(rest.len() < 64 * 1024 * 1024);
}

#[test] // SEC-14
fn connections_from_one_address_are_limited() {
    let service = Service::start(Limits { connections_per_loopback_max: 2, ..Limits::default() });
    let (mut first, mut second) = (service.client(), service.client());
    assert_eq!(first.get("/echo").status, 200);
    assert_eq!(second.get("/echo").status, 200);
    assert!(service.client().is_closed());
    drop(first);
    eventually("no connection was given back", || {
        let mut client = service.client();
        let request = b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
        client.stream.write_all(request).is_ok() && client.stream.read(&mut [0]).is_ok_and(|n| n > 0)
    });
}

#[test] // SEC-66
fn a_panic_is_one_error_and_nothing_else() {
    let service = Service::start(Limits::default());
    let mut client = service.client();
    for _ in 0..20 {
        client.get("/panic").is_error(500, "0x80040216");
    }
    assert_eq!(client.get("/echo").status, 200);
}

#[test]
fn threads_start_when_there_is_work_for_them() {
    let service = Service::start(Limits { front_threads: 4, ..Limits::default() });
    assert!(front_threads() <= 1);
    let mut clients: Vec<_> = (0..6).map(|_| service.client()).collect();
    clients.iter_mut().for_each(|client| client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    service.front.gate.wait_for(4);
    assert_eq!(front_threads(), 4);
    service.front.gate.open();
    assert!(clients.iter_mut().all(|client| client.answer().status == 200));
}

#[test] // ADR 0026
fn requests_that_wait_for_others_hold_no_thread() {
    let service = Service::start(Limits { front_threads: 8, front_threads_usual: 1, ..Limits::default() });
    let mut clients: Vec<_> = (0..7).map(|_| service.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let path = if number == 3 { "/later-panic" } else { "/later" };
        client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    service.front.gate.wait_for(7);
    assert_eq!(service.client().get("/echo").status, 200);
    assert!(front_threads() < 7);
    service.front.gate.open();
    let statuses: Vec<_> = clients.iter_mut().map(|client| client.answer().status).collect();
    assert_eq!(statuses, [200, 200, 200, 500, 200, 200, 200]);
}

#[test] // D8
fn requests_that_wait_for_others_are_at_work() {
    let service = Service::start(Limits { front_threads: 2, queue_requests_max: 1, ..Limits::default() });
    let mut clients: Vec<_> = (0..2).map(|_| service.client()).collect();
    for (waiting, client) in (1..).zip(&mut clients) {
        client.send("GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
        service.front.gate.wait_for(waiting);
    }
    let (sender, answers) = mpsc::channel();
    for _ in 0..2 {
        let (sender, mut client) = (sender.clone(), service.client());
        thread::spawn(move || sender.send(client.get("/echo").status));
    }
    assert_eq!(answers.recv_timeout(PATIENCE).unwrap(), 429, "one waits, the other is refused");
    service.front.gate.open();
    assert_eq!(answers.recv_timeout(PATIENCE).unwrap(), 200);
    assert!(clients.iter_mut().all(|client| client.answer().status == 200));
}

/// Threads that run fronts.
fn front_threads() -> usize {
    let names = std::fs::read_dir("/proc/self/task").unwrap().filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("front-")).count()
}

/// Three requests to a service with one thread and room for one more: the first runs until the gate opens, and gives its client; of the others one waits and
/// one is told that as many wait as may.
fn fill(service: &Service) -> (Client<TcpStream>, mpsc::Receiver<Answer>) {
    let request = "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut running = service.client();
    running.send(request);
    service.front.gate.wait_for(1);
    let (sender, answers) = mpsc::channel();
    for _ in 0..2 {
        let (sender, mut client) = (sender.clone(), service.client());
        client.send(request);
        thread::spawn(move || sender.send(client.answer()));
    }
    (running, answers)
}

#[test] // D8
fn a_full_queue_answers_429() {
    let service = Service::start(Limits { front_threads: 1, queue_requests_max: 1, ..Limits::default() });
    let (mut running, answers) = fill(&service);
    let refused = answers.recv_timeout(PATIENCE).unwrap();
    refused.is_error(429, "0x80072326");
    assert_eq!(refused.header("retry-after"), Some("1"));
    service.front.gate.open();
    assert_eq!(answers.recv_timeout(PATIENCE).unwrap().status, 200);
    assert_eq!(running.answer().status, 200);
}

#[test] // SEC-25
fn a_service_that_does_not_keep_up_puts_off_what_can_wait() {
    let late = Limits { front_threads: 1, queue_requests_max: 1, queue_delay: Duration::ZERO, ..Limits::default() };
    for (shed_after, status) in [(Duration::ZERO, 503), (Duration::from_secs(3_600), 429)] {
        let service = Service::start(Limits { shed_after, ..late.clone() });
        let (mut running, answers) = fill(&service);
        assert_eq!(answers.recv_timeout(PATIENCE).unwrap().status, 429);
        for path in ["/export", "/list"] {
            let answer = service.client().get(path);
            assert_eq!(answer.status, status, "{path}");
            if status == 503 {
                answer.is_error(503, "0x80044150");
                assert_eq!(answer.header("retry-after"), Some("10"));
            }
        }
        assert_eq!(service.client().get("/echo").status, 429, "what is usual is refused only if there is no room");
        assert!(service.front.late.load(Ordering::SeqCst) >= 4, "jobs pause before requests are refused");
        service.front.gate.open();
        assert_eq!((answers.recv_timeout(PATIENCE).unwrap().status, running.answer().status), (200, 200));
        let late = service.front.late.load(Ordering::SeqCst);
        assert_eq!(service.client().get("/export").status, 200);
        assert_eq!(service.front.late.load(Ordering::SeqCst), late);
    }
}

#[test] // REL-30
fn shutdown_finishes_what_runs_and_accepts_nothing_more() {
    for path in ["/wait", "/later"] {
        let service = Service::start(Limits::default());
        let address = service.address();
        let mut idle = service.client();
        assert_eq!(idle.get("/echo").status, 200);
        let mut client = service.client();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        service.front.gate.wait_for(1);
        let front = Arc::clone(&service.front);
        let stopping = thread::spawn(move || service.running.shutdown());
        eventually("still accepting", || TcpStream::connect(address).is_err());
        assert!(idle.is_closed());
        assert!(!stopping.is_finished());
        front.gate.open();
        assert_eq!(client.answer().status, 200);
        assert!(client.is_closed());
        assert_eq!(stopping.join().unwrap(), Stopped::Clean);
    }
}

#[test] // OPS-11, REL-30
fn a_service_that_shuts_down_says_so_while_it_still_serves() {
    let service = Service::start(Limits { drain_delay: Duration::from_millis(500), ..Limits::default() });
    let mut client = service.client();
    assert_eq!((client.get("/readyz").status, client.get("/livez").status), (200, 200));
    let stopping = thread::spawn(move || service.running.shutdown());
    eventually("still ready", || client.get("/readyz").status == 503);
    assert_eq!((client.get("/livez").status, client.get("/echo").status), (200, 200));
    assert_eq!(stopping.join().unwrap(), Stopped::Clean);
}

#[test] // REL-30
fn shutdown_does_not_wait_forever() {
    let service = Service::start(Limits { shutdown_timeout: SHORT, ..Limits::default() });
    let mut client = service.client();
    client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    service.front.gate.wait_for(1);
    let front = Arc::clone(&service.front);
    assert_eq!(service.running.shutdown(), Stopped::CutOff);
    assert!(client.is_closed());
    front.gate.open();
}

#[test]
fn a_taken_address_is_named() {
    let service = Service::start(Limits::default());
    let listeners = Listeners { http: vec![service.address()], ..Listeners::default() };
    let front = Arc::new(TestFront::default());
    let error = Server::start(front, &listeners, None, Limits::default()).unwrap_err();
    assert!(matches!(error, ListenError::Bind { .. }));
    assert!(error.to_string().contains("in use by another program"));
}

#[test]
fn a_request_in_many_small_pieces_is_read() {
    let service = Service::start(Limits::default());
    let stream = connect(service.address());
    stream.set_nodelay(true).unwrap();
    let mut client = Client::new(stream);
    let request = "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    for byte in request.bytes() {
        client.send([byte]);
    }
    assert!(client.answer().body.contains("bytes=5"));
}
