//! Targets behind the parsers: whole requests on a small organization inside this process, on a store of its own.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use driftless_core::{Changes, Organization, Request, Response, RetrieveMultiple, SeededEnvironment};
use driftless_model::{Caller, Limits, LogicalName, Uuid};
use driftless_odata::link;
use driftless_query::{Collector, Columns, Query};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

use crate::service::fresh_folder;

const ORIGIN: &str = "http://h";
const ROOT: &str = "/api/data/v9.2/";
/// 2031-04-05T06:07:08Z
const NOW_MS: i64 = 1_933_135_628_000;
/// Rows that are there from the start.
const ACCOUNTS: usize = 5;
/// Items of a page: fewer than there are rows, so that reads leave tokens behind.
const PAGE_ROWS: u32 = 2;

/// The organization that the targets share, and what is known of it.
struct Sample {
    organization: Arc<Organization>,
    administrator: Arc<Caller>,
    stranger: Arc<Caller>,
    folder: PathBuf,
    /// Tokens that were handed out.
    tokens: Vec<String>,
}

static SAMPLE: LazyLock<Result<Sample, String>> = LazyLock::new(|| Sample::start().map_err(|error| format!("{error:#}")));

/// Removes the folder of the sample, if one was made. The organization cannot be used after that.
pub(crate) fn remove_folder() {
    if let Some(Ok(sample)) = LazyLock::get(&SAMPLE) {
        // What stays is below the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(&sample.folder);
    }
}

#[allow(clippy::panic, reason = "a target that cannot be set up fails like one that breaks its promise")]
fn sample() -> &'static Sample {
    match &*SAMPLE {
        Ok(sample) => sample,
        Err(error) => panic!("no organization to try requests on: {error}"),
    }
}

impl Sample {
    fn start() -> anyhow::Result<Self> {
        let folder = fresh_folder("fuzz")?;
        let store = SqliteStore::open(&folder.join("data"), &SqliteOptions::default())?;
        let environment = Arc::new(SeededEnvironment::new(1, NOW_MS));
        let organization = Organization::open(Arc::new(store), environment, Limits::default())?;
        let administrator = Arc::new(Caller::user(organization.facts().administrator));
        let stranger = Arc::new(Caller::user(Uuid::from_u128(0x57a4)));
        let mut sample = Self { organization, administrator, stranger, folder, tokens: Vec::new() };
        let key = r#"{"SchemaName":"new_Number","KeyAttributes":["accountnumber"]}"#;
        sample.set_up("EntityDefinitions(LogicalName='account')/Keys", key)?;
        sample.organization.run_jobs()?;
        for number in 0..ACCOUNTS {
            sample.set_up("accounts", &format!(r#"{{"name":"Account {number}","accountnumber":"A-{number}"}}"#))?;
        }
        sample.tokens = sample.read_tokens()?;
        Ok(sample)
    }

    fn set_up(&self, resource: &str, body: &str) -> anyhow::Result<()> {
        let answer = self.send(&self.administrator, "POST", &format!("{ROOT}{resource}"), body.as_bytes());
        let status = answer.map(|answer| answer.status);
        anyhow::ensure!(status == Some(204), "POST {resource} was answered {status:?}");
        Ok(())
    }

    /// Sends a request through the Web API front; `None` for an address that no listener would pass on.
    fn send(&self, caller: &Arc<Caller>, method: &str, address: &str, body: &[u8]) -> Option<Answer> {
        let request = http::Request::builder().method(method).uri(address).header("Content-Type", "application/json");
        let request = request.body(Bytes::copy_from_slice(body)).ok()?;
        let response = pollster::block_on(driftless_webapi::respond(&self.organization, caller, &request, ORIGIN));
        let location = response.headers().get("OData-EntityId").and_then(|value| value.to_str().ok());
        Some(Answer { status: response.status().as_u16(), location: location.map(str::to_owned), body: response.body().concat() })
    }

    /// One token of each kind: the end of a feed, the end of a page of it, the end of a page of a list.
    fn read_tokens(&self) -> anyhow::Result<Vec<String>> {
        let mut tokens = Vec::new();
        for page_rows in [PAGE_ROWS, Limits::default().page_rows_max] {
            let Ok(Response::Changes(page)) = self.execute(&Request::Changes(changes(None, None, page_rows))) else {
                anyhow::bail!("the feed cannot be read");
            };
            tokens.extend(page.token.into_iter().chain(page.next.map(|next| next.token)));
        }
        let Ok(Response::Page(page)) = self.execute(&list(None)) else { anyhow::bail!("the list cannot be read") };
        tokens.extend(page.next.map(|next| next.token));
        anyhow::ensure!(tokens.len() == 3, "{} kinds of tokens were handed out", tokens.len());
        Ok(tokens)
    }

    fn execute(&self, request: &Request) -> driftless_model::Result<Response> {
        self.organization.execute(&self.administrator, &mut |_| Ok(request.clone()), &mut Collector::default())
    }
}

/// What came back.
struct Answer {
    status: u16,
    location: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    /// Whether the request was accepted. No input may cause a failure inside the service.
    fn accepted(&self, method: &str, address: &str) -> bool {
        assert!(self.status != 500, "{method} {address}: 500 {}", self.body.escape_ascii());
        self.status < 400
    }
}

fn query() -> Query {
    Query { columns: Columns::Some(vec!["name".into()]), ..Query::new(LogicalName::from("account")) }
}

fn changes(token: Option<&str>, page_token: Option<&str>, page_rows: u32) -> Changes {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Changes { table: "account".into(), query: query(), token: own(token), page_token: own(page_token), page_rows, expired_fault: true }
}

fn list(page_token: Option<&str>) -> Request {
    let query = Query { limit: Some(PAGE_ROWS), ..query() };
    Request::RetrieveMultiple(RetrieveMultiple {
        query,
        within: None,
        count: false,
        skip: 0,
        page_token: page_token.map(str::to_owned),
        aggregate_rows_max: None,
    })
}

/// A token in each of the three places that take one. None but those that were handed out may be accepted, in one spelling only (SEC-40).
pub(crate) fn token(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    let sample = sample();
    let requests = [Request::Changes(changes(Some(text), None, PAGE_ROWS)), Request::Changes(changes(None, Some(text), PAGE_ROWS)), list(Some(text))];
    let accepted = requests.iter().any(|request| sample.execute(request).is_ok());
    let is_ours = sample.tokens.iter().any(|token| link::opaque_part(token) == link::opaque_part(text));
    assert!(is_ours || !accepted, "a token that was never handed out was accepted: {text:?}");
    accepted
}

pub(crate) fn token_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = sample().tokens.iter().map(|token| token.clone().into_bytes()).collect();
    seeds.push(b"919042!08/22/2017 08:10:44".to_vec());
    seeds
}

pub(crate) const TOKEN: &[&str] = &["!", "!04/05/2031 06:07:08", "=", "==", "A", "AAAA", "-", "_", "+", "/", "%21", " ", "ü", "e30", "bnVsbA"];

/// A list of accounts that a text asks for.
fn list_by(option: &str, input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    let sample = sample();
    let mut address = format!("{ROOT}accounts");
    link::push_option(&mut address, option, text);
    let answer = sample.send(&sample.administrator, "GET", &address, b"");
    answer.is_some_and(|answer| answer.accepted("GET", &address))
}

pub(crate) fn fetch_xml(input: &[u8]) -> bool {
    list_by("fetchXml", input)
}

pub(crate) fn fetch_xml_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "<fetch page=\"1\" count=\"2\"><entity name=\"account\"><attribute name=\"name\"/><order attribute=\"name\"/><filter type=\"or\"><condition attribute=\"accountnumber\" operator=\"like\" value=\"A%\"/><condition attribute=\"createdon\" operator=\"last-x-days\" value=\"3\"/></filter></entity></fetch>",
        "<fetch distinct='true'><entity name='account'><attribute name='ownerid'/><link-entity name='contact' from='parentcustomerid' to='accountid' link-type='outer' alias='c'><all-attributes/></link-entity></entity></fetch>",
        "<fetch aggregate='true'><entity name='account'><attribute name='accountid' alias='n' aggregate='count'/><attribute name='createdon' alias='d' groupby='true' dategrouping='week'/><order alias='n' descending='true'/></entity></fetch>",
        "<fetch top='3'><entity name='account'><filter><condition attribute='numberofemployees' operator='between'><value>1</value><value>9</value></condition><link-entity name='contact' from='contactid' to='primarycontactid' link-type='not any'><filter><condition attribute='ownerid' operator='eq-userid'/></filter></link-entity></filter></entity></fetch>",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(crate) const FETCH_XML: &[&str] = &[
    "<fetch>",
    "<entity name='account'>",
    "<attribute name='",
    "<all-attributes/>",
    "<order ",
    "<filter>",
    "</filter>",
    "<condition ",
    "<value>",
    "<link-entity ",
    "alias='a'",
    "entityname='a'",
    "valueof='a.name'",
    "operator='in'",
    "operator='under'",
    "operator='in-fiscal-period-and-year'",
    "link-type='all'",
    "link-type='matchfirstrowusingcrossapply'",
    "aggregate='sum'",
    "groupby='1'",
    "dategrouping='fiscal-period'",
    "distinct='true'",
    "count='5000'",
    "page='4294967295'",
    "paging-cookie='",
    "&lt;cookie page=\"1\"/&gt;",
    "<!DOCTYPE f [<!ENTITY a 'b'>]>",
    "&a;",
    "&#0;",
    "<![CDATA[",
    "<?x?>",
    "'",
    "\"",
    "ü",
    "\u{0}",
];

/// A whole envelope of the Organization Service. Every refusal is a fault; none may be one of the service itself. Every answer is read by the table of types without
/// a loss.
pub(crate) fn envelope(input: &[u8]) -> bool {
    let sample = sample();
    let request = http::Request::builder().method("POST").uri("/XRMServices/2011/Organization.svc/web").header("Content-Type", "text/xml; charset=utf-8");
    let Ok(request) = request.body(Bytes::copy_from_slice(input)) else {
        return false;
    };
    let response = pollster::block_on(driftless_orgservice::respond(&sample.organization, &sample.administrator, &request, ORIGIN, Uuid::nil()));
    let body = response.body().concat();
    assert!(!body.windows(INTERNAL.len()).any(|part| part == INTERNAL), "a failure inside the service: {}", body.escape_ascii());
    let lost = driftless_orgservice::rewrite(&body).map_or_else(|error| vec![error.message().to_owned()], |(_, lost)| lost);
    assert!(lost.is_empty(), "an answer is not read whole: {lost:?}: {}", body.escape_ascii());
    response.status() == 200
}

const INTERNAL: &[u8] = b"InternalServiceFault";

/// A request inside the envelope of an operation.
fn enveloped(body: &str) -> Vec<u8> {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body xmlns:a=\"http://schemas.microsoft.com/xrm/2011/Contracts\" \
         xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:x=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:g=\"http://schemas.datacontract.org/2004/07/System.Collections.Generic\" xmlns:r=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\" \
         xmlns:m=\"http://schemas.microsoft.com/xrm/2011/Metadata\">{body}</s:Body></s:Envelope>"
    )
    .into_bytes()
}

/// A message of Execute with its parameters.
fn executed(name: &str, parameters: &[(&str, &str)]) -> Vec<u8> {
    let pairs: String =
        parameters.iter().map(|(key, value)| format!("<a:KeyValuePairOfstringanyType><g:key>{key}</g:key>{value}</a:KeyValuePairOfstringanyType>")).collect();
    enveloped(&format!("<Execute><request><a:Parameters>{pairs}</a:Parameters><a:RequestName>{name}</a:RequestName></request></Execute>"))
}

pub(crate) fn envelope_seeds() -> Vec<Vec<u8>> {
    let row = "<a:Attributes><a:KeyValuePairOfstringanyType><g:key>name</g:key><g:value i:type=\"x:string\">Crate</g:value></a:KeyValuePairOfstringanyType>\
               <a:KeyValuePairOfstringanyType><g:key>revenue</g:key><g:value i:type=\"a:Money\"><a:Value>1.5</a:Value></g:value></a:KeyValuePairOfstringanyType></a:Attributes>\
               <a:KeyAttributes><a:KeyValuePairOfstringanyType><g:key>accountnumber</g:key><g:value i:type=\"x:string\">A-1</g:value></a:KeyValuePairOfstringanyType></a:KeyAttributes>\
               <a:LogicalName>account</a:LogicalName>";
    let reference = "<g:value i:type=\"a:EntityReference\"><a:KeyAttributes><a:KeyValuePairOfstringanyType><g:key>accountnumber</g:key>\
                     <g:value i:type=\"x:string\">A-2</g:value></a:KeyValuePairOfstringanyType></a:KeyAttributes><a:LogicalName>account</a:LogicalName></g:value>";
    let text = |text: &str| format!("<g:value i:type=\"x:string\">{text}</g:value>");
    let query = "<a:ColumnSet><a:Columns><r:string>name</r:string></a:Columns></a:ColumnSet><a:Criteria><a:Conditions><a:ConditionExpression>\
                 <a:AttributeName>createdon</a:AttributeName><a:Operator>LastXDays</a:Operator><a:Values><r:anyType i:type=\"x:int\">3</r:anyType></a:Values>\
                 </a:ConditionExpression></a:Conditions><a:FilterOperator>Or</a:FilterOperator></a:Criteria><a:EntityName>account</a:EntityName><a:LinkEntities>\
                 <a:LinkEntity><a:JoinOperator>LeftOuter</a:JoinOperator><a:LinkFromAttributeName>primarycontactid</a:LinkFromAttributeName>\
                 <a:LinkToAttributeName>contactid</a:LinkToAttributeName><a:LinkToEntityName>contact</a:LinkToEntityName></a:LinkEntity></a:LinkEntities>\
                 <a:PageInfo><a:Count>2</a:Count><a:PageNumber>1</a:PageNumber></a:PageInfo>";
    vec![
        executed("WhoAmI", &[]),
        executed("Retrieve", &[("Target", reference), ("ColumnSet", "<g:value><a:AllColumns>true</a:AllColumns></g:value>")]),
        executed("Upsert", &[("Target", &format!("<g:value i:type=\"a:Entity\">{row}</g:value>"))]),
        executed("RetrieveMultiple", &[("Query", &format!("<g:value i:type=\"a:QueryExpression\">{query}</g:value>"))]),
        executed(
            "RetrieveEntityChanges",
            &[("EntityName", &text("account")), ("Columns", "<g:value><a:Columns><r:string>name</r:string></a:Columns></g:value>")],
        ),
        executed("RetrieveAttribute", &[("EntityLogicalName", &text("account")), ("LogicalName", &text("name"))]),
        executed(
            "ExecuteMultiple",
            &[
                ("Requests", "<g:value><a:OrganizationRequest><a:RequestName>WhoAmI</a:RequestName></a:OrganizationRequest></g:value>"),
                ("Settings", "<g:value/>"),
            ],
        ),
        executed("RetrieveEntity", &[("LogicalName", &text("account")), ("EntityFilters", "<g:value>Entity Attributes Relationships</g:value>")]),
        executed(
            "RetrieveMetadataChanges",
            &[(
                "Query",
                "<g:value><q:Criteria xmlns:q=\"http://schemas.microsoft.com/xrm/2011/Metadata/Query\"><q:Conditions><q:MetadataConditionExpression>\
                 <q:ConditionOperator>Equals</q:ConditionOperator><q:PropertyName>LogicalName</q:PropertyName><q:Value i:type=\"x:string\">account</q:Value>\
                 </q:MetadataConditionExpression></q:Conditions><q:FilterOperator>And</q:FilterOperator></q:Criteria></g:value>",
            )],
        ),
        executed(
            "CreateMultiple",
            &[("Targets", &format!("<g:value><a:Entities><a:Entity>{row}</a:Entity></a:Entities><a:EntityName>account</a:EntityName></g:value>"))],
        ),
        executed(
            "ExecuteTransaction",
            &[
                (
                    "Requests",
                    &format!(
                        "<g:value><a:OrganizationRequest><a:Parameters><a:KeyValuePairOfstringanyType><g:key>Target</g:key><g:value>{row}</g:value>\
                         </a:KeyValuePairOfstringanyType></a:Parameters><a:RequestName>Create</a:RequestName></a:OrganizationRequest></g:value>"
                    ),
                ),
                ("ReturnResponses", "<g:value>true</g:value>"),
            ],
        ),
        executed("RetrieveCurrentOrganization", &[]),
        enveloped(&format!("<Create><entity>{row}</entity></Create>")),
        enveloped(&format!("<Update><entity>{row}</entity></Update>")),
        enveloped("<RetrieveMultiple><query><a:Query>&lt;fetch&gt;&lt;entity name='account'/&gt;&lt;/fetch&gt;</a:Query></query></RetrieveMultiple>"),
    ]
}

pub(crate) const ENVELOPE: &[&str] = &[
    "<a:RequestName>",
    "</a:RequestName>",
    "<a:Parameters>",
    "<a:KeyValuePairOfstringanyType>",
    "<g:key>",
    "<g:value i:type=\"x:",
    "<g:value i:type=\"a:EntityReference\">",
    "<g:value i:type=\"a:EntityCollection\">",
    "<g:value i:type=\"a:OptionSetValue\"><a:Value>1</a:Value></g:value>",
    " i:nil=\"true\"",
    "<a:Entities><a:Entity>",
    "<a:RelatedEntities>",
    "<a:LinkEntity>",
    "<a:Filters><a:FilterExpression>",
    "<a:AttributeExpressions><a:AttributeExpression>",
    "<a:PagingCookie>&lt;cookie page=\"1\"&gt;</a:PagingCookie>",
    "<r:anyType i:type=\"r:ArrayOfint\"><r:int>1</r:int></r:anyType>",
    "CreateMultiple",
    "DeleteMultiple",
    "ExecuteTransaction",
    "RetrieveMetadataChanges",
    "CreateAttribute",
    "SetState",
    "GrantAccess",
    "Associate",
    "accountid",
    "ownerid",
    "statecode",
    "<!DOCTYPE s [<!ENTITY a 'b'>]>",
    "&a;",
    "&#0;",
    "&#x1F600;",
    "<![CDATA[",
    "<?x?>",
    "<!-- -->",
    "\"",
    "\u{0}",
];

pub(crate) fn sql(input: &[u8]) -> bool {
    list_by("sql", input)
}

pub(crate) fn sql_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "SELECT TOP 3 a.name, c.fullname AS contact FROM account a LEFT JOIN contact c ON a.primarycontactid = c.contactid AND c.statecode = 0 WHERE a.name LIKE 'A%' OR a.createdon > '2031-01-01' ORDER BY a.name DESC",
        "SELECT ownerid, COUNT(*) AS n, AVG(numberofemployees) FROM account WHERE NOT (revenue BETWEEN 1 AND 2.5) GROUP BY ownerid ORDER BY n",
        "SELECT DISTINCT [name] FROM dbo.account WHERE accountnumber IN (N'O''Hara', NULL) AND statecode <> -1 ORDER BY name OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(crate) const SQL: &[&str] = &[
    "SELECT ",
    "DISTINCT ",
    "TOP ",
    "FROM account",
    " JOIN ",
    " ON ",
    " WHERE ",
    " AND ",
    " OR ",
    "NOT ",
    " IS NULL",
    " IN (",
    " BETWEEN ",
    " LIKE ",
    " ESCAPE ",
    " GROUP BY ",
    " HAVING ",
    " ORDER BY ",
    " OFFSET ",
    " FETCH NEXT ",
    "COUNT(*)",
    "SUM(",
    "CASE WHEN ",
    "CAST(",
    "((",
    "))",
    "[",
    "]",
    "'",
    "N'",
    "\"",
    "--",
    "/*",
    "*/",
    ";",
    ",",
    ".",
    "@p",
    "0x",
    "1e9",
    "-",
    "{fn ",
    "WITH ",
    "UNION ",
];

/// The body of a new account. What was created can be deleted, which also keeps the organization small.
pub(crate) fn record(input: &[u8]) -> bool {
    let sample = sample();
    let address = format!("{ROOT}accounts");
    let Some(answer) = sample.send(&sample.administrator, "POST", &address, input) else {
        return false;
    };
    if !answer.accepted("POST", &address) {
        return false;
    }
    let location = answer.location.unwrap_or_default();
    let address = location.strip_prefix(ORIGIN).unwrap_or_default();
    let deleted = sample.send(&sample.administrator, "DELETE", address, b"").map(|answer| answer.status);
    assert!(deleted == Some(204), "the new row {location:?} cannot be deleted: {deleted:?}");
    true
}

pub(crate) fn record_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"name":"Crate","accountnumber":"C-1","revenue":20000.5,"creditonhold":true,"numberofemployees":"12"}"#,
        r#"{"name":"Box","accountid":"7d0c0000-0000-4000-8000-00000000000a","industrycode":1,"statecode":1,"statuscode":2}"#,
        r#"{"name":"Bag","parentaccountid@odata.bind":"/accounts(accountnumber='A-1')","lastonholdtime":"2031-04-05T08:07:08.9+02:00"}"#,
        r#"{"@odata.type":"Microsoft.Dynamics.CRM.account","name":"Deep","primarycontactid":{"firstname":"A","lastname":"B"}}"#,
        r#"{"name":"Wide","contact_customer_accounts":[{"lastname":"C"},{"lastname":"D","birthdate":"2001-02-03"}],"overriddencreatedon":"2001-01-01"}"#,
        r#"{"name":null,"description":"two\nlines","address1_latitude":47.639583,"exchangerate":1.0,"ownerid@odata.bind":null}"#,
        "{}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

pub(crate) const RECORD: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "false",
    "\"\"",
    "0",
    "-1",
    "1e308",
    "0.00000000001",
    "9223372036854775808",
    "\\u0000",
    "\\ud800",
    "ü",
    "\"name\":",
    "\"accountid\":",
    "\"accountnumber\":\"A-1\"",
    "\"statecode\":",
    "\"statuscode\":",
    "\"ownerid@odata.bind\":",
    "\"parentaccountid@odata.bind\":",
    "\"primarycontactid\":{",
    "\"contact_customer_accounts\":[{",
    "/accounts(accountnumber='A-1')",
    "/contacts(",
    "/teams(",
    "$1",
    "\"@odata.id\":",
    "\"@odata.type\":\"#Microsoft.Dynamics.CRM.account\"",
    "\"versionnumber\":",
    "\"createdon\":",
    "\"overriddencreatedon\":",
    "\"transactioncurrencyid@odata.bind\":",
    "7d0c0000-0000-4000-8000-00000000000a",
    "1752-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
];

/// A path with its query: read by the administrator, then written to in every way by a caller who may not.
pub(crate) fn request(input: &[u8]) -> bool {
    let sample = sample();
    let address = format!("{ROOT}{}", escaped(input));
    let Some(answer) = sample.send(&sample.administrator, "GET", &address, b"") else {
        return false;
    };
    let accepted = answer.accepted("GET", &address);
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        if let Some(answer) = sample.send(&sample.stranger, method, &address, b"{}") {
            assert!(!answer.accepted(method, &address), "{method} {address} was accepted from a caller without rights: {}", answer.status);
        }
    }
    accepted
}

/// What a listener would not pass on is escaped, so that the input reaches the front.
fn escaped(input: &[u8]) -> String {
    let mut out = String::with_capacity(input.len());
    for byte in input {
        match byte {
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

pub(crate) fn request_seeds() -> Vec<Vec<u8>> {
    let tokens = sample().tokens.iter().map(|token| format!("accounts?$select=name&$deltatoken={token}"));
    [
        "accounts?$select=name,revenue&$filter=contains(name,'1') and statecode eq 0&$orderby=name desc&$top=3&$count=true",
        "accounts(accountnumber='A-1')?$select=name&$expand=primarycontactid($select=fullname)",
        "accounts(accountnumber='A-2')/name/$value",
        "accounts/$count?$filter=primarycontactid/fullname ne null or not (_ownerid_value eq 7d0c0000-0000-4000-8000-00000000000a)",
        "accounts(accountnumber='A-1')/contact_customer_accounts?$select=fullname",
        "accounts(accountnumber='A-1')/primarycontactid/$ref",
        "accounts/Microsoft.Dynamics.CRM.CreateMultiple",
        "contacts?$orderby=createdon,fullname desc&$filter=createdon ge 2031-04-05T06:07:08Z&@p1='x'",
        "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='name')/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=MaxLength",
        "EntityDefinitions(LogicalName='account')/Keys?$select=EntityKeyIndexStatus",
        "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'account'",
        "RelationshipDefinitions?$filter=SchemaName eq 'account_primary_contact'&$select=SchemaName",
        "GlobalOptionSetDefinitions",
        "WhoAmI()",
        "RetrieveVersion",
        "",
    ]
    .iter()
    .map(|text| (*text).to_owned())
    .chain(tokens)
    .map(String::into_bytes)
    .collect()
}

pub(crate) const REQUEST: &[&str] = &[
    "accounts",
    "contacts",
    "systemusers",
    "teams",
    "owners",
    "solutions",
    "asyncoperations",
    "(accountnumber='A-1')",
    "(7d0c0000-0000-4000-8000-00000000000a)",
    "(LogicalName='account')",
    "/Attributes",
    "/Keys",
    "/$ref",
    "/$count",
    "/$value",
    "/name",
    "/primarycontactid",
    "/contact_customer_accounts",
    "Microsoft.Dynamics.CRM.",
    "?",
    "&",
    "=",
    "'",
    "''",
    "(",
    ")",
    "/",
    ",",
    "$select=",
    "$filter=",
    "$orderby=",
    "$expand=",
    "$top=",
    "$count=true",
    "$skiptoken=",
    "$deltatoken=",
    "$apply=",
    " eq ",
    " ne ",
    " gt ",
    " and ",
    " or ",
    "not ",
    "null",
    "contains(",
    "startswith(",
    "name",
    "fullname",
    "createdon",
    "statecode",
    "_ownerid_value",
    "primarycontactid/fullname",
    "@p1",
    "%25",
    "%27",
    "*",
    "ü",
    "-1",
    "99999999999999999999",
    "2031-04-05T06:07:08Z",
    "$batch",
    "$1",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_only_where_they_must_be() {
        assert_eq!(escaped("a(b='c d')?$x=1&@p=\u{fc}%20\"#".as_bytes()), "a(b='c%20d')?$x=1&@p=%C3%BC%20%22%23");
    }
}
