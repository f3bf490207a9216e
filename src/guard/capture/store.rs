//! The directory of captures: so many files, and no more.
//!
//! `DIR/captures`, mode 0700; each file 0600, with its final name only once it
//! is whole. Where there is no room left, of the sort of which there are most,
//! by source and code, the oldest goes: a flood of one sort does not drive out
//! the others. Nothing is synced: a capture may be lost with the machine, and
//! the ledger must not wait for it.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::clock::UnixTime;
use crate::private_file::{self, DirectoryError};

/// The directory, and the names of what is in it, the oldest first.
pub(super) struct Store {
    directory: PathBuf,
    files_max: usize,
    names: VecDeque<String>,
}

impl Store {
    /// The directory below `state_dir`, made where it is missing, with what an
    /// earlier process left there.
    pub(super) fn open(state_dir: &Path, files_max: NonZeroUsize) -> Result<Self, DirectoryError> {
        let directory = state_dir.join(NAME);
        private_file::directory(&directory)?;
        let refused = |doing| {
            let path = directory.clone();
            move |source| DirectoryError::Refused { doing, path, source }
        };
        let mut names = names(&directory).map_err(refused("read"))?;
        names.sort_unstable();
        let files_max = files_max.get();
        let mut store = Self { directory: directory.clone(), files_max, names: names.into() };
        store.shrink_to(files_max).map_err(refused("make room in"))?;
        Ok(store)
    }

    /// Writes a file, for which the oldest of what there is most of makes room.
    pub(super) fn keep(&mut self, at: UnixTime, source: &str, code: &str, bytes: &[u8]) -> io::Result<()> {
        self.shrink_to(self.files_max - 1)?;
        let name = self.name(at, source, code);
        let path = self.directory.join(&name);
        let beside = self.directory.join(name.clone() + UNFINISHED);
        let written = private_file::create_new(&beside).and_then(|mut file| file.write_all(bytes));
        if let Err(error) = written.and_then(|()| fs::rename(&beside, path)) {
            // Half a capture is none. That it cannot be removed is not the error to report.
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        self.names.push_back(name);
        Ok(())
    }

    fn shrink_to(&mut self, count: usize) -> io::Result<()> {
        while self.names.len() > count
            && let Some(place) = superfluous(&self.names)
        {
            match fs::remove_file(self.directory.join(&self.names[place])) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.names.remove(place),
            };
        }
        Ok(())
    }

    /// `2027-01-15T08-00-00-250Z-0.github.signature_mismatch.http`: in the order
    /// of time, and with a number for those of one millisecond.
    fn name(&self, at: UnixTime, source: &str, code: &str) -> String {
        let second = i64::try_from(at.as_secs()).map(OffsetDateTime::from_unix_timestamp);
        let second = second.ok().and_then(Result::ok).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let ((year, month, day), (hour, minute, second)) = (second.to_calendar_date(), second.to_hms());
        let (month, millis) = (u8::from(month), at.as_millis() % 1000);
        let time = format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}-{millis:03}Z");
        let numbered = |number| format!("{time}-{number}.{source}.{code}{SUFFIX}");
        let is_free = |name: &String| !self.names.contains(name);
        (0..=self.names.len()).map(numbered).find(is_free).expect("more numbers than names")
    }
}

/// What is there, less what nobody finished.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.ends_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        } else if name.ends_with(SUFFIX) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The place of the oldest of the sort of which there are most.
fn superfluous(names: &VecDeque<String>) -> Option<usize> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in names {
        *counts.entry(sort(name)).or_default() += 1;
    }
    let most = counts.values().max()?;
    names.iter().position(|name| counts[sort(name)] == *most)
}

/// Source and code: what comes after the time.
fn sort(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, sort)| sort)
}

const NAME: &str = "captures";
const SUFFIX: &str = ".http";
const UNFINISHED: &str = ".new";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    const AT: UnixTime = UnixTime::from_millis(1_800_000_000_250);

    fn store(state_dir: &Path, files_max: usize) -> Store {
        Store::open(state_dir, NonZeroUsize::new(files_max).unwrap()).unwrap()
    }

    fn there(state_dir: &Path) -> Vec<String> {
        let mut names = names(&state_dir.join(NAME)).unwrap();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_file_is_private_and_named_after_its_time_source_and_code() {
        let state_dir = tempfile::tempdir().unwrap();
        store(state_dir.path(), 2).keep(AT, "a.b", "signature_mismatch", b"bytes").unwrap();
        let path = state_dir.path().join("captures/2027-01-15T08-00-00-250Z-0.a.b.signature_mismatch.http");
        assert_eq!(fs::read(&path).unwrap(), b"bytes");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_flood_of_one_sort_leaves_the_others_there_across_a_restart() {
        let state_dir = tempfile::tempdir().unwrap();
        let mut first = store(state_dir.path(), 4);
        first.keep(AT, "github", "signature_mismatch", b"rare").unwrap();
        for number in 1..=9 {
            let at = UnixTime::from_millis(AT.as_millis() + number);
            first.keep(at, "github", "signature_missing", b"flood").unwrap();
        }
        let left = there(state_dir.path());
        assert!(left[0].ends_with(".github.signature_mismatch.http"), "{left:?}");
        assert!(left[1].starts_with("2027-01-15T08-00-00-257Z"), "the newest of the others: {left:?}");
        assert_eq!(left.len(), 4);
        // A smaller bound holds at once, and what was not finished is gone.
        fs::write(state_dir.path().join("captures/half.http.new"), "").unwrap();
        store(state_dir.path(), 2).keep(AT, "github", "id_missing", b"").unwrap();
        assert_eq!(there(state_dir.path()).len(), 2);
        assert_eq!(fs::read_dir(state_dir.path().join(NAME)).unwrap().count(), 2);
    }

    #[test]
    fn those_of_one_moment_stand_side_by_side() {
        let state_dir = tempfile::tempdir().unwrap();
        let mut store = store(state_dir.path(), 3);
        for bytes in [b"1", b"2", b"3"] {
            store.keep(AT, "github", "id_missing", bytes).unwrap();
        }
        assert_eq!(there(state_dir.path()).len(), 3);
    }
}
