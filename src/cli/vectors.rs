//! `countersign vectors FILE…`: judges conformance vectors.
//!
//! Prints each case whose verdict differs, each scheme that is unknown, and
//! last the count. Exit code 0 when every case got its verdict, 1 when one did
//! not, 2 when a file cannot be read.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::schemes::vectors::{self, Expect, Judged, Report, VectorFile};

/// Runs conformance vectors: signed requests with the verdict each must get.
#[derive(Debug, Args)]
pub(crate) struct VectorsArgs {
    /// Vector files (JSON, one scheme each).
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Judges every file; every problem is reported before the exit.
pub(crate) fn run(args: &VectorsArgs) -> ExitCode {
    // Nobody reads on when standard output is gone, so nothing is left to say.
    judge_files(&args.files, &mut io::stdout().lock(), &mut io::stderr().lock()).unwrap_or(ExitCode::FAILURE)
}

fn judge_files(files: &[PathBuf], out: &mut impl Write, errors: &mut impl Write) -> io::Result<ExitCode> {
    let (mut passed, mut failed, mut unreadable) = (0, 0, 0);
    for path in files {
        match load(path) {
            Ok(file) => {
                let report = vectors::run(&file);
                print_differences(path, &report, out)?;
                passed += report.passed();
                failed += report.failed();
            }
            Err(error) => {
                writeln!(errors, "countersign: {error}")?;
                unreadable += 1;
            }
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    Ok(match (unreadable, failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(2),
    })
}

fn load(path: &Path) -> Result<VectorFile, String> {
    let shown = path.display();
    let json = fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    serde_json::from_slice(&json).map_err(|error| format!("`{shown}` is not a vector file: {error}"))
}

fn print_differences(path: &Path, report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let path = path.display();
    if report.preset.is_none() {
        let (scheme, failed) = (report.scheme, report.failed());
        return writeln!(out, "{path}: unknown scheme `{scheme}`, all its {failed} cases count as failed");
    }
    for Judged { case, verdict } in report.cases.iter().filter(|judged| !judged.passed()) {
        let expected = match case.expect {
            Expect::Accept => "accept".to_owned(),
            Expect::Reject => format!("reject ({})", case.reason.as_deref().unwrap_or("for any reason")),
        };
        writeln!(out, "{path}: {}: expected {expected}, got {verdict}", case.name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], expected_code: ExitCode, expected_output: &[&str]) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let files: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        let code = judge_files(&files, &mut out, &mut errors).expect("memory takes every write");
        assert_eq!(format!("{code:?}"), format!("{expected_code:?}"));
        let printed = String::from_utf8([errors, out].concat()).expect("text");
        for line in expected_output {
            assert!(printed.contains(line), "{line} is not in:\n{printed}");
        }
    }

    #[test]
    fn files_that_hold_end_with_their_count() {
        check(&["vectors/github.json"], ExitCode::SUCCESS, &["33 passed, 0 failed\n"]);
    }

    #[test]
    fn an_unreadable_file_is_said_and_the_others_are_judged() {
        let names = ["vectors/absent.json", "../Cargo.toml", "vectors/github.json"];
        let said =
            ["cannot read", "absent.json", "Cargo.toml` is not a vector file", "33 passed, 0 failed\n"];
        check(&names, ExitCode::from(2), &said);
    }
}
