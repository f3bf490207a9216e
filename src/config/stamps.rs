//! Files that change while we run.
//!
//! They are looked at, not listened to: a look tells of a file that was written,
//! renamed over or reached through another symbolic link (which is how
//! Kubernetes swaps a mounted Secret) without knowing which it was, on every
//! file system.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What several files were like at one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps(BTreeMap<PathBuf, Option<Stamp>>);

/// What differs between two states of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    inode: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamps {
    /// Looks at one more file. To be called before it is read: what changes
    /// meanwhile is seen the next time. The first look at a file counts.
    pub(crate) fn look_at(&mut self, path: &Path) {
        self.0.entry(path.to_owned()).or_insert_with(|| Stamp::of(path));
    }

    /// Looks at the same files again.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.keys().map(|path| (path.clone(), Stamp::of(path))).collect())
    }
}

impl Stamp {
    /// `None` for a file that is not there.
    fn of(path: &Path) -> Option<Self> {
        let file = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: (file.dev(), file.ino()),
            bytes: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}
