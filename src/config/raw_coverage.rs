//! What a signature covers, as people write it: for guards and signers alike.

// The doc comments of flags are printed as plain text by `--help`.
#![allow(clippy::doc_markdown)]

use clap::Args;

/// What a signature must cover, in schemes whose messages say what theirs does.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "What a signature covers")]
#[allow(missing_docs)]
pub struct CoverageArgs {
    /// Component or header that must be signed, such as @method or content-type; give it again for more [default: the scheme's].
    ///
    /// As messages name them: for rfc9421 the components of RFC 9421 section 2, in full for those with parameters
    /// ("@query-param";name="id"); for the schemes before it fields and (request-target), request-line and the like.
    #[arg(long, value_name = "COMPONENT")]
    pub cover: Vec<String>,

    /// Whether the body must be signed, by its digest [default: required].
    ///
    /// `required`: no delivery without one. `if-signed`: a digest that is signed must be right; without one whoever
    /// is on the way can change the body.
    #[arg(long, value_name = "required|if-signed")]
    pub body_digest: Option<String>,

    /// Label of the signature that counts, where messages have several (rfc9421) [default: the only one].
    #[arg(long, value_name = "LABEL")]
    pub signature_label: Option<String>,
}
