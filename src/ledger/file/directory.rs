//! The directory of the file engine: who may be in it, and what is.
//!
//! `--state-dir` may be a mount point, whose mode is not ours to choose. The
//! engine keeps to a directory of its own below it, which nobody else may write
//! to, and of which one process at a time has the lock.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::OpenError;
use super::format::{FileKind, HEADER_BYTES, Header, HeaderFault};
use crate::private_file;

/// The directory, for as long as this process has its lock.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Gone with the process, however it ends.
    _lock: File,
}

/// The files that are there, by number.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) journals: BTreeMap<u64, PathBuf>,
    pub(super) snapshots: BTreeMap<u64, PathBuf>,
}

impl Directory {
    /// The engine's directory below `state_dir`, made where it is missing.
    pub(super) fn open(state_dir: &Path) -> Result<Self, OpenError> {
        let path = state_dir.join(NAME);
        let fault = |doing| move |source| OpenError::Directory { doing, path: state_dir.join(NAME), source };
        // Whoever can write to the directory can make the ledger forget.
        private_file::directory(&path)?;
        let lock = private().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(fault("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path }),
            Err(TryLockError::Error(error)) => Err(fault("lock")(error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What went wrong in here, as an error.
    pub(super) fn fault(&self, doing: &'static str, source: io::Error) -> OpenError {
        OpenError::Directory { doing, path: self.path.clone(), source }
    }

    /// What is there. Files that were not finished are removed.
    pub(super) fn files(&self) -> io::Result<Files> {
        let mut files = Files::default();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some((kind, number)) = name.to_str().and_then(|name| name.split_once('-')) else { continue };
            if number.ends_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
            let Ok(number) = number.parse::<u32>().map(u64::from) else { continue };
            match kind {
                "journal" => files.journals.insert(number, entry.path()),
                "snapshot" => files.snapshots.insert(number, entry.path()),
                _ => None,
            };
        }
        Ok(files)
    }

    /// A new file that begins with `header`, under a name that is not final.
    pub(super) fn begin(&self, header: &Header) -> io::Result<Unfinished> {
        let path = self.file(header);
        let mut beside = path.clone().into_os_string();
        beside.push(UNFINISHED);
        let beside = PathBuf::from(beside);
        // What somebody who was interrupted left behind.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().create_new(true).write(true).open(&beside)?;
        file.write_all(&header.encode())?;
        Ok(Unfinished { file, beside, path })
    }

    /// A journal that has its name and is on the disk, for changes to come.
    pub(super) fn journal(&self, header: &Header) -> io::Result<File> {
        self.finish(self.begin(header)?)
    }

    /// Gives a file its name, once all of it is on the disk.
    pub(super) fn finish(&self, unfinished: Unfinished) -> io::Result<File> {
        let Unfinished { file, beside, path } = unfinished;
        file.sync_all()?;
        fs::rename(beside, path)?;
        self.sync()?;
        Ok(file)
    }

    /// Keeps a damaged file for people to look at, whatever becomes of it here.
    pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".damaged");
        match fs::hard_link(path, &aside) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(aside.into()),
        }
    }

    /// Removes what the snapshot of `number` makes superfluous.
    pub(super) fn remove_before(&self, number: u64) -> io::Result<()> {
        let Files { journals, snapshots } = self.files()?;
        for path in journals.range(..=number).chain(snapshots.range(..number)).map(|(_, path)| path) {
            fs::remove_file(path)?;
        }
        self.sync()
    }

    /// Names reach the disk with the directory.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn file(&self, header: &Header) -> PathBuf {
        let kind = match header.kind {
            FileKind::Journal => "journal",
            FileKind::Snapshot => "snapshot",
        };
        self.path.join(format!("{kind}-{:010}", header.number))
    }
}

/// A file that nobody takes for whole yet.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) file: File,
    beside: PathBuf,
    path: PathBuf,
}

/// The header of an open file.
pub(super) fn header(file: &mut File) -> io::Result<Result<Header, HeaderFault>> {
    let mut bytes = [0; HEADER_BYTES];
    match file.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Err(HeaderFault::Damaged)),
        Err(error) => Err(error),
        Ok(()) => Ok(Header::decode(&bytes)),
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

const NAME: &str = "ledger";
const LOCK: &str = "lock";
const UNFINISHED: &str = ".new";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::super::boot::Boot;
    use super::*;
    use crate::config::Fsync;
    use crate::private_file::DirectoryError;

    fn header(kind: FileKind, number: u64) -> Header {
        Header { kind, number, fsync: Fsync::Interval, boot: Boot([1; 16]) }
    }

    #[test]
    fn one_process_at_a_time_has_it() {
        let state_dir = tempfile::tempdir().unwrap();
        let first = Directory::open(state_dir.path()).unwrap();
        let error = Directory::open(state_dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::Locked { .. }), "{error}");
        drop(first);
        Directory::open(state_dir.path()).unwrap();
    }

    #[test]
    fn nobody_else_may_write_to_it_or_read_its_files() {
        let state_dir = tempfile::tempdir().unwrap();
        let directory = Directory::open(state_dir.path()).unwrap();
        directory.journal(&header(FileKind::Journal, 1)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&directory.path), 0o700);
        assert_eq!(mode(&directory.path.join(LOCK)), 0o600);
        assert_eq!(mode(&directory.files().unwrap().journals[&1]), 0o600);
        let path = directory.path.clone();
        drop(directory);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        let error = Directory::open(state_dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::Unusable(DirectoryError::Unsafe { .. })), "{error}");
    }

    #[test]
    fn another_thing_of_its_name_is_refused() {
        let state_dir = tempfile::tempdir().unwrap();
        fs::write(state_dir.path().join(NAME), "").unwrap();
        assert!(matches!(
            Directory::open(state_dir.path()),
            Err(OpenError::Unusable(DirectoryError::Unsafe { .. }))
        ));
        let missing = state_dir.path().join("missing");
        assert!(matches!(
            Directory::open(&missing),
            Err(OpenError::Unusable(DirectoryError::Refused { .. }))
        ));
    }

    #[test]
    fn what_is_unfinished_does_not_count_and_what_is_superfluous_goes() {
        let state_dir = tempfile::tempdir().unwrap();
        let directory = Directory::open(state_dir.path()).unwrap();
        for number in 1..=3 {
            directory.journal(&header(FileKind::Journal, number)).unwrap();
        }
        directory.finish(directory.begin(&header(FileKind::Snapshot, 1)).unwrap()).unwrap();
        directory.finish(directory.begin(&header(FileKind::Snapshot, 2)).unwrap()).unwrap();
        drop(directory.begin(&header(FileKind::Snapshot, 3)).unwrap());
        directory.remove_before(2).unwrap();
        let files = directory.files().unwrap();
        assert_eq!(files.journals.keys().collect::<Vec<_>>(), [&3]);
        assert_eq!(files.snapshots.keys().collect::<Vec<_>>(), [&2]);
        assert_eq!(fs::read_dir(&directory.path).unwrap().count(), 3, "and the lock");
    }
}
