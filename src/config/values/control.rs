//! Where the control socket is: the path of a Unix socket, or a loopback address
//! and port.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Fault;

/// A place that only this machine can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlAddress {
    /// A Unix socket, which belongs to one user.
    Unix(PathBuf),
    /// A loopback address, which every user of the machine can reach.
    Loopback(SocketAddr),
}

impl FromStr for ControlAddress {
    type Err = Fault;

    /// What shows traffic must not be opened to a network, so no other address
    /// will do.
    fn from_str(text: &str) -> Result<Self, Fault> {
        if text.starts_with(['/', '.']) && !text.contains('\0') {
            return unix(Path::new(text));
        }
        match text.parse() {
            Ok(address) if is_loopback(address) => Ok(Self::Loopback(address)),
            Ok(_) => Err("is no loopback address: what shows traffic stays on this machine".into()),
            Err(_) => Err(FORM.into()),
        }
    }
}

impl fmt::Display for ControlAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Loopback(address) => address.fmt(f),
        }
    }
}

fn unix(path: &Path) -> Result<ControlAddress, Fault> {
    if path.file_name().is_none() {
        return Err("is a directory: give the path of a socket in it".into());
    }
    if path.as_os_str().len() > super::UNIX_PATH_BYTES_MAX {
        return Err("is longer than the 107 bytes that a Unix socket address holds".into());
    }
    Ok(ControlAddress::Unix(path.into()))
}

/// An IPv4-mapped address goes by what it maps.
fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

const FORM: &str = "expected the path of a Unix socket that begins with / or ., such as /run/countersign/control.sock, or a loopback \
                    address and port, such as 127.0.0.1:9846";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_loopback_addresses_are_read_and_shown() {
        let long = format!("/{}", "x".repeat(106));
        for text in ["/run/countersign/control.sock", "./control.sock", "127.0.0.1:0", "[::1]:9846", &long] {
            assert_eq!(text.parse().map(|address: ControlAddress| address.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_others_can_reach_and_what_is_neither_is_refused() {
        let long = format!("/{}", "x".repeat(107));
        for wrong in [
            "",
            "/",
            "..",
            "0.0.0.0:9846",
            "192.0.2.1:9846",
            "[::]:9846",
            "[::ffff:192.0.2.1]:9846",
            "127.0.0.1",
            "localhost:9846",
            "unix:/run/control.sock",
            "control.sock",
            "/a\0b",
            &long,
        ] {
            assert!(wrong.parse::<ControlAddress>().is_err(), "{wrong}");
        }
    }
}
