//! What is kept of refused deliveries.

use std::num::NonZeroUsize;

use crate::config::CaptureConfig;
use crate::config::problems::Report;
use crate::config::raw::CaptureArgs;
use crate::config::values::{ByteSize, Fault, number};

/// `Some(None)` where nothing is. Whether `state_dir` can be used is the
/// ledger's to say.
#[allow(clippy::option_option)]
pub(super) fn read(
    args: &CaptureArgs,
    state_dir: Option<&str>,
    report: &mut Report,
) -> Option<Option<CaptureConfig>> {
    let files =
        report.read_optional("--capture", args.capture.as_deref(), |text| number(text, 1..=FILES_MAX));
    let body_bytes = report.read_optional("--capture-max-body", args.capture_max_body.as_deref(), body_bytes);
    if args.capture.is_some() && state_dir.is_none() {
        report.lacking("--capture", "needs --state-dir: captures are kept below it");
    }
    if args.capture_max_body.is_some() && args.capture.is_none() {
        report.lacking("--capture-max-body", "has no meaning without --capture");
    }
    let (files, body_bytes) = (files?, body_bytes?);
    Some(files.zip(state_dir).map(|(files, state_dir)| CaptureConfig {
        state_dir: state_dir.into(),
        files_max: NonZeroUsize::new(files as usize).unwrap_or(NonZeroUsize::MIN),
        body_bytes_max: body_bytes.unwrap_or(BODY_BYTES),
    }))
}

fn body_bytes(text: &str) -> Result<usize, Fault> {
    let size: ByteSize = text.parse()?;
    let bytes = usize::try_from(size.0).ok().filter(|_| size <= BODY_BYTES_MAX);
    bytes.ok_or_else(|| format!("expected at most {BODY_BYTES_MAX}: some of them wait in memory").into())
}

const FILES_MAX: u32 = 10_000;

/// The body of nearly every provider.
const BODY_BYTES: usize = 64 << 10;

const BODY_BYTES_MAX: ByteSize = ByteSize(1 << 20);
