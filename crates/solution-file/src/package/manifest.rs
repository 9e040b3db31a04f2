//! `solution.xml`: who made the solution, which version it is and what it contains (SOL-2).

use std::collections::BTreeMap;

use super::{Labels, Properties};
use crate::version::SolutionVersion;

/// `SolutionManifest` and the attributes of the root around it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// `UniqueName`; checked by [`check_unique_name`](crate::check_unique_name).
    pub unique_name: String,
    /// `LocalizedNames`.
    pub labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// `Version`.
    pub version: SolutionVersion,
    /// `Managed`: true for a managed package.
    pub managed: bool,
    /// Attribute `SolutionPackageVersion`: version of the file format.
    pub package_version: Option<SolutionVersion>,
    /// Attribute `version`: version of the program that wrote the file, as text.
    pub generator_version: Option<String>,
    /// Attribute `generatedBy`.
    pub generated_by: Option<String>,
    /// Attribute `languagecode`: the base language.
    pub language_code: Option<u16>,
    /// `Publisher`.
    pub publisher: Publisher,
    /// `RootComponents`.
    pub root_components: Vec<RootComponent>,
    /// `MissingDependencies`: what the target must already have.
    pub missing_dependencies: Vec<MissingDependency>,
    /// Anything else in the manifest.
    pub properties: Properties,
}

/// The publisher of a solution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publisher {
    /// `UniqueName`, by which publishers are matched (SOL-14).
    pub unique_name: String,
    /// `LocalizedNames`.
    pub labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// `EMailAddress`.
    pub email: Option<String>,
    /// `SupportingWebsiteUrl`.
    pub website: Option<String>,
    /// `CustomizationPrefix`: start of the schema names, without the underscore.
    pub prefix: Option<String>,
    /// `CustomizationOptionValuePrefix`: start of the option values (MD-27).
    pub option_value_prefix: Option<i32>,
    /// `Addresses`: for each the values that are present, by element name.
    pub addresses: Vec<BTreeMap<String, String>>,
    /// Anything else about the publisher.
    pub properties: Properties,
}

/// A component that the solution contains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootComponent {
    /// `type`: number of the component type, 1 for a table.
    pub component_type: i32,
    /// `schemaName`, for components that are named.
    pub schema_name: Option<String>,
    /// `id`, for components that are known by id; as written, braces included.
    pub id: Option<String>,
    /// `parentId`; as written.
    pub parent_id: Option<String>,
    /// `behavior`: 0 with all subcomponents, 1 without, 2 only the shell.
    pub behavior: Option<i32>,
}

/// A component that the solution needs and does not contain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MissingDependency {
    /// What is needed.
    pub required: DependencyEnd,
    /// What needs it.
    pub dependent: DependencyEnd,
}

/// One end of a [`MissingDependency`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DependencyEnd {
    /// Its attributes as written: `type`, `schemaName`, `displayName`, `solution`, `id`, ...
    pub attributes: BTreeMap<String, String>,
}

impl DependencyEnd {
    /// Attribute `type`, if it is a number.
    pub fn component_type(&self) -> Option<i32> {
        self.attributes.get("type")?.parse().ok()
    }

    /// Attribute `schemaName`.
    pub fn schema_name(&self) -> Option<&str> {
        self.attributes.get("schemaName").map(String::as_str)
    }

    /// Attribute `solution`: unique name and version of the solution that has the component.
    pub fn solution(&self) -> Option<&str> {
        self.attributes.get("solution").map(String::as_str)
    }
}
