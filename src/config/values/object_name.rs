//! Names of objects in Kubernetes.

use super::Fault;

/// Reads the name of a Secret, `ConfigMap` or the like: a DNS subdomain (RFC 1123
/// section 2.1; Kubernetes documentation, "Object Names and IDs").
pub(crate) fn object_name(text: &str) -> Result<String, Fault> {
    let well_formed = text.len() <= SUBDOMAIN_BYTES_MAX && text.split('.').all(is_label);
    if well_formed { Ok(text.to_owned()) } else { Err(OBJECT_FORM.into()) }
}

/// Reads the name of a namespace or a Service: one label of such a name.
pub(crate) fn dns_label(text: &str) -> Result<String, Fault> {
    if text.len() <= LABEL_BYTES_MAX && is_label(text) { Ok(text.to_owned()) } else { Err(LABEL_FORM.into()) }
}

fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(|byte| plain(*byte)))
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'-')
}

const OBJECT_FORM: &str = "expected the name of an object: up to 253 small letters, digits, dashes and dots, such as webhook-certificates";
const LABEL_FORM: &str = "expected a name of up to 63 small letters, digits and dashes, such as countersign";

const SUBDOMAIN_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        for good in ["a", "webhook-2", "1a"] {
            assert!(dns_label(good).is_ok() && object_name(good).is_ok(), "{good}");
        }
        assert!(object_name("a.b-c.d").is_ok() && object_name(&"a".repeat(253)).is_ok());
        for wrong in ["", "A", "a_b", "-a", "a-", "a/b", "a..b", ".a", &"a".repeat(254)] {
            assert!(dns_label(wrong).is_err() && object_name(wrong).is_err(), "{wrong}");
        }
        assert!(dns_label("a.b").is_err() && dns_label(&"a".repeat(64)).is_err());
    }
}
