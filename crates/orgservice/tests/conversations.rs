//! Conversations with the Organization Service on a real organization: each test is one.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail as tests do

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use driftless_core::{Organization, SeededEnvironment};
use driftless_model::{Caller, Limits, Uuid};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

const SPACES: &str = "xmlns:a=\"http://schemas.microsoft.com/xrm/2011/Contracts\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xmlns:g=\"http://schemas.datacontract.org/2004/07/System.Collections.Generic\" xmlns:r=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\" \
    xmlns:x=\"http://www.w3.org/2001/XMLSchema\" xmlns:e=\"http://schemas.microsoft.com/2003/10/Serialization/\"";

/// A service in a folder of its own, which goes with it.
struct Service {
    organization: Arc<Organization>,
    caller: Arc<Caller>,
    folder: PathBuf,
}

impl Drop for Service {
    fn drop(&mut self) {
        // What cannot be removed lies in the build folder and does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Service {
    fn start() -> Self {
        Self::limited(Limits::default())
    }

    fn limited(limits: Limits) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("conversations-{}-{number}", std::process::id()));
        let store = SqliteStore::open(&folder, &SqliteOptions::default()).unwrap();
        let environment = SeededEnvironment::new(u64::from(number), 1_900_000_000_000);
        let organization = Organization::open(Arc::new(store), Arc::new(environment), limits).unwrap();
        let caller = Arc::new(Caller::user(organization.facts().administrator));
        Self { organization, caller, folder }
    }

    /// Status and body of an answer.
    fn send(&self, operation: &str, body: &str) -> (u16, String) {
        let text = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><{operation} xmlns=\"http://schemas.microsoft.com/xrm/2011/Contracts/Services\" \
             {SPACES}>{body}</{operation}></s:Body></s:Envelope>"
        );
        let request = http::Request::builder()
            .method("POST")
            .uri("/XRMServices/2011/Organization.svc/web")
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", format!("\"http://schemas.microsoft.com/xrm/2011/Contracts/Services/IOrganizationService/{operation}\""))
            .body(text.into())
            .unwrap();
        let response = pollster::block_on(driftless_orgservice::respond(&self.organization, &self.caller, &request, "http://127.0.0.1", Uuid::nil()));
        let (parts, body) = response.into_parts();
        (parts.status.as_u16(), String::from_utf8(body.concat()).unwrap())
    }

    #[track_caller]
    fn done(&self, operation: &str, body: &str) -> String {
        let (status, text) = self.send(operation, body);
        assert_eq!(status, 200, "{text}");
        text
    }

    fn create(&self, table: &str, attributes: &[(&str, &str, &str)]) -> String {
        let pair = |(key, kind, value): &(&str, &str, &str)| {
            format!("<a:KeyValuePairOfstringanyType><g:key>{key}</g:key><g:value i:type=\"{kind}\">{value}</g:value></a:KeyValuePairOfstringanyType>")
        };
        let attributes: String = attributes.iter().map(pair).collect();
        let answer = self.done("Create", &format!("<entity><a:Attributes>{attributes}</a:Attributes><a:LogicalName>{table}</a:LogicalName></entity>"));
        between(&answer, "<CreateResult>", "</CreateResult>").to_owned()
    }

    /// Three accounts, the first two with a contact.
    fn with_rows() -> Self {
        let service = Self::start();
        let contact = service.create("contact", &[("firstname", "x:string", "Ada"), ("lastname", "x:string", "Byron")]);
        for (name, employees, contact) in [("Alpha", 5, Some(&contact)), ("Beta", 7, Some(&contact)), ("Gamma & Co", 7, None)] {
            let employees = employees.to_string();
            let reference = contact.map(|id| format!("<a:Id>{id}</a:Id><a:LogicalName>contact</a:LogicalName>"));
            let mut attributes = vec![("name", "x:string", name.replace('&', "&amp;")), ("numberofemployees", "x:int", employees)];
            attributes.extend(reference.map(|reference| ("primarycontactid", "a:EntityReference", reference)));
            let attributes: Vec<_> = attributes.iter().map(|(key, kind, value)| (*key, *kind, value.as_str())).collect();
            service.create("account", &attributes);
        }
        service
    }

    fn retrieve(&self, kind: &str, query: &str) -> (u16, String) {
        self.send("RetrieveMultiple", &format!("<query i:type=\"a:{kind}\">{query}</query>"))
    }

    #[track_caller]
    fn rows(&self, kind: &str, query: &str) -> String {
        let (status, text) = self.retrieve(kind, query);
        assert_eq!(status, 200, "{text}");
        text
    }

    #[track_caller]
    fn execute(&self, name: &str, key: &str, value: &str) -> String {
        self.done(
            "Execute",
            &format!(
                "<request><a:Parameters><a:KeyValuePairOfstringanyType><g:key>{key}</g:key>{value}</a:KeyValuePairOfstringanyType></a:Parameters>\
                 <a:RequestId i:nil=\"true\"/><a:RequestName>{name}</a:RequestName></request>"
            ),
        )
    }
}

#[track_caller]
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} in {text}")).0
}

/// The values of a column, in the order of the rows.
fn values<'t>(answer: &'t str, column: &str) -> Vec<&'t str> {
    let start = format!("<g:key>{column}</g:key>");
    answer.split(&start).skip(1).map(|rest| rest.split_once('>').unwrap().1.split_once("</g:value>").unwrap().0).collect()
}

fn columns(names: &[&str]) -> String {
    let names: String = names.iter().map(|name| format!("<r:string>{name}</r:string>")).collect();
    format!("<a:ColumnSet><a:AllColumns>false</a:AllColumns><a:AttributeExpressions/><a:Columns>{names}</a:Columns></a:ColumnSet>")
}

fn condition(column: &str, operator: &str, values: &str) -> String {
    format!(
        "<a:ConditionExpression><a:AttributeName>{column}</a:AttributeName><a:CompareColumns>false</a:CompareColumns><a:Operator>{operator}</a:Operator>\
         <a:Values>{values}</a:Values><a:EntityName i:nil=\"true\"/></a:ConditionExpression>"
    )
}

fn criteria(conditions: &str) -> String {
    format!(
        "<a:Criteria><a:AnyAllFilterLinkEntity i:nil=\"true\"/><a:Conditions>{conditions}</a:Conditions><a:FilterOperator>And</a:FilterOperator><a:Filters/></a:Criteria>"
    )
}

const BY_NAME: &str = "<a:Orders><a:OrderExpression><a:Alias i:nil=\"true\"/><a:AttributeName>name</a:AttributeName><a:EntityName i:nil=\"true\"/>\
    <a:OrderType>Ascending</a:OrderType></a:OrderExpression></a:Orders>";

fn expression(set: &str, criteria: &str, links: &str, page: &str) -> String {
    format!(
        "{set}{criteria}<a:Distinct>false</a:Distinct><a:EntityName>account</a:EntityName><a:ForceSeek i:nil=\"true\"/><a:LinkEntities>{links}</a:LinkEntities>{BY_NAME}\
         <a:PageInfo>{page}</a:PageInfo><a:SubQueryExpression i:nil=\"true\"/><a:NoLock>true</a:NoLock><a:TopCount i:nil=\"true\"/>"
    )
}

const NO_PAGE: &str =
    "<a:Count>0</a:Count><a:PageNumber>0</a:PageNumber><a:PagingCookie i:nil=\"true\"/><a:ReturnTotalRecordCount>false</a:ReturnTotalRecordCount>";

#[test] // organization-service 7
fn values_of_conditions_have_types_and_may_be_one_list() {
    let service = Service::with_rows();
    let names = |column: &str, operator: &str, values_of: &str| {
        let query = expression(&columns(&["name"]), &criteria(&condition(column, operator, values_of)), "", NO_PAGE);
        values(&service.rows("QueryExpression", &query), "name").join(",")
    };
    assert_eq!(names("numberofemployees", "Equal", "<r:anyType i:type=\"x:int\">7</r:anyType>"), "Beta,Gamma &amp; Co");
    let separate = "<r:anyType i:type=\"x:string\">Alpha</r:anyType><r:anyType i:type=\"x:string\">Beta</r:anyType>";
    assert_eq!(names("name", "In", separate), "Alpha,Beta");
    let list = "<r:anyType i:type=\"r:ArrayOfstring\"><r:string>Alpha</r:string><r:string>Gamma &amp; Co</r:string></r:anyType>";
    assert_eq!(names("name", "In", list), "Alpha,Gamma &amp; Co");
    assert_eq!(names("createdon", "GreaterThan", "<r:anyType i:type=\"x:dateTime\">2020-01-01T00:00:00Z</r:anyType>"), "Alpha,Beta,Gamma &amp; Co");
    assert_eq!(names("primarycontactid", "Null", ""), "Gamma &amp; Co");
    assert_eq!(names("createdon", "NotOn", "<r:anyType i:type=\"x:dateTime\">2020-01-01T00:00:00</r:anyType>"), "Alpha,Beta,Gamma &amp; Co");
    assert_eq!(names("numberofemployees", "Equal", "<r:anyType i:type=\"a:OptionSetValue\"><a:Value>5</a:Value></r:anyType>"), "Alpha");
    let wrong = criteria(&condition("name", "Equal", "<r:anyType i:type=\"a:Label\"/>"));
    let (status, fault) = service.retrieve("QueryExpression", &expression(&columns(&[]), &wrong, "", NO_PAGE));
    assert!(status == 500 && fault.contains("cannot be of the type 'Label'"), "{fault}");
    let mask = criteria(&condition("numberofemployees", "Mask", "<r:anyType i:type=\"x:int\">1</r:anyType>"));
    let (_, fault) = service.retrieve("QueryExpression", &expression(&columns(&[]), &mask, "", NO_PAGE));
    assert!(fault.contains("'Mask' is not offered"), "{fault}");
}

#[test] // organization-service 7
fn columns_of_links_come_back_under_the_links_name() {
    let service = Service::with_rows();
    let link = |alias: &str| {
        format!(
            "<a:LinkEntity><a:Columns><a:AllColumns>false</a:AllColumns><a:AttributeExpressions/><a:Columns><r:string>lastname</r:string></a:Columns></a:Columns>{alias}\
             <a:JoinOperator>Inner</a:JoinOperator><a:LinkCriteria><a:Conditions/><a:FilterOperator>And</a:FilterOperator><a:Filters/></a:LinkCriteria><a:LinkEntities/>\
             <a:LinkFromAttributeName>primarycontactid</a:LinkFromAttributeName><a:LinkFromEntityName>account</a:LinkFromEntityName>\
             <a:LinkToAttributeName>contactid</a:LinkToAttributeName><a:LinkToEntityName>contact</a:LinkToEntityName><a:Orders/></a:LinkEntity>"
        )
    };
    for (alias, name) in [("<a:EntityAlias>c</a:EntityAlias>", "c.lastname"), ("<a:EntityAlias i:nil=\"true\"/>", "contact1.lastname")] {
        let answer = service.rows("QueryExpression", &expression(&columns(&["name"]), &criteria(""), &link(alias), NO_PAGE));
        let found = values(&answer, name);
        assert!(found.len() == 2 && found.iter().all(|value| value.contains("Byron") && value.contains("lastname")), "{answer}");
    }
}

#[test] // organization-service 7
fn pages_are_turned_by_cookie_and_by_number() {
    let service = Service::with_rows();
    let page = |number: u32, cookie: &str| {
        let info = format!("<a:Count>2</a:Count><a:PageNumber>{number}</a:PageNumber>{cookie}<a:ReturnTotalRecordCount>true</a:ReturnTotalRecordCount>");
        service.rows("QueryExpression", &expression(&columns(&["name"]), &criteria(""), "", &info))
    };
    let first = page(1, "<a:PagingCookie i:nil=\"true\"/>");
    assert_eq!(values(&first, "name"), ["Alpha", "Beta"]);
    assert!(first.contains("<a:MoreRecords>true</a:MoreRecords>") && first.contains("<a:TotalRecordCount>3</a:TotalRecordCount>"), "{first}");
    let cookie = between(&first, "<a:PagingCookie>", "</a:PagingCookie>");
    for cookie in [format!("<a:PagingCookie>{cookie}</a:PagingCookie>"), String::new()] {
        let second = page(2, &cookie);
        assert_eq!(values(&second, "name"), ["Gamma &amp; Co"]);
        assert!(second.contains("<a:MoreRecords>false</a:MoreRecords>"), "{second}");
    }
    let top = expression(&columns(&["name"]), &criteria(""), "", NO_PAGE).replace("<a:TopCount i:nil=\"true\"/>", "<a:TopCount>1</a:TopCount>");
    let answer = service.rows("QueryExpression", &top);
    assert!(values(&answer, "name") == ["Alpha"] && answer.contains("<a:MoreRecords>false</a:MoreRecords>"), "{answer}");
    let (_, fault) = service.retrieve("QueryExpression", &top.replace("<a:PageNumber>0<", "<a:PageNumber>1<"));
    assert!(fault.contains("'TopCount' cannot stand beside 'PageInfo'"), "{fault}");
}

#[test] // organization-service 7
fn other_forms_of_queries_and_aggregates() {
    let service = Service::with_rows();
    let by_attribute = format!(
        "<a:Attributes><r:string>numberofemployees</r:string><r:string>primarycontactid</r:string></a:Attributes>{}<a:EntityName>account</a:EntityName>{BY_NAME}\
         <a:PageInfo i:nil=\"true\"/><a:Values><r:anyType i:type=\"x:int\">7</r:anyType><r:anyType i:nil=\"true\"/></a:Values><a:TopCount i:nil=\"true\"/>",
        columns(&["name"])
    );
    assert_eq!(values(&service.rows("QueryByAttribute", &by_attribute), "name"), ["Gamma &amp; Co"]);
    let fetch = "<a:Query>&lt;fetch count='1' page='2'&gt;&lt;entity name='account'&gt;&lt;attribute name='name'/&gt;&lt;order attribute='name'/&gt;&lt;/entity&gt;&lt;/fetch&gt;</a:Query>";
    assert_eq!(values(&service.rows("FetchExpression", fetch), "name"), ["Beta"]);
    let attribute = |aggregate: &str, alias: &str, groups: bool| {
        format!(
            "<a:AttributeExpression><a:AggregateType>{aggregate}</a:AggregateType><a:Alias>{alias}</a:Alias><a:AttributeName>numberofemployees</a:AttributeName>\
             <a:DateTimeGrouping>None</a:DateTimeGrouping><a:HasGroupBy>{groups}</a:HasGroupBy></a:AttributeExpression>"
        )
    };
    let set = format!(
        "<a:ColumnSet><a:AllColumns>false</a:AllColumns><a:AttributeExpressions>{}{}</a:AttributeExpressions><a:Columns/></a:ColumnSet>",
        attribute("None", "size", true),
        attribute("Count", "rows", false)
    );
    let grouped = expression(&set, &criteria(""), "", NO_PAGE).replace(
        BY_NAME,
        "<a:Orders><a:OrderExpression><a:Alias>size</a:Alias><a:AttributeName i:nil=\"true\"/>\
        <a:EntityName i:nil=\"true\"/><a:OrderType>Descending</a:OrderType></a:OrderExpression></a:Orders>",
    );
    let answer = service.rows("QueryExpression", &grouped);
    // Formatted values have the same names.
    let plain = |name: &str| -> Vec<String> {
        let aliased = values(&answer, name).into_iter().filter(|value| value.contains("<a:Value "));
        aliased.map(|value| between(value, "<a:Value ", "</a:Value>").rsplit('>').next().unwrap().to_owned()).collect()
    };
    assert_eq!((plain("size"), plain("rows")), (vec!["7".to_owned(), "5".to_owned()], vec!["2".to_owned(), "1".to_owned()]));
}

#[test] // organization-service 7
fn different_rows_have_plain_columns_and_the_id_that_was_asked_for() {
    let service = Service::with_rows();
    let distinct = |names: &[&str]| {
        let query = expression(&columns(names), &criteria(""), "", NO_PAGE).replace("<a:Distinct>false", "<a:Distinct>true").replace(BY_NAME, "<a:Orders/>");
        service.rows("QueryExpression", &query)
    };
    let sizes = distinct(&["numberofemployees"]);
    assert_eq!(sizes.matches("<a:Entity>").count(), 2, "{sizes}");
    assert!(sizes.contains("<g:key>numberofemployees</g:key><g:value i:type=\"x:int\">5</g:value>"), "{sizes}");
    for names in [["accountid", "name"].as_slice(), &[]] {
        let rows = distinct(names);
        let id = values(&rows, "accountid")[0];
        assert!(rows.matches("<a:Entity>").count() == 3 && rows.contains(&format!("<a:Id>{id}</a:Id>")), "{rows}");
    }
}

#[test] // organization-service 7, 8.2
fn a_query_is_told_in_its_other_form() {
    let service = Service::with_rows();
    let asked = criteria(&condition("numberofemployees", "GreaterEqual", "<r:anyType i:type=\"x:int\">6</r:anyType>"));
    let query = expression(&columns(&["name"]), &asked, "", NO_PAGE);
    let answer = service.execute("QueryExpressionToFetchXml", "Query", &format!("<g:value i:type=\"a:QueryExpression\">{query}</g:value>"));
    let fetch = values(&answer, "FetchXml")[0];
    assert_eq!(values(&service.rows("FetchExpression", &format!("<a:Query>{fetch}</a:Query>")), "name"), ["Beta", "Gamma &amp; Co"]);
    let answer = service.execute("FetchXmlToQueryExpression", "FetchXml", &format!("<g:value i:type=\"x:string\">{fetch}</g:value>"));
    let query = between(&answer, "<g:value i:type=\"a:QueryExpression\">", "</g:value>");
    assert!(query.contains("<r:anyType i:type=\"x:int\">6</r:anyType>"), "{query}");
    assert_eq!(values(&service.rows("QueryExpression", query), "name"), ["Beta", "Gamma &amp; Co"]);
}

/// The parameters of a message of Execute.
fn request(name: &str, parameters: &[(&str, &str)]) -> String {
    let pair = |(key, value): &(&str, &str)| format!("<a:KeyValuePairOfstringanyType><g:key>{key}</g:key>{value}</a:KeyValuePairOfstringanyType>");
    let pairs: String = parameters.iter().map(pair).collect();
    format!("<request><a:Parameters>{pairs}</a:Parameters><a:RequestName>{name}</a:RequestName></request>")
}

#[test] // organization-service 6.1, 8.2
fn related_rows_come_with_the_row_that_they_belong_to() {
    let service = Service::start();
    let account = service.create("account", &[("name", "x:string", "Alpha"), ("revenue", "a:Money", "<a:Value>5.5</a:Value>")]);
    let reference = format!("<a:Id>{account}</a:Id><a:LogicalName>account</a:LogicalName>");
    for name in ["Byron", "Lovelace"] {
        service.create("contact", &[("lastname", "x:string", name), ("parentcustomerid", "a:EntityReference", &reference)]);
    }
    let target = format!("<g:value i:type=\"a:EntityReference\">{reference}</g:value>");
    let columns = "<g:value><a:Columns><r:string>revenue</r:string></a:Columns></g:value>";
    let related = |relationship: &str| {
        format!(
            "<g:value><a:pair><g:key><a:SchemaName>{relationship}</a:SchemaName></g:key><g:value i:type=\"a:QueryExpression\"><a:ColumnSet><a:Columns>\
             <r:string>lastname</r:string></a:Columns></a:ColumnSet><a:EntityName>contact</a:EntityName></g:value></a:pair></g:value>"
        )
    };
    let parameters = [("Target", target.as_str()), ("ColumnSet", columns), ("RelatedEntitiesQuery", &related("contact_customer_accounts"))];
    let answer = service.done("Execute", &request("Retrieve", &parameters));
    let rows = between(&answer, "<a:RelatedEntities><a:KeyValuePairOfRelationshipEntityCollectionX_PsK4FkN>", "</g:value></a:KeyValuePairOfRelationship");
    assert!(rows.contains(">Byron<") && rows.contains(">Lovelace<") && rows.contains("<a:SchemaName>contact_customer_accounts</a:SchemaName>"), "{rows}");
    // An amount comes with its currency.
    assert!(answer.contains("<g:key>transactioncurrencyid</g:key>") && answer.contains("<g:value>$5.50</g:value>"), "{answer}");
    let parameters = [("Target", target.as_str()), ("RelatedEntitiesQuery", &related("no_such_relationship"))];
    let (status, text) = service.send("Execute", &request("Retrieve", &parameters));
    assert!(status == 500 && text.contains("'no_such_relationship' does not lead from 'account'"), "{text}");
}

#[test] // organization-service 8.7, 9
fn the_fault_of_a_transaction_alone_says_which_request_failed() {
    let service = Service::start();
    let delete = "<a:Parameters><a:KeyValuePairOfstringanyType><g:key>Target</g:key><g:value><a:Id>00000000-0000-0000-0000-000000000009</a:Id>\
                  <a:LogicalName>account</a:LogicalName></g:value></a:KeyValuePairOfstringanyType></a:Parameters><a:RequestName>Delete</a:RequestName>";
    let (status, text) = service.send("Execute", &format!("<request>{delete}</request>"));
    assert!(status == 500 && text.contains("<a:ErrorCode>-2147220969</a:ErrorCode>") && !text.contains("FaultedRequestIndex"), "{text}");
    let create = "<a:Parameters><a:KeyValuePairOfstringanyType><g:key>Target</g:key><g:value><a:LogicalName>account</a:LogicalName></g:value>\
                  </a:KeyValuePairOfstringanyType></a:Parameters><a:RequestName>Create</a:RequestName>";
    let both = format!("<g:value><a:OrganizationRequest>{create}</a:OrganizationRequest><a:OrganizationRequest>{delete}</a:OrganizationRequest></g:value>");
    let (status, text) = service.send("Execute", &request("ExecuteTransaction", &[("Requests", &both)]));
    assert!(status == 500 && text.contains("i:type=\"k:ExecuteTransactionFault\"") && text.contains("<k:FaultedRequestIndex>1<"), "{text}");
    let settings = "<g:value><a:ContinueOnError>true</a:ContinueOnError><a:ReturnResponses>true</a:ReturnResponses></g:value>";
    let text = service.done("Execute", &request("ExecuteMultiple", &[("Requests", &both), ("Settings", settings)]));
    assert!(text.contains("<l:RequestIndex>1</l:RequestIndex><l:Response i:nil=\"true\"/>") && !text.contains("FaultedRequestIndex"), "{text}");
}

#[test] // SEC-04, organization-service 8.6
fn the_answers_of_many_requests_are_bounded_together() {
    let service = Service::limited(Limits { bulk_body_bytes_max: 2_000, ..Limits::default() });
    let requests = format!("<g:value>{}</g:value>", "<a:OrganizationRequest><a:RequestName>WhoAmI</a:RequestName></a:OrganizationRequest>".repeat(20));
    let settings = "<g:value><a:ContinueOnError>true</a:ContinueOnError><a:ReturnResponses>true</a:ReturnResponses></g:value>";
    let text = service.done("Execute", &request("ExecuteMultiple", &[("Requests", &requests), ("Settings", settings)]));
    let answered = text.matches("i:type=\"c:WhoAmIResponse\"").count();
    assert!((1..20).contains(&answered), "{answered} of 20");
    assert_eq!(text.matches("<a:ErrorCode>-2147204726</a:ErrorCode>").count(), 20 - answered, "{text}");
}
