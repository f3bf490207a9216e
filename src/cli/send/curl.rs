//! `--dry-run`: a command line of `curl` that sends the very same bytes, in any
//! POSIX shell.

use std::fmt::Write as _;

use http::{HeaderValue, Method};

use super::delivery::{Delivery, Wanted};
use crate::config::ClientTlsArgs;

/// The command line. `file` is where the body is, where it was read from one.
pub(super) fn line(
    delivery: &Delivery,
    wanted: &Wanted,
    tls: &ClientTlsArgs,
    file: Option<&str>,
) -> Result<String, String> {
    let mut line = String::new();
    let body = body(delivery, file)?;
    if let Body::Piped(printf) = &body {
        let _ = write!(line, "{printf} | ");
    }
    let _ = write!(line, "curl -sS -i {}", quoted(&wanted.url)?);
    if wanted.method != Method::POST {
        let _ = write!(line, " -X {}", wanted.method);
    }
    for (flag, path) in [("--cacert", &tls.ca), ("--cert", &tls.cert), ("--key", &tls.key)] {
        if let Some(path) = path {
            let _ = write!(line, " {flag} {}", quoted(path)?);
        }
    }
    for (name, value) in &delivery.fields {
        let _ = write!(line, " \\\n  -H {}", quoted(&field(name.as_str(), value)?)?);
    }
    let _ = match body {
        Body::Inline(text) => write!(line, " \\\n  --data-raw {}", quoted(text)?),
        Body::File(path) => write!(line, " \\\n  --data-binary {}", quoted(&format!("@{path}"))?),
        Body::Piped(_) => write!(line, " \\\n  --data-binary @-"),
    };
    Ok(line)
}

/// How the body reaches curl.
enum Body<'a> {
    Inline(&'a str),
    File(&'a str),
    /// What prints it, since an argument holds no NUL and not every byte.
    Piped(String),
}

fn body<'a>(delivery: &'a Delivery, file: Option<&'a str>) -> Result<Body<'a>, String> {
    if let Some(path) = file {
        return Ok(Body::File(path));
    }
    let bytes = &delivery.body;
    if bytes.len() > INLINE_BYTES_MAX {
        return Err(format!("the body is longer than {INLINE_BYTES_MAX} bytes: give it with --data-file"));
    }
    let is_plain = |text: &&str| !text.chars().any(|c| c.is_control() && c != '\n');
    Ok(match str::from_utf8(bytes).ok().filter(is_plain) {
        Some(text) => Body::Inline(text),
        None => Body::Piped(printf(bytes)),
    })
}

/// POSIX `printf`: octal escapes, of three digits so that none runs into what
/// follows.
fn printf(bytes: &[u8]) -> String {
    let mut text = "printf '".to_owned();
    for byte in bytes {
        match byte {
            b'%' => text.push_str("%%"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' if *byte != b'\'' => text.push(char::from(*byte)),
            byte => {
                let _ = write!(text, "\\{byte:03o}");
            }
        }
    }
    text.push('\'');
    text
}

/// curl takes a field away that has nothing behind its colon.
fn field(name: &str, value: &HeaderValue) -> Result<String, String> {
    let value = str::from_utf8(value.as_bytes()).map_err(|_| format!("the field {name} is not UTF-8"))?;
    Ok(if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") })
}

fn quoted(text: &str) -> Result<String, String> {
    shlex::try_quote(text).map(Into::into).map_err(|_| "an argument holds a NUL".to_owned())
}

/// Linux takes arguments of up to 128 KiB, others fewer.
const INLINE_BYTES_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_no_argument_holds_are_printed_in_octal() {
        assert_eq!(printf(b"a%\\'\x00\xff1"), "printf 'a%%\\\\\\047\\000\\3771'");
    }
}
