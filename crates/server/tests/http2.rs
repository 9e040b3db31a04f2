//! HTTP/2 as frames: what its clients are told of limits, and what happens beyond them.

#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking, in its helpers too

mod raw;

use std::io::{Read, Write};
use std::net::TcpStream;

use driftless_server::Limits;
use raw::{Service, connect, eventually};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
/// Of a request without a body whose fields are in one frame.
const WHOLE: u8 = 5;
/// The setting that says how many requests there may be at once.
const STREAMS_MAX: u16 = 3;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// `GET /wait`, which the front answers when its gate is open.
fn get_wait(stream: u8) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, b"\x82\x86\x44\x05/wait\x41\x09localhost")
}

fn greeted(service: &Service) -> TcpStream {
    let mut stream = connect(service.address());
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).unwrap();
    stream
}

/// The first settings of the server.
fn settings(stream: &mut TcpStream) -> Vec<(u16, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[3], SETTINGS);
    let mut payload = vec![0; usize::from(head[2])];
    stream.read_exact(&mut payload).unwrap();
    let setting = |six: &[u8]| (u16::from_be_bytes([six[0], six[1]]), u32::from_be_bytes([six[2], six[3], six[4], six[5]]));
    payload.chunks(6).map(setting).collect()
}

#[test] // SEC-14
fn a_client_is_told_how_many_requests_it_may_have_at_once() {
    let service = Service::start(Limits::default());
    let told = settings(&mut greeted(&service));
    assert!(told.contains(&(STREAMS_MAX, 100)), "{told:?}");
}

#[test] // SEC-14
fn a_client_that_takes_back_its_requests_again_and_again_is_cut_off() {
    let service = Service::start(Limits { resets_per_s_max: 1, ..Limits::default() });
    let mut stream = greeted(&service);
    let streams = [1, 3, 5, 7, 9, 11];
    stream.write_all(&streams.map(get_wait).concat()).unwrap();
    service.front.gate.wait_for(6);
    stream.write_all(&streams.map(|id| frame(RESET, 0, id, &[0, 0, 0, 8])).concat()).unwrap();
    // Once the server has closed, its side refuses what we write.
    eventually("the connection stays open", || stream.write_all(&frame(SETTINGS, 1, 0, b"")).is_err());
    service.front.gate.open();
}
