//! InitializeFrom: a row to make, with what it takes from one that is there (web-api 28). Nothing is stored.

use std::sync::Arc;

use driftless_model::{Error, Privilege, Result, Scopes, Validity, Value};
use driftless_store::Length;

use super::{Arg, Args, Binding, EnumType, MessageDef, MessageKind, Outputs, ParamType as T, Run, opt, req};
use crate::behaviors::mappings;
use crate::context::ReadCx;
use crate::keys;
use crate::records::load;
use crate::request::{Field, Identity, Record, Target};

const CREATE: i64 = 1;
const UPDATE: i64 = 2;
const READ: i64 = 3;

/// Which columns are given values.
const TARGET_FIELD_TYPE: EnumType =
    EnumType::choice("TargetFieldType", &[("All", 0), ("ValidForCreate", CREATE), ("ValidForUpdate", UPDATE), ("ValidForRead", READ)]);

pub(super) const DEF: MessageDef = MessageDef {
    name: "InitializeFrom",
    kind: MessageKind::Function,
    binding: Binding::None,
    scope: Scopes::READ,
    input: &[
        req("EntityMoniker", T::Row),
        req("TargetEntityName", T::Text),
        req("TargetFieldType", T::Enum(&TARGET_FIELD_TYPE)),
        opt("SkipParentalRelationshipMapping", T::Bool),
    ],
    output: &[req("Entity", T::Record)],
    length: Length::Short,
    prepare: None,
    run: Run::Read(run),
    on_failure: None,
};

fn run(cx: &ReadCx<'_>, args: &Args) -> Result<Outputs> {
    let moniker = args.row("EntityMoniker")?;
    let target = Arc::clone(cx.snapshot.require(args.text("TargetEntityName")?)?);
    cx.require(Privilege::Read, &moniker.table)?;
    let found = keys::require(cx.tx, &cx.snapshot, moniker, &[])?;
    cx.require_row(Privilege::Read, &found.table, found.id)?;
    let source = &found.table;
    let pairs = mappings::of(cx.tx, &cx.snapshot, source, &target)?.ok_or_else(|| {
        Error::argument(format!(
            "Rows of '{}' cannot be begun from rows of '{}': there is no map between the tables (entitymaps), and not one relationship only.",
            target.name(),
            source.name()
        ))
    })?;
    let columns: Vec<_> = pairs.iter().map(|(from, _)| *from).filter(|from| *from != source.id).collect();
    let row = load::by_id(cx.tx, source, found.id, &columns)?.ok_or_else(|| Error::no_such_record(source.name(), found.id))?;
    let wanted = args.number("TargetFieldType").unwrap_or_default();
    let without_parent = args.flag("SkipParentalRelationshipMapping");
    let mut fields = Vec::with_capacity(pairs.len());
    for (from, to) in pairs.into_iter().filter(|(_, to)| is_wanted(target.column(*to).valid, wanted)) {
        let field = match row.value(from) {
            _ if from == source.id && without_parent => continue,
            _ if from == source.id => Field::Lookup(Target { table: Arc::clone(source), identity: Identity::Id(found.id) }),
            Value::Null => continue,
            Value::Ref(other) => match cx.snapshot.by_code(other.table) {
                Some(table) => Field::Lookup(Target { table: Arc::clone(table), identity: Identity::Id(other.id) }),
                None => continue,
            },
            value => Field::Value(value.clone()),
        };
        fields.push((to, field));
    }
    let record = Record { table: target, id: None, fields, related: Vec::new() };
    Ok(Outputs(vec![("Entity", Arg::Record(Box::new(record)))]))
}

fn is_wanted(valid: Validity, kind: i64) -> bool {
    match kind {
        CREATE => valid.create,
        UPDATE => valid.update,
        READ => valid.read,
        _ => true,
    }
}
