//! All entries in one file, so that the journals before it can go.

use std::io::{self, BufWriter, Write};

use super::directory::Directory;
use super::format::{HEADER_BYTES, Header, Record};
use crate::ledger::change::{Change, Recorder};
use crate::ledger::table::{Settled, Table};

/// Writes the entries of `table` as they are found, while deliveries go on, and
/// gives the file its name. Every change that the journals up to the header's
/// number tell must have been made. `pace` is called now and then.
///
/// Returns how long the file is.
pub(super) fn write<R: Recorder>(
    directory: &Directory,
    header: &Header,
    table: &Table<R>,
    mut pace: impl FnMut(),
) -> io::Result<u64> {
    let unfinished = directory.begin(header)?;
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, &unfinished.file);
    let (mut bytes, mut records) = (HEADER_BYTES as u64, 0);
    let mut put = |record: &Record| {
        let frame = record.encode();
        bytes += frame.as_bytes().len() as u64;
        file.write_all(frame.as_bytes())
    };
    for (kept, settled) in table.kept_entries() {
        put(&match settled {
            Settled::Yes => Record::Entry(kept),
            Settled::No => Record::Change(Change::Claimed(kept)),
        })?;
        records += 1;
        if records % PACE == 0 {
            pace();
        }
    }
    // After the entries: what was forgotten while they were written has raised
    // its watermark before.
    for (source, at) in table.watermarks() {
        put(&Record::Watermark { source, at })?;
        records += 1;
    }
    put(&Record::Complete { records })?;
    file.flush()?;
    drop(file);
    directory.finish(unfinished)?;
    Ok(bytes)
}

const BUFFER_BYTES: usize = 256 << 10;

/// Entries between two calls of `pace`.
const PACE: u64 = 1024;
