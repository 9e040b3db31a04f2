//! `solution.xml` (SOL-2).

use std::collections::BTreeMap;

use super::properties;
use super::xml::XmlWriter;
use crate::error::PackageError;
use crate::package::{MissingDependency, Package, Publisher, RootComponent};

const ROOT: &str = "ImportExportXml";

pub(super) fn write(package: &Package) -> Result<String, PackageError> {
    let manifest = &package.manifest;
    let package_version = manifest.package_version.map(|version| version.to_string());
    let language_code = manifest.language_code.map(|code| code.to_string());
    let attributes = present(&[
        ("version", manifest.generator_version.as_deref()),
        ("SolutionPackageVersion", package_version.as_deref()),
        ("languagecode", language_code.as_deref()),
        ("generatedBy", manifest.generated_by.as_deref()),
    ]);
    let mut xml = XmlWriter::with_root(ROOT, &attributes, &package.namespaces);
    xml.open("SolutionManifest", &[]);
    xml.leaf("UniqueName", &manifest.unique_name);
    xml.labels("LocalizedNames", "LocalizedName", &manifest.labels);
    xml.labels("Descriptions", "Description", &manifest.descriptions);
    xml.leaf("Version", &manifest.version.to_string());
    xml.optional_flag("Managed", Some(manifest.managed));
    write_publisher(&mut xml, &manifest.publisher);
    xml.list("RootComponents", &manifest.root_components, write_root_component);
    xml.list("MissingDependencies", &manifest.missing_dependencies, write_dependency);
    properties::write(&mut xml, &manifest.properties);
    xml.close("SolutionManifest");
    xml.finish(ROOT)
}

/// The attributes that have a value.
pub(super) fn present<'a>(attributes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    attributes.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect()
}

fn write_publisher(xml: &mut XmlWriter, publisher: &Publisher) {
    xml.open("Publisher", &[]);
    xml.leaf("UniqueName", &publisher.unique_name);
    xml.labels("LocalizedNames", "LocalizedName", &publisher.labels);
    xml.labels("Descriptions", "Description", &publisher.descriptions);
    xml.optional("EMailAddress", publisher.email.as_ref());
    xml.optional("SupportingWebsiteUrl", publisher.website.as_ref());
    xml.optional("CustomizationPrefix", publisher.prefix.as_ref());
    xml.optional_number("CustomizationOptionValuePrefix", publisher.option_value_prefix);
    xml.list("Addresses", &publisher.addresses, |xml, address| {
        xml.list("Address", address, |xml, (name, value)| {
            xml.leaf(name, value);
        });
    });
    properties::write(xml, &publisher.properties);
    xml.close("Publisher");
}

fn write_root_component(xml: &mut XmlWriter, component: &RootComponent) {
    let component_type = component.component_type.to_string();
    let behavior = component.behavior.map(|behavior| behavior.to_string());
    xml.empty(
        "RootComponent",
        &present(&[
            ("type", Some(&component_type)),
            ("schemaName", component.schema_name.as_deref()),
            ("id", component.id.as_deref()),
            ("parentId", component.parent_id.as_deref()),
            ("behavior", behavior.as_deref()),
        ]),
    );
}

fn write_dependency(xml: &mut XmlWriter, dependency: &MissingDependency) {
    xml.open("MissingDependency", &[]);
    xml.empty("Required", &pairs(&dependency.required.attributes));
    xml.empty("Dependent", &pairs(&dependency.dependent.attributes));
    xml.close("MissingDependency");
}

/// A map as a list of attributes.
pub(super) fn pairs(attributes: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
