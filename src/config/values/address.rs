//! An address and port to listen on: `0.0.0.0:8843`, `[::]:8843`.

use std::net::SocketAddr;

use super::Fault;

/// Reads an address and port. Names are refused: a listener must not depend on
/// a resolver. Port 0 lets the system choose.
pub(crate) fn socket_address(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| FORM.into())
}

const FORM: &str = "expected an IP address and port, such as 0.0.0.0:8843 or [::1]:8843";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_names_refused() {
        assert_eq!(socket_address("[::1]:0").map(|address| address.port()), Ok(0));
        for wrong in ["", "localhost:8843", ":8843", "127.0.0.1", "127.0.0.1:70000", "::1:80:x"] {
            assert_eq!(socket_address(wrong), Err(FORM.into()), "{wrong}");
        }
    }
}
