//! Does what a plan says, through the same functions that customizers use.

use std::collections::HashMap;
use std::sync::Arc;

use driftless_model::{LogicalName, Result, Uuid};

use super::components::{self, Component, Share};
use super::plan::{Content, KeptPart, Plan, Step};
use super::view_xml;
use crate::context::WriteCx;
use crate::metadata::validate::component_type;
use crate::metadata::{Definition, InertComponent, Origin, choices, columns, keys, many_to_many, regarding, relationships, tables};

/// The solution on whose behalf definitions are made.
pub(super) struct Installing {
    pub(super) solution: Uuid,
    pub(super) managed: bool,
    pub(super) version: String,
    /// The publisher's prefix.
    pub(super) prefix: String,
}

impl Installing {
    /// The origin of a component. A package may carry components whose names have another publisher's prefix: the name's own one counts then.
    fn origin(&self, name: &str) -> Origin {
        let prefix = name.split_once('_').map_or(self.prefix.as_str(), |(prefix, _)| prefix);
        Origin::Package { solution: self.solution, managed: self.managed, version: self.version.clone(), prefix: prefix.to_owned() }
    }
}

/// Does all steps of a plan.
pub(super) fn run(cx: &mut WriteCx<'_>, plan: &Plan, installing: &Installing) -> Result<()> {
    let present: HashMap<Uuid, Component> =
        components::of_solution(&cx.read(), installing.solution)?.into_iter().map(|component| (component.object, component)).collect();
    let mut kept = Vec::new();
    for step in &plan.steps {
        match step {
            Step::Keep(part) => kept.push((part.component_type, inert(cx, part, &present))),
            Step::Join(kind, id, share) => components::join(cx, installing.solution, *kind, *id, *share, &present)?,
            _ => define(cx, step, installing, &present)?,
        }
    }
    // After its relationships: some packages bring those to notes and activities, others only say that there are some.
    for step in &plan.steps {
        let name = match step {
            Step::CreateTable(spec) => LogicalName::from(spec.schema_name.to_ascii_lowercase()),
            Step::UpdateTable(table, _) => LogicalName::from(table.as_str()),
            Step::Join(component_type::TABLE, id, Share::Whole) => match cx.snapshot.by_id(*id) {
                Some(table) => table.name().clone(),
                None => continue,
            },
            _ => continue,
        };
        regarding::complete(cx, &name)?;
    }
    let ids: Vec<_> = kept.iter().map(|(kind, part)| (*kind, part.id)).collect();
    if !kept.is_empty() {
        // All at once: each call makes a new snapshot.
        cx.define(kept.into_iter().map(|(_, part)| Definition::Inert(part)).collect())?;
    }
    for (kind, id) in ids {
        components::join(cx, installing.solution, kind, id, components::Share::Whole, &present)?;
    }
    Ok(())
}

fn define(cx: &mut WriteCx<'_>, step: &Step, installing: &Installing, present: &HashMap<Uuid, Component>) -> Result<()> {
    match step {
        Step::CreateChoice(spec) => choices::create(cx, spec, &installing.origin(&spec.name)).map(|_| ()),
        Step::ChangeChoice(choice) => cx.define(vec![Definition::Choice((**choice).clone())]),
        Step::CreateTable(spec) => tables::create(cx, spec, &installing.origin(&spec.schema_name)).map(|_| ()),
        Step::UpdateTable(table, update) => tables::update(cx, table, update),
        Step::CreateColumn(table, spec) => columns::create(cx, table, spec, &installing.origin(&spec.schema_name)).map(|_| ()),
        Step::UpdateColumn(table, column, update) => columns::update(cx, table, column, update),
        Step::CreateRelationship(spec) => {
            // The service makes some relationships of a new table itself.
            if let Some(made) = cx.snapshot.relationship(&spec.schema_name).map(|made| made.id) {
                return components::join(cx, installing.solution, component_type::RELATIONSHIP, made, components::Share::Whole, present);
            }
            relationships::create(cx, spec, &installing.origin(&spec.schema_name)).map(|_| ())
        }
        Step::CreateManyToMany(spec) => many_to_many::create(cx, spec, &installing.origin(&spec.schema_name)).map(|_| ()),
        Step::UpdateManyToMany(name, update) => many_to_many::update(cx, name, update),
        Step::UpdateRelationship(name, update) => relationships::update(cx, name, update),
        Step::CreateKey(table, spec) => keys::create(cx, table, spec, &installing.origin(&spec.schema_name)).map(|_| ()),
        Step::Join(..) | Step::Keep(_) => Ok(()),
    }
}

/// The definition of a part that is kept. One that the solution has already is replaced.
fn inert(cx: &WriteCx<'_>, part: &KeptPart, present: &HashMap<Uuid, Component>) -> InertComponent {
    let table = part.table.as_ref().map(ToString::to_string);
    let is_same = |other: &Arc<InertComponent>| other.kind == part.kind && other.table == table;
    let own = part.id.filter(|id| cx.snapshot.version_of(*id).is_none() || cx.snapshot.inert().any(|other| other.id == *id && is_same(other)));
    let earlier = || cx.snapshot.inert().find(|other| is_same(other) && other.name == part.name && present.contains_key(&other.id)).map(|other| other.id);
    let id = own.or_else(earlier).unwrap_or_else(|| cx.new_id());
    let content = match &part.content {
        Content::Text(text) => text.clone(),
        Content::View(view, file_code) => {
            let code = part.table.as_ref().and_then(|table| cx.snapshot.find(table)).map(|table| table.def.code);
            view_xml::render(view, *file_code, code)
        }
    };
    InertComponent { id, kind: part.kind.clone(), name: part.name.clone(), table, content }
}
