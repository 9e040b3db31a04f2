//! Small files of records in a data folder: private, bounded, replaced as a whole, shared between processes.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::private_file::{owner_only, replace_private_file};

/// The form of all these files.
const FORMAT: u32 = 1;

/// One file of records of one kind. A value without state: each call reads the file anew, and those that change it hold a lock, so several processes may use
/// it at once. A missing file is one without records.
#[derive(Debug, Clone)]
pub(crate) struct RecordFile<T> {
    folder: PathBuf,
    name: &'static str,
    bytes_max: u64,
    records: PhantomData<fn() -> T>,
}

/// The content of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<T> {
    format: u32,
    /// The first files of this kind held tokens and nothing else.
    #[serde(alias = "tokens")]
    records: Vec<T>,
}

impl<T: Serialize + DeserializeOwned> RecordFile<T> {
    /// The file `{name}.json` in the folder, at most `bytes_max` bytes long.
    pub(crate) fn new(folder: &Path, name: &'static str, bytes_max: u64) -> Self {
        Self { folder: folder.to_owned(), name, bytes_max, records: PhantomData }
    }

    /// Where the records are kept.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(self.name).with_extension("json")
    }

    /// All records, in the order in which they were added.
    pub(crate) fn list(&self) -> Result<Vec<T>, RecordFileError> {
        match File::open(self.path()) {
            Ok(file) => self.read(&file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(self.io(error)),
        }
    }

    /// Reads the opened file.
    pub(crate) fn read(&self, file: &File) -> Result<Vec<T>, RecordFileError> {
        let mut text = Vec::new();
        let mut bounded = file.take(self.bytes_max + 1);
        bounded.read_to_end(&mut text).map_err(|error| self.io(error))?;
        if text.len() as u64 > self.bytes_max {
            return Err(self.damaged(format!("larger than {} bytes", self.bytes_max)));
        }
        let stored: Stored<T> = serde_json::from_slice(&text).map_err(|error| self.damaged(error.to_string()))?;
        if stored.format != FORMAT {
            return Err(self.damaged(format!("format {}, this program reads format {FORMAT}", stored.format)));
        }
        Ok(stored.records)
    }

    /// Reads, changes and replaces the file while no other process does. After an error the old file stands.
    pub(crate) fn change<R, E: From<RecordFileError>>(&self, work: impl FnOnce(&mut Vec<T>) -> Result<R, E>) -> Result<R, E> {
        let lock_path = self.path().with_extension("lock");
        let lock = owner_only().write(true).create(true).truncate(false).open(lock_path).map_err(|error| self.io(error))?;
        lock.lock().map_err(|error| self.io(error))?;
        let mut records = self.list()?;
        let done = work(&mut records)?;
        let mut text = serde_json::to_vec_pretty(&Stored { format: FORMAT, records }).map_err(|error| self.damaged(error.to_string()))?;
        text.push(b'\n');
        replace_private_file(&self.path(), &text).map_err(|error| self.io(error))?;
        Ok(done)
    }

    pub(crate) fn io(&self, source: io::Error) -> RecordFileError {
        RecordFileError::Io { path: self.path(), source }
    }

    fn damaged(&self, reason: String) -> RecordFileError {
        RecordFileError::Damaged { path: self.path(), reason }
    }
}

/// What identifies one version of a file without reading it: replacement changes the inode, an edit the time or size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    modified: Option<std::time::SystemTime>,
    bytes: u64,
    inode: u64,
}

impl FileStamp {
    pub(crate) fn of(metadata: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self { modified: metadata.modified().ok(), bytes: metadata.len(), inode }
    }
}

/// Bytes as lower-case hexadecimal digits, in files and in texts.
pub(crate) mod hex {
    use std::fmt::Write;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 32], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&text(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(input)?;
        parse(&text).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| Error::custom("expected 64 hexadecimal digits"))
    }

    /// The bytes as text.
    pub(crate) fn text(bytes: &[u8]) -> String {
        bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The bytes of a text of hexadecimal digits in either case.
    pub(crate) fn parse(text: &str) -> Option<Vec<u8>> {
        let nibble = |digit: &u8| char::from(*digit).to_digit(16);
        let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some((nibble(high)? * 16 + nibble(low)?) as u8),
            _ => None,
        });
        pairs.collect()
    }
}

/// Why a file of records cannot be read or written.
#[derive(Debug)]
pub enum RecordFileError {
    /// The file exists but this program cannot have written it.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with a place where one is known.
        reason: String,
    },
    /// The file system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl fmt::Display for RecordFileError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { path, reason } => write!(out, "{} cannot be used: {reason}", path.display()),
            Self::Io { path, source } => write!(out, "{}: {source}", path.display()),
        }
    }
}

impl std::error::Error for RecordFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Damaged { .. } => None,
        }
    }
}
