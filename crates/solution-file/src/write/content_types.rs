//! `[Content_Types].xml`: one type for each file name extension.

use std::collections::{BTreeMap, BTreeSet};

use super::xml::XmlWriter;
use crate::error::PackageError;
use crate::package::InertPart;

const CONTENT_TYPE: &str = "application/octet-stream";
const NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
const ROOT: &str = "Types";

pub(super) fn write(files: &[&InertPart]) -> Result<String, PackageError> {
    let mut extensions = BTreeSet::from(["xml".to_owned()]);
    let mut plain_names = BTreeSet::new();
    for file in files {
        let name = file.name.rsplit('/').next().unwrap_or(&file.name);
        match name.rsplit_once('.') {
            Some((_, extension)) if !extension.is_empty() => {
                extensions.insert(extension.to_lowercase());
            }
            _ => {
                plain_names.insert(format!("/{}", file.name));
            }
        }
    }
    let mut xml = XmlWriter::with_root(ROOT, &[("xmlns", NAMESPACE)], &BTreeMap::new());
    for extension in &extensions {
        xml.empty("Default", &[("Extension", extension), ("ContentType", CONTENT_TYPE)]);
    }
    for name in &plain_names {
        xml.empty("Override", &[("PartName", name), ("ContentType", CONTENT_TYPE)]);
    }
    xml.finish(ROOT)
}
