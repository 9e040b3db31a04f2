//! Version numbers, and the side file that reserves them ahead (ADR 0003).
//!
//! The file `versions` beside the database holds the epoch, a position that is certainly on disk (`low`) and the end of the reserved block (`limit`). It is
//! synced before a number of the block is used, so a database that does not fit it was copied or put back.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use driftless_model::Epoch;

use crate::private;

/// Numbers that are reserved at once.
pub(crate) const BLOCK: i64 = 10_000;

/// Numbers that a new epoch skips, besides all that any trace was found of.
pub(crate) const EPOCH_JUMP: i64 = 1_000_000;

const FILE: &str = "versions";
const HEAD: &str = "driftless versions 1";

/// What the side file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// The incarnation of the database that the numbers belong to.
    pub(crate) epoch: Epoch,
    /// The database's position is at least this.
    pub(crate) low: i64,
    /// Numbers up to this may have been used.
    pub(crate) limit: i64,
}

impl Reservation {
    fn print(&self) -> String {
        let body = format!("{HEAD}\nepoch {}\nlow {}\nlimit {}\n", self.epoch, self.low, self.limit);
        format!("{body}check {:016x}\n", checksum(body.as_bytes()))
    }

    fn parse(text: &str) -> Option<Self> {
        let (body, check) = text.split_at_checked(text.rfind("check ")?)?;
        if u64::from_str_radix(check.strip_prefix("check ")?.trim_end(), 16).ok()? != checksum(body.as_bytes()) {
            return None;
        }
        let mut lines = body.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        Some(Self { epoch: Epoch(u64::from_str_radix(field("epoch")?, 16).ok()?), low: field("low")?.parse().ok()?, limit: field("limit")?.parse().ok()? })
    }

    /// True if a database of this epoch and position has used numbers of this reservation, and no others.
    pub(crate) fn fits(&self, epoch: Epoch, position: i64) -> bool {
        self.epoch == epoch && (self.low..=self.limit).contains(&position)
    }
}

/// FNV-1a over 64 bits: finds a torn or mistyped file; it keeps out nobody.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Reads the side file of a data folder; none when it is missing or cannot be understood.
pub(crate) fn read(folder: &Path) -> io::Result<Option<Reservation>> {
    match std::fs::read_to_string(folder.join(FILE)) {
        Ok(text) => Ok(Reservation::parse(&text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the side file and syncs it and its folder.
pub(crate) fn write(folder: &Path, reservation: &Reservation) -> io::Result<()> {
    let made = folder.join("versions.new");
    let mut file = private::create_file(&made)?;
    file.set_len(0)?;
    file.write_all(reservation.print().as_bytes())?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&made, folder.join(FILE))?;
    File::open(folder)?.sync_all()
}

/// The counter of versions.
#[derive(Debug)]
pub(crate) struct Counter {
    folder: PathBuf,
    epoch: Epoch,
    last: i64,
    limit: i64,
}

impl Counter {
    /// A counter whose next number is above `last`; nothing is reserved yet.
    pub(crate) fn new(folder: &Path, epoch: Epoch, last: i64) -> Self {
        Self { folder: folder.to_owned(), epoch, last, limit: last }
    }

    /// The highest number given out.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// The next number. `durable` is the position of the last commit, for the side file.
    ///
    /// # Errors
    /// When the side file cannot be written and synced, or the numbers are used up.
    pub(crate) fn next(&mut self, durable: i64) -> io::Result<i64> {
        if self.last >= self.limit {
            let limit = self.last.checked_add(BLOCK).ok_or_else(|| io::Error::other("all version numbers are used up"))?;
            write(&self.folder, &Reservation { epoch: self.epoch, low: durable, limit })?;
            self.limit = limit;
        }
        self.last += 1;
        Ok(self.last)
    }

    /// Writes the position into the side file when the store closes or rests: an older database that is put in the place of this one is then found out, however
    /// little was written since. `closed` gives the rest of the block back.
    pub(crate) fn rest(&mut self, durable: i64, closed: bool) -> io::Result<()> {
        if closed {
            self.limit = self.last.max(durable);
        }
        write(&self.folder, &Reservation { epoch: self.epoch, low: durable, limit: self.limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_is_read_as_written_and_a_changed_one_is_not() {
        let reservation = Reservation { epoch: Epoch(0xfedc_ba98_7654_3210), low: 17, limit: 10_017 };
        let text = reservation.print();
        assert_eq!(Reservation::parse(&text), Some(reservation));
        for changed in [text.replace("low 17", "low 18"), text[..text.len() / 2].to_owned(), String::new(), "check 0\n".to_owned()] {
            assert_eq!(Reservation::parse(&changed), None, "{changed:?}");
        }
    }
}
