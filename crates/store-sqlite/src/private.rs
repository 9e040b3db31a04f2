//! Files and folders that only their owner may use (SEC-61), and what tells a file from its copy.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::state::FileIdentity;

/// Makes a folder, and those above it, for the owner alone.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file for writing, and makes it for the owner alone if it is not there.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// True if others than the owner and the owner's group may use the file or folder.
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    let metadata = std::fs::metadata(path)?;
    #[cfg(unix)]
    let open = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o007 != 0;
    #[cfg(not(unix))]
    let open = !metadata.is_dir() && !metadata.is_file();
    Ok(open)
}

/// The identity of a file. A copy has another one; a renamed file keeps it.
pub(crate) fn identity(path: &Path) -> io::Result<FileIdentity> {
    let metadata = std::fs::metadata(path)?;
    let since_1970 = metadata.created().ok().and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
    let born = since_1970.and_then(|duration| i64::try_from(duration.as_nanos()).ok());
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata).cast_signed();
    #[cfg(not(unix))]
    let inode = 0;
    Ok(FileIdentity { inode, born })
}
