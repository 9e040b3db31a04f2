//! The change feed: a first read, then delta links (web-api 25).

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::connection::Connection;
use crate::error::{ClientError, Result};

/// The service's own ceiling of a page, in rows (web-api 4).
const PAGE_ROWS_MAX: u32 = 5_000;

/// What a first read asks for; the delta links repeat the columns by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangesOptions {
    /// Columns; all when empty.
    pub select: Vec<String>,
    /// Rows a page, 1 to 5,000; the service decides when absent.
    pub page_rows: Option<u32>,
    /// Ask for an error instead of a full answer when a link is too old, whatever the service's setting is (CT-45). Other
    /// services ignore this; [`Changes::is_full`] tells what came.
    pub fault_when_expired: bool,
}

impl ChangesOptions {
    fn prefer(&self, first_read: bool) -> String {
        let mut parts = Vec::new();
        if first_read {
            parts.push("odata.track-changes".to_owned());
        }
        if let Some(rows) = self.page_rows {
            parts.push(format!("odata.maxpagesize={}", rows.clamp(1, PAGE_ROWS_MAX)));
        }
        if self.fault_when_expired {
            parts.push("driftless.expired=fault".to_owned());
        }
        parts.join(",")
    }
}

/// One item of the feed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new or changed row at its present state, with its annotations.
    Row(Map<String, Value>),
    /// A row that is gone.
    Removed {
        /// Its primary id.
        id: String,
    },
}

/// Version number of a row, from its etag `W/"n"` (web-api 9).
pub fn version_of(row: &Map<String, Value>) -> Option<i64> {
    row.get("@odata.etag")?.as_str()?.strip_prefix("W/\"")?.strip_suffix('"')?.parse().ok()
}

/// Items of one read, page by page: at most one page is in memory. After the last item [`delta_link`](Self::delta_link) is there; after
/// an error the iterator ends without one, and the same link can be read again.
#[derive(Debug)]
pub struct Changes<'c> {
    connection: &'c Connection,
    prefer: String,
    is_full: bool,
    pages: usize,
    items: std::vec::IntoIter<Value>,
    next_link: Option<String>,
    delta_link: Option<String>,
}

impl Connection {
    /// First read of a table by its set name: every row, then a delta link.
    pub fn changes(&self, set: &str, options: &ChangesOptions) -> Result<Changes<'_>> {
        let path = match options.select.as_slice() {
            [] => set.to_owned(),
            columns => format!("{set}?$select={}", crate::encode_component(&columns.join(","))),
        };
        Changes::begin(self, &path, options.prefer(true))
    }

    /// What changed since a delta link was given; also goes on from a next link. The options' columns are not used.
    pub fn follow(&self, link: &str, options: &ChangesOptions) -> Result<Changes<'_>> {
        Changes::begin(self, link, options.prefer(false))
    }
}

impl<'c> Changes<'c> {
    fn begin(connection: &'c Connection, path: &str, prefer: String) -> Result<Self> {
        let mut changes = Self { connection, prefer, is_full: false, pages: 0, items: Vec::new().into_iter(), next_link: None, delta_link: None };
        let page = changes.read(path)?;
        changes.is_full = !page.text("@odata.context").is_some_and(|context| context.ends_with("/$delta"));
        changes.take_page(page)?;
        Ok(changes)
    }

    /// Whether this is a complete read rather than a difference: true for a first read, and for an expired link that the service
    /// answered with everything (CT-45): rows that are not among the items no longer exist.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The link to ask for later changes; there when all items have been taken.
    pub fn delta_link(&self) -> Option<&str> {
        self.delta_link.as_deref().filter(|_| self.items.len() == 0)
    }

    /// Pages read so far.
    pub fn pages(&self) -> usize {
        self.pages
    }

    fn read(&self, path: &str) -> Result<Answer> {
        match self.prefer.as_str() {
            "" => self.connection.get(path, &[]),
            prefer => self.connection.get(path, &[("Prefer", prefer)]),
        }
    }

    /// Takes over the items of a page and its one link (web-api 25.3).
    fn take_page(&mut self, page: Answer) -> Result<()> {
        let link = |name: &str| page.text(name).map(str::to_owned);
        let (next, delta) = (link("@odata.nextLink"), link("@odata.deltaLink"));
        let wrong = |what: &str| Err(ClientError::Protocol(format!("a page of changes {what}")));
        match (&next, &delta) {
            (Some(_), Some(_)) => return wrong("has both a next link and a delta link"),
            (None, None) => {
                return wrong("has neither a next link nor a delta link: is change tracking on?");
            }
            _ => {}
        }
        self.items = page.into_items()?.into_iter();
        (self.next_link, self.delta_link) = (next, delta);
        self.pages += 1;
        Ok(())
    }

    fn advance(&mut self) -> Option<Result<Change>> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(read_item(item));
            }
            let link = self.next_link.take()?;
            let step = self.read(&link).and_then(|page| {
                if page.text("@odata.nextLink") == Some(link.as_str()) {
                    return Err(ClientError::Protocol("a page of changes leads to itself".into()));
                }
                self.take_page(page)
            });
            if let Err(error) = step {
                return Some(Err(error));
            }
        }
    }
}

impl Iterator for Changes<'_> {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance();
        if let Some(Err(_)) = item {
            self.items = Vec::new().into_iter();
            (self.next_link, self.delta_link) = (None, None);
        }
        item
    }
}

fn read_item(item: Value) -> Result<Change> {
    let Value::Object(row) = item else {
        return Err(ClientError::Protocol("an item of the change feed is not an object".into()));
    };
    let is_removed = row.get("@odata.context").and_then(Value::as_str).is_some_and(|c| c.ends_with("/$deletedEntity"));
    if !is_removed {
        return Ok(Change::Row(row));
    }
    match row.get("id").and_then(Value::as_str) {
        Some(id) => Ok(Change::Removed { id: id.to_owned() }),
        None => Err(ClientError::Protocol("a deleted item has no id".into())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Reply, Script};
    use crate::settings::Settings;

    fn open(script: &Script) -> Connection {
        Connection::open(&Settings { url: script.url(), ..Settings::default() }).unwrap()
    }

    fn context(rest: &str) -> String {
        format!("{{origin}}/api/data/v9.2/$metadata#drf_parcels{rest}")
    }

    fn link(kind: &str, token: &str) -> (String, Value) {
        let key = if kind == "next" { "$skiptoken" } else { "$deltatoken" };
        (format!("@odata.{kind}Link"), format!("{{origin}}/api/data/v9.2/drf_parcels?{key}={token}").into())
    }

    fn page(suffix: &str, items: &[Value], links: &[(String, Value)]) -> Reply {
        let mut body = json!({"@odata.context": context(suffix), "value": items});
        for (name, value) in links {
            body[name] = value.clone();
        }
        Reply::json(200, body)
    }

    fn row(n: i64) -> Value {
        json!({"@odata.etag": format!("W/\"{n}\""), "drf_parcelid": format!("id-{n}")})
    }

    fn gone(id: &str) -> Value {
        json!({"@odata.context": context("/$deletedEntity"), "id": id, "reason": "deleted"})
    }

    #[test] // CT-34, CT-36: pages are followed, the link is on the last one
    fn pages_are_followed_to_the_delta_link() {
        let script = Script::start(vec![
            page("(drf_name)", &[row(1), row(2)], &[link("next", "a%20b")]),
            page("(drf_name)", &[], &[link("next", "c")]),
            page("(drf_name)", &[row(3), gone("x")], &[link("delta", "7%21t")]),
        ]);
        let connection = open(&script);
        let options = ChangesOptions { select: vec!["drf_name".into()], page_rows: Some(2), fault_when_expired: true };
        let mut changes = connection.changes("drf_parcels", &options).unwrap();
        assert!(changes.is_full());
        assert_eq!(changes.delta_link(), None, "not before the items are taken");
        let items: Vec<Change> = changes.by_ref().map(Result::unwrap).collect();
        assert_eq!(items.len(), 4);
        assert_eq!(items[3], Change::Removed { id: "x".into() });
        assert!(matches!(&items[2], Change::Row(row) if version_of(row) == Some(3)));
        let delta = changes.delta_link().unwrap().to_owned();
        assert_eq!((delta.as_str(), changes.pages()), (&*format!("{}/api/data/v9.2/drf_parcels?$deltatoken=7%21t", script.url()), 3));
        let seen = script.finish();
        assert_eq!(seen.lines()[..2], ["GET /api/data/v9.2/drf_parcels?$select=drf_name", "GET /api/data/v9.2/drf_parcels?$skiptoken=a%20b"]);
        let first = "odata.track-changes,odata.maxpagesize=2,driftless.expired=fault";
        assert!(seen.requests.iter().all(|request| request.header("prefer") == Some(first)));
    }

    #[test] // web-api 25.4: a difference is marked in its context; CT-45: a full answer is not
    fn full_and_difference_are_told_apart() {
        let script = Script::start(vec![page("/$delta", &[], &[link("delta", "8")]), page("", &[row(9)], &[link("delta", "9")])]);
        let connection = open(&script);
        let start = format!("{}/api/data/v9.2/drf_parcels?$deltatoken=7", script.url());
        let quiet = connection.follow(&start, &ChangesOptions::default()).unwrap();
        assert!(!quiet.is_full() && quiet.delta_link().is_some());
        assert!(connection.follow(&start, &ChangesOptions::default()).unwrap().is_full());
        assert_eq!(script.finish().requests[0].header("prefer"), None);
    }

    #[test]
    fn an_error_ends_the_read_without_a_link() {
        let expired = json!({"error": {"code": "0x80044352", "message": "Version stamp associated with the client has expired."}});
        let script = Script::start(vec![page("/$delta", &[row(1)], &[link("next", "n")]), Reply::json(400, expired)]);
        let connection = open(&script);
        let mut changes = connection.follow("drf_parcels?$deltatoken=7", &ChangesOptions::default()).unwrap();
        assert!(changes.next().unwrap().is_ok());
        assert!(changes.next().unwrap().unwrap_err().is_resync_needed());
        assert!(changes.next().is_none() && changes.delta_link().is_none());
    }

    #[test]
    fn pages_that_break_the_protocol_are_named() {
        let both = page("", &[], &[link("next", "n"), link("delta", "d")]);
        let looping = [page("", &[], &[link("next", "n")]), page("", &[], &[link("next", "n")])];
        let nameless = page("/$delta", &[json!({"@odata.context": "#x/$deletedEntity"})], &[link("delta", "d")]);
        for script in [vec![both], vec![page("", &[], &[])], looping.to_vec(), vec![nameless]] {
            let script = Script::start(script);
            let connection = open(&script);
            let result: Result<Vec<Change>> = connection.changes("drf_parcels", &ChangesOptions::default()).and_then(Iterator::collect);
            assert!(matches!(result, Err(ClientError::Protocol(_))), "{result:?}");
        }
    }

    #[test]
    fn links_to_other_hosts_are_not_followed() {
        let foreign = ("@odata.nextLink".to_owned(), Value::from("http://example.invalid/api/data/v9.2/x?$skiptoken=1"));
        let script = Script::start(vec![page("", &[], &[foreign])]);
        let connection = open(&script);
        let mut changes = connection.changes("drf_parcels", &ChangesOptions::default()).unwrap();
        assert!(matches!(changes.next(), Some(Err(ClientError::Settings(_)))));
    }
}
