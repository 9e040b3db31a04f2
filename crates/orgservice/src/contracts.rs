//! The types of the wire as data: one file for each namespace under `contracts/`, in the order of members that data contract serializers write and demand
//! (organization-service 4.2). WSDL and schemas are made from them, and so are the elements of definitions and of messages' values.
//!
//! A file is made of blocks; a block is a line that begins with a word of this list, and the indented lines below it:
//!
//! ```text
//! object NAME [BASE]          members, one in a line: NAME TYPE
//! element NAME                the same, for what an operation sends or answers: an element of this name, with a type that has none
//! list NAME ITEM TYPE         the element that repeats, and its type
//! enum NAME | flags NAME      members; NAME=NUMBER where the number is not the next one
//! messages                    messages: each stands for {name}Request and {name}Response, which add no member to what they derive from (8.1)
//! ```
//!
//! A type is a simple one (`text bool short int long decimal double guid datetime any`), a name of the same file, or `prefix:name` with the short name of
//! another namespace ([`Ns::prefix`]). After it come `?` (may be nil), `!` (is always there) and `~` (left out when it has its default).

mod read;

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::namespaces::Ns;
use read::Table;

/// The files. A namespace without a file has no types of its own: those of [`Ns::Schema`] and [`Ns::Serialization`] are [`Kind`]s.
const FILES: &[(Ns, &str)] = &[
    (Ns::Services, include_str!("contracts/services.txt")),
    (Ns::Contracts, include_str!("contracts/contracts.txt")),
    (Ns::Crm, include_str!("contracts/crm.txt")),
    (Ns::Generic, include_str!("contracts/generic.txt")),
    (Ns::Arrays, include_str!("contracts/arrays.txt")),
    (Ns::Contracts71, include_str!("contracts/contracts_71.txt")),
    (Ns::Contracts81, include_str!("contracts/contracts_81.txt")),
    (Ns::Contracts82, include_str!("contracts/contracts_82.txt")),
    (Ns::Contracts90, include_str!("contracts/contracts_90.txt")),
    (Ns::Contracts2012, include_str!("contracts/contracts_2012.txt")),
    (Ns::Contracts2014, include_str!("contracts/contracts_2014.txt")),
    (Ns::Metadata, include_str!("contracts/metadata.txt")),
    (Ns::Metadata2013, include_str!("contracts/metadata_2013.txt")),
    (Ns::Metadata71, include_str!("contracts/metadata_71.txt")),
    (Ns::Metadata90, include_str!("contracts/metadata_90.txt")),
    (Ns::MetadataQuery, include_str!("contracts/metadata_query.txt")),
    (Ns::Query80, include_str!("contracts/query_80.txt")),
    (Ns::Sdk, include_str!("contracts/sdk.txt")),
    (Ns::System, include_str!("contracts/system.txt")),
    (Ns::SdkMetadata, include_str!("contracts/sdk_metadata.txt")),
    (Ns::Discovery, include_str!("contracts/discovery.txt")),
];

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(FILES).0);

/// A type of the wire.
#[derive(Debug)]
pub(crate) struct Contract {
    /// Its namespace, which is that of its members' elements too.
    pub(crate) ns: Ns,
    /// Its name.
    pub(crate) name: Cow<'static, str>,
    /// What it is made of.
    pub(crate) shape: Shape,
}

/// What a type is made of.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Members, those of the base first.
    Object { base: Option<Reference>, members: Vec<Member> },
    /// Members of an element around what an operation sends or answers. No other element is of this type.
    Element { members: Vec<Member> },
    /// One element that repeats.
    List { item: Member },
    /// One member by its name or, with flags, several with a space between.
    Enum { members: Vec<Choice>, is_flags: bool },
}

/// A member of an object, or the item of a list.
#[derive(Debug)]
pub(crate) struct Member {
    /// Name of its element.
    pub(crate) name: &'static str,
    /// The same with the prefix of its namespace.
    pub(crate) element: String,
    /// Its type.
    pub(crate) kind: Kind,
    /// It may be nil.
    pub(crate) nillable: bool,
    /// A serializer leaves it out when it has its default.
    pub(crate) omit_default: bool,
    /// The schema demands it: both members of pairs, no other.
    pub(crate) required: bool,
}

/// A member of an enumeration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Name, which is what the wire carries.
    pub(crate) name: &'static str,
    /// Number in the SDK's assembly, where it is not the number of the member before and one, or with flags the next power of two.
    pub(crate) number: Option<i32>,
}

/// The type of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Bool,
    Short,
    Int,
    Long,
    Decimal,
    Double,
    Guid,
    DateTime,
    Bytes,
    /// Any value; its element states the type.
    Any,
    /// A type of the table.
    Of(Reference),
}

/// A type of the table: only made for types that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference(u16);

/// The type with a name.
pub(crate) fn find(ns: Ns, name: &str) -> Option<&'static Contract> {
    TABLE.find(ns, name).map(Reference::contract)
}

/// The type with a name, as a member's type.
pub(crate) fn reference(ns: Ns, name: &str) -> Option<Reference> {
    TABLE.find(ns, name)
}

/// The type with a name in any namespace. The names of types that results of messages have are in one each, those of the discovery service apart.
pub(crate) fn named(name: &str) -> Option<Reference> {
    namespaces().filter(|ns| *ns != Ns::Discovery).find_map(|ns| reference(ns, name))
}

/// The type that an element states: a simple one, or one of the table, by its name alone where the namespace is none of ours.
pub(crate) fn stated(ns: Option<Ns>, name: &str) -> Option<Kind> {
    let simple = Kind::SIMPLE.into_iter().find(|kind| kind.type_name().1 == name && ns.is_none_or(|ns| ns == kind.type_name().0));
    simple.or_else(|| ns.and_then(|ns| reference(ns, name)).or_else(|| named(name)).map(Kind::Of))
}

/// The namespace in which the classes of a message are: `{name}Request` and `{name}Response`. `None` for messages that the SDK has no classes for, which answer
/// as a plain OrganizationResponse (8.1).
pub(crate) fn message(name: &str) -> Option<Ns> {
    TABLE.message(name)
}

/// The types of a namespace, in the order of its file.
pub(crate) fn of_namespace(ns: Ns) -> impl Iterator<Item = &'static Contract> {
    TABLE.contracts().iter().filter(move |contract| contract.ns == ns)
}

/// The namespaces that have types, in the order of their files.
pub(crate) fn namespaces() -> impl Iterator<Item = Ns> {
    FILES.iter().map(|(ns, _)| *ns)
}

impl Reference {
    /// The type.
    pub(crate) fn contract(self) -> &'static Contract {
        &TABLE.contracts()[usize::from(self.0)]
    }
}

impl Contract {
    /// The type that it derives from.
    pub(crate) fn base(&self) -> Option<&'static Self> {
        match &self.shape {
            Shape::Object { base, .. } => base.map(Reference::contract),
            Shape::Element { .. } | Shape::List { .. } | Shape::Enum { .. } => None,
        }
    }

    /// Members of its own, without those of its base.
    pub(crate) fn members(&self) -> &[Member] {
        match &self.shape {
            Shape::Object { members, .. } | Shape::Element { members } => members,
            Shape::List { .. } | Shape::Enum { .. } => &[],
        }
    }

    /// All members in the order of the wire, each with the namespace of its element.
    pub(crate) fn all_members(&'static self) -> impl Iterator<Item = (Ns, &'static Member)> {
        let mut lineage: Vec<_> = self.lineage().collect();
        lineage.reverse();
        lineage.into_iter().flat_map(|contract| contract.members().iter().map(|member| (contract.ns, member)))
    }

    /// Whether it is this type or derives from it.
    pub(crate) fn is_a(&'static self, ns: Ns, name: &str) -> bool {
        self.lineage().any(|contract| contract.ns == ns && contract.name == name)
    }

    /// The type and those that it derives from, nearest first.
    fn lineage(&'static self) -> impl Iterator<Item = &'static Self> {
        std::iter::successors(Some(self), |contract| contract.base())
    }
}

impl Member {
    /// What repeats in it, if it is a list.
    pub(crate) fn item(&self) -> Option<&'static Self> {
        match &self.kind.contract()?.shape {
            Shape::List { item } => Some(item),
            _ => None,
        }
    }
}

impl Kind {
    /// The types that are not in the table.
    const SIMPLE: [Self; 11] =
        [Self::Text, Self::Bool, Self::Short, Self::Int, Self::Long, Self::Decimal, Self::Double, Self::Guid, Self::DateTime, Self::Bytes, Self::Any];

    /// Namespace and name of the type, as `i:type` and schemas state it.
    pub(crate) fn type_name(self) -> (Ns, &'static str) {
        match self {
            Self::Text => (Ns::Schema, "string"),
            Self::Bool => (Ns::Schema, "boolean"),
            Self::Short => (Ns::Schema, "short"),
            Self::Int => (Ns::Schema, "int"),
            Self::Long => (Ns::Schema, "long"),
            Self::Decimal => (Ns::Schema, "decimal"),
            Self::Double => (Ns::Schema, "double"),
            Self::Guid => (Ns::Serialization, "guid"),
            Self::DateTime => (Ns::Schema, "dateTime"),
            Self::Bytes => (Ns::Schema, "base64Binary"),
            Self::Any => (Ns::Schema, "anyType"),
            Self::Of(reference) => (reference.contract().ns, &reference.contract().name),
        }
    }

    /// The type of the table, if it is one.
    pub(crate) fn contract(self) -> Option<&'static Contract> {
        match self {
            Self::Of(reference) => Some(reference.contract()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_sound() {
        let (table, problems) = Table::read(FILES);
        assert_eq!(problems, Vec::<String>::new());
        assert!(table.contracts().len() > 700, "{}", table.contracts().len());
        for ns in namespaces() {
            for contract in of_namespace(ns) {
                assert!(contract.lineage().take(9).count() < 9, "{}: derives from itself", contract.name);
                let mut names: Vec<_> = contract.all_members().collect::<Vec<_>>().iter().map(|(ns, member)| (*ns, member.name)).collect();
                names.sort_unstable();
                let count = names.len();
                names.dedup();
                assert_eq!(names.len(), count, "{}: a member twice", contract.name);
            }
        }
    }

    fn order(ns: Ns, name: &str) -> Vec<String> {
        let contract = find(ns, name).unwrap();
        contract.all_members().map(|(ns, member)| format!("{}:{}", ns.prefix(), member.name)).collect()
    }

    #[test]
    fn members_are_in_the_order_of_the_wire_with_those_of_the_base_first() {
        let label = ["m:MetadataId", "m:HasChanged", "a:IsManaged", "a:Label", "a:LanguageCode"];
        assert_eq!(order(Ns::Contracts, "LocalizedLabel"), label);
        let order_of_money = order(Ns::Metadata, "MoneyAttributeMetadata");
        assert_eq!(order_of_money[..3], ["m:MetadataId", "m:HasChanged", "m:AttributeOf"]);
        assert_eq!(order_of_money[order_of_money.len() - 2..], ["m:IsBaseCurrency", "m:SourceTypeMask"]);
        let page = ["a:Count", "a:PageNumber", "a:PagingCookie", "a:ReturnRecordCountLessThanMarv", "a:ReturnTotalRecordCount"];
        assert_eq!(order(Ns::Contracts, "PagingInfo"), page);
    }

    #[test]
    fn what_is_left_out_at_its_default_is_known() {
        let query = find(Ns::Contracts, "QueryExpression").unwrap();
        let quiet: Vec<_> = query.all_members().filter(|(_, member)| member.omit_default).map(|(_, member)| member.name).collect();
        assert_eq!(quiet, ["ForceSeek", "SubQueryExpression", "TopCount", "QueryHints", "DataSource"]);
        assert!(query.is_a(Ns::Contracts, "QueryBase"));
    }

    #[test]
    fn items_and_members_of_enumerations_are_typed() {
        let Shape::List { item } = &find(Ns::Contracts71, "KeyAttributeCollection").unwrap().shape else { panic!() };
        assert_eq!((item.name, item.kind.type_name()), ("KeyValuePairOfstringanyType", (Ns::Generic, "KeyValuePairOfstringanyType")));
        let pair = item.kind.contract().unwrap();
        assert!(pair.members().iter().all(|member| member.required && member.nillable));
        let Shape::Enum { members, is_flags } = &find(Ns::Crm, "AccessRights").unwrap().shape else { panic!() };
        assert!(*is_flags);
        assert_eq!(members[3], Choice { name: "AppendAccess", number: Some(4) });
    }

    #[test]
    fn a_message_is_known_by_its_name() {
        assert_eq!(message("Upsert"), Some(Ns::Contracts));
        assert_eq!(message("WhoAmI"), Some(Ns::Crm));
        assert_eq!(message("CreateCustomerRelationships"), Some(Ns::Contracts81));
        assert_eq!(message("DeleteMultiple"), None);
        assert!(find(Ns::Crm, "WhoAmIResponse").unwrap().is_a(Ns::Contracts, "OrganizationResponse"));
        assert_eq!(order(Ns::Contracts, "UpsertRequest"), ["a:Parameters", "a:RequestId", "a:RequestName"]);
    }
}
