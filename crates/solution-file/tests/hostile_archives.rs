//! Archives that must be refused, and the exact limits (SEC-13).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod packing;

use driftless_solution_file::{EntryProblem, LimitKind, PackageError, PackageLimits, read};
use packing::{package_with, replace_bytes, zip_with};
use zip::CompressionMethod;

fn error_within(bytes: &[u8], limits: &PackageLimits) -> Option<PackageError> {
    read(bytes, limits).err()
}

fn error(bytes: &[u8]) -> Option<PackageError> {
    error_within(bytes, &PackageLimits::default())
}

fn problem(bytes: &[u8]) -> Option<EntryProblem> {
    match error(bytes)? {
        PackageError::BadEntry { problem, .. } => Some(problem),
        other => panic!("{other}"),
    }
}

fn too_large(what: LimitKind, limit: u64) -> Option<PackageError> {
    Some(PackageError::TooLarge { what, limit })
}

#[test] // SOL-1
fn what_is_no_zip_is_called_so() {
    for bytes in [&b""[..], b"PK", b"hello", b"<ImportExportXml/>", b"PK\x05\x06"] {
        assert!(matches!(error(bytes), Some(PackageError::NotAZip { .. })));
    }
}

#[test] // SOL-1
fn every_cut_off_package_is_refused() {
    let whole = package_with(&[("a.txt", b"content")]);
    assert_eq!(error(&whole), None);
    for length in 0..whole.len() {
        assert!(matches!(error(&whole[..length]), Some(PackageError::NotAZip { .. })), "{length}");
    }
}

#[test]
fn no_changed_byte_makes_the_reader_panic() {
    let whole = package_with(&[("a.txt", b"content"), ("b/", b"")]);
    for at in 0..whole.len() {
        for value in [0x00, 0x7F, 0x80, 0xFF] {
            let mut changed = whole.clone();
            changed[at] = value;
            let _ = read(&changed, &PackageLimits::default());
        }
    }
}

#[test] // SOL-1
fn each_required_part_is_asked_for_by_name() {
    let parts: [(&str, &[u8]); 3] = [
        (
            "solution.xml",
            b"<ImportExportXml><SolutionManifest><UniqueName>a</UniqueName><Version>1.0</Version>\
              <Managed>1</Managed><Publisher><UniqueName>b</UniqueName></Publisher>\
              </SolutionManifest></ImportExportXml>",
        ),
        ("customizations.xml", b"<ImportExportXml/>"),
        ("[Content_Types].xml", b"<Types/>"),
    ];
    for (name, _) in parts {
        let others: Vec<_> = parts.into_iter().filter(|part| part.0 != name).collect();
        assert_eq!(error(&zip_with(CompressionMethod::Deflated, &others)), Some(PackageError::MissingPart { name }));
    }
    let upper: Vec<(String, &[u8])> = parts.iter().map(|(name, content)| (name.to_uppercase(), *content)).collect();
    let upper: Vec<(&str, &[u8])> = upper.iter().map(|(name, c)| (name.as_str(), *c)).collect();
    assert_eq!(error(&zip_with(CompressionMethod::Deflated, &upper)), None);
}

#[test] // SEC-13
fn names_that_lead_out_of_the_package_are_refused() {
    // The packing library would clean these names, so they are put in afterwards.
    for (name, expected) in [
        ("/bs.xml", EntryProblem::AbsoluteName),
        ("C:\\.xml", EntryProblem::AbsoluteName),
        ("\\bs.xml", EntryProblem::AbsoluteName),
        ("../.xml", EntryProblem::ParentSegment),
        ("..\\.xml", EntryProblem::ParentSegment),
        ("a/../.x", EntryProblem::ParentSegment),
        ("a//.xml", EntryProblem::IllegalName),
        ("ab\0.xml", EntryProblem::IllegalName),
    ] {
        let mut bytes = package_with(&[("abs.xml", b""), ("abcd.xml", b"")]);
        let placeholder: &[u8] = if name.len() == 7 { b"abs.xml" } else { b"abcd.xml" };
        replace_bytes(&mut bytes, placeholder, name.as_bytes());
        assert_eq!(problem(&bytes), Some(expected), "{name:?}");
    }
}

#[test] // SEC-13
fn two_entries_of_one_name_are_refused() {
    let mut same = package_with(&[("one.txt", b"1"), ("two.txt", b"2")]);
    replace_bytes(&mut same, b"two.txt", b"one.txt");
    assert_eq!(problem(&same), Some(EntryProblem::DuplicateName));

    let cases = package_with(&[("one.txt", b"1"), ("ONE.txt", b"2")]);
    assert_eq!(problem(&cases), Some(EntryProblem::DuplicateName));
    let manifests = package_with(&[("Solution.xml", b"<a/>")]);
    assert_eq!(problem(&manifests), Some(EntryProblem::DuplicateName));
}

#[test] // SEC-13
fn links_are_refused() {
    use std::io::Cursor;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("link", "target", zip::write::SimpleFileOptions::default()).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    assert_eq!(problem(&bytes), Some(EntryProblem::Link));
}

#[test] // SEC-13
fn archives_inside_are_refused() {
    let inner = zip_with(CompressionMethod::Deflated, &[("x", b"y")]);
    let bytes = package_with(&[("WebResources/innocent.js", &inner)]);
    // Told by the content: the directory headers of both would count as well.
    assert_eq!(problem(&bytes), Some(EntryProblem::NestedArchive));
    let gzip = package_with(&[("data.bin", b"\x1f\x8b\x08rest")]);
    assert_eq!(problem(&gzip), Some(EntryProblem::NestedArchive));
}

#[test]
fn encrypted_entries_are_not_supported() {
    let mut bytes = package_with(&[]);
    // General purpose flags stand 8 bytes into a directory header and 6 into a local one.
    for (signature, offset) in [(b"PK\x01\x02", 8), (b"PK\x03\x04", 6)] {
        let at = bytes.windows(4).position(|window| window == signature).unwrap();
        bytes[at + offset] |= 1;
    }
    assert!(matches!(error(&bytes), Some(PackageError::Unsupported { .. })));
}

#[test] // SEC-13
fn the_package_may_be_as_large_as_its_limit() {
    let bytes = package_with(&[]);
    let size = bytes.len() as u64;
    let limits = |packed_bytes_max| PackageLimits { packed_bytes_max, ..PackageLimits::default() };
    assert_eq!(error_within(&bytes, &limits(size)), None);
    assert_eq!(error_within(&bytes, &limits(size - 1)), too_large(LimitKind::PackedBytes, size - 1));
}

#[test] // SEC-13
fn there_may_be_as_many_entries_as_the_limit() {
    let bytes = package_with(&[("a", b""), ("b/", b"")]);
    let limits = |entries_max| PackageLimits { entries_max, ..PackageLimits::default() };
    assert_eq!(error_within(&bytes, &limits(5)), None);
    assert_eq!(error_within(&bytes, &limits(4)), too_large(LimitKind::Entries, 4));
}

#[test] // SEC-13
fn unpacked_bytes_are_counted_over_all_entries() {
    let content = vec![b'x'; 1000];
    let bytes = package_with(&[("a", &content), ("b", &content)]);
    let parts: u64 = [packing::manifest(packing::ROOT_ATTRIBUTES, packing::MANIFEST_CONTENT).len(), packing::customizations("").len(), "<Types/>".len(), 2000]
        .iter()
        .map(|length| *length as u64)
        .sum();
    let limits = |unpacked_bytes_max| PackageLimits { unpacked_bytes_max, ..PackageLimits::default() };
    assert_eq!(error_within(&bytes, &limits(parts)), None);
    assert_eq!(error_within(&bytes, &limits(parts - 1)), too_large(LimitKind::UnpackedBytes, parts - 1));
}

#[test] // SEC-13
fn an_entry_may_shrink_as_much_as_the_ratio() {
    // Stored entries have the ratio 1.
    let limits = |ratio_max| PackageLimits { ratio_max, ..PackageLimits::default() };
    assert_eq!(error_within(&package_with(&[]), &limits(1)), None);

    let zeros = vec![0; 1 << 20];
    let bomb = package_with_packed(&zeros);
    assert_eq!(error(&bomb), too_large(LimitKind::Ratio, 200));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bomb)).unwrap();
    let packed = archive.by_index_raw(0).unwrap().compressed_size();
    let ratio = (zeros.len() as u64).div_ceil(packed);
    // What comes next is only what this package lacks.
    assert_eq!(error_within(&bomb, &limits(ratio)), Some(PackageError::MissingPart { name: "solution.xml" }));
    assert_eq!(error_within(&bomb, &limits(ratio - 1)), too_large(LimitKind::Ratio, ratio - 1));
}

fn package_with_packed(content: &[u8]) -> Vec<u8> {
    zip_with(CompressionMethod::Deflated, &[("bomb", content)])
}

#[test] // SEC-13
fn declared_sizes_are_not_believed() {
    let content = vec![b'x'; 5000];
    for declared in [0_u32, 10, 4999, 5001, u32::MAX - 1] {
        let mut bytes = package_with(&[("a", &content)]);
        // Unpacked size stands 24 bytes into a directory header, 22 into a local one.
        for (signature, name_at, offset) in [(b"PK\x01\x02", 46, 24), (b"PK\x03\x04", 30, 22)] {
            let at = bytes
                .windows(4)
                .enumerate()
                .filter(|(_, window)| window == signature)
                .map(|(at, _)| at)
                .find(|at| bytes.get(at + name_at) == Some(&b'a'))
                .unwrap();
            bytes[at + offset..at + offset + 4].copy_from_slice(&declared.to_le_bytes());
        }
        let limits = PackageLimits { unpacked_bytes_max: 4000, ..PackageLimits::default() };
        assert!(error_within(&bytes, &limits).is_some(), "{declared}");
        // Whatever the library makes of the contradiction, what comes out was counted.
        if let Ok(package) = read(&bytes, &PackageLimits::default()) {
            assert!(package.other_parts[0].content.len() <= 5000);
        }
    }
}

#[test]
fn damaged_content_is_noticed() {
    let mut bytes = package_with(&[("a.txt", b"some content")]);
    replace_bytes(&mut bytes, b"some content", b"same content");
    let message = error(&bytes).unwrap().to_string();
    assert!(message.contains("a.txt"), "{message}");
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    let mut bytes = package_with(&[("a", b"same"), ("b", b"same")]);
    // Both directory headers point to the first one's local header.
    let headers: Vec<usize> = bytes.windows(4).enumerate().filter(|(_, window)| window == b"PK\x01\x02").map(|(at, _)| at).collect();
    let [.., first, second] = headers[..] else {
        panic!("two headers");
    };
    let offset: [u8; 4] = bytes[first + 42..first + 46].try_into().unwrap();
    bytes[second + 42..second + 46].copy_from_slice(&offset);
    assert!(matches!(error(&bytes), Some(PackageError::NotAZip { .. })));
}
