//! Solution packages of our own: what tests import, and what golden files name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_solution_file::{
    ColumnElement, ColumnType, DependencyEnd, KeyElement, Labels, Manifest, ManyToMany, MissingDependency, OneToMany, Package, Properties, Publisher,
    RelationshipElement, RelationshipKind, RelationshipRole, RootComponent, SolutionVersion, TableElement, write,
};

type Failure = Box<dyn std::error::Error>;

/// How a golden file names a package.
const NAME: &str = "{package ";

/// Unique name of the solution in [`berths`].
pub const BERTHS: &str = "Berths";

/// The solution `Berths` of the publisher `harbormaster`: one tracked table `hbr_berth` with an alternate key `hbr_berthcode` over `hbr_code`.
pub fn berths(version: SolutionVersion, managed: bool) -> Package {
    let table = TableElement {
        schema_name: "hbr_Berth".into(),
        object_type_code: Some(10_077),
        labels: english("Berth"),
        collection_labels: english("Berths"),
        ownership: Some("UserOwned".into()),
        columns: vec![ColumnElement { display_mask: vec!["PrimaryName".into()], ..text("hbr_Name", 100) }, text("hbr_Code", 20)],
        keys: vec![KeyElement {
            schema_name: "hbr_BerthCode".into(),
            logical_name: "hbr_berthcode".into(),
            columns: vec!["hbr_code".into()],
            labels: english("Berth code"),
            ..KeyElement::default()
        }],
        properties: Properties { flags: BTreeMap::from([("ChangeTrackingEnabled".to_owned(), true)]), ..Properties::default() },
        ..TableElement::default()
    };
    Package {
        manifest: Manifest {
            unique_name: BERTHS.into(),
            labels: english("Berths"),
            version,
            managed,
            publisher: Publisher {
                unique_name: "harbormaster".into(),
                labels: english("Harbor master"),
                prefix: Some("hbr".into()),
                option_value_prefix: Some(72_900),
                ..Publisher::default()
            },
            root_components: vec![RootComponent { component_type: 1, schema_name: Some("hbr_Berth".into()), ..RootComponent::default() }],
            ..Manifest::default()
        },
        tables: vec![table],
        ..Package::default()
    }
}

/// The solution `Berths` as a later version has it: without the code and its key, with the column `hbr_length`.
pub(crate) fn slips(version: SolutionVersion, managed: bool) -> Package {
    let mut package = berths(version, managed);
    for table in &mut package.tables {
        table.columns.retain(|column| column.logical_name != "hbr_code");
        table.columns.push(text("hbr_Length", 20));
        table.keys.clear();
    }
    package
}

/// The solution `Cranes` of the same publisher: a table `hbr_crane` with a lookup of berths, which it needs and does not have.
pub(crate) fn cranes(version: SolutionVersion, managed: bool) -> Package {
    let end = |kind: &str, name: &str| DependencyEnd {
        attributes: [("type", kind), ("schemaName", name), ("solution", "Berths (1.0.0.0)")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
    };
    let relationship = OneToMany {
        referencing_table: "hbr_Crane".into(),
        referenced_table: "hbr_Berth".into(),
        referencing_column: Some("hbr_BerthId".into()),
        ..OneToMany::default()
    };
    let mut package = berths(version, managed);
    package.manifest.unique_name = "Cranes".into();
    package.manifest.labels = english("Cranes");
    package.manifest.root_components[0].schema_name = Some("hbr_Crane".into());
    package.manifest.missing_dependencies = vec![MissingDependency { required: end("1", "hbr_berth"), dependent: end("10", "hbr_berth_cranes") }];
    for table in &mut package.tables {
        table.schema_name = "hbr_Crane".into();
        table.object_type_code = Some(10_078);
        table.labels = english("Crane");
        table.collection_labels = english("Cranes");
        table.columns.retain(|column| column.logical_name != "hbr_code");
        table.keys.clear();
    }
    package.relationships = vec![RelationshipElement {
        name: "hbr_berth_cranes".into(),
        kind: RelationshipKind::OneToMany(Box::new(relationship)),
        ..RelationshipElement::default()
    }];
    package
}

/// The solution `Pilots` of the same publisher: the tables `hbr_pilot`, which has notes, and `hbr_ship`, with pairs of them in `hbr_pilot_ship`.
pub(crate) fn pilots(version: SolutionVersion, managed: bool) -> Package {
    let mut package = berths(version, managed);
    package.manifest.unique_name = "Pilots".into();
    package.manifest.labels = english("Pilots");
    let table = |name: &str, code: i32| TableElement {
        schema_name: format!("hbr_{name}"),
        object_type_code: Some(code),
        labels: english(name),
        collection_labels: english(&format!("{name}s")),
        ownership: Some("UserOwned".into()),
        columns: vec![ColumnElement { display_mask: vec!["PrimaryName".into()], ..text("hbr_Name", 100) }],
        ..TableElement::default()
    };
    let mut pilot = table("Pilot", 10_079);
    pilot.properties.flags.insert("HasRelatedNotes".into(), true);
    package.tables = vec![pilot, table("Ship", 10_080)];
    let root = |name: &str| RootComponent { component_type: 1, schema_name: Some(name.into()), ..RootComponent::default() };
    package.manifest.root_components = ["hbr_Pilot", "hbr_Ship"].map(root).into();
    let role = |ordinal: i32, navigation: &str| RelationshipRole {
        association_ordinal: Some(ordinal),
        navigation_property: Some(navigation.into()),
        ..RelationshipRole::default()
    };
    let pairs = ManyToMany { first_table: "hbr_Pilot".into(), second_table: "hbr_Ship".into(), intersect_table: "hbr_Pilot_Ship".into() };
    package.relationships = vec![RelationshipElement {
        name: "hbr_Pilot_Ship".into(),
        kind: RelationshipKind::ManyToMany(pairs),
        roles: vec![role(1, "hbr_Pilot_Ship"), role(2, "hbr_Ship_Pilot")],
        ..RelationshipElement::default()
    }];
    package
}

/// The package's file as clients send it.
///
/// # Errors
/// When the package cannot be written.
pub fn encoded(package: &Package) -> Result<String, Failure> {
    Ok(STANDARD.encode(write(package)?))
}

/// Replaces each `{package berths <version> managed}` or `{package berths <version> unmanaged}` by that package's file; so with `slips`, `cranes` and
/// `pilots`.
///
/// # Errors
/// For a name that means no package.
pub(crate) fn expand(text: &str) -> Result<String, Failure> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once(NAME) {
        let (name, after) = from.split_once('}').ok_or("the name of a package does not end")?;
        let managed = |kind: &str| ["unmanaged", "managed"].iter().position(|own| *own == kind).map(|at| at == 1);
        let maker = |name: &str| -> Option<fn(SolutionVersion, bool) -> Package> {
            match name {
                "berths" => Some(berths),
                "slips" => Some(slips),
                "cranes" => Some(cranes),
                "pilots" => Some(pilots),
                _ => None,
            }
        };
        let package = match name.split(' ').collect::<Vec<_>>().as_slice() {
            [name, version, kind] => maker(name).zip(managed(kind)).map(|(make, managed)| Ok::<_, Failure>(make(version.parse()?, managed))).transpose()?,
            _ => None,
        };
        out.push_str(before);
        out.push_str(&encoded(&package.ok_or_else(|| format!("no package is called '{name}'"))?)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn english(text: &str) -> Labels {
    Labels::from([(1033, text.to_owned())])
}

fn text(schema_name: &str, length: i32) -> ColumnElement {
    let flags = ["ValidForCreateApi", "ValidForUpdateApi", "ValidForReadApi"].map(|flag| (flag.to_owned(), true));
    ColumnElement {
        schema_name: schema_name.into(),
        logical_name: schema_name.to_ascii_lowercase(),
        column_type: ColumnType::Text,
        max_length: Some(length),
        format: Some("text".into()),
        labels: english(schema_name),
        properties: Properties { flags: BTreeMap::from(flags), ..Properties::default() },
        ..ColumnElement::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_put_where_they_are_named() {
        let file = encoded(&berths(SolutionVersion::new(1, 2, 0, 0), true)).unwrap();
        assert_eq!(expand("{\"a\":\"{package berths 1.2.0.0 managed}\"}").unwrap(), format!("{{\"a\":\"{file}\"}}"));
        assert_eq!(expand("{id 1}").unwrap(), "{id 1}");
        for wrong in ["{package berths 1.2.0.0 other}", "{package ships 1.2.0.0 managed}", "{package berths x managed}", "{package berths"] {
            assert!(expand(wrong).is_err(), "{wrong}");
        }
    }
}
