//! The service's log: structured events on standard error.

use std::any::Any;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may be kept before it is written.
const KEPT_FOR: Duration = Duration::from_millis(50);
/// Bytes of kept lines above which they are written at once.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The log, as long as this lives; what is kept of it is written when it ends.
#[must_use]
pub(crate) struct Log(Arc<Kept>);

impl Drop for Log {
    fn drop(&mut self) {
        let mut lines = self.0.lock();
        lines.ended = true;
        lines.write_out();
        self.0.changed.notify_all();
    }
}

/// Sends log events to standard error. `filter` is a level or a list such as `info,driftless_core=debug`.
///
/// A line about every request costs a call of the system each if it is written alone, about 2 % of what a create takes. So lines of the levels from INFO
/// down are kept for up to 50 ms; warnings and errors are written at once, after those before them.
pub(crate) fn begin(filter: &str, form: LogForm, color: bool) -> anyhow::Result<Log> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("the log filter \"{filter}\" is malformed"))?;
    let kept = Arc::new(Kept::default());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Writer(Arc::clone(&kept))).with_ansi(color);
    let begun = match form {
        LogForm::Text => lines.try_init(),
        LogForm::Json => lines.json().try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(tracing::field::display);
        tracing::error!(place, what = fixed_text(panic.payload()), "the program panicked");
    }));
    let log = Log(Arc::clone(&kept));
    std::thread::Builder::new().name("log".to_owned()).spawn(move || kept.write_now_and_then()).context("the log cannot be started")?;
    Ok(log)
}

/// What a panic says, if it stands so in the program: a text that was put together may hold values of columns (SEC-32).
fn fixed_text(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("a text that may hold values")
}

#[derive(Default)]
struct Kept {
    lines: Mutex<Lines>,
    /// The first line is kept, or the log has ended.
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// The thread of the log waits for a first line.
    awaits_first: bool,
    ended: bool,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_now_and_then(&self) {
        loop {
            let mut lines = self.due(KEPT_FOR);
            if lines.ended {
                return; // whoever ended the log wrote what was left
            }
            lines.write_out();
        }
    }

    /// Waits until a line has been kept for so long, or the log has ended.
    fn due(&self, kept_for: Duration) -> MutexGuard<'_, Lines> {
        let mut lines = self.lock();
        lines.awaits_first = lines.bytes.is_empty();
        while lines.awaits_first && !lines.ended {
            lines = self.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
        let waited = self.changed.wait_timeout_while(lines, kept_for, |lines| !lines.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Lines {
    /// A log that cannot be written has nobody to tell.
    fn write_out(&mut self) {
        let _ = io::stderr().write_all(&self.bytes);
        self.bytes.clear();
    }
}

/// Where events are written to.
struct Writer(Arc<Kept>);

/// The writer of one event.
struct Event<'k> {
    kept: &'k Kept,
    at_once: bool,
}

impl<'k> MakeWriter<'k> for Writer {
    type Writer = Event<'k>;

    fn make_writer(&'k self) -> Event<'k> {
        Event { kept: &self.0, at_once: true }
    }

    fn make_writer_for(&'k self, event: &Metadata<'_>) -> Event<'k> {
        Event { kept: &self.0, at_once: *event.level() <= Level::WARN }
    }
}

impl Write for Event<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lines = self.kept.lock();
        lines.bytes.extend_from_slice(line);
        if self.at_once || lines.ended || lines.bytes.len() >= KEPT_BYTES_MAX {
            lines.write_out();
        } else if std::mem::take(&mut lines.awaits_first) {
            self.kept.changed.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test] // SEC-32
    fn a_panic_tells_no_values() {
        let told = |panics: fn()| fixed_text(&*std::panic::catch_unwind(panics).unwrap_err());
        assert_eq!(told(|| panic!("asked to")), "asked to");
        assert_eq!(told(|| panic!("{}", std::hint::black_box("a value").to_owned())), "a text that may hold values");
    }

    #[test] // OPS-08
    fn a_line_that_comes_to_a_resting_log_is_kept_too() {
        let kept_for = Duration::from_millis(20);
        let kept = Kept::default();
        let (written, due) = std::thread::scope(|scope| {
            let log = scope.spawn(|| (kept.due(kept_for).bytes.len(), Instant::now()));
            while !kept.lock().awaits_first {
                std::thread::yield_now();
            }
            let written = Instant::now();
            Event { kept: &kept, at_once: false }.write_all(b"line\n").unwrap();
            (written, log.join().unwrap())
        });
        assert_eq!(due.0, 5);
        assert!(due.1 - written >= kept_for);
    }

    #[test] // OPS-08
    fn lines_are_kept_until_one_is_urgent_or_the_log_ends() {
        let kept = Kept::default();
        let length = || kept.lock().bytes.len();
        let line = |at_once| Event { kept: &kept, at_once }.write(b"line\n").unwrap();
        line(false);
        line(false);
        assert_eq!(length(), 10);
        line(true);
        assert_eq!(length(), 0);
        kept.lock().ended = true;
        line(false);
        assert_eq!(length(), 0);
    }
}
