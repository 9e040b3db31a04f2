//! A service behind two doors, and what is read through either in one form.

use std::collections::BTreeMap;

use driftless_testkit::{HttpClient, TestServer};

use crate::support::set_up;
use crate::{OTHERS, other_id};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The ids of rows that were made, or may have been.
    Done(Vec<String>),
    Refused {
        code: u32,
        message: String,
    },
}

/// The values of a row by column, without those that are null. A formatted value stands under the column's name and `@`.
pub(crate) type Row = BTreeMap<String, String>;

/// A change: the id, and the row unless it was deleted.
pub(crate) type Change = (String, Option<Row>);

/// The columns that are followed, as the organization names them.
pub(crate) const FOLLOWED: [&str; 5] = ["new_name", "new_code", "new_price", "new_depotid", "new_tags"];

/// Numbers that have digits behind the point.
const NUMBERS: [&str; 5] = ["new_amount", "new_ratio", "new_price", "new_price_base", "exchangerate"];

/// A service with the tables of the test.
pub(crate) struct Service {
    pub(crate) server: TestServer,
    pub(crate) client: HttpClient,
    /// Ids that the service made, in the order in which it told of them.
    made: Vec<String>,
}

impl Service {
    /// Makes the tables.
    pub(crate) fn start(server: TestServer) -> Self {
        for name in ["cargo", "cargo_linked"] {
            set_up(&server, name);
        }
        server.run_jobs().unwrap();
        let mut client = server.client().unwrap();
        for number in 0..OTHERS {
            for (kind, set, more) in [("depot", "new_depots", format!(",\"new_code\":\"d{number}\"")), ("label", "new_labels", String::new())] {
                let body = format!("{{\"new_{kind}id\":\"{}\",\"new_name\":\"{kind} {number}\"{more}}}", other_id(kind, number));
                let answer = client.call("POST", set, &body).unwrap();
                assert_eq!(answer.status, 204, "{}", answer.text());
            }
        }
        Self { server, client, made: Vec::new() }
    }

    /// Moves the clock.
    pub(crate) fn advance(&self) {
        self.server.environment().advance_s(1);
    }

    /// Removes every row.
    pub(crate) fn clear(&mut self) {
        for id in self.rows_of_web().into_keys() {
            let answer = self.client.call("DELETE", &format!("new_cargoes({})", self.own(&id)), "").unwrap();
            assert_eq!(answer.status, 204, "{}", answer.text());
        }
        self.made.clear();
    }

    /// An id by a name that both services have for it.
    pub(crate) fn shared(&mut self, id: &str) -> String {
        if id.contains("-0000-4000-8000-") {
            return id.to_owned();
        }
        let at = self.made.iter().position(|made| made == id).unwrap_or_else(|| {
            self.made.push(id.to_owned());
            self.made.len() - 1
        });
        format!("made {at}")
    }

    /// The id behind a shared name.
    fn own(&self, shared: &str) -> String {
        let at = shared.strip_prefix("made ").and_then(|number| number.parse::<usize>().ok());
        at.map_or_else(|| shared.to_owned(), |at| self.made[at].clone())
    }

    /// A value in one form; `ids` are those of rows that the test makes.
    pub(crate) fn value(&mut self, column: &str, text: &str) -> String {
        let text = text.strip_suffix('Z').unwrap_or(text);
        match column {
            "new_cargoid" => self.shared(text),
            "new_day" => text.strip_suffix("T00:00:00").unwrap_or(text).to_owned(),
            _ if NUMBERS.contains(&column) => text.parse::<f64>().unwrap().to_string(),
            _ => text.to_owned(),
        }
    }

    /// A sentence with the ids that it names.
    pub(crate) fn message(&self, text: &str) -> String {
        self.made.iter().enumerate().fold(text.to_owned(), |text, (at, id)| text.replace(id, &format!("made {at}")))
    }
}
