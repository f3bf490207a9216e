//! Where the control socket listens.
//!
//! A Unix socket is its owner's alone from the first moment: between `bind` and
//! `listen` connections are refused, and in between it gets its mode, whatever
//! the umask is. What a process that died left behind is replaced. A socket on
//! which somebody listens, and a file that is no socket, are never touched.

use std::fs::{self, Permissions};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::config::ControlAddress;
use crate::net;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The system does not let us.
    #[error("listen on the control socket {address}")]
    Listen {
        /// Where.
        address: ControlAddress,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody is there.
    #[error("listen on the control socket {path}: another process does; stop it, or give another path", path = .0.display())]
    InUse(PathBuf),
    /// Something is there that we did not make.
    #[error("listen on the control socket {path}: a file that is no socket is there; give another path", path = .0.display())]
    NoSocket(PathBuf),
}

/// A control socket that is bound.
#[derive(Debug)]
pub(crate) struct ControlListener {
    pub(super) socket: Bound,
    address: ControlAddress,
}

#[derive(Debug)]
pub(super) enum Bound {
    Tcp(std::net::TcpListener),
    Unix(UnixListener, Placed),
}

/// The file of a socket; gone when this is dropped.
#[derive(Debug)]
pub(super) struct Placed {
    path: PathBuf,
    inode: (u64, u64),
}

impl ControlListener {
    /// Listens at `address`.
    pub(crate) fn bind(address: &ControlAddress) -> Result<Self, PlaceError> {
        let failed = |source| PlaceError::Listen { address: address.clone(), source };
        match address {
            ControlAddress::Loopback(wanted) => {
                let listener = net::listen_all(*wanted, NonZeroUsize::MIN).map_err(failed)?.remove(0);
                // The port that the system chose, where the configuration said 0.
                let address = ControlAddress::Loopback(listener.local_addr().unwrap_or(*wanted));
                Ok(Self { socket: Bound::Tcp(listener), address })
            }
            ControlAddress::Unix(path) => {
                make_room(path)?;
                let (listener, placed) = listen(path).map_err(failed)?;
                Ok(Self { socket: Bound::Unix(listener, placed), address: address.clone() })
            }
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &ControlAddress {
        &self.address
    }
}

/// Removes what a process that died left at `path`.
///
/// Two that start at the same moment cannot both get here with one
/// configuration: the admin port, which is bound before, is one process's.
fn make_room(path: &Path) -> Result<(), PlaceError> {
    let failed = |source| PlaceError::Listen { address: ControlAddress::Unix(path.to_owned()), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(there) if !there.file_type().is_socket() => return Err(PlaceError::NoSocket(path.to_owned())),
        Ok(_) => {}
    }
    match ask(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // A socket that may not be asked is somebody's too; so is one whose queue is full.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(failed(error)),
        Ok(()) | Err(_) => Err(PlaceError::InUse(path.to_owned())),
    }
}

/// Connects, without waiting for one who does not accept.
fn ask(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

fn listen(path: &Path) -> io::Result<(UnixListener, Placed)> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let placed = Placed { path: path.to_owned(), inode: inode(path)? };
    // Nobody gets in before `listen`.
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    Ok((socket.into(), placed))
}

impl Drop for Placed {
    /// Whatever somebody else has put there meanwhile stays.
    fn drop(&mut self) {
        if inode(&self.path).is_ok_and(|inode| inode == self.inode) {
            // It cannot be helped, and the next start does away with it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

/// People and their scripts.
const BACKLOG: i32 = 16;

#[cfg(test)]
mod tests {
    use std::iter;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn bind(path: &Path) -> Result<ControlListener, PlaceError> {
        ControlListener::bind(&ControlAddress::Unix(path.to_owned()))
    }

    #[test]
    fn a_socket_is_its_owners_and_gone_afterwards() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let listener = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert!(UnixStream::connect(&path).is_ok());
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_process_left_is_replaced_and_what_is_in_use_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        // The standard library's own leaves its file behind.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let listener = bind(&path).unwrap();
        assert!(matches!(bind(&path), Err(PlaceError::InUse(_))));
        assert!(UnixStream::connect(&path).is_ok());
        drop(listener);
    }

    #[test]
    fn one_who_does_not_accept_is_still_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let _listener = bind(&path).unwrap();
        // Until its queue is full, and then nobody gets an answer.
        let waiting: Vec<_> = iter::from_fn(|| {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.connect(&SockAddr::unix(&path).unwrap()).ok().map(|()| socket)
        })
        .take(1000)
        .collect();
        assert!(waiting.len() < 1000, "the queue is never full");
        assert!(matches!(bind(&path), Err(PlaceError::InUse(_))));
        assert!(path.exists());
    }

    #[test]
    fn what_is_no_socket_is_never_removed() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("notes.txt"), directory.path().join("link"));
        fs::write(&file, "kept").unwrap();
        symlink(&file, &link).unwrap();
        for path in [&file, &link, &directory.path().to_owned()] {
            assert!(matches!(bind(path), Err(PlaceError::NoSocket(_))), "{}", path.display());
        }
        assert_eq!(fs::read(&link).unwrap(), b"kept");
    }

    #[test]
    fn what_somebody_else_has_put_there_meanwhile_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let listener = bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(listener);
        assert_eq!(fs::read(&path).unwrap(), b"another's");
    }

    #[test]
    fn a_directory_that_is_not_there_is_told() {
        let error = bind(Path::new("/nowhere/at/all/control.sock")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all/control.sock"), "{error}");
    }
}
