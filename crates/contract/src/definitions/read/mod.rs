//! From what a customizer sends to the organization's specifications. Writers send any subset of a definition's properties, in the members of an object; numbers
//! and "true" or "false" may be texts. A present global choice is referred to by an `OptionSet` with `IsGlobal` and `Name`, or by a `GlobalOptionSet` with `Name`
//! or `MetadataId`.
//!
//! What cannot be read is 0x80048d19 in a plain sentence; how a door words that is its own.

mod column;
mod kind;
mod options;
mod reader;
mod relation;
mod table;

use driftless_core::{Arg, Snapshot};
use driftless_model::Result;

use super::node::Node;

pub use column::{column, column_update};
pub use options::{choice, choice_update};
pub use reader::label;
pub use relation::{is_many_to_many, key, lookup, many_to_many, many_to_many_update, relationship, relationship_update, relationship_without_lookup};
pub use table::{table, table_update};

/// A message's argument that is a definition of the type `declared`; none for types that no message takes.
///
/// # Errors
/// What the reader of the type refuses.
pub fn argument(snapshot: &Snapshot, declared: &str, value: &Node<'_>) -> Result<Option<Arg>> {
    Ok(Some(match declared {
        "EntityMetadata" => Arg::Table(Box::new(table(snapshot, value)?)),
        "LookupAttributeMetadata" => Arg::Column(Box::new(lookup(value)?)),
        "OneToManyRelationshipMetadata" => Arg::Relationship(Box::new(relationship_without_lookup(value)?)),
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use driftless_model::{CascadeAction, ColumnType, DeleteAction, ErrorCode};

    use super::super::node::Object;
    use super::*;

    fn text(text: &str) -> Node<'_> {
        Node::Text(Cow::Borrowed(text))
    }

    fn object<'a, const N: usize>(members: [(&'a str, Node<'a>); N]) -> Node<'a> {
        Node::Object(Object { type_name: None, members: members.into() })
    }

    fn typed<'a, const N: usize>(name: &'a str, members: [(&'a str, Node<'a>); N]) -> Node<'a> {
        Node::Object(Object { type_name: Some(name), members: members.into() })
    }

    #[test] // web-api 26.4; a door whose syntax has texts alone gives numbers and flags as texts
    fn numbers_and_flags_may_be_texts() {
        let label = object([("LocalizedLabels", Node::List(vec![object([("Label", text("Size")), ("LanguageCode", text("1033"))])]))]);
        let level = object([("Value", text("ApplicationRequired"))]);
        let sent = typed(
            "IntegerAttributeMetadata",
            [
                ("SchemaName", text("drf_Size")),
                ("DisplayName", label),
                ("RequiredLevel", level),
                ("MinValue", text("0")),
                ("MaxValue", Node::Number("9")),
                ("IsSecured", text("true")),
            ],
        );
        let spec = column(&Snapshot::default(), &sent, None).unwrap();
        assert!(spec.secured && matches!(spec.kind, ColumnType::Integer(kind) if (kind.min, kind.max) == (0, 9)));
        assert_eq!(spec.display_name.text(1033), Some("Size"));
    }

    #[test] // web-api 26.6
    fn relationships_have_cascades() {
        let sent = object([
            ("SchemaName", text("drf_a_b")),
            ("ReferencedEntity", text("drf_a")),
            ("ReferencingEntity", text("drf_b")),
            ("CascadeConfiguration", object([("Delete", text("Restrict")), ("Share", text("Cascade"))])),
            ("Lookup", object([("SchemaName", text("drf_AId"))])),
        ]);
        let spec = relationship(&sent).unwrap();
        assert_eq!((spec.cascade.delete, spec.cascade.share, spec.cascade.merge), (DeleteAction::Restrict, CascadeAction::Cascade, CascadeAction::NoCascade));
        assert_eq!(spec.lookup.schema_name, "drf_AId");
        assert!(!is_many_to_many(&sent));
    }

    #[test]
    fn mistakes_are_plain_sentences() {
        let snapshot = Snapshot::default();
        let options = object([("IsGlobal", Node::Bool(true)), ("Name", text("drf_None"))]);
        let gone = typed("PicklistAttributeMetadata", [("SchemaName", text("x")), ("OptionSet", options)]);
        for (result, code, sentence) in [
            (key(&object([])).err(), ErrorCode::InvalidPayload, "The property 'KeyAttributes' must be an array of column names, which must be given."),
            (column(&snapshot, &typed("SoundAttributeMetadata", []), None).err(), ErrorCode::InvalidPayload, "'Sound' is not a type of columns."),
            (column(&snapshot, &object([]), None).err(), ErrorCode::InvalidPayload, "The definition must say the type of the column."),
            (column(&snapshot, &gone, None).err(), ErrorCode::ObjectDoesNotExist, "Could not find the global choice 'drf_None'."),
        ] {
            let error = result.unwrap();
            assert_eq!((error.code(), error.message()), (code, sentence));
        }
    }
}
