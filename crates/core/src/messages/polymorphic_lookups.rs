//! CreateCustomerRelationships and CreatePolymorphicLookupAttribute: a lookup of several tables, with a relationship for each (web-api 26.6).

use driftless_model::{LookupKind, Result, Scopes};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, SOLUTION, missing, opt, req};
use crate::context::WriteCx;
use crate::metadata::{ColumnSpec, Origin, RelationshipSpec, relationships};

pub(super) const CUSTOMER: MessageDef = message("CreateCustomerRelationships", |cx, args| run(cx, args, LookupKind::Customer));

pub(super) const POLYMORPHIC: MessageDef = message("CreatePolymorphicLookupAttribute", |cx, args| run(cx, args, LookupKind::Plain));

const INPUT: &[Param] = &[
    req("Lookup", T::Definition("LookupAttributeMetadata")),
    req("OneToManyRelationships", T::List(&T::Definition("OneToManyRelationshipMetadata"))),
    opt(SOLUTION, T::Text),
];
const OUTPUT: &[Param] = &[req("RelationshipIds", T::List(&T::Guid)), req("AttributeId", T::Guid)];

const fn message(name: &'static str, run: fn(&mut WriteCx<'_>, &Args) -> Result<Outputs>) -> MessageDef {
    MessageDef {
        name,
        kind: MessageKind::Action,
        binding: Binding::None,
        scope: Scopes::ADMIN,
        input: INPUT,
        output: OUTPUT,
        length: Length::Long,
        prepare: None,
        run: Run::Write(run),
        on_failure: None,
    }
}

fn run(cx: &mut WriteCx<'_>, args: &Args, kind: LookupKind) -> Result<Outputs> {
    let origin = Origin::Customizer { solution: args.text_if(SOLUTION).map(str::to_owned) };
    let Some(Arg::Column(lookup)) = args.get("Lookup") else { return Err(missing("Lookup")) };
    let of = |arg: &Arg| if let Arg::Relationship(spec) = arg { Some(RelationshipSpec::clone(spec)) } else { None };
    let specs: Vec<RelationshipSpec> = args.list("OneToManyRelationships").iter().filter_map(of).collect();
    let made = relationships::create_together(cx, &ColumnSpec::clone(lookup), kind, &specs, &origin)?;
    Ok(Outputs(vec![("RelationshipIds", Arg::List(made.relationships.into_iter().map(Arg::Guid).collect())), ("AttributeId", Arg::Guid(made.lookup))]))
}
