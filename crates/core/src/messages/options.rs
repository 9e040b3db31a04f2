//! The messages of options (web-api 26.4): InsertOptionValue, UpdateOptionValue, DeleteOptionValue, OrderOption, InsertStatusValue and UpdateStateValue.

use driftless_model::{Error, LogicalName, Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, SOLUTION, missing, opt, req};
use crate::context::WriteCx;
use crate::metadata::Origin;
use crate::metadata::options::{self, OptionChange, OptionsOf};

const TABLE: &str = "EntityLogicalName";
const COLUMN: &str = "AttributeLogicalName";
const CHOICE: &str = "OptionSetName";
const VALUE: &str = "Value";
const NEW_VALUE: &str = "NewOptionValue";

pub(super) const INSERT: MessageDef = action(
    "InsertOptionValue",
    &[
        opt(CHOICE, T::Text),
        opt(TABLE, T::Text),
        opt(COLUMN, T::Text),
        opt(VALUE, T::Int),
        req("Label", T::Label),
        opt("Description", T::Label),
        opt("Color", T::Text),
        opt("ExternalValue", T::Text),
        opt("ParentValues", T::Any),
        opt(SOLUTION, T::Text),
    ],
    &[req(NEW_VALUE, T::Int)],
    insert,
);

pub(super) const INSERT_STATUS: MessageDef = action(
    "InsertStatusValue",
    &[
        opt(CHOICE, T::Text),
        opt(TABLE, T::Text),
        opt(COLUMN, T::Text),
        opt(VALUE, T::Int),
        req("Label", T::Label),
        opt("Description", T::Label),
        req("StateCode", T::Int),
        opt("Color", T::Text),
        opt("ExternalValue", T::Text),
        opt(SOLUTION, T::Text),
    ],
    &[req(NEW_VALUE, T::Int)],
    insert_status,
);

pub(super) const UPDATE: MessageDef = action(
    "UpdateOptionValue",
    &[
        opt(CHOICE, T::Text),
        opt(TABLE, T::Text),
        opt(COLUMN, T::Text),
        req(VALUE, T::Int),
        opt("Label", T::Label),
        opt("Description", T::Label),
        req("MergeLabels", T::Bool),
        opt("Color", T::Text),
        opt("ExternalValue", T::Text),
        opt("ParentValues", T::Any),
        opt(SOLUTION, T::Text),
    ],
    &[],
    update,
);

pub(super) const UPDATE_STATE: MessageDef = action(
    "UpdateStateValue",
    &[
        opt(CHOICE, T::Text),
        opt(TABLE, T::Text),
        opt(COLUMN, T::Text),
        req(VALUE, T::Int),
        opt("Label", T::Label),
        opt("Description", T::Label),
        req("MergeLabels", T::Bool),
        opt("DefaultStatusCode", T::Int),
        opt("Color", T::Text),
        opt(SOLUTION, T::Text),
    ],
    &[],
    update_state,
);

pub(super) const DELETE: MessageDef =
    action("DeleteOptionValue", &[opt(CHOICE, T::Text), opt(TABLE, T::Text), opt(COLUMN, T::Text), req(VALUE, T::Int), opt(SOLUTION, T::Text)], &[], delete);

pub(super) const ORDER: MessageDef = action(
    "OrderOption",
    &[opt(CHOICE, T::Text), opt(TABLE, T::Text), opt(COLUMN, T::Text), req("Values", T::List(&T::Int)), opt(SOLUTION, T::Text)],
    &[],
    order,
);

const fn action(name: &'static str, input: &'static [Param], output: &'static [Param], run: fn(&mut WriteCx<'_>, &Args) -> Result<Outputs>) -> MessageDef {
    MessageDef {
        name,
        kind: MessageKind::Action,
        binding: Binding::None,
        scope: Scopes::ADMIN,
        input,
        output,
        length: Length::Long,
        prepare: None,
        run: Run::Write(run),
        on_failure: None,
    }
}

fn insert(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let value = options::insert(cx, &options_of(args)?, args.int(VALUE), &change(args), &origin(args))?;
    Ok(Outputs(vec![(NEW_VALUE, Arg::Int(value))]))
}

fn insert_status(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let (table, column) = column(args)?;
    let state = args.int("StateCode").ok_or_else(|| missing("StateCode"))?;
    let value = options::insert_status(cx, &table, &column, state, args.int(VALUE), &change(args), &origin(args))?;
    Ok(Outputs(vec![(NEW_VALUE, Arg::Int(value))]))
}

fn update(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    options::update(cx, &options_of(args)?, value(args)?, &change(args))?;
    Ok(Outputs::default())
}

fn update_state(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let (table, column) = column(args)?;
    options::update_state(cx, &table, &column, value(args)?, args.int("DefaultStatusCode"), &change(args))?;
    Ok(Outputs::default())
}

fn delete(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    options::delete(cx, &options_of(args)?, value(args)?)?;
    Ok(Outputs::default())
}

fn order(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let values: Vec<i32> = args.list("Values").iter().filter_map(|value| if let Arg::Int(value) = value { Some(*value) } else { None }).collect();
    options::order(cx, &options_of(args)?, &values)?;
    Ok(Outputs::default())
}

/// Whose options are meant: a global choice, or a column of a table.
fn options_of(args: &Args) -> Result<OptionsOf> {
    match args.text_if(CHOICE).filter(|name| !name.is_empty()) {
        Some(name) => Ok(OptionsOf::Choice(LogicalName::from(name.to_ascii_lowercase()))),
        None => column(args).map(|(table, column)| OptionsOf::Column(table, column)),
    }
}

fn column(args: &Args) -> Result<(LogicalName, LogicalName)> {
    match (args.text_if(TABLE), args.text_if(COLUMN)) {
        (Some(table), Some(column)) => Ok((LogicalName::from(table), LogicalName::from(column))),
        _ => Err(Error::argument(format!("Say whose options are meant: a column by '{TABLE}' and '{COLUMN}', or a global choice by '{CHOICE}'."))),
    }
}

fn value(args: &Args) -> Result<i32> {
    args.int(VALUE).ok_or_else(|| missing(VALUE))
}

fn change(args: &Args) -> OptionChange {
    OptionChange {
        label: args.label("Label").cloned(),
        description: args.label("Description").cloned(),
        color: args.text_if("Color").map(str::to_owned),
        external_value: args.text_if("ExternalValue").map(str::to_owned),
        merge_labels: args.flag("MergeLabels"),
    }
}

fn origin(args: &Args) -> Origin {
    Origin::Customizer { solution: args.text_if(SOLUTION).map(str::to_owned) }
}
