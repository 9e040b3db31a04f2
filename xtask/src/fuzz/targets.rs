//! The targets: what the network can reach, with inputs to start from and words worth trying.
//!
//! To add one: a line in [`TARGETS`] with a function that gives whether the input was accepted.

use driftless_contract::paging::PagingCookie;
use driftless_model::literal;
use driftless_odata::batch::{BatchLimits, parse_batch};
use driftless_odata::filter::{self, FilterLimits};
use driftless_odata::headers::{Format, Preconditions, Preferences};
use driftless_odata::json::{self, JsonLimits};
use driftless_odata::query::{QueryLimits, QueryOptions};
use driftless_odata::url::{parse_path, parse_reference, parse_root};
use driftless_odata::{link, percent};
use driftless_solution_file::{PackageLimits, read, write};

use super::archive::stored;
use super::service;

/// One parser under test.
pub(crate) struct Target {
    /// How it is called on the command line.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) about: &'static str,
    /// Takes one input; whether it was accepted. Panics on a broken promise.
    pub(crate) run: fn(&[u8]) -> bool,
    /// Inputs to start from.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Words worth inserting.
    pub(crate) dictionary: &'static [&'static str],
}

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "url", about: "resource path, reference, service root", run: url, seeds: url_seeds, dictionary: URL },
    Target { name: "query", about: "query options, $expand inside", run: query, seeds: query_seeds, dictionary: FILTER },
    Target { name: "filter", about: "$filter; printing gives the same tree", run: filter_text, seeds: filter_seeds, dictionary: FILTER },
    Target { name: "json", about: "bodies and arguments", run: json_text, seeds: json_seeds, dictionary: JSON },
    Target { name: "batch", about: "multipart batches", run: batch, seeds: batch_seeds, dictionary: BATCH },
    Target { name: "skiptoken", about: "paging cookies", run: skiptoken, seeds: skiptoken_seeds, dictionary: COOKIE },
    Target { name: "headers", about: "Prefer, If-Match, Accept", run: headers, seeds: header_seeds, dictionary: HEADERS },
    Target { name: "literal", about: "numbers, dates and ids; the visible part of tokens", run: literals, seeds: literal_seeds, dictionary: LITERALS },
    Target { name: "package", about: "solution archives", run: package, seeds: package_seeds, dictionary: XML },
    Target { name: "customizations", about: "customizations.xml inside an archive", run: customizations, seeds: customizations_seeds, dictionary: XML },
    Target { name: "manifest", about: "solution.xml inside an archive", run: manifest, seeds: manifest_seeds, dictionary: XML },
    Target {
        name: "token",
        about: "delta and page tokens; only those handed out are accepted",
        run: service::token,
        seeds: service::token_seeds,
        dictionary: service::TOKEN,
    },
    Target { name: "record", about: "bodies of new rows, on an organization", run: service::record, seeds: service::record_seeds, dictionary: service::RECORD },
    Target {
        name: "fetchxml",
        about: "FetchXML, on an organization",
        run: service::fetch_xml,
        seeds: service::fetch_xml_seeds,
        dictionary: service::FETCH_XML,
    },
    Target {
        name: "envelope",
        about: "SOAP envelopes with messages, rows and queries, on an organization",
        run: service::envelope,
        seeds: service::envelope_seeds,
        dictionary: service::ENVELOPE,
    },
    Target { name: "sql", about: "SELECT statements, on an organization", run: service::sql, seeds: service::sql_seeds, dictionary: service::SQL },
    Target {
        name: "request",
        about: "paths with queries, on an organization",
        run: service::request,
        seeds: service::request_seeds,
        dictionary: service::REQUEST,
    },
];

fn owned(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn url(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    let _ = parse_root(text);
    let _ = parse_reference(text, &|origin| origin == "http://h");
    parse_path(text).is_ok()
}

fn url_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "drf_parcels(7d0c0000-0000-4000-8000-00000000000a)",
        "/api/data/v9.2/drf_parcels(drf_code='AB-77',drf_year=2031)/drf_DepotId",
        "accounts(name='O''Hara%20%2F%27x')/$ref",
        "drf_parcels/$count",
        "EntityDefinitions(LogicalName='a')/Attributes(LogicalName='b')/Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "http://h/api/data/v9.0//contacts(_x_value=(7d0c0000-0000-4000-8000-00000000000a))",
        "$1/drf_name",
        "RetrieveEntity(EntityFilters=@p1,MetadataId=@p2)",
        "/org/api/data/v8.1/$batch",
    ])
}

const URL: &[&str] = &[
    "(",
    ")",
    "'",
    "''",
    "/",
    "//",
    "%",
    "%27",
    "%2F",
    "%2",
    "%00",
    "%C3%A9",
    "%FF",
    "$ref",
    "$count",
    "$value",
    "$1",
    "=",
    ",",
    "@p1",
    "(LogicalName='",
    "api/data/v9.2/",
    "http://h/",
    "ü",
    "\u{0}",
    "$metadata",
    "Microsoft.Dynamics.CRM.",
];

fn query(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    QueryOptions::parse(text, &QueryLimits::default()).is_ok()
}

fn query_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "?$select=name,accountnumber&$filter=name%20eq%20'x'&$orderby=name desc,createdon&$top=5&$count=true",
        "$expand=primarycontactid($select=fullname;$filter=contains(fullname,'a');$expand=b($top=2)),owner",
        "$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44&$select=name",
        "$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E&$filter=a+eq+@p1&@p1='x'",
        "$apply=groupby((a),aggregate(b with sum as c))",
    ])
}

fn filter_text(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    let limits = FilterLimits::default();
    let _ = filter::parse_argument(text, &limits);
    let Ok(tree) = filter::parse(text, &limits) else {
        return false;
    };
    let printed = filter::print(&tree);
    // Printing adds parentheses and blanks, so only a text far from the limit must come back.
    if text.len() < 1000 {
        let again = filter::parse(&printed, &limits);
        assert!(again.as_ref() == Ok(&tree), "{printed:?} reads as {again:?}, printed from {tree:?}");
    }
    true
}

fn filter_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "name eq 'O''Hara' and (revenue gt 1.5 or not contains(name,'x%'))",
        "_ownerid_value eq 7d0c0000-0000-4000-8000-00000000000a",
        "primarycontactid/fullname ne null and statecode eq 0",
        "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=[\"a\",\"O'Hara\"])",
        "createdon ge 2031-04-05T06:07:08Z and birthdate lt 2031-04-05",
        "tasks/any(o:o/subject eq 'a' and o/x le -5) or tasks/all(t:not (t/a eq true))",
        "Microsoft.Dynamics.CRM.LastXHours(PropertyName=@p1,PropertyValue=@p2)",
        "OwnershipType eq Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned'",
        "startswith(a,'b') eq true and endswith(c,'')",
    ])
}

const FILTER: &[&str] = &[
    " eq ",
    " ne ",
    " gt ",
    " and ",
    " or ",
    "not ",
    "(",
    ")",
    "((",
    "))",
    "'",
    "''",
    "null",
    "true",
    "contains(",
    "startswith(",
    "/any(o:",
    "/all(",
    "Microsoft.Dynamics.CRM.In(PropertyName=",
    "PropertyValues=[",
    "\"",
    "]",
    "@p1",
    ",",
    ";",
    "1e999",
    "-",
    "9223372036854775808",
    "0.1",
    "7d0c0000-0000-4000-8000-00000000000a",
    "2031-04-05T06:07:08Z",
    "$expand=",
    "$filter=",
    "$select=",
    "$top=",
    "$orderby=",
    "&",
    "=",
    "%",
    "%27",
    "+",
    "ü",
];

fn json_text(input: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = json::read_argument(text, &JsonLimits::default());
    }
    let _ = json::read(input, &JsonLimits::BULK);
    json::read(input, &JsonLimits::default()).is_ok()
}

fn json_seeds() -> Vec<Vec<u8>> {
    owned(&[
        r#"{"name":"A \"b\" \u00e9\ud83d\ude00\n","revenue":1.50e+3,"x":-0,"nav@odata.bind":"/accounts(1)","n":null}"#,
        r#"{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.a","b":true},{"c":[1,2,[3]],"d":{}}]}"#,
        r#"[9223372036854775807,-9223372036854775808,123456789012345678901234567890.5,1e-400]"#,
        r#"{'a':'b'}"#,
        r#""text""#,
    ])
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "[[",
    "{\"a\":",
    ":",
    ",",
    "\"",
    "'",
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    "\\u0000",
    "null",
    "true",
    "false",
    "0",
    "-",
    "1e",
    "e+999999999",
    ".",
    "00",
    "@odata.type",
    "@odata.bind",
    "\u{feff}",
    "\u{0}",
    "\u{7f}",
    "9999999999999999999999",
];

const BOUNDARY: &str = "multipart/mixed; boundary=\"b\"";

fn batch(input: &[u8]) -> bool {
    let limits = BatchLimits::default();
    // The first line stands for the header of the request.
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    if let Ok(content_type) = std::str::from_utf8(&input[..end]) {
        let _ = parse_batch(content_type, input, &limits);
    }
    parse_batch(BOUNDARY, input, &limits).is_ok()
}

fn batch_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET /api/data/v9.2/accounts HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--b--\r\n",
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nPOST accounts HTTP/1.1\r\nContent-Type: application/json;type=entry\r\n\r\n{\"name\":\"a\"}\r\n--c\r\nContent-Type: application/http\r\n\r\nPATCH $1 HTTP/1.1\r\nIf-Match: *\r\n\r\n{}\r\n--c--\r\n--b--\r\n",
        "--b\nContent-Type: application/http\n\nDELETE http://h/accounts(1) HTTP/1.1\n\n--b--",
        "multipart/mixed;boundary=x\n--x\nContent-Type:application/http\n\nGET a HTTP/1.1\n\n--x--",
    ])
}

const BATCH: &[&str] = &[
    "--b\r\n",
    "--b--\r\n",
    "--c\r\n",
    "--c--",
    "\r\n\r\n",
    "\n",
    "\r",
    "Content-Type: multipart/mixed; boundary=c\r\n",
    "Content-Type: application/http\r\n",
    "Content-ID: 1\r\n",
    "content-id: 0\r\n",
    "Content-Length: 99999999999\r\n",
    "GET ",
    "POST ",
    " HTTP/1.1",
    "$1",
    ":",
    "\0",
    "--",
    "boundary=",
    "\"",
];

fn skiptoken(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    PagingCookie::parse(text).is_ok()
}

fn skiptoken_seeds() -> Vec<Vec<u8>> {
    let inner = "%3Ccookie%20page=%221%22%3E%3Caccountid%20last=%22{7D0C0000-0000-4000-8000-00000000000A}%22%20first=%22{7D0C0000-0000-4000-8000-00000000000B}%22%20/%3E%3C/cookie%3E";
    let outer = format!("<cookie pagenumber=\"2\" pagingcookie=\"{inner}\" istracking=\"False\" />");
    let twice = outer.replace('%', "%25").replace('<', "%3C").replace('"', "%22");
    owned(&[&outer, &twice, "<cookie pagenumber=\"1\" pagingcookie=\"\" istracking=\"True\"/>"])
}

const COOKIE: &[&str] = &[
    "<cookie",
    "/>",
    ">",
    "<",
    "</cookie>",
    "page=\"",
    "pagenumber=\"",
    "pagingcookie=\"",
    "istracking=\"True\"",
    "maxTimestamp=\"1\"",
    "last=\"",
    "first=\"",
    "{",
    "}",
    "%",
    "%25",
    "%3C",
    "%22",
    "&lt;",
    "&#x0;",
    "&amp;",
    "<!DOCTYPE a [",
    "<!--",
    "<![CDATA[",
    "\"",
    "'",
];

fn headers(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    let _ = Format::parse([text, "application/json"]);
    let _ = Preconditions::parse([text], []);
    let _ = Preconditions::parse([], text.lines());
    Preferences::parse(text.lines()).is_ok()
}

fn header_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "return=representation, odata.include-annotations=\"*\", odata.maxpagesize=50",
        "odata.track-changes,odata.maxpagesize=2\nrespond-async",
        "odata.include-annotations=\"-a.b,Microsoft.Dynamics.CRM.*\";x=1",
        "W/\"919042\"",
        "application/json;odata.metadata=full;IEEE754Compatible=true;q=0.5, */*",
    ])
}

const HEADERS: &[&str] = &[
    ",",
    ";",
    "=",
    "\"",
    "\\\"",
    "*",
    "W/\"",
    "odata.maxpagesize=",
    "18446744073709551616",
    "-1",
    "0",
    "return=minimal",
    "return=representation",
    "odata.include-annotations=",
    "odata.continue-on-error",
    "null",
    "q=",
    "odata.metadata=none",
    "ü",
];

fn literals(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else {
        return false;
    };
    let _ = percent::decode(text, percent::Plus::Blank);
    let _ = link::opaque_part(text);
    let numbers = [literal::int32(text).is_ok(), literal::int64(text).is_ok(), literal::decimal(text).is_ok(), literal::double(text).is_ok()];
    let others = [literal::date(text).is_ok(), literal::date_time(text).is_ok(), literal::guid(text).is_ok(), literal::boolean(text).is_ok()];
    numbers.contains(&true) || others.contains(&true)
}

fn literal_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "2031-04-05T06:07:08.123456789+14:00",
        "9999-12-31",
        "1753-01-01T00:00:00Z",
        "-9223372036854775808",
        "0.00000000000000000001",
        "1.7976931348623157e308",
        "7d0c0000-0000-4000-8000-00000000000a",
        "True",
        "919042!08/22/2017 08:10:44",
        "a%20b+c%C3%A9",
    ])
}

const LITERALS: &[&str] = &[
    "T",
    "Z",
    "-",
    "+",
    ":",
    ".",
    "e",
    "E",
    "00",
    "99",
    "24:00:00",
    "23:59:60",
    "02-29",
    "-00:00",
    "+99:99",
    "{",
    "}",
    "0x",
    "INF",
    "NaN",
    "%",
    "%2B",
    "!",
    "/",
    "999999999999999999999999999999999999999999",
];

fn package(input: &[u8]) -> bool {
    let Ok(package) = read(input, &limits()) else {
        return false;
    };
    // What was read can be written, or is refused with a reason.
    let _ = write(&package);
    true
}

/// Small bounds: an input of 64 KB must not take gigabytes to be refused.
fn limits() -> PackageLimits {
    PackageLimits { unpacked_bytes_max: 8 << 20, entries_max: 200, xml_bytes_max: 4 << 20, ..PackageLimits::default() }
}

fn packed(manifest: &[u8], customizations: &[u8]) -> Vec<u8> {
    stored(&[("[Content_Types].xml", b"<Types />"), ("solution.xml", manifest), ("customizations.xml", customizations), ("Workflows/a.xaml", b"kept")])
}

fn package_seeds() -> Vec<Vec<u8>> {
    vec![packed(MANIFEST.as_bytes(), CUSTOMIZATIONS.as_bytes()), stored(&[("solution.xml", MANIFEST.as_bytes())])]
}

fn customizations(input: &[u8]) -> bool {
    package(&packed(MANIFEST.as_bytes(), input))
}

fn customizations_seeds() -> Vec<Vec<u8>> {
    owned(&[CUSTOMIZATIONS, "<ImportExportXml><Entities /></ImportExportXml>"])
}

fn manifest(input: &[u8]) -> bool {
    package(&packed(input, b"<ImportExportXml />"))
}

fn manifest_seeds() -> Vec<Vec<u8>> {
    owned(&[MANIFEST])
}

const MANIFEST: &str = r#"<ImportExportXml version="9.0.0.1" SolutionPackageVersion="9.0" languagecode="1033" generatedBy="test" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<SolutionManifest><UniqueName>drf_Sample</UniqueName><LocalizedNames><LocalizedName description="Sample" languagecode="1033" /></LocalizedNames>
<Descriptions /><Version>1.2.0.0</Version><Managed>1</Managed><Publisher><UniqueName>drf</UniqueName><LocalizedNames>
<LocalizedName description="Drf" languagecode="1033" /></LocalizedNames><Descriptions /><EMailAddress xsi:nil="true"></EMailAddress>
<CustomizationPrefix>drf</CustomizationPrefix><CustomizationOptionValuePrefix>10000</CustomizationOptionValuePrefix></Publisher>
<RootComponents><RootComponent type="1" schemaName="drf_parcel" behavior="0" /></RootComponents>
<MissingDependencies><MissingDependency><Required type="2" schemaName="a.b" displayName="c" parentSchemaName="d" solution="e" />
<Dependent type="1" schemaName="f" displayName="g" /></MissingDependency></MissingDependencies></SolutionManifest></ImportExportXml>"#;

const CUSTOMIZATIONS: &str = r#"<ImportExportXml xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Entities><Entity>
<Name LocalizedName="Parcel" OriginalName="Parcel">drf_Parcel</Name><ObjectTypeCode>10050</ObjectTypeCode><EntityInfo><entity Name="drf_Parcel">
<LocalizedNames><LocalizedName description="Parcel" languagecode="1033" /></LocalizedNames><attributes>
<attribute PhysicalName="drf_Code"><Type>nvarchar</Type><Name>drf_code</Name><LogicalName>drf_code</LogicalName><RequiredLevel>none</RequiredLevel>
<IsCustomField>1</IsCustomField><Format>text</Format><MaxLength>100</MaxLength><Length>200</Length><displaynames><displayname description="Code" languagecode="1033" /></displaynames></attribute>
<attribute PhysicalName="drf_Kind"><Type>picklist</Type><Name>drf_kind</Name><optionset Name="drf_kind"><OptionSetType>picklist</OptionSetType><options>
<option value="1"><labels><label description="One" languagecode="1033" /></labels></option></options></optionset></attribute>
<attribute PhysicalName="drf_DepotId"><Type>lookup</Type><Name>drf_depotid</Name><LookupStyle>single</LookupStyle><LookupTypes /></attribute></attributes>
<EntitySetName>drf_parcels</EntitySetName><ChangeTrackingEnabled>1</ChangeTrackingEnabled><OwnershipTypeMask>UserOwned</OwnershipTypeMask>
<EntityKeys><EntityKey><Name>drf_ParcelCode</Name><LogicalName>drf_parcelcode</LogicalName><EntityKeyAttributes><AttributeName>drf_code</AttributeName></EntityKeyAttributes></EntityKey></EntityKeys>
</entity></EntityInfo><FormXml /><SavedQueries /></Entity></Entities><Roles /><Workflows /><EntityRelationships>
<EntityRelationship Name="drf_depot_parcel"><EntityRelationshipType>OneToMany</EntityRelationshipType><ReferencingEntityName>drf_Parcel</ReferencingEntityName>
<ReferencedEntityName>drf_Depot</ReferencedEntityName><CascadeAssign>NoCascade</CascadeAssign><CascadeDelete>RemoveLink</CascadeDelete><ReferencingAttributeName>drf_DepotId</ReferencingAttributeName>
</EntityRelationship></EntityRelationships><optionsets /><Languages><Language>1033</Language></Languages></ImportExportXml>"#;

const XML: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "<a>",
    "</a>",
    "<a",
    " xmlns:x=\"u\"",
    " x:y=\"z\"",
    "=\"",
    "\"",
    "&amp;",
    "&#0;",
    "&#x110000;",
    "&e;",
    "<!DOCTYPE a [<!ENTITY e \"b\">]>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml version=\"1.0\" encoding=\"utf-16\"?>",
    "xsi:nil=\"true\"",
    "<attribute PhysicalName=\"",
    "<Type>",
    "<MaxLength>",
    "-1",
    "99999999999999999999",
    "\u{feff}",
    "<Version>",
    "1.2.3.4.5",
    "<EntityKey>",
    "<optionset",
    "value=\"",
    "languagecode=\"",
    "PK\u{3}\u{4}",
    "PK\u{1}\u{2}",
    "../",
];
