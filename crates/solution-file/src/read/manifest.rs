//! `solution.xml` (SOL-2).

use std::collections::BTreeMap;

use super::properties;
use super::xml::Element;
use crate::error::PackageError;
use crate::package::{DependencyEnd, Manifest, MissingDependency, Publisher, RootComponent};
use crate::unique_name::check_unique_name;
use crate::version::{NEWEST_PACKAGE_VERSION, SolutionVersion};

/// Reads the root element.
pub(super) fn read(root: Element<'_>) -> Result<Manifest, PackageError> {
    let package_version = read_package_version(root)?;
    let language_code = root.word_attribute("languagecode").map(|code| root.language_code(&code)).transpose()?;
    let element = root.child("SolutionManifest").ok_or_else(|| root.error("expected an element SolutionManifest"))?;
    let mut manifest = Manifest {
        package_version,
        language_code,
        generator_version: root.word_attribute("version"),
        generated_by: root.word_attribute("generatedBy"),
        ..Manifest::default()
    };
    let mut version = None;
    let mut managed = None;
    let mut publisher = None;
    for child in element.children() {
        match child.key().as_str() {
            "uniquename" => manifest.unique_name = child.word().unwrap_or_default(),
            "localizednames" => manifest.labels = child.labels()?,
            "descriptions" => manifest.descriptions = child.labels()?,
            "version" => version = Some(child.word().unwrap_or_default().parse()?),
            "managed" => managed = child.boolean()?,
            "publisher" => publisher = Some(read_publisher(child)?),
            "rootcomponents" => manifest.root_components = read_root_components(child)?,
            "missingdependencies" => manifest.missing_dependencies = read_dependencies(child),
            _ => properties::take(&mut manifest.properties, child)?,
        }
    }
    check_unique_name(&manifest.unique_name)?;
    let missing = |name: &str| element.error(&format!("expected an element {name}"));
    manifest.version = version.ok_or_else(|| missing("Version"))?;
    manifest.managed = managed.ok_or_else(|| missing("Managed"))?;
    manifest.publisher = publisher.ok_or_else(|| missing("Publisher"))?;
    Ok(manifest)
}

/// Refused before anything else is looked at: what a newer format means is not known (SOL-16).
fn read_package_version(root: Element<'_>) -> Result<Option<SolutionVersion>, PackageError> {
    let Some(text) = root.word_attribute("SolutionPackageVersion") else {
        return Ok(None);
    };
    let found: SolutionVersion = text.parse().map_err(|_| root.error("SolutionPackageVersion is not a version"))?;
    if found.is_newer_format_than(&NEWEST_PACKAGE_VERSION) {
        return Err(PackageError::PackageVersionTooNew { found, newest: NEWEST_PACKAGE_VERSION });
    }
    Ok(Some(found))
}

fn read_publisher(element: Element<'_>) -> Result<Publisher, PackageError> {
    let mut publisher = Publisher::default();
    for child in element.children() {
        match child.key().as_str() {
            "uniquename" => publisher.unique_name = child.word().unwrap_or_default(),
            "localizednames" => publisher.labels = child.labels()?,
            "descriptions" => publisher.descriptions = child.labels()?,
            "emailaddress" => publisher.email = child.word(),
            "supportingwebsiteurl" => publisher.website = child.word(),
            "customizationprefix" => publisher.prefix = child.word(),
            "customizationoptionvalueprefix" => publisher.option_value_prefix = child.integer()?,
            "addresses" => publisher.addresses = child.children_named("Address").map(read_address).collect(),
            _ => properties::take(&mut publisher.properties, child)?,
        }
    }
    if publisher.unique_name.is_empty() {
        return Err(element.error("the publisher must have a UniqueName"));
    }
    Ok(publisher)
}

/// Most values of an address are nil; only the others are kept.
fn read_address(element: Element<'_>) -> BTreeMap<String, String> {
    element.children().filter(|child| !child.is_nil()).filter_map(|child| Some((child.name().to_owned(), child.word()?))).collect()
}

fn read_root_components(element: Element<'_>) -> Result<Vec<RootComponent>, PackageError> {
    element
        .children_named("RootComponent")
        .map(|child| {
            Ok(RootComponent {
                component_type: child.integer_attribute("type")?.ok_or_else(|| child.error("a root component must have attribute type"))?,
                schema_name: child.word_attribute("schemaName"),
                id: child.word_attribute("id"),
                parent_id: child.word_attribute("parentId"),
                behavior: child.integer_attribute("behavior")?,
            })
        })
        .collect()
}

fn read_dependencies(element: Element<'_>) -> Vec<MissingDependency> {
    let end = |dependency: Element<'_>, name: &str| DependencyEnd {
        attributes: dependency.child(name).into_iter().flat_map(|end| end.attributes()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    };
    element
        .children_named("MissingDependency")
        .map(|dependency| MissingDependency { required: end(dependency, "Required"), dependent: end(dependency, "Dependent") })
        .collect()
}
