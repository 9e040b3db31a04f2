//! Golden files: conversations with the service as text.
//!
//! ```text
//! # Create gives the new row's address. Source: web-api 8.
//! # Include: setup/parcel.http
//! === a row
//! POST /api/data/v9.2/drf_parcels
//! Content-Type: application/json
//!
//! {"drf_name":"Crate"}
//! --- 204
//! OData-EntityId: {origin}/api/data/v9.2/drf_parcels({id 1})
//! ! ETag
//! ```
//!
//! An answer must have the status, every header field that is listed (a line `! Name` says that it must not be there) and exactly the body that is listed, all
//! in normal form (see [`Captures`]). A line `--- 200 ~` checks the body for containing each of the lines listed instead, and for not containing those behind `! `.
//! `{package berths 1.0.0.0 managed}` in a request's body stands for the file of a solution package of our own ([`berths`](crate::berths)).
//! Header fields that are answered several times count as one with a comma between. The request header `Line-Ends: CRLF` is not sent: it writes the body's lines so.

use std::fs;
use std::path::Path;

use crate::{Captures, TestServer, packages};

type Failure = Box<dyn std::error::Error>;

/// The request header that asks for other line ends in the body; the service never sees it.
const LINE_ENDS: &str = "Line-Ends";

/// A golden file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldenFile {
    /// Comment lines at the top.
    pub head: Vec<String>,
    /// What is said and answered.
    pub exchanges: Vec<Exchange>,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Words on it.
    pub title: String,
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header fields to send.
    pub headers: Vec<(String, String)>,
    /// Body to send.
    pub body: String,
    /// Status that must be answered.
    pub status: u16,
    /// The body lists lines that the answer must hold, not the whole answer.
    pub partial: bool,
    /// Header fields that must be answered; none for one that must not be there.
    pub expected_headers: Vec<(String, Option<String>)>,
    /// Body that must be answered.
    pub expected_body: String,
}

impl GoldenFile {
    /// Reads the text form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut head = Vec::new();
        let mut sections: Vec<(String, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("=== ") {
                sections.push((title.to_owned(), Vec::new()));
            } else if let Some((_, lines)) = sections.last_mut() {
                lines.push(line);
            } else if line.starts_with('#') || line.is_empty() {
                head.push(line.to_owned());
            } else {
                return Err(format!("a line before the first exchange: {line}").into());
            }
        }
        let exchanges = sections.into_iter().map(|(title, lines)| exchange(title, &lines)).collect::<Result<_, _>>()?;
        Ok(Self { head, exchanges })
    }

    /// The text form.
    pub fn print(&self) -> String {
        let mut out: String = self.head.iter().map(|line| format!("{line}\n")).collect();
        for exchange in &self.exchanges {
            out += &format!("=== {}\n{} {}\n", exchange.title, exchange.method, exchange.target);
            for (name, value) in &exchange.headers {
                out += &format!("{name}: {value}\n");
            }
            if !exchange.body.is_empty() {
                out += &format!("\n{}\n", exchange.body);
            }
            out += &format!("--- {}{}\n", exchange.status, if exchange.partial { " ~" } else { "" });
            for (name, value) in &exchange.expected_headers {
                out += &value.as_ref().map_or_else(|| format!("! {name}\n"), |value| format!("{name}: {value}\n"));
            }
            if !exchange.expected_body.is_empty() {
                out += &format!("\n{}\n", exchange.expected_body);
            }
        }
        out
    }

    fn includes(&self) -> impl Iterator<Item = &str> {
        self.head.iter().filter_map(|line| line.strip_prefix("# Include: "))
    }
}

fn exchange(title: String, lines: &[&str]) -> Result<Exchange, Failure> {
    let border = lines.iter().position(|line| line.starts_with("--- ")).ok_or_else(|| format!("'{title}' has no answer"))?;
    let (said, answered) = (&lines[..border], &lines[border + 1..]);
    let (method, target) = said.first().and_then(|line| line.split_once(' ')).ok_or_else(|| format!("'{title}' has no request line"))?;
    let (fields, body) = parts(&said[1..]);
    let headers = fields.iter().filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (expected, expected_body) = parts(answered);
    let expected_headers = expected.iter().filter_map(|line| match line.strip_prefix("! ") {
        Some(name) => Some((name.to_owned(), None)),
        None => line.split_once(": ").map(|(name, value)| (name.to_owned(), Some(value.to_owned()))),
    });
    let mut words = lines[border][4..].split(' ');
    Ok(Exchange {
        title,
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body,
        status: words.next().unwrap_or_default().parse()?,
        partial: words.next() == Some("~"),
        expected_headers: expected_headers.collect(),
        expected_body,
    })
}

/// An address as it is sent: what is written plainly for the reader's sake and cannot stand in an address is encoded.
fn encoded(target: &str) -> String {
    target.replace(' ', "%20").replace('<', "%3C").replace('>', "%3E").replace('"', "%22")
}

/// Splits lines at the first empty one; blank lines at the end do not count.
fn parts<'a>(lines: &[&'a str]) -> (Vec<&'a str>, String) {
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    let lines = &lines[..end];
    match lines.iter().position(|line| line.is_empty()) {
        Some(at) => (lines[..at].to_vec(), lines[at + 1..].join("\n")),
        None => (lines.to_vec(), String::new()),
    }
}

/// Runs a golden file against a new service; gives what differs. With `update` the file is written anew with what was answered.
///
/// # Errors
/// When the file cannot be read or the service breaks.
pub fn run_golden(root: &Path, path: &Path, update: bool) -> Result<Vec<String>, Failure> {
    let server = TestServer::start()?;
    let mut captures = Captures::new(&server.origin());
    let facts = server.organization().facts();
    for (name, id) in [("user", facts.administrator), ("unit", facts.root_business_unit), ("organization", facts.organization)] {
        captures.bind(&format!("id {name}"), &id.to_string());
    }
    let mut file = GoldenFile::parse(&fs::read_to_string(path)?)?;
    let mut client = server.client()?;
    let mut differences = Vec::new();
    for include in file.includes() {
        let included = GoldenFile::parse(&fs::read_to_string(root.join(include))?)?;
        for mut exchange in included.exchanges {
            differences.extend(run(&mut client, &mut captures, &mut exchange)?.into_iter().map(|line| format!("{include}: {line}")));
        }
        server.run_jobs()?;
    }
    for exchange in &mut file.exchanges {
        differences.extend(run(&mut client, &mut captures, exchange)?);
        server.run_jobs()?;
    }
    if update && !differences.is_empty() {
        fs::write(path, file.print())?;
    }
    Ok(differences)
}

/// Plays a set-up file against a running service; gives what differs. Jobs run after it.
///
/// # Errors
/// When the file cannot be read or the service breaks.
pub fn play(server: &TestServer, path: &Path) -> Result<Vec<String>, Failure> {
    let mut captures = Captures::new(&server.origin());
    let mut client = server.client()?;
    let mut differences = Vec::new();
    for mut exchange in GoldenFile::parse(&fs::read_to_string(path)?)?.exchanges {
        differences.extend(run(&mut client, &mut captures, &mut exchange)?);
    }
    server.run_jobs()?;
    Ok(differences)
}

/// Runs one exchange; gives what differs and leaves in it what was answered.
fn run(client: &mut crate::HttpClient, captures: &mut Captures, exchange: &mut Exchange) -> Result<Vec<String>, Failure> {
    let target = encoded(&captures.expand(&exchange.target));
    let headers: Vec<_> = exchange.headers.iter().map(|(name, value)| (name.clone(), captures.expand(value))).collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let is_line_ends = |(name, _): &&(&str, &str)| *name == LINE_ENDS;
    let line_end = if headers.iter().any(|field| is_line_ends(&field)) { "\r\n" } else { "\n" };
    let headers: Vec<_> = headers.iter().filter(|field| !is_line_ends(field)).copied().collect();
    let body = packages::expand(&captures.expand(&exchange.body))?.replace('\n', line_end);
    let answer = client.send(&exchange.method, &target, &headers, body.as_bytes())?;
    let mut differences = Vec::new();
    let mut differ = |what: &str, expected: &str, answered: &str| {
        if expected != answered {
            differences.push(format!("{}: {what}\n  expected {expected}\n  answered {answered}", exchange.title));
        }
    };
    differ("status", &exchange.status.to_string(), &format!("{}", answer.status));
    for (name, value) in &mut exchange.expected_headers {
        let answered = answer.joined_header(name).map(|value| captures.normalize(&value));
        differ(name, value.as_deref().unwrap_or("(none)"), answered.as_deref().unwrap_or("(none)"));
        *value = answered;
    }
    let body = captures.normalize(&answer.text().replace('\r', ""));
    if exchange.partial {
        for line in exchange.expected_body.lines() {
            match line.strip_prefix("! ") {
                Some(absent) if body.contains(absent) => differ("body does not hold", line, &body),
                None if !body.contains(line) => differ("body holds", line, &body),
                _ => {}
            }
        }
    } else {
        let body = body.trim_end_matches('\n').to_owned();
        differ("body", &exchange.expected_body, &body);
        exchange.expected_body = body;
    }
    exchange.status = answer.status;
    Ok(differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        let text = "# A title. Source: web-api 8.\n=== one\nPOST /x\nA: b\n\n{\"c\":1}\n--- 204\nD: e\n! F\n=== two\nGET /y\n--- 200 ~\n\nbody\n";
        assert_eq!(GoldenFile::parse(text).unwrap().print(), text);
    }
}
