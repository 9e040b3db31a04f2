//! Definitions of a real organization, as elements and back.

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_contract::definitions::{self, Selection};
use driftless_core::metadata::{Criteria, DefinitionQuery, Origin, PartQuery, Properties, SelectedDefinitions, Subject};
use driftless_core::{Define, Organization, Request, SeededEnvironment};
use driftless_model::{Caller, Limits as Bounds, LogicalName};
use driftless_query::Collector;
use driftless_store_sqlite::{SqliteOptions, SqliteStore};

use super::*;
use crate::namespaces::Ns;
use crate::xml::{Limits, XSI_ADDRESS, document};

const LIMITS: Limits = Limits { nodes: 10_000_000, depth: 50 };
const CUSTOMIZER: Origin = Origin::Customizer { solution: None };

/// An organization in a folder of its own.
struct TestOrg {
    organization: Arc<Organization>,
    folder: std::path::PathBuf,
}

impl TestOrg {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("driftless-orgservice-{name}-{}", std::process::id()));
        let store = SqliteStore::open(&folder, &SqliteOptions::default()).unwrap();
        let organization = Organization::open(Arc::new(store), Arc::new(SeededEnvironment::new(7, 1_700_000_000_000)), Bounds::default()).unwrap();
        Self { organization, folder }
    }

    /// Carries out what an element of the type `declared` asks for.
    fn define(&self, declared: &str, xml: &str, make: impl Fn(&Node<'_>) -> Define) {
        let text = within(xml.as_bytes());
        let parsed = document(&text, LIMITS).unwrap();
        let node = read(Element::root(&parsed).children().next().unwrap(), contract(declared).unwrap());
        let caller = Arc::new(Caller::user(self.organization.facts().administrator));
        self.organization.execute(&caller, &mut |_| Ok(Request::Define(make(&node))), &mut Collector::default()).unwrap();
    }

    fn all(&self, tables: PartQuery) -> SelectedDefinitions {
        let query = DefinitionQuery { tables, ..DefinitionQuery::default() };
        SelectedDefinitions { snapshot: self.organization.snapshot(), subject: Subject::Tables, query, since: None }
    }
}

impl Drop for TestOrg {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The elements in a text, in one around them that declares all prefixes.
fn within(content: &[u8]) -> String {
    let names: String = Ns::ALL.iter().map(|ns| format!(" xmlns:{}=\"{}\"", ns.prefix(), ns.address())).collect();
    format!("<all xmlns:i=\"{XSI_ADDRESS}\"{names}>{}</all>", std::str::from_utf8(content).unwrap())
}

/// The item of a list of definitions.
fn item(ns: Ns, list: &str) -> &'static Member {
    let Shape::List { item } = &contracts::find(ns, list).unwrap().shape else { panic!("{list}") };
    item
}

fn written(chosen: &Chosen<'_>, element: &str, unasked: Unasked) -> String {
    let mut out = Writer::default();
    write(&mut out, element, chosen, Typed::WhenDerived, unasked).unwrap();
    within(&out.into_bytes())
}

/// The parts of a column that the tests' writers give.
fn column(type_name: &str, name: &str, more: &str) -> String {
    format!("<m:AttributeMetadata i:type=\"{type_name}\">{more}<m:SchemaName>{name}</m:SchemaName></m:AttributeMetadata>")
}

fn label(text: &str) -> String {
    format!("<a:LocalizedLabels><a:LocalizedLabel><a:Label>{text}</a:Label><a:LanguageCode>1033</a:LanguageCode></a:LocalizedLabel></a:LocalizedLabels>")
}

/// A table with columns of types that no table of the service has, with a key.
fn make_books(org: &TestOrg) {
    let options = "<m:OptionSet><m:Options><m:OptionMetadata><m:Label/><m:Value> 5 </m:Value></m:OptionMetadata></m:Options></m:OptionSet>";
    let columns = [
        column("m:StringAttributeMetadata", "new_Name", "<m:IsPrimaryName>1</m:IsPrimaryName>"),
        column("m90:MultiSelectPicklistAttributeMetadata", "new_Tags", options),
        column("m90:FileAttributeMetadata", "new_Text", "<m90:MaxSizeInKB>64</m90:MaxSizeInKB>"),
        column("m13:ImageAttributeMetadata", "new_Cover", ""),
    ];
    let names = format!("<m:DisplayName>{}</m:DisplayName><m:DisplayCollectionName>{}</m:DisplayCollectionName>", label("Book"), label("Books"));
    let table = format!(
        "<g:value><m:SchemaName>new_Book</m:SchemaName><m:Attributes>{}</m:Attributes><m:HasNotes i:nil=\"true\"/>{names}\
         <m:OwnershipType>OrganizationOwned</m:OwnershipType><m:New>later</m:New></g:value>",
        columns.concat()
    );
    let snapshot = org.organization.snapshot();
    org.define("EntityMetadata", &table, |node| Define::CreateTable(definitions::read::table(&snapshot, node).unwrap(), CUSTOMIZER));
    let key = "<g:value><m71:SchemaName>new_ByName</m71:SchemaName><m71:KeyAttributes><r:string>new_name</r:string></m71:KeyAttributes></g:value>";
    let book = LogicalName::from("new_book");
    org.define("EntityKeyMetadata", key, |node| Define::CreateKey(book.clone(), definitions::read::key(node).unwrap(), CUSTOMIZER));
}

fn excerpt(text: &str, at: usize) -> &str {
    text.get(at.saturating_sub(60)..(at + 60).min(text.len())).unwrap_or_default()
}

#[test] // organization-service 8.9
fn what_is_written_is_read_again() {
    let org = TestOrg::new("again");
    make_books(&org);
    let selected = org.all(PartQuery::default());
    let table = item(Ns::Metadata, "ArrayOfEntityMetadata");
    let mut types = BTreeSet::new();
    for chosen in Selection::new(&selected, 1033).tables() {
        let text = written(&chosen.unwrap(), &table.element, Unasked::Nil);
        let parsed = document(&text, LIMITS).unwrap();
        types.extend(parsed.descendants().filter_map(|node| node.attribute((XSI_ADDRESS, "type"))).map(str::to_owned));
        let node = read(Element::root(&parsed).children().next().unwrap(), table.kind.contract().unwrap());
        let mut again = Writer::default();
        value(&mut again, table, &node);
        let again = within(&again.into_bytes());
        let place = again.bytes().zip(text.bytes()).take_while(|(left, right)| left == right).count();
        assert!(again == text, "{} and {}", excerpt(&again, place), excerpt(&text, place));
    }
    for kind in ["m:StringAttributeMetadata", "m:StatusOptionMetadata", "m13:ImageAttributeMetadata", "m71:UniqueIdentifierAttributeMetadata"] {
        assert!(types.contains(kind), "{kind}");
    }
    assert!(types.contains("m90:FileAttributeMetadata") && types.contains("m90:MultiSelectPicklistAttributeMetadata"));
}

/// Every element of a known type has all members of the type in their order.
fn has_all_members(element: Element<'_>, declared: &'static Contract) {
    let own = element.type_name().map(|(ns, name)| contracts::find(ns.unwrap(), name).unwrap());
    let contract = own.unwrap_or(declared);
    let Shape::Object { .. } = contract.shape else {
        return if let Shape::List { item } = &contract.shape {
            element.children().filter(|child| !child.is_nil()).for_each(|child| item.kind.contract().into_iter().for_each(|kind| has_all_members(child, kind)));
        };
    };
    let names: Vec<_> = element.children().map(|child| (child.namespace(), child.name())).collect();
    let members: Vec<_> = contract.all_members().collect();
    assert_eq!(names, members.iter().map(|(ns, member)| (ns.address(), member.name)).collect::<Vec<_>>(), "{}", contract.name);
    for (child, (_, member)) in element.children().zip(members) {
        if let (false, Some(kind)) = (child.is_nil(), member.kind.contract()) {
            has_all_members(child, kind);
        }
    }
}

#[test] // organization-service 4.2, 8.9
fn all_members_are_written_when_all_are_asked_for() {
    let org = TestOrg::new("all");
    make_books(&org);
    for properties in [Properties::All, Properties::Without(vec!["Attributes", "Privileges"])] {
        let selected = org.all(PartQuery { properties, criteria: Criteria::default() });
        for chosen in Selection::new(&selected, 1033).tables() {
            let text = written(&chosen.unwrap(), "a:EntityMetadata", Unasked::Nil);
            let parsed = document(&text, LIMITS).unwrap();
            has_all_members(Element::root(&parsed).children().next().unwrap(), contract("EntityMetadata").unwrap());
        }
    }
}

#[test] // organization-service 8.9
fn only_what_is_asked_for_is_written_for_changes() {
    let org = TestOrg::new("asked");
    make_books(&org);
    let selected = org.all(PartQuery { properties: Properties::Named(vec!["Keys".to_owned(), "OwnershipType".to_owned()]), criteria: Criteria::default() });
    let tables = Selection::new(&selected, 1033).tables().map(Result::unwrap);
    let book = tables.into_iter().map(|chosen| written(&chosen, "a:EntityMetadata", Unasked::Absent)).find(|text| text.contains("new_book")).unwrap();
    let parsed = document(&book, LIMITS).unwrap();
    let table = Element::root(&parsed).children().next().unwrap();
    let names: Vec<_> = table.children().map(Element::name).collect();
    assert_eq!(names, ["MetadataId", "HasChanged", "LogicalName", "OwnershipType", "SchemaName", "Keys"]);
    assert_eq!(table.member_text("OwnershipType").as_deref(), Some("OrganizationOwned"));
    let key = table.member("Keys").and_then(|keys| keys.member("EntityKeyMetadata")).unwrap();
    assert_eq!(key.member_text("SchemaName").as_deref(), Some("new_ByName"));
    let job = key.member("AsyncJob").unwrap();
    assert_eq!(job.member_text("LogicalName").as_deref(), Some("asyncoperation"));
    assert!(job.member("KeyAttributes").is_some() && job.member("Name").is_none());
}

#[test] // organization-service 4.1, 4.2, 8.9
fn members_are_read_by_their_local_names_in_any_order() {
    let text = within(
        b"<g:value i:type=\"x:Other\"><LanguageCode> 1033 </LanguageCode><q:Label> Book </q:Label><a:IsManaged>0</a:IsManaged><a:Odd>1</a:Odd>\
          <m:MetadataId i:nil=\"true\"/></g:value>",
    );
    let parsed = document(&text, LIMITS).unwrap();
    let node = read(Element::root(&parsed).children().next().unwrap(), contract("LocalizedLabel").unwrap());
    let members =
        vec![("LanguageCode", Node::Text("1033".into())), ("Label", Node::Text(" Book ".into())), ("IsManaged", Node::Bool(false)), ("MetadataId", Node::Null)];
    assert_eq!(node, Node::Object(Object { type_name: Some("Other"), members }));
}
