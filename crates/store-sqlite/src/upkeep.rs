//! What is done when the writer rests: the log is copied into the database and cut.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::writer::Writer;

/// Time without a write after which the writer rests.
const REST_AFTER: Duration = Duration::from_secs(3);

/// A thread that looks now and then whether the writer rests. Dropped, it does so a last time.
pub(crate) struct Upkeep {
    writer: Arc<Writer>,
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub(crate) fn start(writer: Arc<Writer>) -> std::io::Result<Self> {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let (watched, end) = (Arc::clone(&writer), Arc::clone(&ended));
        let thread = std::thread::Builder::new().name("store-upkeep".to_owned()).spawn(move || look(&watched, &end))?;
        Ok(Self { writer, ended, thread: Some(thread) })
    }
}

fn look(writer: &Writer, ended: &(Mutex<bool>, Condvar)) {
    let (mut seen, mut rested) = (writer.groups(), 0);
    let mut end = ended.0.lock().unwrap_or_else(PoisonError::into_inner);
    while !*end {
        end = ended.1.wait_timeout(end, REST_AFTER).unwrap_or_else(PoisonError::into_inner).0;
        let groups = writer.groups();
        if !*end && groups == seen && groups != rested {
            writer.rest(false);
            rested = groups;
        }
        seen = groups;
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the upkeep of the store had panicked");
        }
        self.writer.rest(true);
    }
}
