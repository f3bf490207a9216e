//! Reading a file of records from its beginning to its end, whatever became of
//! it.
//!
//! Where no record stands, the reader looks for the next one, byte by byte, and
//! reads on: damage takes what it covers and nothing else. A record that the
//! end of the file cut short is told apart from damage: that is what a process
//! leaves behind that was killed while it wrote.

use std::io::{self, Read};

use super::format::{Look, RECORD_BYTES_MAX, Record};

/// Reads records.
pub(super) struct Reader<R> {
    from: R,
    window: Vec<u8>,
    /// Where in the window the next record begins.
    next: usize,
    /// How many bytes of the file came before the window.
    before: u64,
    is_at_end: bool,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Record(Record),
    /// Bytes that are no record, with more behind them or without.
    Damage(Span),
    /// The beginning of a record, and the end of the file.
    TornTail(Span),
}

/// Bytes of the file, the header not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) at: u64,
    pub(super) bytes: u64,
}

impl<R: Read> Reader<R> {
    /// Reads `from`, which is behind the header.
    pub(super) fn new(from: R) -> Self {
        Self { from, window: Vec::new(), next: 0, before: 0, is_at_end: false }
    }

    /// What comes next; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        if self.rest()?.is_empty() {
            return Ok(None);
        }
        let at = self.position();
        match Record::look(self.rest()?) {
            Look::Record { record, length } => {
                self.next += length;
                Ok(Some(Found::Record(record)))
            }
            Look::CutShort => {
                let bytes = (self.window.len() - self.next) as u64;
                self.next = self.window.len();
                Ok(Some(Found::TornTail(Span { at, bytes })))
            }
            Look::Damaged => {
                self.skip()?;
                Ok(Some(Found::Damage(Span { at, bytes: self.position() - at })))
            }
        }
    }

    /// Goes to the next place where a record stands, or to the end.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            self.next += 1;
            let rest = self.rest()?;
            if rest.is_empty() || matches!(Record::look(rest), Look::Record { .. }) {
                return Ok(());
            }
        }
    }

    fn position(&self) -> u64 {
        self.before + self.next as u64
    }

    /// What comes next in the window: a whole record at least, or all there is.
    fn rest(&mut self) -> io::Result<&[u8]> {
        while !self.is_at_end && self.window.len() - self.next < RECORD_BYTES_MAX {
            self.window.drain(..self.next);
            self.before += self.next as u64;
            self.next = 0;
            let read = self.from.by_ref().take(WINDOW_BYTES).read_to_end(&mut self.window)?;
            self.is_at_end = read == 0;
        }
        Ok(&self.window[self.next..])
    }
}

/// Read at once.
const WINDOW_BYTES: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use super::super::testing::records;
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Found> {
        let mut reader = Reader::new(bytes);
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    fn written() -> Vec<u8> {
        records().iter().flat_map(|record| record.encode().as_bytes().to_vec()).collect()
    }

    #[test]
    fn records_come_in_the_order_in_which_they_were_written() {
        let expected: Vec<_> = records().into_iter().map(Found::Record).collect();
        assert_eq!(read(&written()), expected);
        assert_eq!(read(&[]), []);
    }

    #[test]
    fn many_windows_are_read_as_one() {
        let times = usize::try_from(WINDOW_BYTES).unwrap() * 3 / written().len();
        let found = read(&written().repeat(times));
        assert_eq!(found.len(), records().len() * times);
        assert!(found.iter().all(|found| matches!(found, Found::Record(_))));
    }

    #[test]
    fn a_tail_that_is_cut_short_is_told_with_its_place() {
        let all = written();
        for length in 0..all.len() {
            let found = read(&all[..length]);
            let whole: usize = records()
                .iter()
                .map(|record| record.encode().as_bytes().len())
                .scan(0, |end, bytes| {
                    *end += bytes;
                    Some(*end)
                })
                .take_while(|end| *end <= length)
                .last()
                .unwrap_or(0);
            let torn = found.iter().find(|found| !matches!(found, Found::Record(_)));
            let span = Span { at: whole as u64, bytes: (length - whole) as u64 };
            assert_eq!(torn.copied(), (span.bytes > 0).then_some(Found::TornTail(span)), "{length}");
        }
    }

    #[test]
    fn damage_takes_what_it_covers_and_nothing_else() {
        let before = written();
        let mut bytes = before.clone();
        bytes.extend([0; 1000]);
        bytes.extend(&before);
        let mut expected: Vec<_> = records().into_iter().map(Found::Record).collect();
        expected.push(Found::Damage(Span { at: before.len() as u64, bytes: 1000 }));
        expected.extend(records().into_iter().map(Found::Record));
        assert_eq!(read(&bytes), expected);
    }
}
