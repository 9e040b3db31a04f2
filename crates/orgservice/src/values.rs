//! Values of columns (organization-service 4.3, 4.4): from elements, and into them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_core::Snapshot;
use driftless_model::literal::print::{push_date, push_date_time, push_decimal, push_double};
use driftless_model::literal::{self, LiteralError};
use driftless_model::{Column, ColumnType, Decimal, Error, ErrorCode, Result, Shape, TableCode, Value, ValueRef};
use driftless_query::RowView;

use crate::namespaces::Ns;
use crate::rows::{write_id, write_reference};
use crate::xml::{Element, Writer};

/// Reads the value that an element has for a column which is no lookup. Nil is null. A type that the element states must be one that the column takes; an element
/// without a type is read as the column's.
///
/// # Errors
/// 0x80040203 for a value of another type or one that cannot be read.
pub(crate) fn column_value(column: &Column, element: Element<'_>) -> Result<Value> {
    if element.is_nil() {
        return Ok(Value::Null);
    }
    let stated = element.type_name().map(|(_, name)| name);
    let shape = column.shape();
    if let Some(stated) = stated
        && !types_of(column).contains(&stated)
    {
        return Err(Error::argument(format!("A value of the type '{}' cannot be given to the column '{}'.", excerpt(stated), column.name)));
    }
    let read = match stated {
        Some("OptionSetValue" | "Money") => match element.member_text("Value") {
            Some(text) => literal::value_of_column(column, &text),
            None => return Ok(Value::Null),
        },
        Some("OptionSetValueCollection") => element
            .children()
            .map(|item| literal::int32(item.member_text("Value").unwrap_or_default().trim_ascii()))
            .collect::<Result<Vec<_>, LiteralError>>()
            .map(|chosen| if chosen.is_empty() { Value::Null } else { Value::Choices(chosen) }),
        _ if shape == Shape::Bytes => bytes_of(&element.text()).map(Value::Bytes).ok_or(LiteralError::Malformed),
        _ => simple(column, &element.text()),
    };
    read.map_err(|_| Error::argument(format!("The value '{}' cannot be read for the column '{}'.", excerpt(&element.text()), column.name)))
}

/// The value of a text for a column. Times may come without a zone, as UTC, and dates with a time.
fn simple(column: &Column, text: &str) -> Result<Value, LiteralError> {
    match column.shape() {
        Shape::Date => literal::value_of_column(column, text.trim_ascii().split('T').next().unwrap_or_default()),
        Shape::DateTime if !column.is_wall_time() => date_time(text).map(Value::DateTime),
        _ => literal::value_of_column(column, text),
    }
}

/// The bytes of a base64 text, which may be broken into lines; none for what is no base64. Text without breaks is not copied first: packages are large.
pub(crate) fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let text: String = text.split_ascii_whitespace().collect();
        return STANDARD.decode(text).ok();
    }
    STANDARD.decode(text).ok()
}

/// A moment; without a zone it is UTC.
pub(crate) fn date_time(text: &str) -> Result<i64, LiteralError> {
    let text = text.trim_ascii();
    literal::date_time(text).or_else(|error| literal::wall_time(text).map_err(|_| error))
}

/// Local names of the types whose values a column takes. Numbers may be of narrower types.
fn types_of(column: &Column) -> &'static [&'static str] {
    match column.kind {
        ColumnType::Choice(_) | ColumnType::State(_) | ColumnType::Status(_) => &["OptionSetValue", "int"],
        ColumnType::Money(_) => &["Money", "decimal", "int", "long", "double", "float"],
        _ => match column.shape() {
            Shape::Bool => &["boolean"],
            Shape::Int => &["int", "short", "byte"],
            Shape::BigInt => &["long", "int", "short", "byte"],
            Shape::Decimal | Shape::Float | Shape::Money => &["decimal", "double", "float", "int", "long", "short", "byte"],
            Shape::Text => &["string", "guid"],
            Shape::Guid => &["guid", "string"],
            Shape::DateTime | Shape::Date => &["dateTime"],
            Shape::Bytes => &["base64Binary"],
            Shape::Choices => &["OptionSetValueCollection"],
            Shape::Lookup | Shape::PolyLookup => &["EntityReference"],
            Shape::None => &[],
        },
    }
}

/// A client's text, short enough to be repeated.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(100).collect()
}

/// What a value belongs to that does not stand under its own column's name.
#[derive(Clone, Debug)]
pub(crate) struct Aliased {
    pub(crate) table: String,
    pub(crate) column: String,
}

/// Writes the values of one column, as pairs of `Attributes`.
#[derive(Debug)]
pub(crate) struct ColumnWriter {
    /// Everything before the value.
    begin: String,
    end: &'static str,
    form: Form,
}

/// How the content of a value is written.
#[derive(Debug)]
enum Form {
    /// As the value is.
    Plain,
    /// In the member `Value`.
    Valued,
    Choices,
    /// Tables that it may lead to, and the place of the name of the row behind it.
    Reference(Vec<(TableCode, String)>, Option<usize>),
    /// With its own type, by what it is.
    Number,
}

const PAIR: &str = "<a:KeyValuePairOfstringanyType><g:key>";
const PAIR_END: &str = "</g:value></a:KeyValuePairOfstringanyType>";
const ALIASED_END: &str = "</a:Value></g:value></a:KeyValuePairOfstringanyType>";

impl ColumnWriter {
    /// A writer for a column under a name; `name_at` is the place of the name of the row behind a lookup.
    pub(crate) fn new(column: &Column, name: &str, name_at: Option<usize>, snapshot: &Snapshot, aliased: Option<&Aliased>) -> Self {
        let form = match &column.kind {
            ColumnType::Choice(_) | ColumnType::State(_) | ColumnType::Status(_) | ColumnType::Money(_) => Form::Valued,
            ColumnType::Choices(_) => Form::Choices,
            ColumnType::Lookup(lookup) => {
                let named = |target: &driftless_model::LogicalName| Some((snapshot.find(target)?.def.code, target.to_string()));
                Form::Reference(lookup.targets.iter().filter_map(named).collect(), name_at)
            }
            // What is made of such columns can be wider than they are.
            ColumnType::Integer(_) | ColumnType::BigInt | ColumnType::Decimal(_) if aliased.is_some() => Form::Number,
            _ => Form::Plain,
        };
        Self::of(name, aliased, form, Some(type_of(column)))
    }

    /// A writer for a number that is of no column's type.
    pub(crate) fn number(name: &str, aliased: Option<&Aliased>) -> Self {
        Self::of(name, aliased, Form::Number, None)
    }

    fn of(name: &str, aliased: Option<&Aliased>, form: Form, type_name: Option<(Ns, &str)>) -> Self {
        let mut begin = Writer::default();
        begin.raw(PAIR);
        begin.text(name);
        begin.raw("</g:key>");
        if let Some(aliased) = aliased {
            begin.raw("<g:value i:type=\"a:AliasedValue\"><a:AttributeLogicalName>");
            begin.text(&aliased.column);
            begin.raw("</a:AttributeLogicalName><a:EntityLogicalName>");
            begin.text(&aliased.table);
            begin.raw("</a:EntityLogicalName><a:NeedFormatting>false</a:NeedFormatting><a:ReturnType>0</a:ReturnType>");
        }
        let element = if aliased.is_some() { "a:Value" } else { "g:value" };
        match (type_name, &form) {
            (Some(type_name), form) if !matches!(form, Form::Number) => begin.open_typed(element, type_name),
            _ => {
                begin.raw("<");
                begin.raw(element);
            }
        }
        let begin = String::from_utf8(begin.into_bytes()).unwrap_or_default();
        Self { begin, end: if aliased.is_some() { ALIASED_END } else { PAIR_END }, form }
    }

    /// Writes the pair of a value; nothing for null (organization-service 6.1).
    pub(crate) fn write(&self, writer: &mut Writer, row: &dyn RowView, value: ValueRef<'_>) {
        if matches!(value, ValueRef::Null) {
            return;
        }
        writer.raw(&self.begin);
        match (&self.form, value) {
            (Form::Number, value) => write_number(writer, value),
            (Form::Valued, value) => {
                writer.raw("<a:Value>");
                write_plain(writer, value);
                writer.raw("</a:Value>");
            }
            (Form::Choices, ValueRef::Choices(chosen)) => {
                for one in chosen.split(',') {
                    writer.raw("<n:OptionSetValue><a:Value>");
                    writer.raw(one);
                    writer.raw("</a:Value></n:OptionSetValue>");
                }
            }
            (Form::Reference(targets, name_at), ValueRef::Ref(reference)) => {
                let table = match targets.as_slice() {
                    [(_, only)] => only.as_str(),
                    several => several.iter().find(|(code, _)| *code == reference.table).map_or("", |(_, name)| name),
                };
                let name = name_at.map(|at| row.get(at));
                let name = if let Some(ValueRef::Text(name)) = name { Some(name) } else { None };
                write_reference(writer, reference.id, table, name);
            }
            (_, value) => write_plain(writer, value),
        }
        writer.raw(self.end);
    }
}

/// The type of a column's values on the wire.
fn type_of(column: &Column) -> (Ns, &'static str) {
    match &column.kind {
        ColumnType::Choice(_) | ColumnType::State(_) | ColumnType::Status(_) => (Ns::Contracts, "OptionSetValue"),
        ColumnType::Money(_) => (Ns::Contracts, "Money"),
        _ => match column.shape() {
            Shape::Bool => (Ns::Schema, "boolean"),
            Shape::Int => (Ns::Schema, "int"),
            Shape::BigInt => (Ns::Schema, "long"),
            Shape::Decimal | Shape::Money => (Ns::Schema, "decimal"),
            Shape::Float => (Ns::Schema, "double"),
            Shape::Text | Shape::None => (Ns::Schema, "string"),
            Shape::Guid => (Ns::Serialization, "guid"),
            Shape::DateTime | Shape::Date => (Ns::Schema, "dateTime"),
            Shape::Lookup | Shape::PolyLookup => (Ns::Contracts, "EntityReference"),
            Shape::Choices => (Ns::Contracts90, "OptionSetValueCollection"),
            Shape::Bytes => (Ns::Schema, "base64Binary"),
        },
    }
}

/// The end of a start tag with the type of a number, and the number.
fn write_number(writer: &mut Writer, value: ValueRef<'_>) {
    let type_name = match value {
        ValueRef::Int(_) => "int",
        ValueRef::BigInt(number) if i32::try_from(number).is_ok() => "int",
        ValueRef::BigInt(_) => "long",
        ValueRef::Float(_) => "double",
        _ => "decimal",
    };
    writer.raw(" i:type=\"x:");
    writer.raw(type_name);
    writer.raw("\">");
    write_plain(writer, value);
}

/// The text of a value that has no members.
pub(crate) fn write_plain(writer: &mut Writer, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => {}
        ValueRef::Bool(value) => writer.raw(if value { "true" } else { "false" }),
        ValueRef::Int(value) => writer.raw(itoa::Buffer::new().format(value)),
        ValueRef::BigInt(value) => writer.raw(itoa::Buffer::new().format(value)),
        ValueRef::Decimal(value) => write_decimal(writer, value),
        ValueRef::Money(units) => push_decimal(writer.bytes(), i128::from(units), 4),
        ValueRef::Float(value) => push_double(writer.bytes(), value),
        ValueRef::Text(text) | ValueRef::Choices(text) => writer.text(text),
        ValueRef::Guid(id) => write_id(writer, id),
        ValueRef::Ref(reference) => write_id(writer, reference.id),
        ValueRef::DateTime(seconds) => push_date_time(writer.bytes(), seconds),
        ValueRef::Date(days) => {
            push_date(writer.bytes(), days);
            writer.raw("T00:00:00Z");
        }
        ValueRef::Bytes(bytes) => writer.raw(&STANDARD.encode(bytes)),
    }
}

/// A decimal number with all its digits.
pub(crate) fn write_decimal(writer: &mut Writer, value: Decimal) {
    push_decimal(writer.bytes(), value.mantissa(), u8::try_from(value.scale()).unwrap_or(u8::MAX));
}

/// The error for a message, a type or an option that the interface has and this service does not: the sentence names it.
pub(crate) fn not_offered(what: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("{} is not offered by this version of the service.", excerpt(what)))
}
