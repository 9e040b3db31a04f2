//! XML parts that must be refused without harm (SEC-31).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod packing;

use driftless_solution_file::{LimitKind, PackageError, PackageLimits, read};
use packing::{MANIFEST_CONTENT, ROOT_ATTRIBUTES, customizations, manifest, package_customizing, package_of};

fn error_of(customizations: &str) -> Option<PackageError> {
    let manifest = manifest(ROOT_ATTRIBUTES, MANIFEST_CONTENT);
    let bytes = package_of(&manifest, customizations, &[]);
    read(&bytes, &PackageLimits::default()).err()
}

fn kind(error: Option<PackageError>) -> Option<LimitKind> {
    match error? {
        PackageError::TooLarge { what, .. } => Some(what),
        other => panic!("{other}"),
    }
}

#[test] // SEC-31
fn document_types_and_entities_are_refused() {
    for attack in [
        "<!DOCTYPE ImportExportXml><ImportExportXml/>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><ImportExportXml/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><ImportExportXml>&x;\
         </ImportExportXml>",
        "<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><ImportExportXml>&b;\
         </ImportExportXml>",
        "<?xml version='1.0'?>\n<!doctype a><ImportExportXml/>",
    ] {
        let message = error_of(attack).unwrap().to_string();
        assert!(message.contains("document type"), "{message}");
    }
    for unknown in ["&x;", "&nbsp;", "&#0;", "&#xFFFF;", "&"] {
        let error = error_of(&customizations(unknown)).unwrap();
        assert!(matches!(error, PackageError::BadXml { .. }), "{unknown}");
    }
}

#[test] // SEC-31
fn deep_nesting_is_refused_before_it_is_parsed() {
    let nested = |depth: usize| customizations(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    assert_eq!(error_of(&nested(127)), None);
    assert_eq!(kind(error_of(&nested(128))), Some(LimitKind::XmlDepth));
    assert_eq!(kind(error_of(&nested(200_000))), Some(LimitKind::XmlDepth));
}

#[test] // SEC-31
fn attributes_cannot_make_the_time_grow_with_their_square() {
    let attributes = |count: usize| {
        let list: String = (0..count).map(|n| format!(" a{n}='1'")).collect();
        customizations(&format!("<Custom{list}/>"))
    };
    assert_eq!(error_of(&attributes(256)), None);
    assert_eq!(kind(error_of(&attributes(257))), Some(LimitKind::XmlElementAttributes));
    let namespaces = |count: usize| {
        let list: String = (0..count).map(|n| format!(" xmlns:p{n}='u{n}'")).collect();
        format!("<ImportExportXml{list}/>")
    };
    assert_eq!(error_of(&namespaces(64)), None);
    assert_eq!(kind(error_of(&namespaces(65))), Some(LimitKind::XmlNamespacesInScope));
}

#[test] // SEC-31
fn a_huge_attribute_is_only_long() {
    let value = "x".repeat(10 * 1024 * 1024);
    let text = customizations(&format!("<Custom value='{value}'/>"));
    assert_eq!(error_of(&text), None);
}

#[test]
fn the_limits_of_a_part_are_exact() {
    let text = customizations("<a/><b/>");
    let bytes = package_customizing("<a/><b/>");
    let manifest_size = manifest(ROOT_ATTRIBUTES, MANIFEST_CONTENT).len() as u64;
    assert!(manifest_size > text.len() as u64);
    for (size, expected) in [(manifest_size, None), (manifest_size - 1, Some(LimitKind::XmlBytes))] {
        let limits = PackageLimits { xml_bytes_max: size, ..PackageLimits::default() };
        assert_eq!(kind(read(&bytes, &limits).err()), expected);
    }
}

#[test]
fn texts_count_as_nodes() {
    // 1 document, 1 root, 6 children, 6 texts: 14 nodes with 14 opening marks.
    let bytes = package_customizing(&"<a>x</a>".repeat(6));
    for (nodes, expected) in [(16, None), (13, Some(LimitKind::XmlNodes))] {
        let limits = PackageLimits { xml_nodes_max: nodes, ..PackageLimits::default() };
        assert_eq!(kind(read(&bytes, &limits).err()), expected, "{nodes}");
    }
}

#[test]
fn broken_texts_are_located() {
    for (text, place) in [
        ("<ImportExportXml>\n  <a></b></ImportExportXml>", "line 2 column 6"),
        ("<ImportExportXml a='1' a='2'/>", "line 1 column 24"),
        ("<Other/>", "expected the root element ImportExportXml"),
        ("", "customizations.xml"),
        ("<ImportExportXml>", "customizations.xml"),
        ("<ImportExportXml/><ImportExportXml/>", "customizations.xml"),
    ] {
        let message = error_of(text).unwrap().to_string();
        assert!(message.contains(place), "{text:?}: {message}");
    }
}

#[test]
fn other_encodings_are_named() {
    let manifest = manifest(ROOT_ATTRIBUTES, MANIFEST_CONTENT);
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain("<ImportExportXml/>".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let bytes = packing::zip_with(
        zip::CompressionMethod::Deflated,
        &[("solution.xml", manifest.as_bytes()), ("customizations.xml", &utf16), ("[Content_Types].xml", b"")],
    );
    assert!(matches!(read(&bytes, &PackageLimits::default()), Err(PackageError::Unsupported { .. })));
}
