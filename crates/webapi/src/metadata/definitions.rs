//! Types and sets of definitions, printed from their description (web-api 2, 26).

use driftless_contract::definitions::types::{self, ENUMS, Kind, Property, TypeDef, TypeShape};
use driftless_odata::csdl::CsdlWriter;

use super::{collection, type_name};
use crate::definitions::SETS;
use crate::definitions::json::PREFIX;

/// Enumerations, complex types and entity types.
pub(super) fn types(out: &mut CsdlWriter) {
    for def in ENUMS {
        super::operations::enumeration(out, def);
    }
    out.empty("EntityType", &[("Name", "crmmodelbaseentity"), ("Abstract", "true")]);
    for def in types::all() {
        one(out, def);
    }
}

fn one(out: &mut CsdlWriter, def: &TypeDef) {
    let base = match (def.base, def.shape) {
        (Some(base), _) => Some(type_name(base)),
        (None, TypeShape::Complex) => None,
        (None, TypeShape::Entity | TypeShape::AbstractEntity) => Some(type_name("crmmodelbaseentity")),
    };
    let mut attributes = vec![("Name", def.name)];
    if let Some(base) = &base {
        attributes.push(("BaseType", base));
    }
    if def.shape == TypeShape::AbstractEntity {
        attributes.push(("Abstract", "true"));
    }
    let element = if def.shape == TypeShape::Complex { "ComplexType" } else { "EntityType" };
    out.begin(element, &attributes);
    if def.properties.iter().any(|property| property.name == "MetadataId") && def.shape != TypeShape::Complex {
        out.begin("Key", &[]);
        out.empty("PropertyRef", &[("Name", "MetadataId")]);
        out.end();
    }
    for property in def.properties {
        let is_key = property.name == "MetadataId" && def.shape != TypeShape::Complex;
        self::property(out, property, is_key);
    }
    out.end();
}

fn property(out: &mut CsdlWriter, property: &Property, is_key: bool) {
    let name = property.name;
    let plain = |kind: &str| kind.to_owned();
    let kind = match property.kind {
        Kind::Text => plain("Edm.String"),
        Kind::Bool => plain("Edm.Boolean"),
        Kind::Int => plain("Edm.Int32"),
        Kind::BigInt => plain("Edm.Int64"),
        Kind::Double => plain("Edm.Double"),
        Kind::Decimal => plain("Edm.Decimal"),
        Kind::Guid => plain("Edm.Guid"),
        Kind::DateTime => plain("Edm.DateTimeOffset"),
        Kind::Enum(name) | Kind::Complex(name) => type_name(name),
        Kind::Texts => plain("Collection(Edm.String)"),
        Kind::Ints => plain("Collection(Edm.Int32)"),
        Kind::Complexes(name) => collection(name),
        Kind::Part(name) | Kind::Other(name) => {
            let kind = type_name(name);
            let mut attributes = vec![("Name", property.name), ("Type", kind.as_str())];
            if matches!(property.kind, Kind::Part(_)) {
                attributes.push(("ContainsTarget", "true"));
            }
            out.empty("NavigationProperty", &attributes);
            return;
        }
        Kind::Parts(name) => {
            out.empty("NavigationProperty", &[("Name", property.name), ("Type", &collection(name)), ("ContainsTarget", "true")]);
            return;
        }
    };
    let mut attributes = vec![("Name", name), ("Type", kind.as_str())];
    if is_key {
        attributes.push(("Nullable", "false"));
    }
    if property.kind == Kind::Decimal {
        attributes.push(("Scale", "Variable"));
    }
    out.empty("Property", &attributes);
}

/// Complex types with the members of the definitions' types: what messages take and give. Parts are properties here.
pub(super) fn complex_types(out: &mut CsdlWriter) {
    for def in types::all().filter(|def| def.shape != TypeShape::Complex) {
        let name = format!("{PREFIX}{}", def.name);
        let base = def.base.map(|base| type_name(&format!("{PREFIX}{base}")));
        let mut attributes = vec![("Name", name.as_str())];
        if let Some(base) = &base {
            attributes.push(("BaseType", base));
        }
        if def.shape == TypeShape::AbstractEntity {
            attributes.push(("Abstract", "true"));
        }
        out.begin("ComplexType", &attributes);
        for own in def.properties.iter().filter(|own| own.name != "GlobalOptionSet") {
            let part = |name: &str| format!("{PREFIX}{name}");
            match own.kind {
                Kind::Part(name) | Kind::Other(name) => out.empty("Property", &[("Name", own.name), ("Type", &type_name(&part(name)))]),
                Kind::Parts(name) => out.empty("Property", &[("Name", own.name), ("Type", &collection(&part(name)))]),
                _ => property(out, own, false),
            }
        }
        out.end();
    }
}

/// The sets of definitions.
pub(super) fn sets(out: &mut CsdlWriter) {
    for (name, def) in SETS {
        out.begin("EntitySet", &[("Name", name), ("EntityType", &type_name(def))]);
        out.end();
    }
}
