//! CanBeReferenced and its like: which relationships a table may have, and which tables may have them (web-api 26.6).

use driftless_model::{Result, TableDef};

use super::{Arg, Args, MessageDef, MessageKind, Outputs, Param, ParamType as T, opt, req};
use crate::context::ReadCx;
use crate::metadata::{Eligibility, eligibility};

const ENTITY_NAME: &[Param] = &[req("EntityName", T::Text)];
const ENTITY_NAMES: &[Param] = &[req("EntityNames", T::List(&T::Text))];

pub(super) const CAN_BE_REFERENCED: MessageDef =
    MessageDef::reading("CanBeReferenced", MessageKind::Action, ENTITY_NAME, &[req("CanBeReferenced", T::Bool)], |cx, args| {
        judged(cx, args, "CanBeReferenced", |own| own.referenced)
    });

pub(super) const CAN_BE_REFERENCING: MessageDef =
    MessageDef::reading("CanBeReferencing", MessageKind::Action, ENTITY_NAME, &[req("CanBeReferencing", T::Bool)], |cx, args| {
        judged(cx, args, "CanBeReferencing", |own| own.referencing)
    });

pub(super) const CAN_MANY_TO_MANY: MessageDef =
    MessageDef::reading("CanManyToMany", MessageKind::Action, ENTITY_NAME, &[req("CanManyToMany", T::Bool)], |cx, args| {
        judged(cx, args, "CanManyToMany", |own| own.many_to_many)
    });

pub(super) const GET_VALID_MANY_TO_MANY: MessageDef =
    MessageDef::reading("GetValidManyToMany", MessageKind::Function, &[], ENTITY_NAMES, |cx, _| Ok(names(cx, |own| own.many_to_many)));

pub(super) const GET_VALID_REFERENCED: MessageDef =
    MessageDef::reading("GetValidReferencedEntities", MessageKind::Function, &[opt("ReferencingEntityName", T::Text)], ENTITY_NAMES, |cx, args| {
        beside(cx, args, "ReferencingEntityName", |own| own.referencing, |own| own.referenced)
    });

pub(super) const GET_VALID_REFERENCING: MessageDef =
    MessageDef::reading("GetValidReferencingEntities", MessageKind::Function, &[opt("ReferencedEntityName", T::Text)], ENTITY_NAMES, |cx, args| {
        beside(cx, args, "ReferencedEntityName", |own| own.referenced, |own| own.referencing)
    });

/// A question about eligibility.
type Question = fn(&Eligibility) -> bool;

fn judged(cx: &ReadCx<'_>, args: &Args, output: &'static str, question: Question) -> Result<Outputs> {
    let table = cx.snapshot.require(args.text("EntityName")?)?;
    Ok(Outputs(vec![(output, Arg::Bool(question(&eligibility(&table.def))))]))
}

/// The tables that may stand on the other side of `parameter`'s table; none when that one itself may not stand where it is named. Without it, all that may.
fn beside(cx: &ReadCx<'_>, args: &Args, parameter: &str, may_stand_there: Question, wanted: Question) -> Result<Outputs> {
    let named = args.text_if(parameter).filter(|name| !name.is_empty()).map(|name| cx.snapshot.require(name)).transpose()?;
    let fits = named.is_none_or(|table| may_stand_there(&eligibility(&table.def)));
    Ok(if fits { names(cx, wanted) } else { names(cx, |_| false) })
}

fn names(cx: &ReadCx<'_>, wanted: Question) -> Outputs {
    let is_wanted = |table: &TableDef| wanted(&eligibility(table));
    let names = cx.snapshot.tables().filter(|table| is_wanted(&table.def)).map(|table| Arg::Text(table.name().to_string())).collect();
    Outputs(vec![("EntityNames", Arg::List(names))])
}
