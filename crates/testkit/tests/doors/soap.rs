//! The Organization Service.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use roxmltree::{Document, Node};

use crate::door::{Change, FOLLOWED, Outcome, Row, Service};
use crate::{By, Step, Value, Write, code, other_id, row_id};

const NO_ID: &str = "00000000-0000-0000-0000-000000000000";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const NAMESPACES: &str = "xmlns=\"http://schemas.microsoft.com/xrm/2011/Contracts/Services\" xmlns:a=\"http://schemas.microsoft.com/xrm/2011/Contracts\" \
                          xmlns:c=\"http://schemas.microsoft.com/crm/2011/Contracts\" xmlns:g=\"http://schemas.datacontract.org/2004/07/System.Collections.Generic\" \
                          xmlns:e=\"http://schemas.microsoft.com/2003/10/Serialization/\" xmlns:x=\"http://www.w3.org/2001/XMLSchema\" \
                          xmlns:k=\"http://schemas.microsoft.com/xrm/7.1/Contracts\" xmlns:l=\"http://schemas.microsoft.com/xrm/2012/Contracts\" \
                          xmlns:n=\"http://schemas.microsoft.com/xrm/9.0/Contracts\" xmlns:r=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\" \
                          xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Carries out a step.
pub(crate) fn play(service: &mut Service, step: &Step) -> Outcome {
    let writes = step.writes();
    let versions: Vec<_> = writes.iter().map(|write| version(service, write)).collect();
    let body = match step {
        Step::One { write, direct } => {
            direct.then(|| operation(write)).flatten().unwrap_or_else(|| execute(&message(write, versions[0].as_deref(), "request")))
        }
        Step::Transaction(writes) => {
            let messages: String = writes.iter().zip(&versions).map(|(write, version)| message(write, version.as_deref(), "l:OrganizationRequest")).collect();
            let requests = format!("<g:value i:type=\"l:OrganizationRequestCollection\">{messages}</g:value>");
            execute(&request("request", "a", "ExecuteTransaction", &[("Requests", requests), ("ReturnResponses", simple("boolean", "true"))]))
        }
    };
    let text = service.call(&body);
    let document = Document::parse(&text).unwrap();
    let find = |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    if let Some(detail) = find("OrganizationServiceFault").next() {
        let number: i32 = member_text(detail, "ErrorCode").parse().unwrap();
        return Outcome::Refused { code: number.cast_unsigned(), message: service.message(member_text(detail, "Message")) };
    }
    assert_eq!(find("Fault").count(), 0, "{text}");
    // The ids of rows: that of a new one, and that in the reference to one that may be new.
    let mut ids: Vec<_> = find("CreateResult").filter_map(|node| node.text()).collect();
    for pair in find("KeyValuePairOfstringanyType") {
        match (member_text(pair, "key"), member(pair, "value")) {
            ("id", Some(value)) => ids.extend(value.text()),
            ("Target", Some(value)) => ids.push(member_text(value, "Id")),
            _ => {}
        }
    }
    let told = writes.iter().filter(|write| matches!(write, Write::Create { .. } | Write::Upsert { .. }));
    Outcome::Done(told.zip(ids).filter(|(write, _)| write.tells_id()).map(|(_, id)| service.shared(id)).collect())
}

fn version(service: &mut Service, write: &Write) -> Option<String> {
    match write {
        Write::Update { row, by, version, .. } | Write::Delete { row, by, version } => service.version(*row, *by, *version),
        _ => None,
    }
}

/// The operation of its own that a write has.
fn operation(write: &Write) -> Option<String> {
    match write {
        Write::Create { .. } | Write::Nowhere => Some(format!("<Create {NAMESPACES}><entity>{}</entity></Create>", entity(write, None))),
        Write::Update { version: crate::If::Any, .. } => Some(format!("<Update {NAMESPACES}><entity>{}</entity></Update>", entity(write, None))),
        Write::Delete { row, by: By::Id, version: crate::If::Any } => {
            Some(format!("<Delete {NAMESPACES}><entityName>new_cargo</entityName><id>{}</id></Delete>", row_id(*row)))
        }
        Write::Pair { row, label, linked } => {
            let name = if *linked { "Associate" } else { "Disassociate" };
            let related = format!("<a:EntityReference>{}</a:EntityReference>", reference("new_label", &other_id("label", *label), None, None));
            Some(format!(
                "<{name} {NAMESPACES}><entityName>new_cargo</entityName><entityId>{}</entityId><relationship>{RELATIONSHIP}</relationship>\
                 <relatedEntities>{related}</relatedEntities></{name}>",
                row_id(*row)
            ))
        }
        _ => None,
    }
}

const RELATIONSHIP: &str = "<a:PrimaryEntityRole i:nil=\"true\"/><a:SchemaName>new_Cargo_Label</a:SchemaName>";

fn execute(request: &str) -> String {
    format!("<Execute {NAMESPACES}>{request}</Execute>")
}

/// A request with the values of its parameters.
fn request(element: &str, ns: &str, name: &str, parameters: &[(&str, String)]) -> String {
    let pairs: String = parameters.iter().map(|(key, value)| pair("a", key, value)).collect();
    format!(
        "<{element} i:type=\"{ns}:{name}Request\"><a:Parameters>{pairs}</a:Parameters><a:RequestId i:nil=\"true\"/><a:RequestName>{name}</a:RequestName>\
         </{element}>"
    )
}

fn pair(prefix: &str, key: &str, value: &str) -> String {
    format!("<{prefix}:KeyValuePairOfstringanyType><g:key>{key}</g:key>{value}</{prefix}:KeyValuePairOfstringanyType>")
}

fn typed(type_name: &str, content: &str) -> String {
    format!("<g:value i:type=\"{type_name}\">{content}</g:value>")
}

fn simple(type_name: &str, text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            other => escaped.push(other),
        }
    }
    typed(&format!("x:{type_name}"), &escaped)
}

/// The message of a write.
fn message(write: &Write, version: Option<&str>, element: &str) -> String {
    let target = typed("a:Entity", &entity(write, version));
    let concurrency = || match version {
        Some(_) => typed("a:ConcurrencyBehavior", "IfRowVersionMatches"),
        None => typed("a:ConcurrencyBehavior", "Default"),
    };
    match write {
        Write::Create { .. } | Write::Nowhere => request(element, "a", "Create", &[("Target", target)]),
        Write::Update { .. } => request(element, "a", "Update", &[("Target", target), ("ConcurrencyBehavior", concurrency())]),
        Write::Upsert { .. } => request(element, "a", "Upsert", &[("Target", target)]),
        Write::Delete { row, by, .. } => {
            let (id, key) = identity(*row, *by);
            let target = typed("a:EntityReference", &reference("new_cargo", &id, key.as_deref(), version));
            request(element, "a", "Delete", &[("Target", target), ("ConcurrencyBehavior", concurrency())])
        }
        Write::Pair { row, label, linked } => {
            let related = format!("<a:EntityReference>{}</a:EntityReference>", reference("new_label", &other_id("label", *label), None, None));
            let parameters = [
                ("Target", typed("a:EntityReference", &reference("new_cargo", &row_id(*row), None, None))),
                ("Relationship", typed("a:Relationship", RELATIONSHIP)),
                ("RelatedEntities", typed("a:EntityReferenceCollection", &related)),
            ];
            request(element, "a", if *linked { "Associate" } else { "Disassociate" }, &parameters)
        }
        Write::State { row, state, status } => {
            let choice = |number: &i32| typed("a:OptionSetValue", &format!("<a:Value>{number}</a:Value>"));
            let target = typed("a:EntityReference", &reference("new_cargo", &row_id(*row), None, None));
            request(element, "c", "SetState", &[("EntityMoniker", target), ("State", choice(state)), ("Status", choice(status))])
        }
    }
}

/// The id, and the value of the key, by which a row is named.
fn identity(row: u32, by: By) -> (String, Option<String>) {
    match by {
        By::Id => (row_id(row), None),
        By::Key => (NO_ID.to_owned(), Some(code(row))),
    }
}

fn keys(key: Option<&str>) -> String {
    key.map(|code| pair("k", "new_code", &simple("string", code))).unwrap_or_default()
}

fn reference(table: &str, id: &str, key: Option<&str>, version: Option<&str>) -> String {
    let version = version.map_or_else(|| "<a:RowVersion i:nil=\"true\"/>".to_owned(), |version| format!("<a:RowVersion>{version}</a:RowVersion>"));
    format!("<a:Id>{id}</a:Id><a:KeyAttributes>{}</a:KeyAttributes><a:LogicalName>{table}</a:LogicalName><a:Name i:nil=\"true\"/>{version}", keys(key))
}

/// The content of an entity.
fn entity(write: &Write, version: Option<&str>) -> String {
    let (id, key) = match write {
        Write::Create { row, own_id: true, .. } => (row_id(*row), None),
        Write::Update { row, by, .. } | Write::Upsert { row, by, .. } => identity(*row, *by),
        _ => (NO_ID.to_owned(), None),
    };
    let mut attributes = String::new();
    for (column, value) in write.fields().into_iter().flatten() {
        attributes += &pair("a", column, &attribute(value));
    }
    if let Write::Create { row, fields, .. } = write
        && !fields.contains_key("new_code")
    {
        attributes += &pair("a", "new_code", &simple("string", &code(*row)));
    }
    let table = if matches!(write, Write::Nowhere) { "new_nothing" } else { "new_cargo" };
    let version = version.map_or_else(|| "<a:RowVersion i:nil=\"true\"/>".to_owned(), |version| format!("<a:RowVersion>{version}</a:RowVersion>"));
    format!(
        "<a:Attributes>{attributes}</a:Attributes><a:EntityState i:nil=\"true\"/><a:FormattedValues/><a:Id>{id}</a:Id><a:KeyAttributes>{}</a:KeyAttributes>\
         <a:LogicalName>{table}</a:LogicalName><a:RelatedEntities/>{version}",
        keys(key.as_deref())
    )
}

fn attribute(value: &Value) -> String {
    match value {
        Value::Null => "<g:value i:nil=\"true\"/>".to_owned(),
        Value::Text(text) => simple("string", text),
        Value::Int(number) => simple("int", &number.to_string()),
        Value::Long(number) => simple("long", &number.to_string()),
        Value::Decimal(text) => simple("decimal", text),
        Value::Double(text) => simple("double", text),
        Value::Money(text) => typed("a:Money", &format!("<a:Value>{text}</a:Value>")),
        Value::Bool(is) => simple("boolean", &is.to_string()),
        Value::Choice(choice) => typed("a:OptionSetValue", &format!("<a:Value>{choice}</a:Value>")),
        Value::Choices(chosen) => {
            let mut items = String::new();
            for choice in chosen {
                write!(items, "<n:OptionSetValue><a:Value>{choice}</a:Value></n:OptionSetValue>").unwrap();
            }
            typed("n:OptionSetValueCollection", &items)
        }
        Value::Moment(text) | Value::Wall(text) => simple("dateTime", text),
        Value::Day(text) => simple("dateTime", &format!("{text}T00:00:00")),
        Value::Depot(depot, false) => typed("a:EntityReference", &reference("new_depot", &other_id("depot", *depot), None, None)),
        Value::Depot(depot, true) => typed("a:EntityReference", &reference("new_depot", NO_ID, Some(&format!("d{depot}")), None)),
        Value::Wrong => simple("string", "none"),
    }
}

fn member<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn member_text<'a>(node: Node<'a, 'a>, name: &str) -> &'a str {
    member(node, name).and_then(|child| child.text()).unwrap_or_default()
}

fn columns(names: &[&str]) -> String {
    let mut list = String::new();
    for name in names {
        write!(list, "<r:string>{name}</r:string>").unwrap();
    }
    format!("<a:AllColumns>{}</a:AllColumns><a:Columns>{list}</a:Columns>", names.is_empty())
}

impl Service {
    /// Sends what stands in the body of an envelope.
    fn call(&mut self, body: &str) -> String {
        let envelope = format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{body}</s:Body></s:Envelope>");
        let answer =
            self.client.send("POST", "/XRMServices/2011/Organization.svc/web", &[("Content-Type", "text/xml; charset=utf-8")], envelope.as_bytes()).unwrap();
        assert!(matches!(answer.status, 200 | 500), "{}", answer.text());
        answer.text()
    }

    /// The values of an element of the type `Entity`.
    fn entity(&mut self, element: Node<'_, '_>) -> Row {
        let mut row = Row::new();
        let pairs = |name: &str| element.children().filter(move |child| child.tag_name().name() == name).flat_map(|list| list.children()).collect::<Vec<_>>();
        for pair in pairs("Attributes") {
            let (key, value) = (pair.children().next().unwrap().text().unwrap(), pair.children().nth(1).unwrap());
            let text = |name: &str| value.children().find(|child| child.tag_name().name() == name).and_then(|child| child.text()).unwrap_or_default();
            let type_name = value.attribute((XSI, "type")).unwrap().split_once(':').unwrap().1;
            let content = match type_name {
                "EntityReference" => {
                    if !text("Name").is_empty() {
                        row.insert(format!("{key}@"), text("Name").to_owned());
                    }
                    text("Id").to_owned()
                }
                "OptionSetValue" | "Money" => text("Value").to_owned(),
                "OptionSetValueCollection" => {
                    value.children().map(|item| item.children().next().unwrap().text().unwrap().to_owned()).collect::<Vec<_>>().join(",")
                }
                _ => value.text().unwrap_or_default().to_owned(),
            };
            let content = self.value(key, &content);
            row.insert(key.to_owned(), content);
        }
        for pair in pairs("FormattedValues") {
            let text = |at: usize| pair.children().nth(at).unwrap().text().unwrap_or_default().to_owned();
            row.insert(format!("{}@", text(0)), text(1));
        }
        row
    }

    /// All rows by id.
    pub(crate) fn rows_of_soap(&mut self) -> BTreeMap<String, Row> {
        let query = format!("<query i:type=\"a:QueryExpression\"><a:ColumnSet>{}</a:ColumnSet><a:EntityName>new_cargo</a:EntityName></query>", columns(&[]));
        let text = self.call(&format!("<RetrieveMultiple {NAMESPACES}>{query}</RetrieveMultiple>"));
        let document = Document::parse(&text).unwrap();
        let rows: Vec<_> = document.descendants().filter(|node| node.tag_name().name() == "Entity").map(|node| self.entity(node)).collect();
        rows.into_iter().map(|row| (row["new_cargoid"].clone(), row)).collect()
    }

    /// The token of now.
    pub(crate) fn token_of_soap(&mut self) -> String {
        self.changes_of_soap(None, 5_000).1
    }

    /// The pages of changes since a token, and the next token.
    pub(crate) fn changes_of_soap(&mut self, token: Option<&str>, page_rows: u32) -> (Vec<Vec<Change>>, String) {
        let (mut pages, mut cookie) = (Vec::new(), None);
        loop {
            let mut parameters = vec![("EntityName", simple("string", "new_cargo")), ("Columns", typed("a:ColumnSet", &columns(&FOLLOWED)))];
            parameters.extend(token.map(|token| ("DataVersion", simple("string", token))));
            let cookie_element =
                cookie.map_or_else(|| "<a:PagingCookie i:nil=\"true\"/>".to_owned(), |text: String| format!("<a:PagingCookie>{text}</a:PagingCookie>"));
            let number = pages.len() + 1;
            parameters
                .push(("PageInfo", typed("a:PagingInfo", &format!("<a:Count>{page_rows}</a:Count><a:PageNumber>{number}</a:PageNumber>{cookie_element}"))));
            let text = self.call(&execute(&request("request", "a", "RetrieveEntityChanges", &parameters)));
            let document = Document::parse(&text).unwrap();
            let first = |name: &str| document.descendants().find(|node| node.tag_name().name() == name).unwrap_or_else(|| panic!("{text}"));
            let items: Vec<_> = first("Changes").children().map(|item| self.item(item)).collect();
            pages.push(items);
            if first("MoreRecords").text() == Some("false") {
                return (pages, first("DataToken").text().unwrap().to_owned());
            }
            cookie = first("PagingCookie").text().map(str::to_owned);
        }
    }

    fn item(&mut self, item: Node<'_, '_>) -> Change {
        let content = item.first_child().unwrap();
        let id = content.children().find(|child| child.tag_name().name() == "Id").unwrap().text().unwrap();
        let id = self.shared(id);
        if content.tag_name().name() == "RemovedItem" {
            return (id, None);
        }
        let mut row = self.entity(content);
        row.retain(|column, _| !column.ends_with('@'));
        (id, Some(row))
    }
}
