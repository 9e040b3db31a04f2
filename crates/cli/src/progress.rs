//! Progress of long work: a bar on a terminal, else a plain line each ten seconds (OPS-05).

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What a work counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Percent, 0 to 100.
    Percent,
    /// Items without a known total.
    Items(&'static str),
    /// Nothing but time.
    Time,
}

/// Shows one piece of work; gone when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
    title: &'static str,
    measure: Measure,
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    /// Begins to show work.
    pub(crate) fn begin(output: Output, title: &'static str, measure: Measure) -> Self {
        let bar = output.may_animate().then(|| {
            let (bar, template) = match measure {
                Measure::Percent => (ProgressBar::new(100), "{msg} [{bar:30}] {percent}% {elapsed}, {eta} left"),
                Measure::Items(_) => (ProgressBar::new_spinner(), "{spinner} {msg} {human_pos} ({per_sec}) {elapsed}"),
                Measure::Time => (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}"),
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message(title);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let now = Instant::now();
        Self { output, title, measure, bar, started: now, last_line: now }
    }

    /// How far the work is, and what it waits for if that is worth saying.
    pub(crate) fn set(&mut self, position: u64, waits_for: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(position);
                let message = if waits_for.is_empty() { self.title.to_owned() } else { format!("{} ({waits_for})", self.title) };
                bar.set_message(message);
            }
            None if self.last_line.elapsed() >= LINE_EVERY => {
                self.output.note(&line(self.title, self.measure, position, self.started.elapsed(), waits_for));
                self.last_line = Instant::now();
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One plain line of progress.
fn line(title: &str, measure: Measure, position: u64, elapsed: Duration, waits_for: &str) -> String {
    let seconds = elapsed.as_secs().max(1);
    let mut text = match measure {
        Measure::Percent if position > 0 => {
            let left = seconds.saturating_mul(100u64.saturating_sub(position)) / position;
            format!("{title}: {position}% after {seconds} s, about {left} s left")
        }
        Measure::Percent => format!("{title}: 0% after {seconds} s"),
        Measure::Items(unit) => format!("{title}: {position} {unit} after {seconds} s, {}/s", position / seconds),
        Measure::Time => format!("{title}: {seconds} s"),
    };
    if !waits_for.is_empty() {
        text += &format!(" ({waits_for})");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OPS-05: rate, count, total and remaining time when known, reason of the wait
    fn plain_lines() {
        let time = Duration::from_secs(20);
        assert_eq!(line("importing", Measure::Percent, 40, time, ""), "importing: 40% after 20 s, about 30 s left");
        assert_eq!(line("importing", Measure::Percent, 0, time, ""), "importing: 0% after 20 s");
        assert_eq!(line("reading", Measure::Items("rows"), 5_000, time, ""), "reading: 5000 rows after 20 s, 250/s");
        assert_eq!(line("waiting for the key", Measure::Time, 0, time, "InProgress"), "waiting for the key: 20 s (InProgress)");
    }
}
