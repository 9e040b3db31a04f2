//! The organization: the only public door of the service.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use driftless_model::{Caller, Error, ErrorCode, Limits, Result, Scopes};
use driftless_query::{Flow, PageHead, RowSink, RowView};
use driftless_store::{Length, Store};

use crate::context::{Effects, Facts, ReadCx, Services, WriteCx};
use crate::environment::Environment;
use crate::metadata::Snapshot;
use crate::pipeline;
use crate::request::{Request, Response};
use crate::security::{self, Access, RightsChange};
use crate::seed;

/// One organization: its rows, definitions and jobs, on one store. A value without statics: several organizations are several values.
pub struct Organization {
    store: Arc<dyn Store>,
    services: Arc<Services>,
    snapshot: RwLock<Arc<Snapshot>>,
}

/// How long an answer waits for jobs that a request asked to be done at once.
const JOBS_MOMENT: Duration = Duration::from_millis(500);

/// What is answered to a token that is too old (CT-45). A caller may ask for the fault whatever this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiredTokens {
    /// Everything, as to a first read.
    #[default]
    Full,
    /// The fault 0x80044352.
    Fault,
}

/// What came of one run of a read or a unit.
enum Outcome<T> {
    Done(T),
    /// The definitions have changed since the request was lowered (A8).
    Stale,
}

impl Organization {
    /// Opens the organization of a store. An empty store gets one: organization, root business unit, administrator, built-in tables; an older one gets the
    /// built-in tables and columns that it lacks, in one transaction.
    ///
    /// # Errors
    /// When the store fails or its definitions are damaged.
    pub fn open(store: Arc<dyn Store>, environment: Arc<dyn Environment>, limits: Limits) -> Result<Arc<Self>> {
        Self::open_with(store, environment, limits, ExpiredTokens::Full)
    }

    /// As [`Organization::open`], with what is answered to tokens that are too old.
    ///
    /// # Errors
    /// As [`Organization::open`].
    pub fn open_with(store: Arc<dyn Store>, environment: Arc<dyn Environment>, limits: Limits, expired_tokens: ExpiredTokens) -> Result<Arc<Self>> {
        let (facts, token_key) = seed::prepare(&store, &environment, &limits)?;
        let snapshot = store.reading(|tx| Snapshot::load(tx))?;
        let services = Services {
            environment,
            limits,
            facts,
            token_key,
            expired_tokens,
            jobs: Default::default(),
            standings: Default::default(),
            feed: Default::default(),
            counted_jobs: Default::default(),
        };
        Ok(Arc::new(Self { store, services: Arc::new(services), snapshot: RwLock::new(Arc::new(snapshot)) }))
    }

    /// The present definitions.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The limits that the organization runs with.
    pub fn limits(&self) -> &Limits {
        &self.services.limits
    }

    /// Ids that never change.
    pub fn facts(&self) -> &Facts {
        &self.services.facts
    }

    /// Refuses a caller who may not see definitions: everybody with a role may (AUTHZ-44).
    ///
    /// # Errors
    /// 0x80040220 for the token, 0x80042f09, 0x80040225 or 0x80072560.
    pub fn require_member(&self, caller: &Caller) -> Result<()> {
        security::scopes::require(caller, Scopes::READ)?;
        self.access(caller)?.require_member()
    }

    /// Refuses a caller who may not see how the service does: administrators may, with a token that may administer.
    ///
    /// # Errors
    /// 0x80040220, 0x80042f09, 0x80040225 or 0x80072560.
    pub fn require_administrator(&self, caller: &Caller) -> Result<()> {
        security::scopes::require(caller, Scopes::ADMIN)?;
        self.access(caller)?.require_customizer()
    }

    /// Runs one request. `lower` makes it from the definitions; it is called again with newer ones when they changed in between (A8), so it must not have
    /// side effects. Rows go to `sink`.
    ///
    /// # Errors
    /// Whatever the request is refused with; then nothing of it was done.
    pub fn execute(&self, caller: &Arc<Caller>, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Request>, sink: &mut dyn RowSink) -> Result<Response> {
        pollster::block_on(self.perform(caller, lower, &mut Guarded(sink)))
    }

    /// [`Organization::execute`] for callers whose thread has other work while a write waits for its commit. Reads block.
    ///
    /// # Errors
    /// As [`Organization::execute`].
    pub async fn perform(&self, caller: &Arc<Caller>, mut lower: impl FnMut(&Arc<Snapshot>) -> Result<Request>, sink: &mut impl RowSink) -> Result<Response> {
        for _ in 0..=self.services.limits.snapshot_retries_max {
            let snapshot = self.snapshot();
            let mut request = lower(&snapshot)?;
            pipeline::prepare(caller, &mut request, &self.services.limits)?;
            if pipeline::is_read(&request) {
                match self.read(caller, &snapshot, &request, sink)? {
                    Outcome::Done(response) => return Ok(response),
                    Outcome::Stale => self.refresh()?,
                }
                continue;
            }
            let recorded = matches!(request, Request::Message(..)).then(|| request.clone());
            let outcome = self.write(caller, &snapshot, vec![request]).await.inspect_err(|error| {
                if let Some(recorded) = &recorded {
                    self.record_failure(caller, recorded, error);
                }
            })?;
            match outcome {
                Outcome::Done(mut responses) => return Ok(responses.pop().unwrap_or(Response::Done)),
                Outcome::Stale => self.refresh()?,
            }
        }
        Err(unsettled())
    }

    /// Lets a message that failed leave a record of it, unless the caller may not run messages at all.
    fn record_failure(&self, caller: &Caller, request: &Request, error: &Error) {
        let Request::Message(def, args) = request else { return };
        let Some(on_failure) = def.on_failure.filter(|_| self.access(caller).is_ok_and(|access| access.require_customizer().is_ok())) else { return };
        let args = args.clone();
        let error = Error::new(error.code(), error.message());
        if let Err(failed) = self.run_own(Length::Short, move |cx| on_failure(cx, &args, &error)) {
            tracing::error!(message = def.name, error = ?failed, "the failure of a message cannot be recorded");
        }
    }

    /// Runs several writes as one unit, in order: a change set.
    ///
    /// # Errors
    /// What the first request that fails is refused with, and [`Error::request`] says which it was; then nothing of any was done.
    pub fn execute_all(&self, caller: &Arc<Caller>, lower: &mut dyn FnMut(&Arc<Snapshot>) -> Result<Vec<Request>>) -> Result<Vec<Response>> {
        pollster::block_on(self.perform_all(caller, lower))
    }

    /// [`Organization::execute_all`] for callers whose thread has other work while the unit waits for its commit.
    ///
    /// # Errors
    /// As [`Organization::execute_all`].
    pub async fn perform_all(&self, caller: &Arc<Caller>, mut lower: impl FnMut(&Arc<Snapshot>) -> Result<Vec<Request>>) -> Result<Vec<Response>> {
        for _ in 0..=self.services.limits.snapshot_retries_max {
            let snapshot = self.snapshot();
            let mut requests = lower(&snapshot)?;
            for (number, request) in requests.iter_mut().enumerate() {
                pipeline::prepare(caller, request, &self.services.limits).map_err(|error| error.in_request(number))?;
                if pipeline::is_read(request) {
                    return Err(Error::new(ErrorCode::ODataError, "A change set may hold writes only.").in_request(number));
                }
            }
            match self.write(caller, &snapshot, requests).await? {
                Outcome::Done(responses) => return Ok(responses),
                Outcome::Stale => self.refresh()?,
            }
        }
        Err(unsettled())
    }

    fn read(&self, caller: &Caller, snapshot: &Arc<Snapshot>, request: &Request, sink: &mut impl RowSink) -> Result<Outcome<Response>> {
        let generation = self.services.standings.generation();
        self.store.reading(|tx| {
            if tx.metadata_number()? != snapshot.number() {
                return Ok(Outcome::Stale);
            }
            let access = security::access(tx, snapshot, &self.services, caller, generation)?;
            let cx = ReadCx { tx, snapshot: Arc::clone(snapshot), caller, access, services: &self.services };
            pipeline::read(&cx, request, sink).map(Outcome::Done)
        })
    }

    async fn write(&self, caller: &Arc<Caller>, snapshot: &Arc<Snapshot>, requests: Vec<Request>) -> Result<Outcome<Vec<Response>>> {
        let length = requests.iter().map(pipeline::length).find(|length| *length == Length::Long).unwrap_or(Length::Short);
        let (caller, snapshot) = (Arc::clone(caller), Arc::clone(snapshot));
        let services = Arc::clone(&self.services);
        let rights = Arc::new(RightsChange::new(&services));
        let outcome = self
            .store
            .submitting(length, {
                let rights = Arc::clone(&rights);
                move |tx| {
                    if tx.metadata_number()? != snapshot.number() {
                        return Ok(Outcome::Stale);
                    }
                    // The one writer is here: what it has not committed is of units that are still changing rights.
                    let generation = services.standings.generation();
                    let access = security::access(tx.as_read(), &snapshot, &services, &caller, generation)?;
                    let mut cx = WriteCx::new(tx, Arc::clone(&snapshot), &caller, access, &services, &rights);
                    let responses = pipeline::write_all(&mut cx, &requests)?;
                    Ok(Outcome::Done((responses, cx.effects)))
                }
            })
            .await?;
        // The change of rights ends here, after the commit and before the answer.
        drop(rights);
        Ok(match outcome {
            Outcome::Done((responses, effects)) => {
                self.apply(effects)?;
                Outcome::Done(responses)
            }
            Outcome::Stale => Outcome::Stale,
        })
    }

    /// Runs work of the service itself as one unit, on the rights of the first administrator.
    pub(crate) fn run_own<T: Send + 'static>(&self, length: Length, work: impl FnMut(&mut WriteCx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.run_unit(None, length, work)
    }

    /// Runs work of a job as one unit, on the rights that a user has now.
    pub(crate) fn run_for<T: Send + 'static>(
        &self,
        caller: &Arc<Caller>,
        length: Length,
        work: impl FnMut(&mut WriteCx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run_unit(Some(Arc::clone(caller)), length, work)
    }

    fn run_unit<T: Send + 'static>(
        &self,
        caller: Option<Arc<Caller>>,
        length: Length,
        mut work: impl FnMut(&mut WriteCx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let services = Arc::clone(&self.services);
        let known = self.snapshot();
        let rights = Arc::new(RightsChange::new(&services));
        let (value, effects) = self.store.writing(length, {
            let rights = Arc::clone(&rights);
            move |tx| {
                let number = tx.metadata_number()?;
                let snapshot = if number == known.number() { Arc::clone(&known) } else { Arc::new(known.refresh(tx.as_read())?) };
                let own = Caller::user(services.facts.administrator);
                let mut cx = match &caller {
                    None => WriteCx::of_service(tx, snapshot, &own, &services, &rights),
                    Some(caller) => {
                        let access = security::access(tx.as_read(), &snapshot, &services, caller, services.standings.generation())?;
                        WriteCx::new(tx, snapshot, caller, access, &services, &rights)
                    }
                };
                let value = work(&mut cx)?;
                Ok((value, cx.effects))
            }
        })?;
        drop(rights);
        self.apply(effects)?;
        Ok(value)
    }

    /// Does what comes after a commit.
    fn apply(&self, effects: Effects) -> Result<()> {
        if effects.metadata {
            self.refresh()?;
        }
        if effects.jobs {
            self.services.jobs.wake();
        }
        if effects.jobs_at_once {
            self.services.jobs.wait_for_rest(JOBS_MOMENT);
        }
        Ok(())
    }

    /// Brings the published snapshot to what the store has.
    fn refresh(&self) -> Result<()> {
        let known = self.snapshot();
        let next = self.store.reading(|tx| if tx.metadata_number()? == known.number() { Ok(None) } else { known.refresh(tx).map(Some) })?;
        if let Some(next) = next {
            let mut published = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
            if next.number() > published.number() {
                *published = Arc::new(next);
            }
        }
        Ok(())
    }

    /// What a caller may do now, for what is asked outside a request's transaction.
    fn access(&self, caller: &Caller) -> Result<Access> {
        let generation = self.services.standings.generation();
        let snapshot = self.snapshot();
        self.store.reading(|tx| security::access(tx, &snapshot, &self.services, caller, generation))
    }

    /// Clock and randomness of the organization (A7).
    pub fn environment(&self) -> &Arc<dyn Environment> {
        &self.services.environment
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

/// The error of a request whose definitions had changed each time that it came to run.
fn unsettled() -> Error {
    driftless_store::unavailable("The definitions change too often for this request. Try again.", 1)
}

/// Lends a sink into a closure.
struct Guarded<'a>(&'a mut dyn RowSink);

impl RowSink for Guarded<'_> {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.0.start(head)
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        self.0.row(row)
    }

    fn removed(&mut self, id: driftless_model::Uuid) -> Result<Flow> {
        self.0.removed(id)
    }
}
