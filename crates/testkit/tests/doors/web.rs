//! The Web API.

use std::fmt::Write as _;

use driftless_testkit::Answer;
use serde_json::{Value as Json, json};

use crate::door::{Change, FOLLOWED, Outcome, Row, Service};
use crate::{By, If, Step, Value, Write, code, other_id, row_id};

const ROOT: &str = "/api/data/v9.2/";
const BOUNDARY: &str = "multipart/mixed; boundary=b";
const FORMATTED: &str = "@OData.Community.Display.V1.FormattedValue";

/// A request: method, address below the root, `If-Match`, body.
struct Call {
    method: &'static str,
    address: String,
    if_match: Option<String>,
    body: Option<String>,
}

/// Carries out a step.
pub(crate) fn play(service: &mut Service, step: &Step) -> Outcome {
    let calls: Vec<_> = step.writes().iter().map(|write| call(service, write)).collect();
    let answers = match (step, calls.as_slice()) {
        (Step::One { .. }, [call]) => vec![send(service, call)],
        _ => send_all(service, &calls),
    };
    if let Some(refused) = answers.iter().find(|answer| answer.status >= 400) {
        let code = u32::from_str_radix(refused.error_code().trim_start_matches("0x"), 16).unwrap_or_else(|_| panic!("{}", refused.text()));
        return Outcome::Refused { code, message: service.message(refused.json()["error"]["message"].as_str().unwrap()) };
    }
    let made = step.writes().iter().zip(&answers).filter(|(write, _)| write.tells_id());
    let ids = made.map(|(_, answer)| {
        let address = answer.header("odata-entityid").unwrap();
        service.shared(address.split_once("new_cargoes(").unwrap().1.trim_end_matches(')'))
    });
    Outcome::Done(ids.collect())
}

fn call(service: &mut Service, write: &Write) -> Call {
    let on = |row: u32, by: By| match by {
        By::Id => format!("new_cargoes({})", row_id(row)),
        By::Key => format!("new_cargoes(new_code='{}')", code(row)),
    };
    let any = || Some("*".to_owned());
    match write {
        Write::Create { row, own_id, fields } => {
            let mut members = members(fields);
            if !fields.contains_key("new_code") {
                members.push(("new_code", Json::from(code(*row))));
            }
            if *own_id {
                members.push(("new_cargoid", Json::from(row_id(*row))));
            }
            Call { method: "POST", address: "new_cargoes".to_owned(), if_match: None, body: Some(object(&members)) }
        }
        Write::Update { row, by, version, fields } => {
            let if_match = service.version(*row, *by, *version).map(|version| format!("W/\"{version}\"")).or_else(any);
            Call { method: "PATCH", address: on(*row, *by), if_match, body: Some(object(&members(fields))) }
        }
        Write::Upsert { row, by, fields } => Call { method: "PATCH", address: on(*row, *by), if_match: None, body: Some(object(&members(fields))) },
        Write::Delete { row, by, version } => {
            let if_match = service.version(*row, *by, *version).map(|version| format!("W/\"{version}\""));
            Call { method: "DELETE", address: on(*row, *by), if_match, body: None }
        }
        Write::Pair { row, label, linked } => {
            let (links, label) = (format!("{}/new_Cargo_Label", on(*row, By::Id)), other_id("label", *label));
            match linked {
                true => {
                    let body = json!({ "@odata.id": format!("{}{ROOT}new_labels({label})", service.server.origin()) });
                    Call { method: "POST", address: format!("{links}/$ref"), if_match: None, body: Some(body.to_string()) }
                }
                false => Call { method: "DELETE", address: format!("{links}({label})/$ref"), if_match: None, body: None },
            }
        }
        Write::State { row, state, status } => {
            let body = json!({ "statecode": state, "statuscode": status });
            Call { method: "PATCH", address: on(*row, By::Id), if_match: any(), body: Some(body.to_string()) }
        }
        Write::Nowhere => Call { method: "POST", address: "new_nothings".to_owned(), if_match: None, body: Some("{}".to_owned()) },
    }
}

/// An object with its members in this order, which is that of the checks.
fn object(members: &[(&str, Json)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn members(fields: &crate::Fields) -> Vec<(&'static str, Json)> {
    let number = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    let member = |(column, value): (&&'static str, &Value)| {
        let name = if *column == "new_depotid" { "new_DepotId@odata.bind" } else { *column };
        let value = match value {
            Value::Null => Json::Null,
            Value::Text(text) => Json::from(text.as_str()),
            Value::Int(number) | Value::Long(number) => Json::from(*number),
            Value::Decimal(text) | Value::Double(text) | Value::Money(text) => number(text),
            Value::Bool(is) => Json::from(*is),
            Value::Choice(choice) => Json::from(*choice),
            Value::Choices(chosen) => Json::from(chosen.iter().map(i32::to_string).collect::<Vec<_>>().join(",")),
            Value::Moment(text) | Value::Day(text) => Json::from(*text),
            Value::Wall(text) => Json::from(format!("{text}Z")),
            Value::Depot(depot, false) => Json::from(format!("/new_depots({})", other_id("depot", *depot))),
            Value::Depot(depot, true) => Json::from(format!("/new_depots(new_code='d{depot}')")),
            Value::Wrong => Json::from("none"),
        };
        (name, value)
    };
    fields.iter().map(member).collect()
}

fn send(service: &mut Service, call: &Call) -> Answer {
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(call.if_match.as_deref().map(|version| ("If-Match", version)));
    let body = call.body.as_deref().unwrap_or_default();
    service.client.send(call.method, &format!("{ROOT}{}", call.address), &headers, body.as_bytes()).unwrap()
}

/// Sends a change set. Gives the answers of its parts, or that of the one that failed.
fn send_all(service: &mut Service, calls: &[Call]) -> Vec<Answer> {
    let mut set = String::new();
    for (number, call) in calls.iter().enumerate() {
        let head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n";
        write!(set, "--c\r\n{head}Content-ID: {}\r\n\r\n{} {ROOT}{} HTTP/1.1\r\n", number + 1, call.method, call.address).unwrap();
        if let Some(version) = &call.if_match {
            write!(set, "If-Match: {version}\r\n").unwrap();
        }
        let body = call.body.as_deref().unwrap_or_default();
        write!(set, "Content-Type: application/json\r\n\r\n{body}\r\n").unwrap();
    }
    let body = format!("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{set}--c--\r\n--b--\r\n");
    let answer = service.client.send("POST", &format!("{ROOT}$batch"), &[("Content-Type", BOUNDARY)], body.as_bytes()).unwrap();
    let text = answer.text();
    let parts = text.split("HTTP/1.1 ").skip(1).map(part).collect::<Vec<_>>();
    assert!(!parts.is_empty(), "{text}");
    parts
}

/// The answer in a part of a batch, behind the version of HTTP.
fn part(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').next().unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let body = body.split("\r\n--").next().unwrap_or_default();
    Answer { status, headers, body: body.as_bytes().to_vec() }
}

impl Service {
    /// Gives a name to the id of a row that its key names, if there is one.
    pub(crate) fn meet(&mut self, row: u32) {
        let answer = self.client.call("GET", &format!("new_cargoes(new_code='{}')?$select=new_cargoid", code(row)), "").unwrap().json();
        if let Some(id) = answer["new_cargoid"].as_str() {
            self.shared(id);
        }
    }

    /// The version that a write asks for, if it does. Both doors ask this one.
    pub(crate) fn version(&mut self, row: u32, by: By, version: If) -> Option<String> {
        let address = match by {
            By::Id => format!("new_cargoes({})?$select=new_code", row_id(row)),
            By::Key => format!("new_cargoes(new_code='{}')?$select=new_code", code(row)),
        };
        match version {
            If::Any => None,
            If::Stale => Some("1".to_owned()),
            If::Current => {
                let answer = self.client.call("GET", &address, "").unwrap().json();
                let tag = answer["@odata.etag"].as_str().unwrap_or("1");
                Some(tag.chars().filter(char::is_ascii_digit).collect())
            }
        }
    }

    fn row(&mut self, object: &Json) -> Row {
        let mut row = Row::new();
        for (name, value) in object.as_object().unwrap() {
            let (name, mark) = name.strip_suffix(FORMATTED).map_or((name.as_str(), ""), |name| (name, "@"));
            let name = name.strip_prefix('_').and_then(|name| name.strip_suffix("_value")).unwrap_or(name);
            let text = match value {
                Json::Null => continue,
                _ if name.contains('@') => continue,
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            let text = if mark.is_empty() { self.value(name, &text) } else { text };
            row.insert(format!("{name}{mark}"), text);
        }
        row
    }

    /// All rows by id.
    pub(crate) fn rows_of_web(&mut self) -> std::collections::BTreeMap<String, Row> {
        let annotations = "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\"";
        let answer = self.client.read_preferring("new_cargoes", annotations).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let rows = answer.json()["value"].as_array().unwrap().iter().map(|object| self.row(object)).collect::<Vec<_>>();
        rows.into_iter().map(|row| (row["new_cargoid"].clone(), row)).collect()
    }

    /// The labels of each row.
    pub(crate) fn pairs(&mut self) -> Vec<(String, Vec<String>)> {
        let answer = self.client.read_at("new_cargoes?$select=new_cargoid&$expand=new_Cargo_Label($select=new_labelid)").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let label = |label: &Json| label["new_labelid"].as_str().unwrap().to_owned();
        let labels = |object: &Json| {
            let mut labels: Vec<_> = object["new_Cargo_Label"].as_array().unwrap().iter().map(label).collect();
            labels.sort_unstable();
            labels
        };
        let mut all: Vec<_> =
            answer.json()["value"].as_array().unwrap().iter().map(|object| (self.shared(object["new_cargoid"].as_str().unwrap()), labels(object))).collect();
        all.sort_unstable();
        all
    }

    /// The token of now.
    pub(crate) fn token_of_web(&mut self) -> String {
        self.changes_of_web(None, 5_000).1
    }

    /// The pages of changes since a token, and the next token.
    pub(crate) fn changes_of_web(&mut self, token: Option<&str>, page_rows: u32) -> (Vec<Vec<Change>>, String) {
        let columns = FOLLOWED.map(|name| if name == "new_depotid" { format!("_{name}_value") } else { name.to_owned() }).join(",");
        let token = token.map(|token| format!("&$deltatoken={}", token.replace('!', "%21").replace('/', "%2f").replace(':', "%3a").replace(' ', "%20")));
        let mut address = format!("new_cargoes?$select={columns}{}", token.unwrap_or_default());
        let mut pages = Vec::new();
        loop {
            let answer = self.client.read_preferring(&address, &format!("odata.track-changes,odata.maxpagesize={page_rows}")).unwrap();
            assert_eq!(answer.status, 200, "{address}: {}", answer.text());
            let answer = answer.json();
            pages.push(answer["value"].as_array().unwrap().iter().map(|item| self.change(item)).collect());
            if let Some(next) = answer["@odata.nextLink"].as_str() {
                next.clone_into(&mut address);
                continue;
            }
            let (_, token) = answer["@odata.deltaLink"].as_str().unwrap().split_once("$deltatoken=").unwrap();
            let token = token.replace("%21", "!").replace("%2f", "/").replace("%2F", "/").replace("%3a", ":").replace("%3A", ":").replace("%20", " ");
            return (pages, token);
        }
    }

    fn change(&mut self, item: &Json) -> Change {
        if item["reason"] == "deleted" {
            return (self.shared(item["id"].as_str().unwrap()), None);
        }
        let row = self.row(item);
        (row["new_cargoid"].clone(), Some(row))
    }
}
