//! `messages.md`: operations on records and definitions, other messages, and what published clients call but is not there.

use driftless_core::{MESSAGES, MessageDef, MessageKind};

use super::golden::Exchange;
use super::{evidence, head, table};

const ABOUT: &str = "\
What can be called over the Web API. \"yes\" stands where a golden file shows the call answered with success; tests of other kinds exist beside them.";

const OTHERS: &str = "\
What Microsoft's samples and Python client call besides, and this door does not have; some of it is there over the [Organization Service](organization-service.md). Where a reason begins with \"later\", the design has room for it.";

/// An operation that has no name in the address: what it is told by.
struct Operation {
    name: &'static str,
    call: &'static str,
    /// Shapes of requests that are such an operation; `(*)` stands for an id or a key.
    shapes: &'static [&'static str],
    /// What the request must say besides, in its target, header fields or body; behind a `!`, what it must not say.
    says: &'static str,
}

const fn op(name: &'static str, call: &'static str, shapes: &'static [&'static str], says: &'static str) -> Operation {
    Operation { name, call, shapes, says }
}

const RECORDS: &[Operation] = &[
    op("Create", "`POST set`", &["POST set"], ""),
    op("Create, record returned", "`POST set`, `Prefer: return=representation`", &["POST set"], "return=representation"),
    op("Create with links", "`POST set`, `collection@odata.bind` with several addresses", &["POST set"], "@odata.bind\":["),
    op("Create with related records", "`POST set`, nested objects", &["POST set"], "\":[{"),
    op("Create in a collection", "`POST set(…)/collection`", &["POST set(*)/name"], ""),
    op("Retrieve by id", "`GET set(id)`", &["GET set(id)"], ""),
    op("Retrieve by alternate key", "`GET set(key)`", &["GET set(key)"], ""),
    op("Retrieve if changed", "`GET set(…)`, `If-None-Match: W/\"n\"`", &["GET set(*)"], "If-None-Match: W/"),
    op("Retrieve one column", "`GET set(…)/column`", &["GET set(*)/name"], ""),
    op("Retrieve one column, raw", "`GET set(…)/column/$value`", &["GET set(*)/name/$value"], ""),
    op("RetrieveMultiple", "`GET set?$select&$filter&$orderby&$top&$expand`", &["GET set"], "$select="),
    op("Expand of lookups", "`GET set?$expand=nav($select=…)`", &["GET set", "GET set(*)"], "$expand="),
    op("Pages", "`GET set`, `Prefer: odata.maxpagesize=n`", &["GET set"], "odata.maxpagesize"),
    op("Records of a collection", "`GET set(…)/collection`", &["GET set(*)/name"], "?$"),
    op("Count", "`GET set/$count`", &["GET set/$count"], ""),
    op("Update", "`PATCH set(id)`, `If-Match: *`", &["PATCH set(*)"], "If-Match: *"),
    op("Update if unchanged", "`PATCH set(…)`, `If-Match: W/\"n\"`", &["PATCH set(*)"], "If-Match: W/"),
    op("Update one column", "`PUT set(…)/column`", &["PUT set(*)/name"], ""),
    op("Clear one column", "`DELETE set(…)/column`", &["DELETE set(*)/name"], ""),
    op("Upsert by id", "`PATCH set(id)`", &["PATCH set(id)"], "!If-Match:"),
    op("Upsert by alternate key", "`PATCH set(key)`", &["PATCH set(key)"], "!If-Match:"),
    op("Create only, by id or key", "`PATCH set(…)`, `If-None-Match: *`", &["PATCH set(*)"], "If-None-Match: *"),
    op("Delete by id", "`DELETE set(id)`", &["DELETE set(id)"], ""),
    op("Delete by alternate key", "`DELETE set(key)`", &["DELETE set(key)"], ""),
    op("Delete if unchanged", "`DELETE set(…)`, `If-Match: W/\"n\"`", &["DELETE set(*)"], "If-Match: W/"),
    op("Associate", "`POST set(…)/collection/$ref`, `PUT set(…)/lookup/$ref`", &["POST set(*)/name/$ref", "PUT set(*)/name/$ref"], ""),
    op("Disassociate", "`DELETE set(…)/collection(id)/$ref`, `DELETE set(…)/lookup/$ref`", &["DELETE set(*)/name(*)/$ref", "DELETE set(*)/name/$ref"], ""),
    op("RetrieveEntityChanges, first read", "`GET set`, `Prefer: odata.track-changes`", &["GET set"], "odata.track-changes"),
    op("RetrieveEntityChanges, delta", "`GET set?$deltatoken=…`", &["GET set"], "$deltatoken="),
    op("Count of changes", "`GET set/$count?$deltatoken=…`", &["GET set/$count"], "$deltatoken="),
];

const SEVERAL: &[Operation] = &[
    op("CreateMultiple", "`POST set/Microsoft.Dynamics.CRM.CreateMultiple`", &["POST set/CreateMultiple"], ""),
    op("UpdateMultiple", "`POST set/Microsoft.Dynamics.CRM.UpdateMultiple`", &["POST set/UpdateMultiple"], ""),
    op("UpsertMultiple", "`POST set/Microsoft.Dynamics.CRM.UpsertMultiple`", &["POST set/UpsertMultiple"], ""),
    op("Batch", "`POST $batch`", &["POST $batch"], ""),
    op("Change set", "`POST $batch`, nested multipart", &["POST $batch"], "changeset"),
    op("Batch that goes on after errors", "`POST $batch`, `Prefer: odata.continue-on-error`", &["POST $batch"], "odata.continue-on-error"),
];

const DEFINITIONS: &[Operation] = &[
    op("Service document", "`GET` of the service root", &["GET "], ""),
    op("Metadata document", "`GET $metadata`", &["GET $metadata"], ""),
    op("CreateEntity", "`POST EntityDefinitions`", &["POST EntityDefinitions"], ""),
    op("RetrieveAllEntities", "`GET EntityDefinitions`", &["GET EntityDefinitions"], ""),
    op("RetrieveEntity", "`GET EntityDefinitions(…)`", &["GET EntityDefinitions(*)"], ""),
    op("UpdateEntity", "`PUT EntityDefinitions(…)`", &["PUT EntityDefinitions(*)"], ""),
    op("DeleteEntity", "`DELETE EntityDefinitions(…)`", &["DELETE EntityDefinitions(*)"], ""),
    op("CreateAttribute", "`POST EntityDefinitions(…)/Attributes`", &["POST EntityDefinitions(*)/Attributes"], ""),
    op(
        "RetrieveAttribute",
        "`GET EntityDefinitions(…)/Attributes(…)`",
        &["GET EntityDefinitions(*)/Attributes(*)", "GET EntityDefinitions(*)/Attributes(*)/…"],
        "",
    ),
    op("UpdateAttribute", "`PUT EntityDefinitions(…)/Attributes(…)`", &["PUT EntityDefinitions(*)/Attributes(*)"], ""),
    op("DeleteAttribute", "`DELETE EntityDefinitions(…)/Attributes(…)`", &["DELETE EntityDefinitions(*)/Attributes(*)"], ""),
    op("CreateEntityKey", "`POST EntityDefinitions(…)/Keys`", &["POST EntityDefinitions(*)/Keys"], ""),
    op("RetrieveEntityKey", "`GET EntityDefinitions(…)/Keys(…)`", &["GET EntityDefinitions(*)/Keys(*)"], ""),
    op("DeleteEntityKey", "`DELETE EntityDefinitions(…)/Keys(…)`", &["DELETE EntityDefinitions(*)/Keys(*)"], ""),
    op("CreateOneToMany", "`POST RelationshipDefinitions`", &["POST RelationshipDefinitions"], "OneToManyRelationshipMetadata"),
    op("CreateManyToMany", "`POST RelationshipDefinitions`", &["POST RelationshipDefinitions"], "ManyToManyRelationshipMetadata"),
    op("RetrieveRelationship", "`GET RelationshipDefinitions(…)`", &["GET RelationshipDefinitions(*)", "GET RelationshipDefinitions(*)/…"], ""),
    op("UpdateRelationship", "`PUT RelationshipDefinitions(…)`", &["PUT RelationshipDefinitions(*)"], ""),
    op("DeleteRelationship", "`DELETE RelationshipDefinitions(…)`", &["DELETE RelationshipDefinitions(*)"], ""),
    op("CreateOptionSet", "`POST GlobalOptionSetDefinitions`", &["POST GlobalOptionSetDefinitions"], ""),
    op("RetrieveOptionSet", "`GET GlobalOptionSetDefinitions(…)`", &["GET GlobalOptionSetDefinitions(*)", "GET GlobalOptionSetDefinitions(*)/…"], ""),
    op("UpdateOptionSet", "`PUT GlobalOptionSetDefinitions(…)`", &["PUT GlobalOptionSetDefinitions(*)"], ""),
    op("DeleteOptionSet", "`DELETE GlobalOptionSetDefinitions(…)`", &["DELETE GlobalOptionSetDefinitions(*)"], ""),
    op("Create of a publisher", "`POST publishers`", &["POST set"], "/publishers\n"),
    op("Create of a solution", "`POST solutions`", &["POST set"], "/solutions\n"),
    op("Delete of a solution", "`DELETE solutions(id)`", &["DELETE set(id)"], "/solutions("),
];

/// What clients call and is not there, with the reason. A message that gets implemented leaves the page by itself.
const ABSENT: &[(&str, &str)] = &[
    ("DeleteMultiple", "an action of elastic tables"),
    ("SetState", "one update of `statecode` and `statuscode` does the same"),
    ("Assign", "one update of `ownerid` does the same"),
    ("SetParentBusinessUnit", "one update of the parent does the same"),
    ("SetParentSystemUser", "one update of the parent does the same"),
    ("SetParentTeam", "one update of the parent does the same"),
    ("SetBusinessSystemUser", "one update of `businessunitid` does the same"),
    ("SetBusinessUnit", "one update of `businessunitid` does the same"),
    ("SetBusinessEquipment", "one update of `businessunitid` does the same"),
    ("Custom APIs", "plug-ins are not run"),
    (
        "`Prefer: respond-async` and `backgroundoperations`",
        "the original runs custom APIs so, and plug-ins are not run; a preference that is not applied is left out of `Preference-Applied`",
    ),
    ("CloneAsPatch", "later: solutions; a package with a higher version does the same"),
    ("CloneAsSolution", "later: solutions; one update of `version` does the same for a solution without patches"),
    ("ConvertToManaged of ImportSolution", "a managed component does not take over an unmanaged one; refused with 0x80040315"),
    ("RetrieveFormattedImportJobResults", "presentation is left to clients; the column `data` of the import job says the same"),
    ("Rows of a table in the change set that makes it", "later: definitions; they need a request after it"),
    ("InitializeAttachmentBlocksUpload and its like", "later: with the table of attachments"),
];

/// Whether the golden files of the Web API show an operation or a message.
pub(super) fn is_shown(exchanges: &[Exchange], name: &str) -> bool {
    let operations = || RECORDS.iter().chain(SEVERAL).chain(DEFINITIONS).filter(|operation| operation.answers_to(name));
    exchanges.iter().any(|exchange| exchange.calls(name) || operations().any(|operation| operation.is_shown_by(exchange)))
}

/// The page.
pub(crate) fn page(exchanges: &[Exchange]) -> String {
    let mut out = head("Messages", ABOUT);
    for (title, operations) in [("Records", RECORDS), ("Several at once", SEVERAL), ("Definitions", DEFINITIONS)] {
        let row = |operation: &Operation| row(operation.name, operation.call, evidence(exchanges, |exchange| operation.is_shown_by(exchange)));
        out += &format!("\n## {title}\n\n{}", table(&["Operation", "Call", "Served", "Golden files"], operations.iter().map(row)));
    }
    let message = |def: &MessageDef| {
        let call = match def.kind {
            MessageKind::Function => format!("`GET {}`", def.name),
            MessageKind::Action => format!("`POST {}`", def.name),
        };
        row(def.name, &call, evidence(exchanges, |exchange| exchange.calls(def.name)))
    };
    out += &format!("\n## Other messages\n\n{}", table(&["Message", "Call", "Served", "Golden files"], MESSAGES.iter().map(message)));
    let absent = ABSENT.iter().filter(|(name, _)| !MESSAGES.iter().any(|def| def.name == *name));
    let absent = absent.map(|(name, reason)| vec![(*name).to_owned(), "no".to_owned(), (*reason).to_owned()]);
    out + &format!("\n## Not there\n\n{OTHERS}\n\n{}", table(&["What", "Served", "Reason"], absent))
}

fn row(name: &str, call: &str, [status, files]: [String; 2]) -> Vec<String> {
    vec![name.to_owned(), call.to_owned(), status, files]
}

impl Operation {
    /// Whether it is the one of that name, or a way to do it, such as "Delete by id" of "Delete".
    fn answers_to(&self, name: &str) -> bool {
        self.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ',']))
    }

    fn is_shown_by(&self, exchange: &Exchange) -> bool {
        let shape = exchange.shape();
        let says = match self.says.strip_prefix('!') {
            Some(unsaid) => !exchange.text.contains(unsaid),
            None => exchange.text.contains(self.says),
        };
        says && exchange.succeeds() && !is_message(exchange) && self.shapes.iter().any(|pattern| fits(pattern, &shape))
    }
}

/// Whether an address begins with the name of a message, which looks like that of a set.
fn is_message(exchange: &Exchange) -> bool {
    let first = exchange.segments.first().map(|segment| segment.split('(').next().unwrap_or_default());
    first.is_some_and(|first| MESSAGES.iter().any(|def| def.name == first) || ABSENT.iter().any(|(name, _)| *name == first))
}

/// Whether a shape fits a pattern: `(*)` is any key, `…` at the end anything.
fn fits(pattern: &str, shape: &str) -> bool {
    let any = |text: &str| text.replace("(id)", "(*)").replace("(key)", "(*)");
    let (pattern, shape) = if pattern.contains("(*)") { (pattern.to_owned(), any(shape)) } else { (pattern.to_owned(), shape.to_owned()) };
    match pattern.strip_suffix('…') {
        Some(start) => shape.starts_with(start),
        None => shape == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{Door, parse};
    use super::*;

    fn said(name: &str, request: &str, status: u16) -> bool {
        let operation = RECORDS.iter().chain(SEVERAL).chain(DEFINITIONS).find(|operation| operation.name == name).unwrap();
        operation.is_shown_by(&parse(Door::WebApi, "f", &format!("=== x\n{request}\n--- {status}\n")).remove(0))
    }

    #[test]
    fn operations_are_told_by_shape_words_and_success() {
        assert!(said("Create", "POST /api/data/v9.2/accounts", 204));
        assert!(!said("Create", "POST /api/data/v9.2/accounts", 400));
        assert!(!said("Create", "POST /api/data/v9.2/PublishAllXml", 204));
        assert!(said("Update if unchanged", "PATCH /api/data/v9.2/accounts(a='b')\nIf-Match: W/\"1\"\n\n{}", 204));
        assert!(!said("Upsert by id", "PATCH /api/data/v9.2/accounts(a='b')", 204));
        assert!(said("Upsert by alternate key", "PATCH /api/data/v9.2/accounts(a='b')", 204));
        assert!(!said("Upsert by alternate key", "PATCH /api/data/v9.2/accounts(a='b')\nIf-Match: *", 204));
        assert!(said("RetrieveAttribute", "GET /api/data/v9.2/EntityDefinitions({id 1})/Attributes({id 2})/Microsoft.Dynamics.CRM.MemoAttributeMetadata", 200));
        assert!(said("Service document", "GET /api/data/v9.2/", 200));
    }

    #[test]
    fn every_message_has_a_row_and_nothing_is_promised_without_a_file() {
        let page = page(&[]);
        for def in MESSAGES {
            assert!(page.contains(&format!("| {} | `", def.name)), "{}", def.name);
        }
        assert!(!page.contains("| yes |"));
    }

    #[test]
    fn a_successful_call_is_a_yes() {
        let exchanges = parse(Door::WebApi, "functions/x", "=== x\nGET /api/data/v9.2/WhoAmI\n--- 200\n");
        assert!(page(&exchanges).contains("| WhoAmI | `GET WhoAmI` | yes | [functions/x](../../golden/webapi/functions/x.http) |"));
    }
}
