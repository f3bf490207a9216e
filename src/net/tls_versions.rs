//! Which versions of TLS are spoken, named so that no feature of the library
//! that some crate turns on adds another.

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::config::TlsVersion;

/// TLS from the `oldest` version on.
pub(crate) fn tls_versions(oldest: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match oldest {
        TlsVersion::V1_3 => FROM_1_3,
        TlsVersion::V1_2 => FROM_1_2,
    }
}

static FROM_1_3: &[&SupportedProtocolVersion] = &[&TLS13];
static FROM_1_2: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
