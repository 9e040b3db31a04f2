//! From the bytes of a package to its values.
//!
//! The order of trust: `archive` unpacks within limits, `scan` bounds the shape of each XML text,
//! `xml` parses it, and the other modules only walk the parsed tree, at a fixed depth and without
//! recursion.

mod archive;
mod choice;
mod column;
mod customizations;
mod manifest;
mod properties;
mod publish;
mod relationship;
mod scan;
mod table;
mod xml;

pub use publish::{PublishDocument, read_publish};
pub use table::read_view;

pub(crate) use archive::check_entry;
pub(crate) use xml::{XSI_NAMESPACE, XSI_PREFIX, is_single_element};

use self::archive::Entry;
use self::xml::XmlPart;
use crate::error::PackageError;
use crate::limits::PackageLimits;
use crate::package::{InertPart, Package};

pub(crate) const MANIFEST_PART: &str = "solution.xml";
pub(crate) const CUSTOMIZATIONS_PART: &str = "customizations.xml";
pub(crate) const CONTENT_TYPES_PART: &str = "[Content_Types].xml";

/// Reads a solution package.
///
/// Unknown elements and entries are kept, not refused; see [`Properties`](crate::Properties) and
/// [`InertPart`]. `other_parts` come out sorted by kind and name.
///
/// # Errors
///
/// Any [`PackageError`] but [`PackageError::Unwritable`]; the first problem found is reported.
pub fn read(bytes: &[u8], limits: &PackageLimits) -> Result<Package, PackageError> {
    let mut entries = archive::unpack(bytes, limits)?;
    let manifest_bytes = take_part(&mut entries, MANIFEST_PART)?;
    let customizations_bytes = take_part(&mut entries, CUSTOMIZATIONS_PART)?;
    // Only its presence matters: the names of the entries say what they are.
    take_part(&mut entries, CONTENT_TYPES_PART)?;

    let mut package = Package::default();
    XmlPart::new(MANIFEST_PART, &manifest_bytes, limits)?.read(|root| {
        package.namespaces.extend(root.declared_prefixes());
        package.manifest = manifest::read(root)?;
        Ok(())
    })?;
    XmlPart::new(CUSTOMIZATIONS_PART, &customizations_bytes, limits)?.read(|root| customizations::read(root, &mut package))?;

    let files = entries.into_iter().map(|entry| InertPart::file(entry.name, entry.content));
    package.other_parts.extend(files);
    package.other_parts.sort_by(|a, b| (a.kind, &a.name, &a.content).cmp(&(b.kind, &b.name, &b.content)));
    Ok(package)
}

fn take_part(entries: &mut Vec<Entry>, name: &'static str) -> Result<Vec<u8>, PackageError> {
    let index = entries.iter().position(|entry| entry.name.eq_ignore_ascii_case(name)).ok_or(PackageError::MissingPart { name })?;
    Ok(entries.swap_remove(index).content)
}
