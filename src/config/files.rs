//! Files that the configuration names, read whole and within a bound.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path};

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
    (mode & READABLE_BY_OTHERS != 0 && !is_mounted_by_kubelet(path)).then(|| {
        let mode = mode & PERMISSIONS;
        Remark::warning(
            format!("{key} {}", path.display()),
            format!("can be read by other users (mode {mode:04o}); 0600 keeps it to its owner"),
        )
    })
}

/// Whether `path` is in a volume that Kubernetes fills: what is there leads into
/// a directory such as `..2026_01_31_12_00_00.123456789`. Only its container
/// reaches it, and may read it as somebody else than root by its mode alone.
fn is_mounted_by_kubelet(path: &Path) -> bool {
    let is_one = |component: Component<'_>| {
        component.as_os_str().as_bytes().strip_prefix(b"..").is_some_and(|rest| !rest.is_empty())
    };
    fs::canonicalize(path).is_ok_and(|path| path.components().any(is_one))
}

/// Holds any secret, and the beginning of any list.
const FIRST_BUFFER_BYTES: usize = 64 << 10;

const READABLE_BY_OTHERS: u32 = 0o044;
const PERMISSIONS: u32 = 0o7777;

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_others_may_read_is_told_unless_it_is_a_volume_of_kubernetes() {
        let directory = tempfile::tempdir().unwrap();
        let with_mode = |path: &str, mode: u32| {
            let path = directory.path().join(path);
            fs::write(&path, "secret").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        };
        for (mode, is_told) in [(0o600, false), (0o400, false), (0o640, true), (0o444, true)] {
            let remark = exposure("--secret-file", &with_mode("secret", mode));
            assert_eq!(remark.is_some(), is_told, "{mode:04o}");
        }
        fs::create_dir(directory.path().join("..2026_01_31_12_00_00.123456789")).unwrap();
        with_mode("..2026_01_31_12_00_00.123456789/mounted", 0o444);
        symlink("..2026_01_31_12_00_00.123456789", directory.path().join("..data")).unwrap();
        symlink("..data/mounted", directory.path().join("mounted")).unwrap();
        assert!(exposure("--secret-file", &directory.path().join("mounted")).is_none());
    }
}
