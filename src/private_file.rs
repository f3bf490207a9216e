//! Files that only their owner may read, and directories that only he may write
//! to: keys, secrets, what is kept of deliveries.
//!
//! The mode is set when the file is created, never after, so that there is no
//! moment at which another user could open it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What to do about a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and fail with [`io::ErrorKind::AlreadyExists`].
    Refuse,
    /// Put the new one in its place, in one step.
    Replace,
}

/// Writes `contents` to a new file with mode 0600.
pub fn write(path: &Path, contents: &[u8], existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Refuse => write_new(path, contents),
        Existing::Replace => {
            let mut beside = path.as_os_str().to_owned();
            beside.push(".new");
            // What a run that was interrupted left behind.
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            write_new(Path::new(&beside), contents)?;
            fs::rename(&beside, path)
        }
    }
}

/// Creates a file with mode 0600, where there is none.
pub fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Why a directory is not one to keep anything in.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The system refused something.
    #[error("{doing} `{}`", path.display())]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others could change what is in it.
    #[error("`{}` {reason}", path.display())]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
}

/// Makes the directory `path` with mode 0700 where it is missing, and looks
/// whether it is ours alone to write to.
pub fn directory(path: &Path) -> Result<(), DirectoryError> {
    let refused = |doing| move |source| DirectoryError::Refused { doing, path: path.to_owned(), source };
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(refused("make")(error)),
        _ => {}
    }
    let metadata = fs::symlink_metadata(path).map_err(refused("look at"))?;
    let reason = if !metadata.is_dir() {
        "is not a directory"
    } else if metadata.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if metadata.mode() & 0o022 != 0 {
        "can be written to by others: remove the write permission of group and others"
    } else {
        return Ok(());
    };
    Err(DirectoryError::Unsafe { path: path.to_owned(), reason })
}

fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    let written = file.write_all(contents).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is none, and would stand in the way of the next try. That
        // it cannot be removed either is not the error to report.
        let _ = fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_is_made_private_and_must_be_ours_alone_to_write_to() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("kept");
        directory(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        directory(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(directory(&path), Err(DirectoryError::Unsafe { .. })));
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(directory(&file), Err(DirectoryError::Unsafe { .. })));
        assert!(matches!(directory(&file.join("below")), Err(DirectoryError::Refused { .. })));
    }

    #[test]
    fn a_file_is_private_and_replaced_only_when_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write(&path, b"one", Existing::Refuse).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let refused = write(&path, b"two", Existing::Refuse).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"two", Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
