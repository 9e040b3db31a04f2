//! The feed readers: first read, then delta links, with small pages, kept across restarts of the service.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::history::{Chain, Count, Item, Page, Refusal, Token};
use super::table::{COLUMNS, ROOT, item};
use super::workload::{Clock, Shared};
use crate::http::{Address, Connection, Exchange, Request, Response, path_of};
use crate::rng::Rng;

/// Smallest and largest page that is asked for.
const PAGE_ROWS: (u64, u64) = (15, 150);
/// Pause after an answer that asks for patience.
const BACK_OFF: Duration = Duration::from_millis(5);
/// Most pages of one chain; more means that paging does not end.
const PAGES_MAX: usize = 20_000;

/// A delta link and its number.
#[derive(Clone, Debug)]
struct Link {
    token: Token,
    path: String,
}

/// A chain that is being read.
#[derive(Clone, Debug)]
struct Reading {
    chain: Chain,
    /// Path of the next page.
    next: String,
    prefer: String,
}

/// One consumer of the feed.
#[derive(Debug)]
pub(crate) struct Reader {
    consumer: u32,
    rng: Rng,
    link: Option<Link>,
    reading: Option<Reading>,
    tokens: Token,
    /// Chains that ended or were given up.
    pub(crate) chains: Vec<Chain>,
    /// Comparisons with `/$count`.
    pub(crate) counts: Vec<Count>,
    /// Links that were refused.
    pub(crate) refusals: Vec<Refusal>,
}

/// What one step of a reader came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A page came and more will.
    MorePages,
    /// The chain ended.
    Ended,
    /// The service asks for patience, or refused the link.
    Refused,
    /// The service is gone.
    Gone,
}

impl Reader {
    /// A consumer that has read nothing.
    pub(crate) fn new(consumer: u32, rng: Rng) -> Self {
        let (chains, counts, refusals) = (Vec::new(), Vec::new(), Vec::new());
        Self { consumer, rng, link: None, reading: None, tokens: 0, chains, counts, refusals }
    }

    /// Reads until the service is gone or `is_over` is set.
    pub(crate) fn run(&mut self, shared: &Shared, address: &Address, is_over: &AtomicBool) {
        let mut connection = Connection::new(address);
        while !is_over.load(Ordering::Relaxed) {
            if self.step(shared, &mut connection) == Step::Gone {
                return;
            }
        }
    }

    /// After a restart: goes on where it was, or begins the same read again.
    pub(crate) fn restarted(&mut self) {
        if self.rng.chance(50)
            && let Some(reading) = self.reading.take()
        {
            self.chains.push(reading.chain);
        }
    }

    /// With nothing written: ends what is being read, then compares `/$count` with a read of the same link.
    pub(crate) fn compare_count(&mut self, shared: &Shared, connection: &mut Connection) -> Result<()> {
        if self.reading.is_some() || self.link.is_none() {
            self.finish(shared, connection)?;
        }
        let link = self.link.clone().context("a consumer has no delta link")?;
        let path = link.path.replacen('?', "/$count?", 1);
        let counted = connection.call(&Request::new("GET", path))?.text();
        let counted = counted.trim_start_matches('\u{feff}').trim().parse().with_context(|| format!("{counted:?} is no count"))?;
        self.reading = Some(self.start(shared.clock, Some(link), false));
        self.finish(shared, connection)?;
        let delivered = self.chains.last().map_or(0, |chain| chain.items().count() as u64);
        self.counts.push(Count { counted, delivered });
        Ok(())
    }

    /// Reads to the end of a chain.
    fn finish(&mut self, shared: &Shared, connection: &mut Connection) -> Result<()> {
        for _ in 0..PAGES_MAX {
            match self.step(shared, connection) {
                Step::Ended => return Ok(()),
                Step::MorePages | Step::Refused => {}
                Step::Gone => bail!("the service is gone while nothing kills it"),
            }
        }
        bail!("a read of the feed does not end")
    }

    fn start(&mut self, clock: Clock, from: Option<Link>, is_replay: bool) -> Reading {
        let size = format!("odata.maxpagesize={}", self.rng.between(PAGE_ROWS.0, PAGE_ROWS.1));
        let (token, next, prefer) = match from {
            Some(link) => (Some(link.token), link.path, size),
            None => (None, String::new(), format!("odata.track-changes,{size}")),
        };
        let (consumer, start_ns) = (self.consumer, clock.now_ns());
        let chain = Chain { consumer, from: token, to: None, start_ns, pages: Vec::new(), is_replay };
        Reading { chain, next, prefer }
    }

    /// Asks for one page.
    fn step(&mut self, shared: &Shared, connection: &mut Connection) -> Step {
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => {
                // Now and then a consumer starts anew, as one that lost its copy would.
                let link = self.link.clone().filter(|_| !self.rng.chance(2));
                self.start(shared.clock, link, false)
            }
        };
        if reading.next.is_empty() {
            reading.next = format!("{ROOT}/{}?$select={COLUMNS}", shared.set);
        }
        let request = Request::new("GET", reading.next.clone()).header("Prefer", reading.prefer.clone());
        let response = match connection.send(&request) {
            Exchange::Answered(response) => response,
            Exchange::NotSent | Exchange::Unanswered => {
                self.reading = Some(reading);
                return Step::Gone;
            }
        };
        if !response.is_success() {
            return self.refused(reading, &response, shared);
        }
        let Some(page) = read_page(&response) else {
            shared.note_strange("feed page", &response);
            return self.refused(reading, &response, shared);
        };
        reading.chain.pages.push(Page { received_ns: shared.clock.now_ns(), items: page.items });
        match page.next {
            Next::Page(path) if reading.chain.pages.len() < PAGES_MAX => {
                (reading.next, reading.prefer) = (path, reading.prefer.replace("odata.track-changes,", ""));
                self.reading = Some(reading);
                Step::MorePages
            }
            Next::Page(_) => self.refused(reading, &response, shared),
            Next::Delta(path) => {
                self.ended(reading, path, shared.clock);
                Step::Ended
            }
        }
    }

    fn ended(&mut self, mut reading: Reading, path: String, clock: Clock) {
        self.tokens += 1;
        reading.chain.to = Some(self.tokens);
        let (from, is_replay) = (reading.chain.from, reading.chain.is_replay);
        let before = self.link.clone();
        self.chains.push(reading.chain);
        if is_replay {
            return;
        }
        self.link = Some(Link { token: self.tokens, path });
        // A link may be followed any number of times: now and then the one just used is used again.
        if let Some(link) = before.filter(|link| Some(link.token) == from && self.rng.chance(10)) {
            self.reading = Some(self.start(clock, Some(link), true));
        }
    }

    fn refused(&mut self, reading: Reading, response: &Response, shared: &Shared) -> Step {
        if matches!(response.status, 429 | 503) {
            self.reading = Some(reading);
            std::thread::sleep(BACK_OFF);
            return Step::Refused;
        }
        shared.note_strange("feed", response);
        let answer = format!("{} {}", response.status, response.text());
        self.refusals.push(Refusal { consumer: self.consumer, answer });
        self.chains.push(reading.chain);
        self.link = None;
        std::thread::sleep(BACK_OFF);
        Step::Refused
    }
}

/// What a page holds, and how the read goes on.
struct Delivered {
    items: Vec<Item>,
    next: Next,
}

/// Exactly one of both links.
enum Next {
    Page(String),
    Delta(String),
}

fn read_page(response: &Response) -> Option<Delivered> {
    let page: Value = serde_json::from_slice(&response.body).ok()?;
    let items: Option<Vec<Item>> = page["value"].as_array()?.iter().map(item).collect();
    let link = |name: &str| page[name].as_str().map(|link| path_of(link).to_owned());
    let next = match (link("@odata.nextLink"), link("@odata.deltaLink")) {
        (Some(next), None) => Next::Page(next),
        (None, Some(delta)) => Next::Delta(delta),
        _ => return None,
    };
    Some(Delivered { items: items?, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: &str) -> Response {
        Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_page_has_exactly_one_link() {
        let last = read_page(&response(r#"{"value":[],"@odata.deltaLink":"http://h:1/x?$deltatoken=1"}"#)).unwrap();
        assert!(matches!(last.next, Next::Delta(path) if path == "/x?$deltatoken=1"));
        let both = r#"{"value":[],"@odata.deltaLink":"http://h/x","@odata.nextLink":"http://h/y"}"#;
        for bad in ["{\"value\":[]}", both, "{}", "nothing", r#"{"value":[{"a":1}],"@odata.deltaLink":"http://h/x"}"#] {
            assert!(read_page(&response(bad)).is_none(), "{bad}");
        }
    }
}
