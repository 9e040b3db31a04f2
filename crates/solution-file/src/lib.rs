//! Solution packages (a zip with `solution.xml`, `customizations.xml` and `[Content_Types].xml`)
//! to plain values and back.
//!
//! In here: [`read`] turns bytes into a [`Package`], [`write`](fn@write) turns a [`Package`] into
//! the same bytes every time, and the two are inverse to each other. Everything is bounded by
//! [`PackageLimits`], because packages arrive over the network.
//!
//! Beside packages, [`read_publish`] reads the document of PublishXml, which has the same root, and
//! [`read_view`] a view that stands alone.
//!
//! Not in here: files, clocks, metadata, and any judgment on what a package says. Names, types and
//! numbers are handed on as they stand; the importer checks them against its own metadata. Only
//! the version text and the solution's unique name have a validator, since the file format itself
//! defines them.
//!
//! Start reading at `package/mod.rs` (what a package is), then `read/mod.rs` and `write/mod.rs`.

mod error;
mod limits;
mod package;
mod read;
mod unique_name;
mod version;
mod write;

pub use error::{EntryProblem, LimitKind, PackageError};
pub use limits::PackageLimits;
pub use package::{
    CascadeAction, Cascades, ChoiceElement, ChoiceKind, ChoiceOption, ChoiceSource, ColumnElement, ColumnType, DependencyEnd, InertKind, InertPart, KeyElement,
    Labels, LookupTarget, Manifest, ManyToMany, MissingDependency, OneToMany, Package, Properties, Publisher, RawElement, RelationshipColumn,
    RelationshipElement, RelationshipKind, RelationshipRole, RequiredLevel, RootComponent, TableElement, TableExtent, ViewElement,
};
pub use read::{PublishDocument, read, read_publish, read_view};
pub use unique_name::{UNIQUE_NAME_CHARACTERS_MAX, check_unique_name};
pub use version::{NEWEST_PACKAGE_VERSION, SolutionVersion};
pub use write::write;
