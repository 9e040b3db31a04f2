//! What messages answer (web-api 28), and the names of their types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_core::{Arg, ComplexType, Field, Identity, MessageDef, Outputs, Param, ParamType, Record, Response, Snapshot, Target};
use driftless_model::{Error, Result, ValueRef};
use driftless_odata::json::JsonWriter;

use super::NAMESPACE;
use crate::answer::Answer;
use crate::call::Call;
use crate::definitions::{complex, json};
use crate::lower::is_principal;
use crate::rows::{wire_name, write_value};
use crate::write::unexpected;

/// The answer of a message.
///
/// # Errors
/// 0x80040216 for results that are not those of the message: a mistake of this program.
pub(super) fn render(call: &Call<'_>, def: &MessageDef, response: Response) -> Result<Answer> {
    let Response::Outputs(Outputs(outputs)) = response else { return Err(unexpected("a message")) };
    if def.output.is_empty() {
        return Ok(Answer::no_content());
    }
    let snapshot = call.exchange.snapshot();
    let mut writer = Writer { call, snapshot: &snapshot, json: JsonWriter::new() };
    writer.json.begin_object();
    if is_record(def) {
        let [(_, Arg::Record(record))] = outputs.as_slice() else { return Err(unexpected("a row")) };
        writer.context(&format!("{}/$entity", record.table.def.set_name));
        writer.record(record)?;
    } else {
        writer.context(&format!("{NAMESPACE}{}Response", def.name));
        writer.members(def.output, &outputs)?;
    }
    writer.json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), writer.json.into_bytes()))
}

/// True for a message that answers a row instead of an object with results.
pub(crate) fn is_record(def: &MessageDef) -> bool {
    matches!(def.output, [Param { kind: ParamType::Record, .. }])
}

/// The type of a parameter in `$metadata`.
pub(crate) fn edm_type(kind: &ParamType) -> String {
    match kind {
        ParamType::Text | ParamType::Scalars | ParamType::Origin => "Edm.String".to_owned(),
        ParamType::Bool => "Edm.Boolean".to_owned(),
        ParamType::Int => "Edm.Int32".to_owned(),
        ParamType::BigInt => "Edm.Int64".to_owned(),
        ParamType::DateTime => "Edm.DateTimeOffset".to_owned(),
        ParamType::Guid => "Edm.Guid".to_owned(),
        ParamType::Bytes => "Edm.Binary".to_owned(),
        ParamType::Label => "mscrm.Label".to_owned(),
        ParamType::Enum(own) => format!("mscrm.{}", own.name),
        ParamType::Row | ParamType::Record => "mscrm.crmbaseentity".to_owned(),
        ParamType::Complex(own) => format!("mscrm.{}", own.name),
        ParamType::Definition(name) => format!("mscrm.{}{name}", json::PREFIX),
        ParamType::List(item) => format!("Collection({})", edm_type(item)),
        ParamType::Object => "mscrm.Object".to_owned(),
        ParamType::Any => "mscrm.expando".to_owned(),
    }
}

/// What a parameter must be, for people.
pub(super) fn described(kind: &ParamType) -> String {
    match kind {
        ParamType::Row | ParamType::Record => "a row: its '@odata.id', or its '@odata.type' and primary id".to_owned(),
        ParamType::Enum(own) => {
            let names: Vec<_> = own.members.iter().take(20).map(|(name, _)| *name).collect();
            format!("{}: {}", edm_type(kind).replace("mscrm.", NAMESPACE), names.join(", "))
        }
        kind => edm_type(kind).replace("mscrm.", NAMESPACE),
    }
}

/// Writes the results of one call.
struct Writer<'a> {
    call: &'a Call<'a>,
    snapshot: &'a Snapshot,
    json: JsonWriter,
}

impl Writer<'_> {
    fn context(&mut self, resource: &str) {
        self.json.name("@odata.context");
        self.json.text(&format!("{}$metadata#{resource}", self.call.exchange.root));
    }

    /// The members of an object, in the order of their declaration; one that is not there and need not be is null.
    fn members(&mut self, params: &'static [Param], values: &[(&'static str, Arg)]) -> Result<()> {
        for param in params {
            self.json.name(param.name);
            match values.iter().find(|(name, _)| *name == param.name) {
                Some((_, value)) => self.value(&param.kind, value)?,
                None => self.json.null(),
            }
        }
        Ok(())
    }

    fn value(&mut self, kind: &'static ParamType, value: &Arg) -> Result<()> {
        match (kind, value) {
            (ParamType::Enum(own), Arg::BigInt(number)) => self.json.text(&own.print(*number)),
            (ParamType::Complex(own), Arg::Complex(members)) => self.object(own, members)?,
            (ParamType::List(item), Arg::List(items)) => {
                self.json.begin_array();
                items.iter().try_for_each(|value| self.value(item, value))?;
                self.json.end_array();
            }
            (ParamType::List(ParamType::Definition(_)), Arg::Definitions(selected)) => {
                complex::write_tables(&mut self.json, selected, self.call.exchange.caller.language)?;
            }
            (ParamType::Definition(declared), Arg::Definitions(selected)) => {
                complex::write_one(&mut self.json, selected, declared, self.call.exchange.caller.language)?;
            }
            (ParamType::Object, value) => self.value_with_type(value)?,
            (_, Arg::Text(text)) => self.json.text(text),
            (_, Arg::Bool(value)) => self.json.boolean(*value),
            (_, Arg::Int(value)) => self.json.integer(i64::from(*value)),
            (_, Arg::BigInt(value)) if self.call.format.ieee754_compatible => self.json.quoted_integer(*value),
            (_, Arg::BigInt(value)) => self.json.integer(*value),
            (_, Arg::DateTime(seconds)) => self.json.date_time(*seconds),
            (_, Arg::Guid(id)) => self.json.guid(id.as_bytes()),
            (_, Arg::Bytes(bytes)) => self.json.text(&STANDARD.encode(bytes)),
            (_, Arg::Label(label)) => json::write_label(&mut self.json, label, self.call.exchange.caller.language),
            (_, Arg::Row(target)) => self.row(target)?,
            (_, Arg::Record(record)) => {
                self.json.begin_object();
                self.record(record)?;
                self.json.end_object();
            }
            (_, Arg::Null) => self.json.null(),
            (_, Arg::Complex(_) | Arg::List(_) | Arg::Table(_) | Arg::Column(_) | Arg::Relationship(_) | Arg::Definitions(_) | Arg::Package(_)) => {
                return Err(unexpected("a result"));
            }
        }
        Ok(())
    }

    fn object(&mut self, own: &'static ComplexType, members: &[(&'static str, Arg)]) -> Result<()> {
        self.json.begin_object();
        self.members(own.members, members)?;
        self.json.end_object();
        Ok(())
    }

    /// A value as an object of `Type` and `Value`, which is a text.
    fn value_with_type(&mut self, value: &Arg) -> Result<()> {
        let (kind, text) = match value {
            Arg::Text(text) => ("System.String", text.clone()),
            Arg::Bool(value) => ("System.Boolean", value.to_string()),
            Arg::Int(value) => ("System.Int32", value.to_string()),
            Arg::BigInt(value) => ("System.Int64", value.to_string()),
            Arg::Guid(id) => ("System.Guid", id.to_string()),
            _ => return Err(unexpected("a value")),
        };
        self.json.begin_object();
        self.json.name("Type");
        self.json.text(kind);
        self.json.name("Value");
        self.json.text(&text);
        self.json.end_object();
        Ok(())
    }

    /// A row by its type and identity.
    fn row(&mut self, target: &Target) -> Result<()> {
        let Identity::Id(id) = &target.identity else { return Err(Error::damaged("a message answered a row without its id")) };
        self.json.begin_object();
        self.type_name(&target.table.def.name);
        for name in [Some(target.table.def.primary_id.as_str()), is_principal(&target.table).then_some("ownerid")].into_iter().flatten() {
            self.json.name(name);
            self.json.guid(id.as_bytes());
        }
        self.json.end_object();
        Ok(())
    }

    /// The members of a row that was not stored: values, and lookups as a write takes them.
    fn record(&mut self, record: &Record) -> Result<()> {
        let table = &record.table;
        self.type_name(&table.def.name);
        for (ix, field) in &record.fields {
            let column = table.column(*ix);
            match field {
                Field::Value(value) => {
                    self.json.name(&wire_name(column));
                    write_value(&mut self.json, value.as_ref(), self.call.format.ieee754_compatible);
                }
                Field::Image(picture) => {
                    self.json.name(&wire_name(column));
                    write_value(&mut self.json, ValueRef::Bytes(picture.original()), false);
                }
                Field::Lookup(target) => {
                    let relationship = self.snapshot.lookup_relationship(table.name(), &column.name, target.table.name());
                    let (Some(relationship), Identity::Id(id)) = (relationship, &target.identity) else {
                        return Err(Error::damaged("a message answered a reference that cannot be written"));
                    };
                    self.json.name(&format!("{}@odata.bind", relationship.referencing_navigation));
                    self.json.text(&format!("/{}({id})", target.table.def.set_name));
                }
            }
        }
        Ok(())
    }

    fn type_name(&mut self, name: &str) {
        self.json.name("@odata.type");
        self.json.text(&format!("#{NAMESPACE}{name}"));
    }
}
