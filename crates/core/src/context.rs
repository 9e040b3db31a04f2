//! What a running request has at hand.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use driftless_model::{Caller, Limits, Result, Table, TableCode, Uuid};
use driftless_store::{DefinitionKind, ReadTx, WriteTx};

use crate::changes::counts::FeedCounts;
use crate::environment::Environment;
use crate::figures::CountedJobs;
use crate::files::column::Expected;
use crate::metadata::{Definition, Snapshot};
use crate::organization::ExpiredTokens;
use crate::security::cache::StandingCache;
use crate::security::{self, Access, RightsChange};

/// Facts of the organization that never change after its first start.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Facts {
    /// `organizationid`.
    pub organization: Uuid,
    /// The root business unit.
    pub root_business_unit: Uuid,
    /// The first administrator.
    pub administrator: Uuid,
    /// The System Administrator role in the root business unit.
    pub administrator_role: Uuid,
    /// The base currency.
    pub base_currency: Uuid,
    /// The default publisher (prefix `new`).
    pub default_publisher: Uuid,
    /// The default solution: the container of unmanaged components.
    pub default_solution: Uuid,
}

/// What every request shares.
pub(crate) struct Services {
    pub(crate) environment: Arc<dyn Environment>,
    pub(crate) limits: Limits,
    pub(crate) facts: Facts,
    /// Key of the authentication of tokens that clients hand back.
    pub(crate) token_key: [u8; 32],
    pub(crate) expired_tokens: ExpiredTokens,
    pub(crate) jobs: Wake,
    /// How the feed is read.
    pub(crate) feed: FeedCounts,
    pub(crate) counted_jobs: CountedJobs,
    /// What users may do, as last read.
    pub(crate) standings: StandingCache,
}

/// Wakes the runner of jobs.
#[derive(Default)]
pub(crate) struct Wake {
    turn: Mutex<()>,
    state: Mutex<WakeState>,
    changed: Condvar,
}

#[derive(Default, Clone, Copy)]
struct WakeState {
    wanted: bool,
    stopped: bool,
    /// There is a runner, and it rests.
    rests: Option<bool>,
    /// Until then requests come first.
    put_off_until: Option<Instant>,
}

impl Wake {
    /// Waits for the right to run jobs.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the runner to look for jobs.
    pub(crate) fn wake(&self) {
        self.set(|state| state.wanted = true);
    }

    /// Asks the runner to end.
    pub(crate) fn stop(&self) {
        self.set(|state| state.stopped = true);
    }

    /// The runner waits until woken or for `limit`; false when it must end.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        self.set(|state| state.rests = Some(true));
        let mut state = self.wait_while(limit, |state| !state.wanted && !state.stopped);
        state.wanted = false;
        state.rests = if state.stopped { None } else { Some(false) };
        !state.stopped
    }

    /// Waits until no job is left to run or for `limit`; not at all without a runner.
    pub(crate) fn wait_for_rest(&self, limit: Duration) {
        drop(self.wait_while(limit, |state| !state.stopped && state.rests.is_some_and(|rests| state.wanted || !rests)));
    }

    /// Requests come first for so long from now. Nobody is woken by it.
    pub(crate) fn put_off(&self, pause: Duration) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).put_off_until = Some(Instant::now() + pause);
    }

    /// Waits between two pieces of work while requests come first (SEC-25). False when the runner must end.
    pub(crate) fn goes_on(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = state.put_off_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
            if state.stopped || left.is_zero() {
                return !state.stopped;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn set(&self, change: impl FnOnce(&mut WakeState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn wait_while(&self, limit: Duration, condition: impl FnMut(&mut WakeState) -> bool) -> MutexGuard<'_, WakeState> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.changed.wait_timeout_while(state, limit, condition).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What a read has at hand.
pub(crate) struct ReadCx<'a> {
    pub(crate) tx: &'a dyn ReadTx,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) caller: &'a Caller,
    pub(crate) access: Access,
    pub(crate) services: &'a Services,
}

impl ReadCx<'_> {
    /// Seconds since 1970-01-01 UTC.
    pub(crate) fn now_s(&self) -> i64 {
        self.services.environment.now_ms().div_euclid(1_000)
    }
}

/// Consequences of a unit that come after its commit. They may be lost in a crash: what must happen is a job row (A3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Definitions changed: a new snapshot is published.
    pub(crate) metadata: bool,
    /// There are jobs to run.
    pub(crate) jobs: bool,
    /// The answer waits a moment for the jobs, so that what the client reads next shows the work of a short one.
    pub(crate) jobs_at_once: bool,
}

/// What a write has at hand.
pub(crate) struct WriteCx<'a> {
    pub(crate) tx: &'a mut dyn WriteTx,
    /// Definitions as this unit sees them: its own changes included.
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) caller: &'a Caller,
    pub(crate) access: Access,
    pub(crate) services: &'a Services,
    /// The unit's one moment, seconds since 1970-01-01 UTC: `createdon` and `modifiedon` of all its rows.
    pub(crate) now_s: i64,
    pub(crate) effects: Effects,
    /// Tells others when the unit changes rights.
    pub(crate) rights: &'a RightsChange,
    /// The unit has changed rights since `access` was read.
    pub(crate) access_is_old: bool,
    /// Rows that references of this unit were found to lead to: the rows of one request often refer to the same ones.
    pub(crate) known: RefCell<HashSet<(Uuid, Uuid)>>,
    /// Images whose thumbnails stand among the columns that are about to be written.
    pub(crate) pictures: RefCell<Vec<Expected>>,
}

impl<'a> WriteCx<'a> {
    /// A unit of the service itself, which may do everything, at its beginning.
    pub(crate) fn of_service(tx: &'a mut dyn WriteTx, snapshot: Arc<Snapshot>, caller: &'a Caller, services: &'a Services, rights: &'a RightsChange) -> Self {
        Self::new(tx, snapshot, caller, Access::of_service(caller.user), services, rights)
    }

    /// A unit of a caller at its beginning.
    pub(crate) fn new(
        tx: &'a mut dyn WriteTx,
        snapshot: Arc<Snapshot>,
        caller: &'a Caller,
        access: Access,
        services: &'a Services,
        rights: &'a RightsChange,
    ) -> Self {
        let now_s = services.environment.now_ms().div_euclid(1_000);
        Self {
            tx,
            snapshot,
            caller,
            access,
            services,
            now_s,
            effects: Effects::default(),
            rights,
            access_is_old: false,
            known: RefCell::default(),
            pictures: RefCell::default(),
        }
    }

    /// Reads the caller's rights anew if the unit itself has changed rights.
    pub(crate) fn renew_access(&mut self) -> Result<()> {
        if std::mem::take(&mut self.access_is_old) {
            self.access = security::access(self.tx.as_read(), &self.snapshot, self.services, self.caller, self.services.standings.generation())?;
        }
        Ok(())
    }
}

impl WriteCx<'_> {
    /// True if the unit has seen that there is such a row.
    pub(crate) fn is_known(&self, table: &Table, id: Uuid) -> bool {
        self.known.borrow().contains(&(table.def.id, id))
    }

    /// Remembers that there is such a row.
    pub(crate) fn know(&self, table: &Table, id: Uuid) {
        self.known.borrow_mut().insert((table.def.id, id));
    }

    /// Forgets all that was remembered: a row is removed.
    pub(crate) fn forget_known(&self) {
        self.known.borrow_mut().clear();
    }

    /// A read's view of this unit.
    pub(crate) fn read(&self) -> ReadCx<'_> {
        ReadCx { tx: self.tx.as_read(), snapshot: Arc::clone(&self.snapshot), caller: self.caller, access: self.access.clone(), services: self.services }
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> Uuid {
        self.services.environment.new_id()
    }

    /// Writes definitions and lets the rest of the unit see them.
    pub(crate) fn define(&mut self, definitions: Vec<Definition>) -> Result<()> {
        let mut rows = Vec::with_capacity(definitions.len());
        let mut number = self.snapshot.number();
        for definition in &definitions {
            number = self.tx.next_version()?;
            let row = definition.to_row(number)?;
            self.tx.put_definition(&row)?;
            rows.push(row);
        }
        self.effects.metadata = true;
        self.snapshot = Arc::new(self.snapshot.apply(number, &rows, &[])?);
        Ok(())
    }

    /// Removes definitions and lets the rest of the unit see that.
    pub(crate) fn undefine(&mut self, removed: &[(DefinitionKind, Uuid)]) -> Result<()> {
        let mut number = self.snapshot.number();
        for (kind, id) in removed {
            number = self.tx.next_version()?;
            self.tx.remove_definition(*kind, *id, number, self.now_s)?;
        }
        self.effects.metadata = true;
        self.snapshot = Arc::new(self.snapshot.apply(number, &[], removed)?);
        Ok(())
    }

    /// The next number for a custom table: from 10,000 upward, none twice (MD-7).
    pub(crate) fn next_table_code(&mut self) -> Result<TableCode> {
        const SETTING: &str = "next_table_code";
        const FIRST: i32 = 10_000;
        let code = self.tx.setting(SETTING)?.and_then(|text| text.parse().ok()).unwrap_or(FIRST);
        self.tx.set_setting(SETTING, &(code + 1).to_string())?;
        Ok(TableCode(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SEC-25
    fn jobs_wait_while_requests_come_first() {
        let wake = Wake::default();
        assert!(wake.goes_on());
        let (begun, pause) = (Instant::now(), Duration::from_millis(30));
        wake.put_off(pause);
        assert!(wake.goes_on());
        assert!(begun.elapsed() >= pause);
        wake.put_off(Duration::from_secs(3_600));
        std::thread::scope(|scope| {
            let runner = scope.spawn(|| wake.goes_on());
            wake.stop();
            assert!(!runner.join().unwrap(), "the end of the service is not put off");
        });
    }
}
