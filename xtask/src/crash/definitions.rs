//! The metadata writer: adds columns and keys, and deletes keys again, while rows are written.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::history::{DefinitionChange, DefinitionKind, Outcome};
use super::table::{TABLE, definition, integer_column, key};
use super::workload::Shared;
use crate::http::{Address, Connection, Exchange, Request};
use crate::rng::Rng;

/// Keys of this writer that exist at a time (a table has at most 10).
const KEYS_MAX: usize = 4;
/// Columns that one run adds: rows stay narrow.
const COLUMNS_MAX: u32 = 120;
/// Shortest and longest pause between two changes, in milliseconds.
const PAUSE_MS: (u64, u64) = (10, 120);

/// What it added so far, over all restarts.
#[derive(Debug, Default)]
pub(crate) struct DefinitionWriter {
    number: u32,
    columns: u32,
    /// Acknowledged keys, oldest first.
    keys: VecDeque<String>,
    /// Columns that no key uses yet.
    free_columns: Vec<String>,
    /// Everything that was asked for.
    pub(crate) log: Vec<DefinitionChange>,
}

impl DefinitionWriter {
    /// Changes definitions until the service is gone or `is_over` is set.
    pub(crate) fn run(&mut self, shared: &Shared, address: &Address, cycle: u32, mut rng: Rng, is_over: &AtomicBool) {
        let mut connection = Connection::new(address);
        while !is_over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(rng.between(PAUSE_MS.0, PAUSE_MS.1)));
            let (request, change) = self.plan(&mut rng, cycle);
            let place = self.log.len();
            self.log.push(DefinitionChange { invoke_ns: shared.clock.now_ns(), ..change });
            let exchange = connection.send(&request);
            let change = &mut self.log[place];
            change.end_ns = shared.clock.now_ns();
            match exchange {
                Exchange::Answered(response) if response.is_success() => change.outcome = Outcome::Acknowledged,
                Exchange::Answered(response) => {
                    if response.status < 500 || response.status == 503 {
                        change.outcome = Outcome::Refused;
                    }
                    if !matches!(response.status, 429 | 503) {
                        shared.note_strange("definition", &response);
                    }
                }
                Exchange::NotSent => {
                    change.outcome = Outcome::Refused;
                    return;
                }
                Exchange::Unanswered => return,
            }
            let change = change.clone();
            self.learn(&change);
        }
    }

    fn plan(&mut self, rng: &mut Rng, cycle: u32) -> (Request, DefinitionChange) {
        let mut change = DefinitionChange {
            cycle,
            kind: DefinitionKind::Column,
            name: String::new(),
            is_delete: false,
            invoke_ns: 0,
            end_ns: u64::MAX,
            outcome: Outcome::Unanswered,
        };
        if self.keys.len() >= KEYS_MAX
            && let Some(name) = self.keys.pop_front()
        {
            let request = Request::new("DELETE", definition(&format!("/Keys(LogicalName='{name}')")));
            (change.kind, change.name, change.is_delete) = (DefinitionKind::Key, name, true);
            return (request, change);
        }
        self.number += 1;
        let is_key = self.columns >= COLUMNS_MAX || rng.chance(40);
        if let Some(column) = self.free_columns.pop().filter(|_| is_key) {
            let schema_name = format!("new_Key{}", self.number);
            // The stamp has another value in every row: its index is worth building while rows are written.
            let columns = ["new_stamp", column.as_str()];
            let request = Request::new("POST", definition("/Keys")).json(&key(&schema_name, &columns));
            (change.kind, change.name) = (DefinitionKind::Key, schema_name.to_lowercase());
            return (request, change);
        }
        self.columns += 1;
        let schema_name = format!("new_Extra{}", self.number);
        let request = Request::new("POST", definition("/Attributes")).json(&integer_column(&schema_name));
        change.name = schema_name.to_lowercase();
        (request, change)
    }

    fn learn(&mut self, change: &DefinitionChange) {
        if change.outcome != Outcome::Acknowledged || change.is_delete {
            return;
        }
        match change.kind {
            DefinitionKind::Column => self.free_columns.push(change.name.clone()),
            DefinitionKind::Key => self.keys.push_back(change.name.clone()),
        }
    }

    /// After a restart: forgets keys that are not there, and takes up those that were made without an answer.
    pub(crate) fn recover(&mut self, keys: &[String]) {
        let own = |name: &&String| name.starts_with("new_key") && name.as_str() != TABLE;
        self.keys = keys.iter().filter(own).cloned().collect();
    }
}
