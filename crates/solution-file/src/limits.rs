//! Every bound on a package that is read, with the reason for its default.

const MIB: u64 = 1024 * 1024;

/// Bounds on a package that is read. Each value is the largest that is still accepted.
///
/// The defaults of the archive are those of SEC-13, those of the XML parts follow SEC-31: they
/// keep the memory and time of one import proportional to the size of its package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageLimits {
    /// Bytes of the package. Default 96 MiB.
    pub packed_bytes_max: u64,
    /// Bytes of all entries together, counted while unpacking; sizes declared in the archive are
    /// not believed. Default 1 GiB.
    pub unpacked_bytes_max: u64,
    /// Entries, directories included. Default 20,000.
    pub entries_max: u64,
    /// Unpacked bytes of one entry for each of its packed bytes. Default 200.
    pub ratio_max: u64,
    /// Bytes of one XML part. Default 256 MiB.
    pub xml_bytes_max: u64,
    /// Nodes of one XML part; while it is read, each takes some 100 to 200 bytes of memory. Default
    /// 4,000,000.
    pub xml_nodes_max: u32,
    /// Equals signs of one XML part: no part has more attributes than that, and the reader
    /// reserves memory by this count. Default 4,000,000.
    pub xml_attributes_max: u64,
    /// Attributes of one element; each is compared with all others. Default 256.
    pub xml_element_attributes_max: u64,
    /// Namespace declarations of one XML part. Default 16,384.
    pub xml_namespaces_max: u64,
    /// Namespace declarations in force at one element; an element that adds one copies all.
    /// Default 64.
    pub xml_namespaces_in_scope_max: u64,
    /// Nesting of elements. Default 128.
    pub xml_depth_max: u64,
}

impl Default for PackageLimits {
    fn default() -> Self {
        Self {
            packed_bytes_max: 96 * MIB,
            unpacked_bytes_max: 1024 * MIB,
            entries_max: 20_000,
            ratio_max: 200,
            xml_bytes_max: 256 * MIB,
            xml_nodes_max: 4_000_000,
            xml_attributes_max: 4_000_000,
            xml_element_attributes_max: 256,
            xml_namespaces_max: 16_384,
            xml_namespaces_in_scope_max: 64,
            xml_depth_max: 128,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SEC-13
    fn the_defaults_are_the_documented_ones() {
        let limits = PackageLimits::default();
        assert_eq!(limits.packed_bytes_max, 100_663_296);
        assert_eq!(limits.unpacked_bytes_max, 1 << 30);
        assert_eq!(limits.entries_max, 20_000);
        assert_eq!(limits.ratio_max, 200);
    }
}
