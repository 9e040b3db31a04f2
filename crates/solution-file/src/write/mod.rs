//! From the values of a package to its bytes.
//!
//! `xml` escapes and indents, `archive` packs; the other modules say which element follows which,
//! in the order that the format uses. The same package always gives the same bytes.

mod archive;
mod choice;
mod column;
mod content_types;
mod customizations;
mod manifest;
mod properties;
mod relationship;
mod table;
mod xml;

use crate::error::PackageError;
use crate::package::{InertKind, InertPart, Package};
use crate::read::{CONTENT_TYPES_PART, CUSTOMIZATIONS_PART, MANIFEST_PART};
use crate::unique_name::check_unique_name;

/// Writes a solution package.
///
/// [`read`](crate::read) gives the same package back, provided that it could have been read: names
/// without space around them, no empty text where `None` says the same, elements kept as text
/// under their own name, and `other_parts` sorted by kind and name.
///
/// # Errors
///
/// [`PackageError::BadUniqueName`] for the solution's name, [`PackageError::BadEntry`] for a file
/// that [`read`](crate::read) would refuse, [`PackageError::Unwritable`] for texts that XML cannot
/// hold and for elements kept as text that are not well-formed.
pub fn write(package: &Package) -> Result<Vec<u8>, PackageError> {
    check_unique_name(&package.manifest.unique_name)?;
    let mut files: Vec<&InertPart> = package.other_parts.iter().filter(|part| part.kind == InertKind::File).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));

    let manifest = manifest::write(package)?;
    let customizations = customizations::write(package)?;
    let content_types = content_types::write(&files)?;
    let mut archive = archive::Archive::new();
    archive.add(CONTENT_TYPES_PART, content_types.as_bytes())?;
    archive.add(CUSTOMIZATIONS_PART, customizations.as_bytes())?;
    archive.add(MANIFEST_PART, manifest.as_bytes())?;
    for file in files {
        archive.add(&file.name, &file.content)?;
    }
    archive.finish()
}
