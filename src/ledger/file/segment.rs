//! The journal file that changes go to, and how much is in it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::format::HEADER_BYTES;

/// A file that grows at its end.
#[derive(Debug)]
pub(super) struct Segment {
    number: u64,
    file: Arc<File>,
    end: u64,
}

impl Segment {
    /// A file that has a header and nothing else.
    pub(super) fn new(number: u64, file: File) -> Self {
        Self { number, file: Arc::new(file), end: HEADER_BYTES as u64 }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Writes all of `bytes` at the end, or as good as nothing: a part is
    /// written over by the next try, which begins at the same place.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.end)?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}
