//! Packages for tests, made by hand so that they can be wrong.

#![allow(dead_code, clippy::unwrap_used, reason = "test code, shared by several files")]

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Attributes that a current file has on the root of its manifest.
pub(crate) const ROOT_ATTRIBUTES: &str = "version='9.2.1.2' SolutionPackageVersion='9.2' languagecode='1033'";

/// The least that a manifest needs.
pub(crate) const MANIFEST_CONTENT: &str = "<UniqueName>Orders</UniqueName><Version>1.2.3.4</Version>\
     <Managed>0</Managed><Publisher><UniqueName>fabrikam</UniqueName></Publisher>";

/// Packs entries with a method of choice.
pub(crate) fn zip_with(method: CompressionMethod, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(method);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        if name.ends_with('/') {
            zip.add_directory(*name, options).unwrap();
        } else {
            zip.start_file(*name, options).unwrap();
            zip.write_all(content).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

/// A `solution.xml`.
pub(crate) fn manifest(attributes: &str, content: &str) -> String {
    format!(
        "<ImportExportXml {attributes}><SolutionManifest>{content}</SolutionManifest>\
         </ImportExportXml>"
    )
}

/// A `customizations.xml`.
pub(crate) fn customizations(content: &str) -> String {
    format!("<ImportExportXml>{content}</ImportExportXml>")
}

/// A package of two XML texts and further entries, stored without packing so that tests can find
/// and change bytes.
pub(crate) fn package_of(manifest: &str, customizations: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut entries: Vec<(&str, &[u8])> =
        vec![("solution.xml", manifest.as_bytes()), ("customizations.xml", customizations.as_bytes()), ("[Content_Types].xml", b"<Types/>")];
    entries.extend_from_slice(more);
    zip_with(CompressionMethod::Stored, &entries)
}

/// A valid package with further entries.
pub(crate) fn package_with(more: &[(&str, &[u8])]) -> Vec<u8> {
    package_of(&manifest(ROOT_ATTRIBUTES, MANIFEST_CONTENT), &customizations(""), more)
}

/// A valid package with the given customizations.
pub(crate) fn package_customizing(content: &str) -> Vec<u8> {
    package_of(&manifest(ROOT_ATTRIBUTES, MANIFEST_CONTENT), &customizations(content), &[])
}

/// Replaces every occurrence of a byte pattern by another of the same length.
pub(crate) fn replace_bytes(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let mut at = 0;
    while at + from.len() <= bytes.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
        at += 1;
    }
}
