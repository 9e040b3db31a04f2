//! What is done beside the writer: a long log is copied into the database, when the writer rests it is cut, and units that have waited too long are answered.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::log::Stage;
use crate::pool::Pool;
use crate::writer::Writer;

/// Time without a write after which the writer rests.
const REST_AFTER: Duration = Duration::from_secs(3);
/// The shortest time that units are let wait.
const WAIT_MIN: Duration = Duration::from_millis(250);

/// A thread that looks after the log and the queue. Dropped, it lets the writer rest a last time.
pub(crate) struct Upkeep {
    writer: Arc<Writer>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub(crate) fn start(writer: Arc<Writer>, pool: Arc<Pool>, wait: Duration) -> std::io::Result<Self> {
        let watched = Arc::clone(&writer);
        let thread = std::thread::Builder::new().name("store-upkeep".to_owned()).spawn(move || look(&watched, &pool, wait))?;
        Ok(Self { writer, thread: Some(thread) })
    }
}

fn look(writer: &Writer, pool: &Pool, wait: Duration) {
    let wait = wait.max(WAIT_MIN);
    let (mut seen, mut since, mut rested) = (writer.groups(), Instant::now(), 0);
    loop {
        let stage = writer.log.wait(REST_AFTER.saturating_sub(since.elapsed()).min(wait));
        writer.turn_away(wait);
        match stage {
            Stage::Ended => return,
            Stage::Long => writer.copy_log(pool),
            Stage::Short | Stage::Copied if since.elapsed() < REST_AFTER => {}
            Stage::Short | Stage::Copied => {
                let groups = writer.groups();
                if groups == seen && groups != rested && writer.rest(false) {
                    rested = groups;
                }
                (seen, since) = (groups, Instant::now());
            }
        }
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.writer.log.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the upkeep of the store had panicked");
        }
        self.writer.rest(true);
    }
}
