//! `countersign secret`: a new signing secret.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use base64ct::{Base64, Encoding as _};
use clap::Args;
use zeroize::Zeroizing;

use super::say;
use crate::keys::Secret;
use crate::private_file::{self, Existing};

/// Makes a signing secret: whsec_ and 32 random bytes in base64.
///
/// The form of Standard Webhooks. As plain text it serves every other scheme too.
#[derive(Args, Debug)]
pub(super) struct SecretArgs {
    /// Write it to this new file, readable by its owner alone, instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints the secret, or writes it to a file that must not exist.
pub(super) fn run(args: &SecretArgs) -> ExitCode {
    let secret = match generate_secret() {
        Ok(secret) => secret,
        Err(error) => {
            say(
                &mut io::stderr(),
                format_args!("countersign secret: the system gives no random bytes: {error}"),
            );
            return ExitCode::FAILURE;
        }
    };
    let Some(path) = &args.out else {
        say(&mut io::stdout(), String::from_utf8_lossy(secret.expose()));
        return ExitCode::SUCCESS;
    };
    match private_file::write(path, secret.expose(), Existing::Refuse) {
        Ok(()) => {
            say(&mut io::stdout(), format_args!("wrote {}", path.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let reason = match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    "it is there already, and may be in use: name another file".into()
                }
                _ => error.to_string(),
            };
            say(&mut io::stderr(), format_args!("countersign secret: write {}: {reason}", path.display()));
            ExitCode::FAILURE
        }
    }
}

/// A new secret: `whsec_` and 32 random bytes in base64. Standard Webhooks asks
/// for 24 to 64 bytes (specification, "Signature scheme").
pub fn generate_secret() -> Result<Secret, getrandom::Error> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut())?;
    let text = Zeroizing::new(Base64::encode_string(key.as_ref()));
    Ok(Secret::new(["whsec_", &text].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_new_each_time_and_holds_32_bytes() {
        let [one, other] = [(); 2].map(|()| generate_secret().expect("random bytes"));
        assert_ne!(one, other);
        let text = one.expose().strip_prefix(b"whsec_").expect("the prefix");
        assert_eq!(
            Base64::decode_vec(str::from_utf8(text).expect("base64 is text")).map(|key| key.len()),
            Ok(32)
        );
    }
}
