//! An endpoint that is typed by hand: what `countersign send` sends to.

use super::raw_signer::{ClientTlsArgs, SigningArgs};
use super::signer::EndpointConfig;

/// An endpoint as a person types it: the signer's settings, as far as they
/// concern a single delivery.
#[derive(Clone, Debug, Default)]
pub struct ByHandArgs {
    /// The URL.
    pub url: String,
    /// Networks that may be called although they are not public.
    pub allow_destination: Vec<String>,
    /// Takes an `http` URL of another machine.
    pub allow_plain: bool,
    /// The proxy to connect through.
    pub https_proxy: Option<String>,
    /// How long a delivery may take.
    pub timeout: Option<String>,
    /// How it is signed.
    pub signing: SigningArgs,
    /// The client's side of TLS.
    pub tls: ClientTlsArgs,
}

/// The endpoint, read and checked.
#[derive(Debug)]
pub struct ByHand(pub EndpointConfig);
