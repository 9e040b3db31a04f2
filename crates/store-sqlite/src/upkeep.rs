//! What is done beside the writer: a long log is copied into the database, and when the writer rests, it is cut.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::Watch;
use crate::log::{Log, Stage};
use crate::pool::Pool;
use crate::writer::Writer;

/// Time without a write after which the writer rests.
const REST_AFTER: Duration = Duration::from_secs(3);

/// A thread that looks after the log. Dropped, it lets the writer rest a last time.
pub(crate) struct Upkeep {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread works with.
pub(crate) struct Shared {
    pub(crate) writer: Arc<Writer>,
    pub(crate) log: Arc<Log>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) watch: Arc<Watch>,
}

impl Upkeep {
    pub(crate) fn start(shared: Shared) -> std::io::Result<Self> {
        let shared = Arc::new(shared);
        let looked_at = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("store-upkeep".to_owned()).spawn(move || look(&looked_at))?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

fn look(Shared { writer, log, pool, watch }: &Shared) {
    let (mut seen, mut since, mut rested) = (writer.groups(), Instant::now(), 0);
    loop {
        match log.wait(REST_AFTER.saturating_sub(since.elapsed())) {
            Stage::Ended => return,
            Stage::Long => log.copy_beside(pool, watch),
            Stage::Short | Stage::Copied => {
                let groups = writer.groups();
                if groups == seen && groups != rested {
                    writer.rest(false);
                    rested = groups;
                }
                (seen, since) = (groups, Instant::now());
            }
        }
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.shared.log.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the upkeep of the store had panicked");
        }
        self.shared.writer.rest(true);
    }
}
