//! The root of `customizations.xml` (SOL-3).

use super::xml::XmlWriter;
use super::{choice, relationship, table};
use crate::error::PackageError;
use crate::package::{InertKind, InertPart, Package};

const ROOT: &str = "ImportExportXml";

/// Sections that every file has, if only empty, around the ones that are interpreted.
const BEFORE_RELATIONSHIPS: &[&str] = &["Roles", "Workflows", "FieldSecurityProfiles", "Templates", "EntityMaps"];
const AFTER_RELATIONSHIPS: &[&str] = &["OrganizationSettings"];

pub(super) fn write(package: &Package) -> Result<String, PackageError> {
    let mut xml = XmlWriter::with_root(ROOT, &[], &package.namespaces);
    let sections = Sections { parts: package.other_parts.iter().filter(|part| part.kind == InertKind::Section).collect() };
    xml.list("Entities", &package.tables, table::write);
    sections.write_usual(&mut xml, BEFORE_RELATIONSHIPS);
    xml.list("EntityRelationships", &package.relationships, relationship::write);
    sections.write_usual(&mut xml, AFTER_RELATIONSHIPS);
    xml.list("optionsets", &package.choices, choice::write);
    sections.write_others(&mut xml);
    xml.list("Languages", &package.languages, |xml, language| {
        xml.leaf("Language", &language.to_string());
    });
    xml.finish(ROOT)
}

/// The sections that are carried along.
struct Sections<'a> {
    parts: Vec<&'a InertPart>,
}

impl Sections<'_> {
    fn write_usual(&self, xml: &mut XmlWriter, names: &[&str]) {
        for name in names {
            let mut is_written = false;
            for part in self.parts.iter().filter(|part| part.name == *name) {
                write_section(xml, part);
                is_written = true;
            }
            if !is_written {
                xml.empty(name, &[]);
            }
        }
    }

    fn write_others(&self, xml: &mut XmlWriter) {
        for part in &self.parts {
            let is_usual = BEFORE_RELATIONSHIPS.iter().chain(AFTER_RELATIONSHIPS).any(|name| part.name == *name);
            if !is_usual {
                write_section(xml, part);
            }
        }
    }
}

fn write_section(xml: &mut XmlWriter, part: &InertPart) {
    match std::str::from_utf8(&part.content) {
        Ok(content) => xml.raw(content),
        Err(_) => xml.refuse(format!("section {}: its content is no text", part.name)),
    }
}
