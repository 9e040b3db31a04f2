//! Ending a process in good order that does something else than serve until it is told to end (OPS-06, OPS-07).

use std::io;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::running::{EXIT_INTERRUPTED, Signals};

/// As long as this is kept, SIGINT and SIGTERM end the process with exit status 130, after the given words and deeds.
#[derive(Debug)]
pub struct Interruption {
    /// Gone when nobody waits for signals any more.
    _kept: oneshot::Sender<()>,
}

impl Interruption {
    /// Runs `before_the_end` once when the process is told to end, then ends it. A second signal meanwhile ends it at once.
    ///
    /// Dropping the value leaves signals to whoever else waits for them; nobody but a process that ends anyway may drop it without such a one.
    ///
    /// # Errors
    /// The system gives no thread, or refuses to report signals.
    pub fn expect(before_the_end: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _context = runtime.enter();
            Signals::new()?
        };
        let (kept, dropped) = oneshot::channel::<()>();
        let wait = async move {
            tokio::select! {
                () = signals.end() => {}
                _ = dropped => return,
            }
            let deed = tokio::task::spawn_blocking(before_the_end);
            tokio::select! {
                _ = deed => {}
                () = signals.end() => {}
            }
            std::process::exit(EXIT_INTERRUPTED);
        };
        std::thread::Builder::new().name("interruption".to_owned()).spawn(move || runtime.block_on(wait))?;
        Ok(Self { _kept: kept })
    }
}
