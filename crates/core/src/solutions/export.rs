//! Export: what a solution has, as a package (SOL-31, SOL-32). The package is a pure function of the definitions and of the rows of the solution, in an order of its
//! own, so that the same definitions always give the same bytes.

pub(crate) mod contents;

mod choices;
mod columns;
mod many_to_many;
mod parts;
mod relationships;
mod tables;

use std::collections::{BTreeMap, HashMap};

use driftless_model::{Error, ErrorCode, Label, Result, Uuid, Value};
use driftless_query::ResolvedCondition;
use driftless_solution_file::{
    Labels, Manifest, MissingDependency, NEWEST_PACKAGE_VERSION, Package, PackageError, Properties, Publisher, RootComponent, SolutionVersion, write,
};

use self::contents::Contents;
use super::{components, dependencies};
use crate::context::ReadCx;
use crate::metadata::Snapshot;
use crate::metadata::validate::component_type;
use crate::records::system;

/// Version of the interface, as other programs write it into their packages.
const GENERATOR_VERSION: &str = "9.2.0.0";

/// The bytes of a solution's package.
///
/// # Errors
/// 0x80048037 without the solution, 0x80048036 for a managed one, 0x80048035 for texts that a package cannot hold.
pub(crate) fn run(cx: &ReadCx<'_>, unique_name: &str, managed: bool) -> Result<Vec<u8>> {
    let package = package(cx, unique_name, managed)?;
    write(&package).map_err(|error| match error {
        PackageError::BadUniqueName { .. } => super::package_error(&error),
        _ => Error::new(ErrorCode::ExportFailed, format!("{} ({error})", ErrorCode::ExportFailed.text())),
    })
}

/// Checks that a solution can be exported. Gives its id.
///
/// # Errors
/// 0x80048037 without the solution, 0x80048036 for a managed one.
pub(crate) fn exportable(cx: &ReadCx<'_>, unique_name: &str) -> Result<Uuid> {
    let solution = super::require_named(cx, unique_name)?;
    if solution.managed { Err(Error::of(ErrorCode::ExportManagedSolution)) } else { Ok(solution.id) }
}

fn package(cx: &ReadCx<'_>, unique_name: &str, managed: bool) -> Result<Package> {
    let solution = exportable(cx, unique_name)?;
    let contents = contents(cx, solution)?;
    let snapshot = &cx.snapshot;
    let mut tables = Vec::with_capacity(contents.tables.len());
    for (name, part) in &contents.tables {
        let kept: Vec<_> = contents.inert.values().filter(|part| part.table.as_deref() == Some(name.as_str())).collect();
        tables.push(tables::element(snapshot.require(name)?, part, &kept)?);
    }
    let one_to_many = contents.relationships.values().map(|relationship| relationships::element(snapshot, relationship));
    let many_to_many = contents.many_to_many.values().map(|relationship| many_to_many::element(snapshot, relationship));
    let loose = contents.inert.values().filter(|part| part.table.as_ref().is_none_or(|table| snapshot.find(table).is_none()));
    let mut other_parts = loose.map(|part| parts::of_package(part)).collect::<Result<Vec<_>>>()?;
    other_parts.sort_by(|a, b| (a.kind, &a.name, &a.content).cmp(&(b.kind, &b.name, &b.content)));
    Ok(Package {
        manifest: manifest(cx, solution, managed, &contents)?,
        tables,
        relationships: one_to_many.chain(many_to_many).collect(),
        choices: contents.choices.values().map(|choice| choices::shared(choice)).collect(),
        languages: vec![driftless_model::ENGLISH],
        namespaces: BTreeMap::new(),
        other_parts,
    })
}

/// What a solution has. The default one has all that is unmanaged.
///
/// # Errors
/// When the store fails.
pub(crate) fn contents(cx: &ReadCx<'_>, solution: Uuid) -> Result<Contents> {
    let components = if solution == cx.services.facts.default_solution {
        let unmanaged = super::all(cx)?.into_iter().filter(|solution| !solution.managed).map(|solution| solution.id).collect::<Vec<_>>();
        components::all(cx)?.into_iter().filter(|component| unmanaged.contains(&component.solution)).collect()
    } else {
        components::of_solution(cx, solution)?
    };
    Ok(Contents::of(&cx.snapshot, &components))
}

fn manifest(cx: &ReadCx<'_>, solution: Uuid, managed: bool, contents: &Contents) -> Result<Manifest> {
    let table = cx.snapshot.require("solution")?;
    let own = ResolvedCondition::equals(table.id, Value::Guid(solution));
    let rows = system::rows(cx.tx, table, &["uniquename", "friendlyname", "description", "version", "publisherid"], Some(own))?;
    let row = rows.first().ok_or_else(|| Error::no_such_record("solution", solution))?;
    let version = row.text(3).parse::<SolutionVersion>().map_err(|error| super::package_error(&error))?;
    Ok(Manifest {
        unique_name: row.text(0).to_owned(),
        labels: english(row.text(1)),
        descriptions: english(row.text(2)),
        version,
        managed,
        package_version: Some(NEWEST_PACKAGE_VERSION),
        generator_version: Some(GENERATOR_VERSION.to_owned()),
        language_code: Some(driftless_model::ENGLISH),
        publisher: publisher(cx, row.value(4).id())?,
        root_components: roots(&cx.snapshot, contents),
        missing_dependencies: missing(cx, contents)?,
        ..Manifest::default()
    })
}

/// What the package needs of the organization that takes it.
fn missing(cx: &ReadCx<'_>, contents: &Contents) -> Result<Vec<MissingDependency>> {
    let found = dependencies::missing(&cx.snapshot, contents);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let managed: HashMap<_, _> = super::all(cx)?.into_iter().filter(|own| own.managed).map(|own| (own.id, own.unique_name)).collect();
    let brought = components::all(cx)?.into_iter().filter_map(|own| managed.get(&own.solution).map(|name| (own.object, name.clone()))).collect();
    Ok(found.iter().map(|dependency| dependencies::element(&cx.snapshot, dependency, &brought)).collect())
}

fn publisher(cx: &ReadCx<'_>, id: Option<Uuid>) -> Result<Publisher> {
    let table = cx.snapshot.require("publisher")?;
    let own = ResolvedCondition::equals(table.id, Value::Guid(id.unwrap_or_default()));
    let columns =
        ["uniquename", "friendlyname", "description", "emailaddress", "supportingwebsiteurl", "customizationprefix", "customizationoptionvalueprefix"];
    let rows = system::rows(cx.tx, table, &columns, Some(own))?;
    let row = rows.first().ok_or_else(|| Error::new(ErrorCode::ExportFailed, "The solution cannot be exported: it has no publisher."))?;
    let given = |at: usize| Some(row.text(at).to_owned()).filter(|text| !text.is_empty());
    Ok(Publisher {
        unique_name: row.text(0).to_owned(),
        labels: english(row.text(1)),
        descriptions: english(row.text(2)),
        email: given(3),
        website: given(4),
        prefix: given(5),
        option_value_prefix: match row.value(6) {
            Value::Int(prefix) => Some(*prefix),
            _ => None,
        },
        ..Publisher::default()
    })
}

/// The components that stand for themselves. Parts of a table stand for themselves only where the table does not.
fn roots(snapshot: &Snapshot, contents: &Contents) -> Vec<RootComponent> {
    let named = |component_type, name: &str, behavior| RootComponent {
        component_type,
        schema_name: Some(name.to_owned()),
        behavior: Some(behavior),
        ..RootComponent::default()
    };
    let mut roots: Vec<_> = contents.tables.iter().map(|(name, part)| named(component_type::TABLE, name, if part.whole { 0 } else { 1 })).collect();
    roots.extend(contents.choices.values().map(|choice| named(component_type::CHOICE, &choice.name, 0)));
    let apart = contents.relationships.values().filter(|relationship| {
        let lookup = snapshot.find(&relationship.referencing_table).and_then(|table| table.find(&relationship.referencing_column));
        let part = contents.tables.get(&relationship.referencing_table);
        lookup.is_none() || part.is_none_or(|part| !part.columns.contains(&relationship.referencing_column))
    });
    roots.extend(apart.map(|relationship| named(component_type::RELATIONSHIP, &relationship.schema_name, 0)));
    roots.extend(contents.many_to_many.values().map(|relationship| named(component_type::RELATIONSHIP, &relationship.schema_name, 0)));
    roots
}

/// A text as labels; none for an empty one.
fn english(text: &str) -> Labels {
    if text.is_empty() { Labels::new() } else { Labels::from([(driftless_model::ENGLISH, text.to_owned())]) }
}

pub(super) fn labels(label: &Label) -> Labels {
    label.texts().map(|(language, text)| (language, text.to_owned())).collect()
}

fn flags<const N: usize>(flags: [(&str, bool); N]) -> Properties {
    Properties { flags: flags.into_iter().map(|(name, flag)| (name.to_owned(), flag)).collect(), ..Properties::default() }
}
