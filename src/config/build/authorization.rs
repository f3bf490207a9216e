//! What a consumer asks for beside the signature.

use base64ct::{Base64, Encoding as _};
use http::HeaderValue;
use http::header::{self, HeaderName};
use zeroize::Zeroizing;

use crate::config::environment::Environment;
use crate::config::problems::Report;
use crate::config::raw_signer::AuthorizationArgs;
use crate::config::secrets::{self, OnePlace};
use crate::config::values::{Destination, Fault, Word, word};
use crate::config::{Authorization, ClientCredentials, ClientTls, EgressConfig};
use crate::keys::Secret;

/// Reads what is given. `consumer` is the way to the consumer; the way to an
/// authorization server is under the same rules.
pub(super) fn read(
    args: &AuthorizationArgs,
    consumer: Option<&EgressConfig>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Authorization> {
    let kind = report.read_optional("--auth", args.auth.as_deref(), word)?.unwrap_or(Kind::None);
    refuse_what_has_no_meaning(args, kind, report);
    if kind == Kind::None {
        return Some(Authorization::None);
    }
    let place = OnePlace {
        file: ("--auth-secret-file", args.auth_secret_file.as_deref()),
        variable: ("--auth-secret-env", args.auth_secret_env.as_deref()),
    };
    let secret = secrets::read_one(&place, environment, report);
    match kind {
        Kind::None => None,
        Kind::Basic => {
            let user = needed("--auth-user", args.auth_user.as_deref(), report)?;
            let user = report.read("--auth-user", user, user_name)?;
            let pair = Zeroizing::new([user.as_bytes(), b":", secret?.expose()].concat());
            fixed(header::AUTHORIZATION, "Basic ", Base64::encode_string(&pair).as_bytes(), report)
        }
        Kind::Bearer => fixed(header::AUTHORIZATION, "Bearer ", secret?.expose(), report),
        Kind::ApiKey => {
            let name = needed("--auth-header", args.auth_header.as_deref(), report)?;
            let name = report.read("--auth-header", name, field_name)?;
            fixed(name, "", secret?.expose(), report)
        }
        Kind::OAuth2 => client_credentials(args, secret, consumer, report),
    }
}

/// A setting that would silently do nothing is a mistake.
fn refuse_what_has_no_meaning(args: &AuthorizationArgs, kind: Kind, report: &mut Report) {
    let given = [
        ("--auth-user", args.auth_user.is_some(), &[Kind::Basic, Kind::OAuth2][..]),
        ("--auth-header", args.auth_header.is_some(), &[Kind::ApiKey]),
        ("--auth-secret-file", args.auth_secret_file.is_some() && kind == Kind::None, &[]),
        ("--auth-secret-env", args.auth_secret_env.is_some() && kind == Kind::None, &[]),
        ("--token-url", args.token_url.is_some(), &[Kind::OAuth2]),
        ("--token-scope", args.token_scope.is_some(), &[Kind::OAuth2]),
    ];
    for (key, given, meant_for) in given {
        if given && !meant_for.contains(&kind) {
            report.problem(key, format!("has no meaning with --auth {}", kind.as_word()));
        }
    }
}

fn needed<'a>(key: &'static str, text: Option<&'a str>, report: &mut Report) -> Option<&'a str> {
    if text.is_none() {
        report.problem(key, "is missing: this kind of --auth needs it");
    }
    text
}

/// RFC 7617 section 2: a colon ends the user name.
fn user_name(text: &str) -> Result<String, Fault> {
    let plain = !text.is_empty() && !text.contains(':') && !text.chars().any(char::is_control);
    if plain { Ok(text.to_owned()) } else { Err("expected a user name without colons".into()) }
}

/// A field that is ours to set would be set twice.
fn field_name(text: &str) -> Result<HeaderName, Fault> {
    let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| "expected the name of a field")?;
    let taken = [header::HOST, header::CONTENT_LENGTH, header::CONNECTION, header::TRANSFER_ENCODING];
    if taken.contains(&name) { Err("is a field with a meaning of its own".into()) } else { Ok(name) }
}

fn fixed(name: HeaderName, prefix: &str, secret: &[u8], report: &mut Report) -> Option<Authorization> {
    let text = Zeroizing::new([prefix.as_bytes(), secret].concat());
    let Ok(mut value) = HeaderValue::from_bytes(&text) else {
        report.problem("--auth-secret-file", "or --auth-secret-env holds bytes that no field can carry");
        return None;
    };
    value.set_sensitive(true);
    Some(Authorization::Fixed(name, value))
}

fn client_credentials(
    args: &AuthorizationArgs,
    client_secret: Option<Secret>,
    consumer: Option<&EgressConfig>,
    report: &mut Report,
) -> Option<Authorization> {
    let client_id = needed("--auth-user", args.auth_user.as_deref(), report);
    let url = needed("--token-url", args.token_url.as_deref(), report);
    // RFC 6749 section 3.2: the token endpoint is reached over TLS.
    let destination =
        url.and_then(|url| report.read("--token-url", url, |url| Destination::read(url, false)));
    let scope = report.read_optional("--token-scope", args.token_scope.as_deref(), scope);
    let consumer = consumer?;
    let token = EgressConfig {
        destination: destination?,
        // The names and keys are the consumer's; an authorization server has its own.
        tls: ClientTls { server_names: Vec::new(), server_pins: Vec::new(), ..consumer.tls.clone() },
        answer_bytes_max: TOKEN_ANSWER_BYTES_MAX,
        ..consumer.clone()
    };
    Some(Authorization::ClientCredentials(Box::new(ClientCredentials {
        token,
        client_id: client_id?.to_owned(),
        client_secret: client_secret?,
        scope: scope?,
    })))
}

/// RFC 6749 section 3.3: words of visible ASCII without quotes.
fn scope(text: &str) -> Result<String, Fault> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
    };
    if text.split(' ').all(is_word) {
        Ok(text.to_owned())
    } else {
        Err("expected words with one space between them".into())
    }
}

/// What `--auth` says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    None,
    Basic,
    Bearer,
    ApiKey,
    OAuth2,
}

impl Word for Kind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("none", Self::None),
        ("basic", Self::Basic),
        ("bearer", Self::Bearer),
        ("api-key", Self::ApiKey),
        ("oauth2", Self::OAuth2),
    ];
}

/// Tokens have a few hundred bytes, seldom a few thousand.
const TOKEN_ANSWER_BYTES_MAX: usize = 64 << 10;
