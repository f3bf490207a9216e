//! Files that the configuration names, read whole and within a bound.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::problems::Remark;
use super::values::Fault;

/// Reads `path`, which may hold at most `bytes_max` bytes. They are cleared from
/// memory when dropped, because some are secret.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let unreadable = |error: io::Error| Fault::from(format!("cannot be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    // Room for a whole secret at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max.min(FIRST_BUFFER_BYTES) + 1));
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > bytes_max {
        return Err(format!("is longer than {bytes_max} bytes").into());
    }
    Ok(bytes)
}

/// A warning where others than the owner may read what should be secret.
pub(super) fn exposure(key: &str, path: &Path) -> Option<Remark> {
    let mode = fs::metadata(path).ok()?.mode();
    (mode & READABLE_BY_OTHERS != 0).then(|| {
        let mode = mode & PERMISSIONS;
        Remark::warning(
            format!("{key} {}", path.display()),
            format!("can be read by other users (mode {mode:04o}); 0600 keeps it to its owner"),
        )
    })
}

/// Holds any secret, and the beginning of any list.
const FIRST_BUFFER_BYTES: usize = 64 << 10;

const READABLE_BY_OTHERS: u32 = 0o044;
const PERMISSIONS: u32 = 0o7777;
