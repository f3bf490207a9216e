//! Reading what an earlier process left, in whatever state it is.
//!
//! Nothing here refuses to start for damage: what can be read is read, what
//! cannot is told, and the caller fences everything that was signed until now.
//! A file of a later version is another matter: it is whole, and not ours.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::OpenError;
use super::boot::Boot;
use super::directory::{self, Directory};
use super::format::{FileKind, HEADER_BYTES, Header, HeaderFault, Record};
use super::reader::{Found, Reader, Span};
use super::replay::Replay;
use crate::config::{Fsync, OnUnknown};

/// What was read.
#[derive(Debug)]
pub(super) struct Recovery {
    pub(super) replay: Replay,
    /// The highest number of a file.
    pub(super) last: u64,
    /// Bytes of journals, and of the snapshot before them.
    pub(super) journal_bytes: u64,
    pub(super) snapshot_bytes: u64,
    pub(super) journals: usize,
    /// Files in which something could not be read.
    pub(super) damaged: Vec<PathBuf>,
    /// Something is missing, be it within a file or a file.
    pub(super) is_damaged: bool,
    /// How the last journal began; `None` after an end in good order.
    killed: Option<Header>,
}

impl Recovery {
    /// Whether the operating system may have lost the end of the journal, with
    /// answers that rested on it.
    pub(super) fn may_lack_its_end(&self, boot: Boot) -> bool {
        self.killed.is_some_and(|header| header.fsync == Fsync::Interval && !header.boot.is(boot))
    }
}

/// Reads the newest snapshot and the journals behind it.
pub(super) fn read(directory: &Directory, on_unknown: OnUnknown) -> Result<Recovery, OpenError> {
    let files = directory.files().map_err(|source| directory.fault("list", source))?;
    let snapshot = files.snapshots.last_key_value();
    let first = snapshot.map_or(1, |(number, _)| number + 1);
    let journals = files.journals.range(first..).collect::<BTreeMap<_, _>>();
    let last = journals.keys().copied().chain(snapshot.map(|(number, _)| number)).max().copied();
    let mut recovery = Recovery {
        replay: Replay::new(on_unknown),
        last: last.unwrap_or(0),
        journal_bytes: 0,
        snapshot_bytes: 0,
        journals: journals.len(),
        damaged: Vec::new(),
        is_damaged: false,
        killed: None,
    };
    if let Some((number, path)) = snapshot {
        recovery.read_snapshot(*number, path).map_err(|fault| fault.of(path))?;
    }
    // The journal behind a snapshot is begun before it.
    let mut expected = first;
    for (number, path) in &journals {
        if **number != expected {
            recovery.note_gap(expected);
        }
        recovery.read_journal(**number, path).map_err(|fault| fault.of(path))?;
        expected = *number + 1;
    }
    if journals.is_empty() && snapshot.is_some() {
        recovery.note_gap(expected);
    }
    Ok(recovery)
}

impl Recovery {
    fn read_snapshot(&mut self, number: u64, path: &Path) -> Result<(), Fault> {
        let contents = self.read_file(FileKind::Snapshot, number, path)?;
        self.snapshot_bytes = contents.bytes;
        let complete = Some(Record::Complete { records: contents.records.saturating_sub(1) });
        if contents.last != complete || contents.torn.is_some() {
            self.note_damage(path, "is incomplete");
        }
        Ok(())
    }

    fn read_journal(&mut self, number: u64, path: &Path) -> Result<(), Fault> {
        let contents = self.read_file(FileKind::Journal, number, path)?;
        self.journal_bytes += contents.bytes;
        let is_closed = contents.last == Some(Record::Closed) && contents.torn.is_none();
        self.killed = contents.header.filter(|_| !is_closed);
        match contents.torn {
            Some(Span { at, bytes }) if number == self.last => {
                let path_shown = path.display();
                tracing::warn!(path = %path_shown, bytes, "the journal's last record was cut short: it is removed");
                OpenOptions::new().write(true).open(path)?.set_len(HEADER_BYTES as u64 + at)?;
            }
            Some(_) => self.note_damage(path, "ends within a record"),
            None => {}
        }
        Ok(())
    }

    fn read_file(&mut self, kind: FileKind, number: u64, path: &Path) -> Result<Contents, Fault> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let header = match directory::header(&mut file)? {
            Ok(header) if header.kind == kind && header.number == number => Some(header),
            Err(HeaderFault::Version(version)) => return Err(Fault::Version(version)),
            Ok(_) | Err(HeaderFault::Damaged) => {
                self.note_damage(path, "does not begin as it should");
                None
            }
        };
        let mut contents = Contents { header, bytes, records: 0, last: None, torn: None };
        let mut reader = Reader::new(file);
        while let Some(found) = reader.next()? {
            match found {
                Found::Record(record) => {
                    self.replay.apply(&record);
                    contents.records += 1;
                    contents.last = Some(record);
                }
                Found::Damage(span) => {
                    tracing::error!(
                        at = span.at,
                        bytes = span.bytes,
                        "part of a file of the ledger is damaged"
                    );
                    self.note_damage(path, "is damaged");
                }
                Found::TornTail(span) => contents.torn = Some(span),
            }
        }
        Ok(contents)
    }

    fn note_gap(&mut self, number: u64) {
        self.is_damaged = true;
        tracing::error!(number, "a journal of the ledger is missing");
    }

    fn note_damage(&mut self, path: &Path, what: &'static str) {
        self.is_damaged = true;
        if self.damaged.last().is_none_or(|last| last != path) {
            tracing::error!(path = %path.display(), "a file of the ledger {what}");
            self.damaged.push(path.to_owned());
        }
    }
}

/// What a file says of itself.
struct Contents {
    header: Option<Header>,
    bytes: u64,
    records: u64,
    last: Option<Record>,
    torn: Option<Span>,
}

/// Why a file cannot be read at all.
enum Fault {
    Io(io::Error),
    Version(u16),
}

impl Fault {
    fn of(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Io(source) => OpenError::Directory { doing: "read", path, source },
            Self::Version(version) => OpenError::Version { path, version },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
