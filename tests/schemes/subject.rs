//! Every preset that can sign, with keys and messages that it takes.

use countersign::clock::UnixTime;
use countersign::keys::Secret;
use countersign::schemes::{
    Algorithm, Credential, Digest, FormCoverage, KeyText, Mechanism, Preset, Scheme, SchemeOptions,
    TokenForm, Validity, presets,
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};

/// A preset to be tried. Its three keys are its sender's and its receiver's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) preset: &'static Preset,
}

/// Every preset that can sign: what Mailgun and Microsoft Graph prove is in a
/// body that only they make.
pub(crate) fn subjects() -> Vec<Subject> {
    let signs =
        |preset: &&&'static Preset| !matches!(preset.mechanism, Mechanism::Mailgun | Mechanism::ClientState);
    presets().iter().filter(signs).map(|preset| Subject { preset }).collect()
}

/// Three keys in the form that `preset` takes.
pub(crate) fn credentials(preset: &Preset) -> Vec<Credential> {
    keys(preset).map(|(private, _)| Secret::new(private).into()).to_vec()
}

impl Subject {
    /// One who signs with the key of this number.
    pub(crate) fn sender(self, slot: usize) -> Scheme {
        self.scheme(&credentials(self.preset)[slot..=slot])
    }

    /// One who takes all three.
    pub(crate) fn receiver(self) -> Scheme {
        self.scheme(&credentials(self.preset))
    }

    /// One who takes all three, the one in `slot` only at its time.
    pub(crate) fn receiver_until(self, slot: usize, validity: Validity) -> Scheme {
        let mut credentials = credentials(self.preset);
        credentials[slot].validity = validity;
        self.scheme(&credentials)
    }

    /// One who has the public halves alone.
    pub(crate) fn public(self) -> Scheme {
        self.scheme(&keys(self.preset).map(|(_, public)| Secret::new(public).into()))
    }

    fn scheme(self, credentials: &[Credential]) -> Scheme {
        Scheme::new(self.preset, credentials, SchemeOptions::default()).expect("usable secrets")
    }

    /// A URL and a body that the scheme can sign, with `body` in it.
    pub(crate) fn wrap(self, timestamp: UnixTime, body: &[u8]) -> (String, Vec<u8>) {
        let escaped = percent_encode(body, NON_ALPHANUMERIC).to_string();
        let url = "https://hooks.example.com/hooks".to_owned();
        match &self.preset.mechanism {
            Mechanism::Form(wire) => match wire.covers {
                FormCoverage::Fields => (url, format!("b=1&Body={escaped}").into_bytes()),
                FormCoverage::DigestInQuery(name) => {
                    let digest = Digest::of(body).as_bytes().map(|byte| format!("{byte:02x}")).concat();
                    (format!("{url}?{name}={digest}"), body.to_vec())
                }
            },
            _ if self.preset.name == "linear" => {
                let millis = timestamp.as_millis();
                (url, format!(r#"{{"data": "{escaped}", "webhookTimestamp": {millis}}}"#).into_bytes())
            }
            _ => (url, body.to_vec()),
        }
    }

    /// What of `body` is signed: all of it, or the fields of a form in order.
    pub(crate) fn what_is_signed_of(self, body: &[u8]) -> Vec<u8> {
        let Mechanism::Form(wire) = &self.preset.mechanism else { return body.to_vec() };
        if wire.covers != FormCoverage::Fields {
            return body.to_vec();
        }
        let decode = |text: &[u8]| -> Vec<u8> {
            let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
            percent_decode(&spaced).collect()
        };
        let fields = body.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        let mut pairs: Vec<_> = fields
            .map(|field| {
                let mut halves = field.splitn(2, |byte| *byte == b'=').map(decode);
                (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
            })
            .collect();
        pairs.sort();
        if wire.each_once {
            pairs.dedup();
        }
        pairs.into_iter().flat_map(|(name, value)| [name, value]).collect::<Vec<_>>().concat()
    }
}

/// Private and public halves; shared secrets are both.
fn keys(preset: &Preset) -> [(&'static str, &'static str); 3] {
    match &preset.mechanism {
        Mechanism::Template(wire) => match (wire.algorithm, wire.key) {
            (Algorithm::Ed25519, KeyText::Ed25519Webhook) => ED25519_WEBHOOK,
            (Algorithm::Ed25519, _) => ED25519_HEX,
            (Algorithm::EcdsaP256, _) => ECDSA,
            (Algorithm::Hmac(_), KeyText::Hex) => HEX.map(|key| (key, key)),
            (Algorithm::Hmac(_), _) => BASE64.map(|key| (key, key)),
        },
        Mechanism::Token(wire) if wire.form == TokenForm::Basic => BASIC.map(|key| (key, key)),
        _ => BASE64.map(|key| (key, key)),
    }
}

const BASE64: [&str; 3] = [
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=",
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpBQkNERUY=",
];

const HEX: [&str; 3] = [
    "4F8BD8DD7B0AE93C2C582968F40F6BC2D90BCBD91AA97BB6E54B8D3E44048C5C",
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100",
];

const BASIC: [&str; 3] = [
    "user:a-password-of-more-than-24-bytes",
    "user:another-password-of-that-length",
    "somebody:else-with-a-password-as-long",
];

/// Seed and public key.
const ED25519_HEX: [(&str, &str); 3] = [
    (
        "30303030303030303030303030303030303030303030303030303030303030301ba4075b77c9e3fb3ecde15cdaf5221f3c10373e623f7b0e1ef76366b0af7137",
        "1ba4075b77c9e3fb3ecde15cdaf5221f3c10373e623f7b0e1ef76366b0af7137",
    ),
    (
        "313131313131313131313131313131313131313131313131313131313131313148075a597e721a156e2e0799de5cc0c5324dc6e7eaf1cdd46250868ec53215dd",
        "48075a597e721a156e2e0799de5cc0c5324dc6e7eaf1cdd46250868ec53215dd",
    ),
    (
        "32323232323232323232323232323232323232323232323232323232323232325e212c0980e4b39fc09721134aa02109374edfd260c0d3d03cb501c8d65457a9",
        "5e212c0980e4b39fc09721134aa02109374edfd260c0d3d03cb501c8d65457a9",
    ),
];

const ED25519_WEBHOOK: [(&str, &str); 3] = [
    (
        "whsk_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
        "whpk_G6QHW3fJ4/s+zeFc2vUiHzwQNz5iP3sOHvdjZrCvcTc=",
    ),
    (
        "whsk_MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=",
        "whpk_SAdaWX5yGhVuLgeZ3lzAxTJNxufq8c3UYlCGjsUyFd0=",
    ),
    (
        "whsk_MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI=",
        "whpk_XiEsCYDks5/AlyETSqAhCTdO39JgwNPQPLUByNZUV6k=",
    ),
];

/// PKCS#8 in PEM, and base64 of the `SubjectPublicKeyInfo`.
const ECDSA: [(&str, &str); 3] = [
    (
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglkfgYmtS5uZ1qp27eNodS0+5M+nqF4uQL3wo1vo/C1ehRANCAASMxQAOX17RqMhEpDWM/IIhTdSxD6Xf8khBANnDHLRU6mmsr6/KMWDtgKML5lafooQwNMMSJ8wYmtq0NjEFN8h3\n-----END PRIVATE KEY-----\n",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjMUADl9e0ajIRKQ1jPyCIU3UsQ+l3/JIQQDZwxy0VOpprK+vyjFg7YCjC+ZWn6KEMDTDEifMGJratDYxBTfIdw==",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg2+poY9LUptBmaAGKuA66A3D85DopTKLrxCKPDago1KihRANCAATfJywl87XihsX+wRg0+asp4OBuYMPF6WIzErd4LrDf/KlZkPM8LYXzJjChHK5lVDqaNcIwMMIxs90KS8bNjGxF\n-----END PRIVATE KEY-----\n",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3ycsJfO14obF/sEYNPmrKeDgbmDDxeliMxK3eC6w3/ypWZDzPC2F8yYwoRyuZVQ6mjXCMDDCMbPdCkvGzYxsRQ==",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/hfxxBAC/niIZQSvn1IDgqKDMQO66pa64rQoqS6N7D2hRANCAAQBeUquq8NI+lfWFSFXCi/MLuvsqfRUrKwRxFlAoouZ4xCaxs36R6Y0DsNIvjLW/DYJ3E6ledp4jVhuPFpMmSG3\n-----END PRIVATE KEY-----\n",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAXlKrqvDSPpX1hUhVwovzC7r7Kn0VKysEcRZQKKLmeMQmsbN+kemNA7DSL4y1vw2CdxOpXnaeI1YbjxaTJkhtw==",
    ),
];
