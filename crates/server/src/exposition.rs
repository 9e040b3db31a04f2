//! The text in which figures are read: the Prometheus text format, version 0.0.4.

use std::fmt::{self, Display, Write};

/// The type of the text.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Kind of a family of figures.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// A text that is being written.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins a family.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
        };
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// Adds a figure.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &dyn Display)], value: impl Display) {
        self.text.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"", if at == 0 { '{' } else { ',' });
            let _ = write!(Escaping(&mut self.text), "{text}");
            self.text.push('"');
        }
        let _ = writeln!(self.text, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family of one figure.
    pub(crate) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Writes the value of a label: names of issuers come from a file, all others from lists of ours.
struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

/// Nanoseconds, shown as seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) u64);

impl Display for Seconds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OPS-10
    fn the_form_of_the_text() {
        let mut text = Exposition::default();
        text.single("up", Kind::Gauge, "Whether it runs.", 1);
        text.family("t", Kind::Histogram, "Times.");
        text.sample("t_bucket", &[("route", &"/x"), ("le", &0.5)], 2);
        text.sample("t_sum", &[], Seconds(1_500_000_000));
        text.sample("age", &[("issuer", &"a\\\"\nb")], 3);
        let expected = "# HELP up Whether it runs.\n# TYPE up gauge\nup 1\n# HELP t Times.\n# TYPE t histogram\n\
                        t_bucket{route=\"/x\",le=\"0.5\"} 2\nt_sum 1.500000000\nage{issuer=\"a\\\\\\\"\\nb\"} 3\n";
        assert_eq!(text.into_text(), expected);
    }
}
