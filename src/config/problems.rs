//! What is wrong with a configuration, and what is legal but unwise.
//!
//! Problems are collected, never thrown one by one: each read through a
//! `Report` gives a value or notes a problem and lets the next one be read.

use std::fmt;
use std::path::{Path, PathBuf};

use super::scrutiny::Keying;
use super::stamps::Stamps;
use super::values::Fault;

/// One thing that keeps a role from starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Which endpoint of a file, or nothing.
    place: String,
    key: &'static str,
    blame: Blame,
    fault: Fault,
}

/// What a problem comes of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Blame {
    /// This value of the key.
    Value(String),
    /// What is said, and no single value of it.
    Said,
    /// What is not said.
    Unsaid,
}

impl fmt::Display for Problem {
    /// `--listen "here": expected …`, or `--listen is missing: …`. Control
    /// characters of the value come escaped, and a long value is cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        let Blame::Value(value) = &self.blame else { return write!(f, "{} {}", self.key, self.fault) };
        match value.char_indices().nth(VALUE_CHARS_SHOWN) {
            Some((end, _)) => write!(f, "{} {:?}…: {}", self.key, &value[..end], self.fault),
            None => write!(f, "{} {value:?}: {}", self.key, self.fault),
        }
    }
}

/// Everything that keeps a role from starting: never empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl fmt::Display for Problems {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| writeln!(f, "{problem}"))
    }
}

impl std::error::Error for Problems {}

impl Problems {
    /// Each problem.
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// Each that remains whatever else is said of the process.
    pub(super) fn certain_lines(&self) -> Vec<String> {
        let is_certain = |problem: &&Problem| problem.blame != Blame::Unsaid;
        self.0.iter().filter(is_certain).map(ToString::to_string).collect()
    }
}

/// Something an operator should know about a configuration that works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    severity: Severity,
    about: String,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Note,
    Warning,
}

impl Remark {
    /// Legal, but unwise.
    pub(super) fn warning(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, about: about.into(), text: text.into() }
    }

    /// Harmless, but perhaps not what was expected.
    pub(super) fn note(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Note, about: about.into(), text: text.into() }
    }

    /// Whether somebody should think about it.
    pub(crate) fn is_warning(&self) -> bool {
        self.severity == Severity::Warning
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {} {}", self.about, self.text)
    }
}

/// Where reading a configuration leaves its findings.
#[derive(Debug, Default)]
pub(super) struct Report {
    place: String,
    problems: Vec<Problem>,
    pub(super) remarks: Vec<Remark>,
    /// What each scheme was compiled from, for who compiles it again with one
    /// thing changed. Cleared from memory with the report.
    pub(super) keyings: Vec<Keying>,
    /// What was read, as it was then.
    pub(super) files: Stamps,
    /// What the paths of files begin with that cannot be read here.
    unseen: Option<String>,
}

impl Report {
    /// For a configuration whose files, below `root`, are elsewhere.
    pub(super) fn without_files(root: &str) -> Self {
        Self { unseen: Some(root.to_owned()), ..Self::default() }
    }

    /// Whether the file at `path` is elsewhere: it is taken to be right.
    pub(super) fn is_unseen(&self, path: &str) -> bool {
        self.unseen.as_ref().is_some_and(|root| path.starts_with(root))
    }

    /// Whether no file is to be opened: what is not elsewhere is nowhere.
    pub(super) fn opens_no_files(&self) -> bool {
        self.unseen.is_some()
    }

    /// What follows is about `place`, such as one of several endpoints; about
    /// the whole where it is empty.
    pub(super) fn at(&mut self, place: impl Into<String>) {
        self.place = place.into();
    }

    /// Notes that the configuration comes from the file at `path` too, which
    /// is about to be read.
    pub(super) fn comes_from(&mut self, path: &str) {
        self.files.look_at(Path::new(path));
    }

    /// Reads one value.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        parse(text).map_err(|fault| self.wrong(key, text, fault)).ok()
    }

    /// Reads a value that may be absent: `Some(None)` where it is, `None` where
    /// it is wrong.
    #[allow(clippy::option_option)]
    pub(super) fn read_optional<T>(
        &mut self,
        key: &'static str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<Option<T>> {
        match text {
            Some(text) => self.read(key, text, parse).map(Some),
            None => Some(None),
        }
    }

    /// Reads the path of a file or a directory, which `check` opens, unless it
    /// is elsewhere.
    pub(super) fn read_file(
        &mut self,
        key: &'static str,
        path: &str,
        check: impl Fn(&Path) -> Result<(), Fault>,
    ) -> Option<PathBuf> {
        let is_unseen = self.is_unseen(path);
        self.read(key, path, |path| {
            if !is_unseen {
                check(Path::new(path))?;
            }
            Ok(path.into())
        })
    }

    /// Reads a list, each of its values.
    pub(super) fn read_each<T>(
        &mut self,
        key: &'static str,
        texts: &[String],
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let values: Vec<T> = texts.iter().filter_map(|text| self.read(key, text, &parse)).collect();
        (values.len() == texts.len()).then_some(values)
    }

    /// Notes that `value` of `key` is wrong.
    pub(super) fn wrong(&mut self, key: &'static str, value: &str, fault: impl Into<Fault>) {
        self.note(key, Blame::Value(value.to_owned()), fault.into());
    }

    /// Notes a problem that no single value is to blame for.
    pub(super) fn problem(&mut self, key: &'static str, fault: impl Into<Fault>) {
        self.note(key, Blame::Said, fault.into());
    }

    /// Notes that a setting of the process, without which `key` is wrong, is
    /// said by nobody. Where a file is not seen it may well be said there.
    pub(super) fn lacking(&mut self, key: &'static str, fault: impl Into<Fault>) {
        self.note(key, Blame::Unsaid, fault.into());
    }

    fn note(&mut self, key: &'static str, blame: Blame, fault: Fault) {
        self.problems.push(Problem { place: self.place.clone(), key, blame, fault });
    }

    /// What was built, if nothing was wrong.
    pub(super) fn conclude<T>(self, built: Option<T>) -> Result<(T, Vec<Remark>), Problems> {
        match built {
            Some(built) if self.problems.is_empty() => Ok((built, self.remarks)),
            _ => Err(Problems(self.problems)),
        }
    }
}

/// Enough to recognise a value by.
const VALUE_CHARS_SHOWN: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let mut report = Report::default();
        report.wrong("--listen", value, "expected an address");
        report.conclude::<()>(None).expect_err("something is wrong").to_string()
    }

    #[test]
    fn a_value_is_shown_escaped_and_cut() {
        assert_eq!(shown("\x1b[31m"), "--listen \"\\u{1b}[31m\": expected an address\n");
        assert_eq!(shown(&"é".repeat(200)).matches('é').count(), VALUE_CHARS_SHOWN);
    }

    #[test]
    fn reading_goes_on_after_a_problem() {
        let mut report = Report::default();
        let texts = ["1".to_owned(), "x".to_owned(), "y".to_owned()];
        let numbers = report.read_each("--n", &texts, |text| {
            text.parse::<u32>().map_err(|_| Fault::from("expected a number"))
        });
        assert_eq!(numbers, None);
        assert_eq!(report.problems.len(), 2);
    }
}
