//! Results of the messages that core declares: by the types of the wire, which say the order of members and the names of items.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_contract::definitions::{Node, Selection};
use driftless_core::{Arg, ComplexType, Field, Identity, MessageDef, Outputs, Param, ParamType, Record, Response, Snapshot};
use driftless_model::literal::print::push_date_time;
use driftless_model::{Error, Result, Uuid};

use super::{pair_begin, pair_end, simple_pair, unexpected};
use crate::contracts::{self, Contract, Kind, Shape};
use crate::definition::{self, Typed, Unasked};
use crate::namespaces::Ns;
use crate::rows::{write_id, write_reference};
use crate::values::{ColumnWriter, write_plain};
use crate::xml::Writer;

/// The message whose answer has what was asked for and nothing else.
const METADATA_CHANGES: &str = "RetrieveMetadataChanges";

/// Objects that are rows here: the name of their type, and of the table that they are rows of.
const ROWS: [(&str, &str); 1] = [("ComponentDependency", "dependency")];

/// Writes the results of a message.
///
/// # Errors
/// 0x80040216 for results that are not those of the message: a mistake of this program.
pub(super) fn write(def: &MessageDef, (snapshot, language): (&Snapshot, u16), response: Response, writer: &mut Writer) -> Result<()> {
    let Response::Outputs(Outputs(outputs)) = response else { return Err(unexpected("a message")) };
    for param in def.output {
        let Some((_, value)) = outputs.iter().find(|(name, _)| *name == param.name) else { continue };
        if matches!(value, Arg::Null) {
            continue;
        }
        if let Some(table) = table_of(&param.kind) {
            pair_begin(writer, "EntityCollection", (Ns::Contracts, "EntityCollection"));
            write_rows(writer, table, value)?;
            pair_end(writer);
            continue;
        }
        let kind = kind_of(def, &param.kind).ok_or_else(|| Error::damaged(format!("{}.{} has no type of the wire", def.name, param.name)))?;
        let results = Results { snapshot, language, unasked: if def.name == METADATA_CHANGES { Unasked::Absent } else { Unasked::Nil } };
        match (&param.kind, value) {
            (ParamType::Definition(declared), Arg::Definitions(selected)) => {
                writer.raw("<a:KeyValuePairOfstringanyType><g:key>");
                writer.raw(param.name);
                writer.raw("</g:key>");
                let chosen = Selection::new(selected, language).one(declared)?;
                definition::write(writer, "g:value", &chosen, Typed::Always, results.unasked)?;
                writer.raw("</a:KeyValuePairOfstringanyType>");
            }
            _ => {
                pair_begin(writer, param.name, kind.type_name());
                results.value(writer, kind, &param.kind, value)?;
                pair_end(writer);
            }
        }
    }
    Ok(())
}

/// Writes an element of a type from the object that a message answered.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_object(
    writer: &mut Writer,
    (element, contract): (&str, &'static Contract),
    own: &'static ComplexType,
    members: &[(&'static str, Arg)],
    snapshot: &Snapshot,
) -> Result<()> {
    let results = Results { snapshot, language: driftless_model::ENGLISH, unasked: Unasked::Nil };
    writer.open(element);
    results.object(writer, contract, own.members, members)?;
    writer.close(element);
    Ok(())
}

/// The table of a list of objects that are rows here.
fn table_of(param: &ParamType) -> Option<&'static str> {
    let ParamType::List(ParamType::Complex(own)) = param else { return None };
    ROWS.iter().find(|(name, _)| *name == own.name).map(|(_, table)| *table)
}

/// Writes the members of a collection of rows from a list of objects. The first member is the id; numbers are choices.
fn write_rows(writer: &mut Writer, table: &str, value: &Arg) -> Result<()> {
    let Arg::List(rows) = value else { return Err(unexpected("a list of rows")) };
    writer.raw("<a:Entities>");
    for row in rows {
        let Arg::Complex(members) = row else { return Err(unexpected("a row")) };
        let Some((_, Arg::Guid(id))) = members.first() else { return Err(unexpected("a row with an id")) };
        writer.raw("<a:Entity><a:Attributes>");
        for (name, value) in members {
            match value {
                Arg::Null => {}
                Arg::Guid(id) => simple_pair(writer, name, (Ns::Serialization, "guid"), &id.to_string()),
                Arg::Int(number) => {
                    pair_begin(writer, name, (Ns::Contracts, "OptionSetValue"));
                    writer.element("a:Value", itoa::Buffer::new().format(*number));
                    pair_end(writer);
                }
                _ => return Err(unexpected("a value of a row")),
            }
        }
        writer.raw("</a:Attributes>");
        write_identity(writer, *id, table);
        writer.raw("</a:Entity>");
    }
    writer.raw("</a:Entities>");
    writer.element("a:EntityName", table);
    writer.raw("<a:MinActiveRowVersion>-1</a:MinActiveRowVersion><a:MoreRecords>false</a:MoreRecords>");
    writer.nil("a:PagingCookie");
    writer.raw("<a:TotalRecordCount>-1</a:TotalRecordCount><a:TotalRecordCountLimitExceeded>false</a:TotalRecordCountLimitExceeded>");
    Ok(())
}

/// Writes what follows the columns of a row that is not stored.
fn write_identity(writer: &mut Writer, id: Uuid, table: &str) {
    writer.raw("<a:EntityState i:nil=\"true\"/><a:FormattedValues/><a:Id>");
    write_id(writer, id);
    writer.raw("</a:Id><a:KeyAttributes/><a:LogicalName>");
    writer.raw(table);
    writer.raw("</a:LogicalName><a:RelatedEntities/>");
    writer.nil("a:RowVersion");
}

/// The type of the wire that a result has where any may stand.
pub(super) fn kind_of(def: &MessageDef, param: &ParamType) -> Option<Kind> {
    let of = |ns, name: &str| contracts::reference(ns, name).map(Kind::Of);
    Some(match param {
        ParamType::Text => Kind::Text,
        ParamType::Bool => Kind::Bool,
        ParamType::Int => Kind::Int,
        ParamType::BigInt => Kind::Long,
        ParamType::DateTime => Kind::DateTime,
        ParamType::Guid => Kind::Guid,
        ParamType::Bytes => Kind::Bytes,
        ParamType::Label => of(Ns::Contracts, "Label")?,
        ParamType::Row => of(Ns::Contracts, "EntityReference")?,
        ParamType::Record => of(Ns::Contracts, "Entity")?,
        ParamType::Enum(own) => Kind::Of(contracts::named(own.name)?),
        ParamType::Complex(own) => Kind::Of(contracts::named(own.name)?),
        ParamType::Definition(name) => Kind::Of(contracts::named(name)?),
        // The one list of definitions that is of another type than its items suggest (organization-service 8.9).
        ParamType::List(ParamType::Definition("EntityMetadata")) if def.name == METADATA_CHANGES => of(Ns::Contracts, "EntityMetadataCollection")?,
        ParamType::List(item) => match kind_of(def, item)? {
            Kind::Guid => of(Ns::Arrays, "ArrayOfguid")?,
            Kind::Text => of(Ns::Arrays, "ArrayOfstring")?,
            Kind::Int => of(Ns::Arrays, "ArrayOfint")?,
            item => {
                let name = item.contract()?.name.as_ref();
                Kind::Of(contracts::named(&format!("ArrayOf{name}")).or_else(|| contracts::named(&format!("{name}Collection")))?)
            }
        },
        ParamType::Object => Kind::Any,
        ParamType::Scalars | ParamType::Origin | ParamType::Any => return None,
    })
}

struct Results<'a> {
    snapshot: &'a Snapshot,
    language: u16,
    unasked: Unasked,
}

impl Results<'_> {
    /// The content of an element of a type.
    fn value(&self, writer: &mut Writer, kind: Kind, param: &ParamType, value: &Arg) -> Result<()> {
        match (param, value) {
            (_, Arg::Text(text)) => writer.text(text),
            (_, Arg::Bool(value)) => writer.raw(if *value { "true" } else { "false" }),
            (_, Arg::Int(value)) => writer.raw(itoa::Buffer::new().format(*value)),
            (ParamType::Enum(own), Arg::BigInt(number)) => writer.raw(&own.print(*number).replace(", ", " ")),
            (_, Arg::BigInt(value)) => writer.raw(itoa::Buffer::new().format(*value)),
            (_, Arg::DateTime(seconds)) => push_date_time(writer.bytes(), *seconds),
            (_, Arg::Guid(id)) => write_id(writer, *id),
            (_, Arg::Bytes(bytes)) => writer.raw(&STANDARD.encode(bytes)),
            (_, Arg::Row(target)) => {
                let Identity::Id(id) = target.identity else { return Err(Error::damaged("a message answered a row without its id")) };
                write_reference(writer, id, target.table.name(), None);
            }
            (_, Arg::Label(label)) => {
                if let Node::Object(object) = Node::label(label, self.language) {
                    definition::write_members(writer, contract(kind)?, &object);
                }
            }
            (_, Arg::Record(record)) => self.record(writer, record)?,
            (ParamType::List(_), Arg::Definitions(selected)) => {
                let Shape::List { item } = &contract(kind)?.shape else { return Err(unexpected("a list")) };
                for chosen in Selection::new(selected, self.language).tables() {
                    definition::write(writer, &item.element, &chosen?, Typed::WhenDerived, self.unasked)?;
                }
            }
            (ParamType::Complex(own), Arg::Complex(members)) => self.object(writer, contract(kind)?, own.members, members)?,
            (ParamType::List(param), Arg::List(items)) => {
                let Shape::List { item } = &contract(kind)?.shape else { return Err(unexpected("a list")) };
                for value in items {
                    self.element(writer, &item.element, item.kind, param, value)?;
                }
            }
            _ => return Err(unexpected("a result")),
        }
        Ok(())
    }

    fn element(&self, writer: &mut Writer, name: &str, kind: Kind, param: &ParamType, value: &Arg) -> Result<()> {
        if matches!(value, Arg::Null) {
            writer.nil(name);
            return Ok(());
        }
        match param {
            ParamType::Object => writer.open_typed(name, stated(value)?),
            _ => writer.open(name),
        }
        self.value(writer, kind, param, value)?;
        writer.close(name);
        Ok(())
    }

    /// An object by its members, in the order of the wire; one that has none is nil where it may be.
    fn object(&self, writer: &mut Writer, contract: &'static Contract, params: &'static [Param], members: &[(&'static str, Arg)]) -> Result<()> {
        if let Shape::List { item } = &contract.shape {
            return self.list(writer, item, params, members);
        }
        for (_, member) in contract.all_members() {
            let param = params.iter().find(|param| param.name == member.name);
            let value = members.iter().find(|(name, _)| *name == member.name);
            match (param, value) {
                (Some(param), Some((_, value))) => self.element(writer, &member.element, member.kind, &param.kind, value)?,
                _ if member.nillable && !member.omit_default => writer.nil(&member.element),
                _ => {}
            }
        }
        Ok(())
    }

    /// A list of pairs, which the Web API has as an object with a list of keys and one of values, or a list that is an object with its items there.
    fn list(&self, writer: &mut Writer, item: &contracts::Member, params: &'static [Param], members: &[(&'static str, Arg)]) -> Result<()> {
        let named = |name: &str| {
            let param = params.iter().find(|param| param.name == name)?;
            match (&param.kind, members.iter().find(|(own, _)| *own == name)) {
                (ParamType::List(kind), Some((_, Arg::List(items)))) => Some((*kind, items)),
                _ => None,
            }
        };
        let name = &item.element;
        if let (Some((key_kind, keys)), Some((value_kind, values)), Some(pair)) = (named("Keys"), named("Values"), item.kind.contract()) {
            let kind = |name: &str| pair.members().iter().find(|member| member.name == name).map_or(Kind::Any, |member| member.kind);
            for (key, value) in keys.iter().zip(values) {
                writer.open(name);
                self.element(writer, "g:key", kind("key"), key_kind, key)?;
                self.element(writer, "g:value", kind("value"), value_kind, value)?;
                writer.close(name);
            }
        } else if let Some((kind, items)) = named("Items") {
            for value in items {
                self.element(writer, name, item.kind, kind, value)?;
            }
        }
        Ok(())
    }

    /// A row that is not stored.
    fn record(&self, writer: &mut Writer, record: &Record) -> Result<()> {
        writer.raw("<a:Attributes>");
        for (ix, field) in &record.fields {
            let column = record.table.column(*ix);
            match field {
                Field::Value(value) => ColumnWriter::new(column, &column.name, None, self.snapshot, None).write(writer, &Alone, value.as_ref()),
                Field::Lookup(target) => {
                    let Identity::Id(id) = target.identity else { return Err(Error::damaged("a message answered a reference that cannot be written")) };
                    pair_begin(writer, &column.name, (Ns::Contracts, "EntityReference"));
                    write_reference(writer, id, target.table.name(), None);
                    pair_end(writer);
                }
                Field::Image(picture) => {
                    pair_begin(writer, &column.name, (Ns::Schema, "base64Binary"));
                    write_plain(writer, driftless_model::ValueRef::Bytes(picture.original()));
                    pair_end(writer);
                }
            }
        }
        writer.raw("</a:Attributes>");
        write_identity(writer, record.id.unwrap_or_default(), record.table.name());
        Ok(())
    }
}

fn contract(kind: Kind) -> Result<&'static Contract> {
    kind.contract().ok_or_else(|| unexpected("a value with members"))
}

/// The type that a value states where any may stand.
fn stated(value: &Arg) -> Result<(Ns, &'static str)> {
    Ok(match value {
        Arg::Text(_) => (Ns::Schema, "string"),
        Arg::Bool(_) => (Ns::Schema, "boolean"),
        Arg::Int(_) => (Ns::Schema, "int"),
        Arg::BigInt(_) => (Ns::Schema, "long"),
        Arg::DateTime(_) => (Ns::Schema, "dateTime"),
        Arg::Guid(_) => (Ns::Serialization, "guid"),
        _ => return Err(unexpected("a value")),
    })
}

/// A value without a row around it.
struct Alone;

impl driftless_query::RowView for Alone {
    fn get(&self, _at: usize) -> driftless_model::ValueRef<'_> {
        driftless_model::ValueRef::Null
    }
}

#[cfg(test)]
mod tests {
    use driftless_core::MESSAGES;

    use super::*;

    #[test] // organization-service 8.2
    fn every_result_has_a_type_of_the_wire() {
        let untyped =
            |def: &MessageDef| def.output.iter().find(|param| table_of(&param.kind).is_none() && kind_of(def, &param.kind).is_none()).map(|param| param.name);
        let missing: Vec<_> = MESSAGES.iter().filter_map(|def| untyped(def).map(|name| (def.name, name))).collect();
        assert_eq!(missing, []);
    }
}
