//! Command lines of the tasks: `--name value`, `--switch` and positional words, nothing more.
//!
//! A task states what it takes in a [`Usage`]; everything else is refused with the usage text.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use anyhow::{Result, anyhow, bail};

/// What one task takes.
pub(crate) struct Usage {
    /// Text printed for `--help`.
    pub(crate) help: &'static str,
    /// Options with a value, without the dashes.
    pub(crate) options: &'static [&'static str],
    /// Options without a value, without the dashes.
    pub(crate) switches: &'static [&'static str],
    /// How many words may stand alone.
    pub(crate) words_max: usize,
}

/// A command line that was understood.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    options: BTreeMap<String, String>,
    switches: BTreeSet<String>,
    words: Vec<String>,
}

impl Arguments {
    /// Reads `given` by `usage`; `None` means that help was asked for.
    pub(crate) fn parse(usage: &Usage, given: &[String]) -> Result<Option<Self>> {
        let mut read = Self::default();
        let mut rest = given.iter();
        while let Some(word) = rest.next() {
            if word == "--help" || word == "-h" {
                return Ok(None);
            }
            let Some(name) = word.strip_prefix("--") else {
                read.words.push(word.clone());
                continue;
            };
            let (name, inline) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (name, None),
            };
            if usage.switches.contains(&name) && inline.is_none() {
                read.switches.insert(name.to_owned());
            } else if usage.options.contains(&name) {
                let value = inline.or_else(|| rest.next().cloned());
                let value = value.ok_or_else(|| anyhow!("--{name} needs a value"))?;
                read.options.insert(name.to_owned(), value);
            } else {
                bail!("unknown option --{name}\n\n{}", usage.help);
            }
        }
        if read.words.len() > usage.words_max {
            bail!("unexpected argument {:?}\n\n{}", read.words[usage.words_max], usage.help);
        }
        Ok(Some(read))
    }

    /// The value of `--name`, when it was given.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// The value of `--name` as a number, or `default`.
    pub(crate) fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.value(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| anyhow!("--{name} needs a number, got {text:?}")),
        }
    }

    /// The comma-separated value of `--name`; empty when it was not given.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let text = self.value(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Whether `--name` was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.switches.contains(name)
    }

    /// The words that stood alone.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage { help: "usage", options: &["cycles", "only"], switches: &["big"], words_max: 1 };

    fn read(line: &str) -> Result<Option<Arguments>> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Arguments::parse(&USAGE, &words)
    }

    #[test]
    fn options_switches_and_words_are_told_apart() {
        let read = read("--cycles 3 here --big --only=a,,b").unwrap().unwrap();
        assert_eq!(read.number("cycles", 0).unwrap(), 3);
        assert_eq!(read.list("only"), ["a", "b"]);
        assert!(read.has("big"));
        assert_eq!(read.words(), ["here"]);
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        for line in ["--nosuch 1", "a b", "--cycles", "--big=1"] {
            assert!(read(line).is_err(), "{line}");
        }
        assert!(read("--cycles x").unwrap().unwrap().number("cycles", 0).is_err());
        assert!(read("--big --help").unwrap().is_none());
    }
}
