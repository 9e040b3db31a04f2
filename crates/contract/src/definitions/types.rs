//! The types of definitions, described once: reads follow it for the order and the defaults of properties, `$filter` for their types, and `$metadata` prints
//! it (web-api 2, 26).

mod attributes;
mod entities;
mod enums;
mod values;

pub use enums::ENUMS;

/// A type of definitions.
#[derive(Debug)]
pub struct TypeDef {
    /// Name, without namespace.
    pub name: &'static str,
    /// The type that it derives from.
    pub base: Option<&'static str>,
    /// Whether its values have an identity.
    pub shape: TypeShape,
    /// Its own properties, those of its bases not among them.
    pub properties: &'static [Property],
}

/// Whether values of a type have an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeShape {
    /// With `MetadataId` as key.
    Entity,
    /// The same, without values of its own.
    AbstractEntity,
    /// Part of another value.
    Complex,
}

/// A property of a type.
#[derive(Debug)]
pub struct Property {
    /// Name.
    pub name: &'static str,
    /// Type of its values.
    pub kind: Kind,
}

/// Type of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// Yes or no.
    Bool,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    BigInt,
    /// A floating-point number.
    Double,
    /// An exact number.
    Decimal,
    /// An identity.
    Guid,
    /// A moment.
    DateTime,
    /// A member of an enumeration, written by name.
    Enum(&'static str),
    /// A value of a complex type.
    Complex(&'static str),
    /// Several texts.
    Texts,
    /// Several whole numbers.
    Ints,
    /// Several values of a complex type.
    Complexes(&'static str),
    /// A part with an identity, returned when expanded.
    Part(&'static str),
    /// Several parts.
    Parts(&'static str),
    /// A definition that lives elsewhere, returned when expanded.
    Other(&'static str),
}

impl Kind {
    /// True when values are returned only where `$expand` names them.
    #[must_use]
    pub fn is_navigation(self) -> bool {
        matches!(self, Self::Part(_) | Self::Parts(_) | Self::Other(_))
    }
}

/// Shorthand for the lists of properties.
const fn p(name: &'static str, kind: Kind) -> Property {
    Property { name, kind }
}

/// All types, bases before what derives from them.
pub fn all() -> impl Iterator<Item = &'static TypeDef> {
    values::TYPES.iter().chain(entities::TYPES).chain(attributes::TYPES)
}

/// The type of this name, without namespace.
#[must_use]
pub fn find(name: &str) -> Option<&'static TypeDef> {
    all().find(|def| def.name == name)
}

impl TypeDef {
    /// The properties of the type and of its bases, the bases' first.
    #[must_use]
    pub fn all_properties(&self) -> Vec<&'static Property> {
        let mut properties = self.base.and_then(find).map(Self::all_properties).unwrap_or_default();
        properties.extend(self.properties);
        properties
    }

    /// The property of this name, in the type or its bases.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name).or_else(|| find(self.base?)?.property(name))
    }

    /// True for the type itself and for what derives from it.
    #[must_use]
    pub fn is_a(&self, name: &str) -> bool {
        self.name == name || self.base.and_then(find).is_some_and(|base| base.is_a(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 26
    fn every_named_type_and_enumeration_is_described_once() {
        for def in all() {
            assert_eq!(all().filter(|other| other.name == def.name).count(), 1, "{}", def.name);
            if let Some(base) = def.base {
                assert!(find(base).is_some(), "{base}");
            }
            let properties = def.all_properties();
            for property in &properties {
                assert_eq!(properties.iter().filter(|other| other.name == property.name).count(), 1, "{}.{}", def.name, property.name);
                match property.kind {
                    Kind::Enum(name) => assert!(ENUMS.iter().any(|def| def.name == name), "{name}"),
                    Kind::Complex(name) | Kind::Complexes(name) => assert_eq!(find(name).map(|def| def.shape), Some(TypeShape::Complex), "{name}"),
                    Kind::Part(name) | Kind::Parts(name) | Kind::Other(name) => assert!(find(name).is_some(), "{name}"),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn derived_types_have_the_properties_of_their_bases() {
        let string = find("StringAttributeMetadata").unwrap();
        assert!(string.is_a("AttributeMetadata"));
        assert!(string.property("MaxLength").is_some() && string.property("LogicalName").is_some() && string.property("MetadataId").is_some());
    }
}
