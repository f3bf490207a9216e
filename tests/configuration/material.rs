//! Files for a configuration to name.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use countersign::private_file::{self, Existing};

use super::pki;

/// A secret that is good, and easy to find where it must not be.
pub(crate) const SECRET: &str = "whsec_Q291bnRlcnNpZ25Db3VudGVyc2lnbkNvdW50ZXJzaWdu";

/// A configuration of two sources that is good.
const SOURCES: &str = r#"
listen = "127.0.0.1:9000"
max_connections = 500
idle-timeout = "30s"
boot-fence = false

[[source]]
source = "billing"
scheme = "standard-webhooks"
secret-env = "GOOD"
secret-not-before = ["0=2026-12-01T01:00:00+01:00"]
secret-not-after = "0=9999-12-31T00:00:00Z"
host = ["hooks.example", "[2001:db8::1]"]
path = ["/billing", "/billing/*"]
allow-ip = ["192.0.2.0/24", "198.51.100.7"]
rate-limit = "10/s"
dedupe_window = "2h"
upstream = "unix:/run/billing.sock"
upstream-timeout = "5s"

[[source]]
scheme = "github"
secret-env = "GOOD"
allow-shared-secret = true
path = "/github"
upstream = "http://127.0.0.1:3000"
"#;
/// A secret that `scheme` takes.
pub(crate) fn secret_of(scheme: &str) -> &'static str {
    match scheme {
        "adyen-platform" => "4F8BD8DD7B0AE93C2C582968F40F6BC2D90BCBD91AA97BB6E54B8D3E44048C5C",
        "basic-auth" => "user:a-password-of-more-than-24-bytes",
        // Public keys: RFC 8032 section 7.1, and a key made for this test.
        "discord" => "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        // RFC 7517 appendix A.1.
        "plaid" => {
            r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#
        }
        "standard-webhooks-v1a" => "whpk_PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
        "sendgrid" => {
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0lToc1y7GO7jbKRLraCokiQwASl5VqN9kWgnpq+8UdmkvUxhv0sR4xQLzeyThIxCnvznkVyJx+4ui5CAnxi76A=="
        }
        _ => SECRET,
    }
}

/// A fresh directory named after the test, holding certificates and
/// secrets of every sort.
pub(crate) fn directory(test: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    pki::write(&directory);
    let private = [
        ("good.secret", SECRET.to_owned()),
        ("same.secret", SECRET.to_owned() + "\n"),
        ("open.secret", SECRET.replace("Q2", "R2")),
        ("next.secret", SECRET.replace("Q2", "S2")),
        ("weak.secret", "whsec_c2hvcnQ=".to_owned()),
        ("text.secret", "not base64 at all, but long enough to be a key".to_owned()),
        ("public.secret", "whpk_PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=".to_owned()),
        ("empty.secret", "\n".to_owned()),
        ("huge.secret", "x".repeat(65_537)),
        ("broken.pem", "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n".to_owned()),
        ("unended.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n".to_owned()),
        ("nonsense.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned()),
        ("nonsense.crl", "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n".to_owned()),
        ("networks.txt", "# GitHub\n192.0.2.0/24 # hooks\n\n10.1.2.3/8\nexample.com\n".to_owned()),
        (
            "signer.toml",
            "[[endpoint]]\nendpiont = \"https://a.example\"\ntimeout = 5\n\n[[endpoint]]\nname = \"b\"\n\
             endpoint = \"https://b.example/\"\nsecret_env = [\"GOOD\"]\n\n[endpoints]\n"
                .to_owned(),
        ),
        (
            "twice.toml",
            "[[endpoint]]\nendpoint = \"https://a.example/1\"\nsecret-env = \"GOOD\"\n\n\
             [[endpoint]]\nendpoint = \"https://a.example/2\"\nsecret-env = \"GOOD\"\n"
                .to_owned(),
        ),
        (
            "guard.toml",
            "listn = \"127.0.0.1:1\"\ntolerance = \"5m\"\nmax-connections = \"none\"\n\n\
             [[source]]\nscheme = \"github\"\ntolerence = \"5m\"\npath = { exact = \"/hooks\" }\n"
                .to_owned(),
        ),
        (
            "alike.toml",
            "[[source]]\nscheme = \"github\"\nsecret-env = \"GOOD\"\nhost = [\"a.example\", \"b.example\"]\n\
             path = \"/hooks\"\nupstream = \"http://127.0.0.1:3000\"\n\n\
             [[source]]\nscheme = \"github\"\nsecret-env = \"GOOD\"\nhost = \"A.example\"\n\
             path = [\"/hooks\"]\nupstream = \"http://127.0.0.1:3001\"\n"
                .to_owned(),
        ),
        ("sources.toml", SOURCES.to_owned()),
        ("torn.toml", "[[endpoint]]\nname = \"a\n".to_owned()),
        (
            "github.json",
            "{\"hooks\": [\"192.30.252.0/22\", \"2a0a:a440::/29\"], \"web\": [\"10.0.0.0/8\"]}".to_owned(),
        ),
        ("stripe.json", "{\"WEBHOOKS\": [\"3.18.12.63\", \"nonsense\", \"13.235.14.237\"]}".to_owned()),
        ("no-hooks.json", "{\"web\": [\"10.0.0.0/8\"]}".to_owned()),
        ("no-networks.txt", "# none yet\n".to_owned()),
    ];
    for (name, contents) in private {
        private_file::write(&directory.join(name), contents.as_bytes(), Existing::Refuse).unwrap();
    }
    fs::set_permissions(directory.join("open.secret"), fs::Permissions::from_mode(0o644)).unwrap();
    directory
}
