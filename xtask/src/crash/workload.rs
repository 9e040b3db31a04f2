//! The writers: each connection sends one random request after the other and logs it before sending.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::history::{Effect, Operation, Outcome, RowId, Survey, Write};
use super::table::{COLUMNS, ID, ROOT, body, guid, row_id, version};
use crate::http::{Address, Connection, Exchange, Request, Response};
use crate::rng::Rng;

/// Above this many live rows, creates become deletes: full reads stay short.
const LIVE_MAX: usize = 3000;
/// Deleted rows that may be made again under their id.
const RETIRED_MAX: usize = 200;
/// Key values that writers fight over.
const CODES: usize = 150;
/// Most rows of one change set.
const SET_ROWS_MAX: u64 = 5;
/// Pause after an answer that asks for patience.
const BACK_OFF: Duration = Duration::from_millis(5);

/// The one clock of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since its start.
    pub(crate) fn now_ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// What all threads of a run share.
pub(crate) struct Shared {
    /// The clock.
    pub(crate) clock: Clock,
    /// Set name of the table.
    pub(crate) set: String,
    stamps: AtomicU64,
    rows: Mutex<Rows>,
    strange: Mutex<BTreeMap<String, u64>>,
}

#[derive(Default)]
struct Rows {
    live: Vec<Known>,
    /// Rows that hold or held a key value.
    coded: HashSet<RowId>,
    /// Deleted rows that never had a key value; only these are made again, so that a row keeps its key value for life.
    retired: Vec<RowId>,
}

/// A row that exists as far as the writers know.
#[derive(Clone, Debug)]
struct Known {
    row: RowId,
    version: Option<u64>,
}

impl Shared {
    /// Nothing known yet.
    pub(crate) fn new(clock: Clock, set: String) -> Self {
        let (rows, strange) = (Mutex::new(Rows::default()), Mutex::new(BTreeMap::new()));
        Self { clock, set, stamps: AtomicU64::new(1), rows, strange }
    }

    /// Takes over what a full read found.
    pub(crate) fn learn(&self, survey: &Survey) {
        let known = survey.states.iter().map(|state| Known { row: state.row, version: Some(state.version) });
        let live: Vec<Known> = known.collect();
        let mut rows = self.rows();
        rows.coded.extend(survey.states.iter().filter(|state| state.code.is_some()).map(|state| state.row));
        rows.retired.retain(|row| !live.iter().any(|known| known.row == *row));
        rows.live = live;
    }

    /// Counts an answer that no request of this kind should get.
    pub(crate) fn note_strange(&self, request: &str, response: &Response) {
        let mut text = response.text();
        text.truncate(text.char_indices().nth(300).map_or(text.len(), |(at, _)| at));
        let mut strange = self.strange.lock().unwrap_or_else(PoisonError::into_inner);
        // One line per status and request kind: ids in the text would make each one new.
        let kind = format!("{request}: {}", response.status);
        match strange.iter_mut().find(|(known, _)| known.starts_with(&kind)) {
            Some((_, count)) => *count += 1,
            None => {
                strange.insert(format!("{kind} {text}"), 1);
            }
        }
    }

    /// Answers that no request should get, with their number.
    pub(crate) fn strange(&self) -> BTreeMap<String, u64> {
        self.strange.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection that writes until the service is gone.
pub(crate) struct Writer<'a> {
    shared: &'a Shared,
    process: u32,
    cycle: u32,
    rng: Rng,
    connection: Connection,
    log: Vec<Operation>,
}

/// What a request does, and how it is said.
struct Planned {
    writes: Vec<Write>,
    request: Request,
}

impl<'a> Writer<'a> {
    /// A writer that will use its own connection.
    pub(crate) fn new(shared: &'a Shared, address: &Address, process: u32, cycle: u32, rng: Rng) -> Self {
        Self { shared, process, cycle, rng, connection: Connection::new(address), log: Vec::new() }
    }

    /// Sends requests until one is not answered; gives the log.
    pub(crate) fn run(mut self) -> Vec<Operation> {
        loop {
            let planned = self.plan();
            let operation = Operation {
                process: self.process,
                cycle: self.cycle,
                invoke_ns: self.shared.clock.now_ns(),
                end_ns: u64::MAX,
                outcome: Outcome::Unanswered,
                writes: planned.writes,
            };
            self.log.push(operation);
            let exchange = self.connection.send(&planned.request);
            let end_ns = self.shared.clock.now_ns();
            let Some(operation) = self.log.last_mut() else {
                return self.log;
            };
            operation.end_ns = end_ns;
            match exchange {
                Exchange::Answered(response) => note_answer(self.shared, operation, &planned.request, &response),
                Exchange::NotSent => {
                    operation.outcome = Outcome::Refused;
                    return self.log;
                }
                Exchange::Unanswered => return self.log,
            }
        }
    }

    fn plan(&mut self) -> Planned {
        if self.rng.chance(10) {
            return self.change_set();
        }
        let (write, request) = self.single();
        let tells = write.code.is_some() && write.effect == Effect::Upsert || self.rng.chance(60);
        let request = if tells && write.effect != Effect::Delete {
            let path = format!("{}?$select={COLUMNS}", request.path);
            Request { path, ..request }.header("Prefer", "return=representation")
        } else {
            request
        };
        Planned { writes: vec![write], request }
    }

    /// A request for one row, and what it does.
    fn single(&mut self) -> (Write, Request) {
        let stamp = self.shared.stamps.fetch_add(1, Ordering::Relaxed);
        let mut write = Write { stamp, row: None, code: None, effect: Effect::Create, if_version: None, version: None };
        let set = format!("{ROOT}/{}", self.shared.set);
        let known = self.known();
        let is_full = self.shared.rows().live.len() > LIVE_MAX;
        let request = match (self.rng.below(100), known) {
            (0..=29, Some(known)) if !is_full => self.update(&mut write, &set, &known),
            (0..=11, Some(known)) => self.update(&mut write, &set, &known),
            (12..=44, Some(known)) => self.delete(&mut write, &set, &known),
            (45..=62, _) => {
                let code = self.code();
                write.effect = Effect::Upsert;
                let path = format!("{set}(new_code='{code}')");
                write.code = Some(code);
                Request::new("PATCH", path).json(&body(stamp))
            }
            (63..=68, _) => match self.retired() {
                Some(row) => {
                    (write.effect, write.row) = (Effect::Upsert, Some(row));
                    Request::new("PATCH", format!("{set}({})", guid(row))).json(&body(stamp))
                }
                None => self.create(&mut write, &set),
            },
            _ => self.create(&mut write, &set),
        };
        (write, request)
    }

    fn create(&mut self, write: &mut Write, set: &str) -> Request {
        let row = self.new_row();
        write.row = Some(row);
        let mut content = body(write.stamp);
        content[ID] = Value::from(guid(row));
        if self.rng.chance(10) {
            let code = self.code();
            content["new_code"] = Value::from(code.clone());
            write.code = Some(code);
        }
        Request::new("POST", set).json(&content)
    }

    fn update(&mut self, write: &mut Write, set: &str, known: &Known) -> Request {
        (write.effect, write.row) = (Effect::Update, Some(known.row));
        write.if_version = known.version.filter(|_| self.rng.chance(50));
        let matched = write.if_version.map_or_else(|| "*".to_owned(), |version| format!("W/\"{version}\""));
        let path = format!("{set}({})", guid(known.row));
        Request::new("PATCH", path).header("If-Match", matched).json(&body(write.stamp))
    }

    fn delete(&mut self, write: &mut Write, set: &str, known: &Known) -> Request {
        write.effect = Effect::Delete;
        if self.rng.chance(8) {
            let code = self.code();
            let request = Request::new("DELETE", format!("{set}(new_code='{code}')"));
            write.code = Some(code);
            return request;
        }
        write.row = Some(known.row);
        let mut rows = self.shared.rows();
        rows.live.retain(|other| other.row != known.row);
        Request::new("DELETE", format!("{set}({})", guid(known.row)))
    }

    /// Several rows in one transaction: new ones, changed ones, a deleted one.
    fn change_set(&mut self) -> Planned {
        let set = format!("{ROOT}/{}", self.shared.set);
        let mut parts: Vec<(Write, Request)> = Vec::new();
        for _ in 0..self.rng.between(2, SET_ROWS_MAX) {
            let stamp = self.shared.stamps.fetch_add(1, Ordering::Relaxed);
            let mut write = Write { stamp, row: None, code: None, effect: Effect::Create, if_version: None, version: None };
            let known = self.known().filter(|known| parts.iter().all(|(write, _)| write.row != Some(known.row)));
            let request = match (self.rng.below(10), known) {
                (0..=3, Some(known)) => {
                    let request = self.update(&mut write, &set, &Known { version: None, ..known });
                    write.if_version = None;
                    request
                }
                (4, Some(known)) => self.delete(&mut write, &set, &known),
                _ => self.create(&mut write, &set),
            };
            parts.push((write, request));
        }
        let requests: Vec<&Request> = parts.iter().map(|(_, request)| request).collect();
        let content = batch(&requests);
        let mut request = Request::new("POST", format!("{ROOT}/$batch"));
        request.body = Some((format!("multipart/mixed; boundary={BATCH}"), content));
        Planned { writes: parts.into_iter().map(|(write, _)| write).collect(), request }
    }

    fn known(&mut self) -> Option<Known> {
        let rows = self.shared.rows();
        self.rng.pick(&rows.live).cloned()
    }

    fn retired(&mut self) -> Option<RowId> {
        let rows = self.shared.rows();
        self.rng.pick(&rows.retired).copied()
    }

    fn code(&mut self) -> String {
        format!("k{}", self.rng.below(CODES))
    }

    /// A new id in the layout of a random GUID.
    fn new_row(&mut self) -> RowId {
        let bits = (u128::from(self.rng.next()) << 64) | u128::from(self.rng.next());
        let version = 0xF << 76;
        let variant = 0b11 << 62;
        bits & !version & !variant | (4 << 76) | (0b10 << 62)
    }
}

const BATCH: &str = "batch_crash";
const CHANGE_SET: &str = "changeset_crash";

/// A batch of one change set.
fn batch(requests: &[&Request]) -> Vec<u8> {
    let mut text = format!("--{BATCH}\r\nContent-Type: multipart/mixed; boundary={CHANGE_SET}\r\n\r\n");
    for (number, request) in requests.iter().enumerate() {
        text.push_str(&format!(
            "--{CHANGE_SET}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {}\r\n\r\n{} {} HTTP/1.1\r\n",
            number + 1,
            request.method,
            request.path
        ));
        for (name, value) in &request.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some((_, content)) = &request.body {
            text.push_str("Content-Type: application/json; type=entry\r\n\r\n");
            text.push_str(&String::from_utf8_lossy(content));
        } else {
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
    }
    text.push_str(&format!("--{CHANGE_SET}--\r\n--{BATCH}--\r\n"));
    text.into_bytes()
}

/// Completes the log of an answered request, and what the writers know of the rows.
fn note_answer(shared: &Shared, operation: &mut Operation, request: &Request, response: &Response) {
    let is_set = operation.writes.len() > 1;
    let status = if is_set { status_of_failed_part(response).unwrap_or(response.status) } else { response.status };
    if (200..300).contains(&status) {
        operation.outcome = Outcome::Acknowledged;
        let answer = if is_set { Value::Null } else { response.json() };
        for write in &mut operation.writes {
            write.version = version(&answer["@odata.etag"]);
            write.row = write.row.or_else(|| answer[ID].as_str().and_then(row_id));
            note_row(shared, write);
        }
        return;
    }
    match status {
        404 | 412 => operation.outcome = Outcome::Refused,
        429 | 503 => {
            operation.outcome = Outcome::Refused;
            std::thread::sleep(BACK_OFF);
        }
        400..500 => {
            operation.outcome = Outcome::Refused;
            shared.note_strange(kind(request), response);
        }
        // It may have been done: the checker has to allow both.
        _ => shared.note_strange(kind(request), response),
    }
}

/// A change set that fails is one part with an error, whose status counts: the answer around it says 400 (ADR 0021).
fn status_of_failed_part(response: &Response) -> Option<u16> {
    let text = response.text();
    text.split("HTTP/1.1 ").skip(1).filter_map(|part| part.get(..3)?.parse().ok()).find(|status| *status >= 400)
}

fn kind(request: &Request) -> &str {
    if request.path.ends_with("$batch") { "change set" } else { request.method }
}

fn note_row(shared: &Shared, write: &Write) {
    let Some(row) = write.row else { return };
    let mut rows = shared.rows();
    match write.effect {
        Effect::Delete => {
            if rows.retired.len() < RETIRED_MAX && !rows.coded.contains(&row) {
                rows.retired.push(row);
            }
        }
        Effect::Create | Effect::Upsert => {
            rows.live.retain(|known| known.row != row);
            rows.retired.retain(|known| *known != row);
            rows.live.push(Known { row, version: write.version });
            if write.code.is_some() {
                rows.coded.insert(row);
            }
        }
        Effect::Update => {
            if let Some(known) = rows.live.iter_mut().find(|known| known.row == row) {
                known.version = write.version;
            }
        }
    }
}
