//! A zip archive of stored entries: lets XML inputs reach the parser behind the archive.

/// Packs entries without compression.
pub(crate) fn stored(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let offset = field(archive.len());
        let sizes = [crc32(content).to_le_bytes(), field(content.len()), field(content.len())].concat();
        let lengths = [short(name.len()), short(0)].concat();
        // Version 2.0, no flags, stored, 1980-01-01 00:00.
        let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..], &sizes, &lengths].concat();
        archive.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 10], &offset, name.as_bytes()].concat());
    }
    let count = short(entries.len());
    let end = [&[0; 4][..], &count, &count, &field(directory.len()), &field(archive.len()), &[0, 0]].concat();
    [&archive[..], &directory, b"PK\x05\x06", &end].concat()
}

fn field(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
