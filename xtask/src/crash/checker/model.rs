//! A small correct service in memory that makes histories: concurrent writers, paging readers, crashes.
//!
//! Requests are begun, done and answered in separate steps, so that they overlap as real ones do.

use std::collections::BTreeMap;

use super::super::history::{Chain, Count, Effect, History, Item, Operation, Outcome, Page, RowId, Stamp, State, Survey, Token, Write};
use crate::rng::Rng;

/// Time between two steps.
const STEP_NS: u64 = 10;
/// Requests under way at a time.
const WRITERS: usize = 8;
const CONSUMERS: u32 = 2;
const CODES: u64 = 12;
/// Steps between two crashes.
const CRASH_STEPS: usize = 250;

#[derive(Clone, Debug)]
struct Row {
    version: u64,
    stamp: Stamp,
    code: Option<String>,
}

/// A request under way; `done` is set once the service has acted on it.
struct Flight {
    operation: Operation,
    done: Option<Outcome>,
}

/// A read under way.
struct Reading {
    chain: Chain,
    upper: u64,
    /// Next entry to deliver: whether in the deleted part, and after which version.
    cut: (bool, u64),
}

#[derive(Default)]
struct Consumer {
    token: Option<Token>,
    reading: Option<Reading>,
}

/// The service and its clients.
pub(super) struct Model {
    rng: Rng,
    now_ns: u64,
    version: u64,
    stamp: Stamp,
    cycle: u32,
    rows: BTreeMap<RowId, Row>,
    tombstones: BTreeMap<RowId, u64>,
    retired: Vec<RowId>,
    flights: Vec<Flight>,
    consumers: Vec<Consumer>,
    positions: Vec<u64>,
    history: History,
}

/// A history without a fault.
pub(super) fn history(seed: u64, steps: usize) -> History {
    let mut model = Model {
        rng: Rng::new(seed),
        now_ns: 0,
        version: 100,
        stamp: 0,
        cycle: 0,
        rows: BTreeMap::new(),
        tombstones: BTreeMap::new(),
        retired: Vec::new(),
        flights: Vec::new(),
        consumers: (0..CONSUMERS).map(|_| Consumer::default()).collect(),
        positions: Vec::new(),
        history: History::default(),
    };
    for step in 1..=steps {
        model.step();
        if step % CRASH_STEPS == 0 {
            model.crash();
        }
    }
    model.finish();
    model.history
}

impl Model {
    fn tick(&mut self) -> u64 {
        self.now_ns += STEP_NS;
        self.now_ns
    }

    fn step(&mut self) {
        match self.rng.below(10) {
            0..=2 if self.flights.len() < WRITERS => self.begin(),
            0..=4 => self.act(),
            5..=6 => self.answer(),
            _ => {
                let consumer = self.rng.below(self.consumers.len());
                self.read(consumer);
            }
        }
    }

    fn begin(&mut self) {
        let size = if self.rng.chance(25) { 3 } else { 1 };
        let mut writes: Vec<Write> = Vec::new();
        for _ in 0..size {
            let write = self.write(size > 1);
            if writes.iter().all(|known| known.row.is_none() || known.row != write.row) {
                writes.push(write);
            }
        }
        let invoke_ns = self.tick();
        let outcome = Outcome::Unanswered;
        let operation = Operation { process: 0, cycle: self.cycle, invoke_ns, end_ns: 0, outcome, writes };
        self.flights.push(Flight { operation, done: None });
    }

    fn write(&mut self, is_in_set: bool) -> Write {
        self.stamp += 1;
        let live: Vec<RowId> = self.rows.keys().copied().collect();
        let mut write = Write { stamp: self.stamp, row: None, code: None, effect: Effect::Create, if_version: None, version: None };
        let picked = self.rng.pick(&live).copied();
        match (self.rng.below(10), picked) {
            (0..=3, Some(row)) => {
                (write.effect, write.row) = (Effect::Update, Some(row));
                if self.rng.chance(40) && !is_in_set {
                    write.if_version = self.rows.get(&row).map(|row| row.version);
                }
            }
            (4..=5, Some(row)) => (write.effect, write.row) = (Effect::Delete, Some(row)),
            (6, _) if !is_in_set => {
                write.effect = Effect::Upsert;
                write.code = Some(format!("k{}", self.rng.between(1, CODES)));
            }
            (7, _) if !self.retired.is_empty() => {
                (write.effect, write.row) = (Effect::Upsert, self.rng.pick(&self.retired).copied());
            }
            _ => {
                write.row = Some(u128::from(self.rng.next()));
                if self.rng.chance(30) {
                    write.code = Some(format!("k{}", self.rng.between(1, CODES)));
                }
            }
        }
        write
    }

    /// The service acts on one request, whole or not at all.
    fn act(&mut self) {
        let waiting: Vec<usize> = (0..self.flights.len()).filter(|place| self.flights[*place].done.is_none()).collect();
        let Some(place) = self.rng.pick(&waiting).copied() else {
            return;
        };
        let saved = (self.rows.clone(), self.tombstones.clone(), self.retired.clone());
        let mut writes = self.flights[place].operation.writes.clone();
        let is_done = writes.iter_mut().all(|write| self.put(write));
        if is_done {
            let tells = self.rng.chance(50);
            for write in writes.iter_mut().filter(|write| !tells && write.code.is_none()) {
                write.version = None;
            }
            self.flights[place].operation.writes = writes;
        } else {
            (self.rows, self.tombstones, self.retired) = saved;
        }
        self.flights[place].done = Some(if is_done { Outcome::Acknowledged } else { Outcome::Refused });
    }

    fn put(&mut self, write: &mut Write) -> bool {
        let by_code = |code: &str| self.rows.iter().find(|(_, row)| row.code.as_deref() == Some(code)).map(|(id, _)| *id);
        let holder = write.code.as_deref().and_then(by_code);
        let target = match (write.effect, write.row) {
            (Effect::Upsert, None) => holder.unwrap_or_else(|| u128::from(self.rng.next())),
            (Effect::Create, _) if holder.is_some() => return false,
            (_, Some(row)) => row,
            (_, None) => return false,
        };
        let current = self.rows.get(&target).cloned();
        let must_exist = matches!(write.effect, Effect::Update | Effect::Delete);
        let is_stale = write.if_version.is_some_and(|version| current.as_ref().map(|row| row.version) != Some(version));
        if is_stale || (must_exist && current.is_none()) {
            return false;
        }
        self.version += 1 + self.rng.next() % 3;
        write.row = Some(target);
        if write.effect == Effect::Delete {
            self.rows.remove(&target);
            self.tombstones.insert(target, self.version);
            if current.is_some_and(|row| row.code.is_none()) {
                self.retired.push(target);
            }
            return true;
        }
        self.tombstones.remove(&target);
        let code = current.map_or_else(|| write.code.clone(), |row| row.code);
        self.rows.insert(target, Row { version: self.version, stamp: write.stamp, code });
        write.version = Some(self.version);
        true
    }

    fn answer(&mut self) {
        let done: Vec<usize> = (0..self.flights.len()).filter(|place| self.flights[*place].done.is_some()).collect();
        let Some(place) = self.rng.pick(&done).copied() else {
            return;
        };
        let Flight { mut operation, done } = self.flights.swap_remove(place);
        operation.end_ns = self.tick();
        operation.outcome = done.unwrap_or(Outcome::Refused);
        self.history.operations.push(operation);
    }

    /// A consumer takes one page.
    fn read(&mut self, who: usize) {
        let mut reading = match self.consumers[who].reading.take() {
            Some(reading) => reading,
            None => {
                let token = self.consumers[who].token.filter(|_| !self.rng.chance(8));
                self.start(who, token)
            }
        };
        let size = 1 + self.rng.below(6);
        let is_last = self.page(&mut reading, size);
        if is_last {
            self.end(who, reading);
        } else {
            self.consumers[who].reading = Some(reading);
        }
    }

    fn start(&mut self, who: usize, from: Option<Token>) -> Reading {
        let start_ns = self.tick();
        let consumer = u32::try_from(who).unwrap();
        let chain = Chain { consumer, from, to: None, start_ns, pages: Vec::new(), is_replay: false };
        let lower = from.map_or(0, |token| self.positions[token as usize]);
        Reading { chain, upper: self.version, cut: (false, lower) }
    }

    fn page(&mut self, reading: &mut Reading, size: usize) -> bool {
        let lower = reading.chain.from.map(|token| self.positions[token as usize]);
        let mut ahead: Vec<(bool, u64, Item)> = Vec::new();
        for (row, content) in &self.rows {
            ahead.push((false, content.version, Item::Changed(state(*row, content))));
        }
        if let Some(lower) = lower {
            let gone = self.tombstones.iter().filter(|(_, version)| **version > lower);
            ahead.extend(gone.map(|(row, version)| (true, *version, Item::Removed(*row))));
        }
        ahead.retain(|(is_gone, version, _)| (*is_gone, *version) > reading.cut && *version <= reading.upper);
        ahead.sort_by_key(|(is_gone, version, _)| (*is_gone, *version));
        let is_last = ahead.len() <= size;
        ahead.truncate(size);
        if let Some((is_gone, version, _)) = ahead.last() {
            reading.cut = (*is_gone, *version);
        }
        let items = ahead.into_iter().map(|(_, _, item)| item).collect();
        reading.chain.pages.push(Page { received_ns: self.tick(), items });
        is_last
    }

    fn end(&mut self, who: usize, mut reading: Reading) {
        let token = Token::try_from(self.positions.len()).unwrap();
        self.positions.push(reading.upper);
        reading.chain.to = Some(token);
        let from = reading.chain.from;
        self.history.chains.push(reading.chain);
        self.consumers[who].token = Some(token);
        if from.is_some() && self.rng.chance(20) {
            let mut again = self.start(who, from);
            again.chain.is_replay = true;
            self.page(&mut again, usize::MAX);
            again.chain.to = Some(Token::try_from(self.positions.len()).unwrap());
            self.positions.push(again.upper);
            self.history.chains.push(again.chain);
        }
    }

    /// The process dies: what was not answered never will be. Then it starts again on what it had.
    fn crash(&mut self) {
        let end_ns = self.tick();
        for Flight { mut operation, done } in std::mem::take(&mut self.flights) {
            if done != Some(Outcome::Acknowledged) {
                operation.writes.iter_mut().for_each(|write| write.version = None);
            }
            for write in operation.writes.iter_mut() {
                write.version = None;
                if write.effect == Effect::Upsert && write.code.is_some() {
                    write.row = None;
                }
            }
            operation.end_ns = end_ns;
            self.history.operations.push(operation);
        }
        for who in 0..self.consumers.len() {
            if self.rng.chance(50)
                && let Some(reading) = self.consumers[who].reading.take()
            {
                self.history.chains.push(reading.chain);
            }
        }
        self.survey();
        self.cycle += 1;
    }

    fn survey(&mut self) {
        let start_ns = self.tick();
        let states = self.rows.iter().map(|(row, content)| state(*row, content)).collect();
        self.history.surveys.push(Survey { start_ns, states, columns: Vec::new(), keys: Vec::new() });
        self.tick();
    }

    fn finish(&mut self) {
        while !self.flights.is_empty() {
            self.act();
            self.answer();
        }
        self.survey();
        for who in 0..self.consumers.len() {
            while self.consumers[who].reading.is_some() {
                self.read(who);
            }
            let from = self.consumers[who].token;
            let mut reading = self.start(who, from);
            self.page(&mut reading, usize::MAX);
            let delivered = reading.chain.items().count() as u64;
            self.history.counts.push(Count { counted: delivered, delivered });
            self.end(who, reading);
        }
    }
}

fn state(row: RowId, content: &Row) -> State {
    State { row, version: content.version, stamp: content.stamp, code: content.code.clone(), is_whole: true }
}
