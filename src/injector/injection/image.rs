//! References to images, by the grammar that container runtimes read them with
//! (github.com/distribution/reference): what is none would end as
//! `InvalidImageName`, in a pod that is there and never starts.

/// Whether `text` names an image: `[REGISTRY/]NAME[:TAG][@DIGEST]`.
pub(super) fn is_reference(text: &str) -> bool {
    let Parts { repository, tag, digest } = Parts::of(text);
    let (domain, path) = match repository.split_once('/') {
        Some((first, path)) if is_registry(first) => (Some(first), path),
        _ => (None, repository),
    };
    let is_named = path.split('/').all(is_component)
        && path.len() <= PATH_BYTES_MAX
        && domain.is_none_or(is_domain)
        // That is how a runtime calls its own images.
        && !(repository.len() == 64 && repository.bytes().all(is_hex));
    is_named && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

/// Where an image comes from: `REGISTRY/NAME`.
pub(super) fn repository(image: &str) -> &str {
    Parts::of(image).repository
}

/// Whether it may be another one tomorrow, as everybody expects.
pub(super) fn names_no_version(image: &str) -> bool {
    let Parts { tag, digest, .. } = Parts::of(image);
    digest.is_none() && tag.is_none_or(|tag| tag == "latest")
}

struct Parts<'a> {
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(image: &'a str) -> Self {
        let (named, digest) = match image.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (image, None),
        };
        // A colon after the last slash; one before it is a registry's port.
        let name = named.rfind('/').map_or(0, |slash| slash + 1);
        match named[name..].find(':').map(|colon| name + colon) {
            Some(colon) => Self { repository: &named[..colon], tag: Some(&named[colon + 1..]), digest },
            None => Self { repository: named, tag: None, digest },
        }
    }
}

/// Whether the first part of a name is a registry; else it is one of the
/// runtime's own.
fn is_registry(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((six, port)) => {
            let is_six = !six.is_empty() && six.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
            return is_six && (port.is_empty() || port.strip_prefix(':').is_some_and(is_number));
        }
        None => domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port))),
    };
    let is_label = |label: &str| {
        label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label) && port.is_none_or(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lower case letters and digits, with one dot, one or two underscores, or any
/// number of dashes between them.
fn is_component(component: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_between =
        |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    component.starts_with(is_inner)
        && component.ends_with(is_inner)
        && component.split(is_inner).all(is_between)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= TAG_BYTES_MAX
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

/// Of the algorithms that runtimes know.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == digits && hex.bytes().all(is_hex)
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

const PATH_BYTES_MAX: usize = 255;

const TAG_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_runtime_takes_is_an_image() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for image in [
            "countersign",
            "countersign:1",
            "library/a.b_c__d---e/f:V1.0-rc_1",
            "registry.example/countersign",
            "Registry:5000/countersign:1",
            "localhost/countersign",
            "[2001:db8::1]:5000/countersign",
            "10.0.0.1:5000/a/b",
            "aa00bb11cc22dd33ee44ff55aa00bb11cc22dd33ee44ff55aa00bb11cc22dd3",
            &format!("registry.example/countersign@{digest}"),
            &format!("registry.example/countersign:1@{digest}"),
        ] {
            assert!(is_reference(image), "{image}");
        }
    }

    #[test]
    fn what_would_be_an_invalid_image_name_is_none() {
        let digest = "0a".repeat(32);
        for text in [
            "",
            "//:",
            ":1",
            "@",
            "a:",
            "a@",
            "a//b",
            "/a",
            "a/",
            "A",
            "a/B",
            "a..b",
            "a___b",
            "a._b",
            "-a",
            "a-",
            "a b",
            "registry.example/",
            "registry.example:port/a",
            "registry.example:/a",
            "-registry.example/a",
            "[::1]x/a",
            "[]:5000/a",
            "a:-1",
            "a:1:2",
            &format!("a:{}", "1".repeat(129)),
            &"a/".repeat(128),
            &digest,
            &format!("a@{digest}"),
            &format!("a@sha256:{}", &digest[1..]),
            &format!("a@sha256:{}", digest.to_uppercase()),
            &format!("a@md5:{}", &digest[..32]),
            &format!("a@sha256:{digest}@sha256:{digest}"),
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }

    #[test]
    fn the_repository_is_what_is_left_without_a_version() {
        for (image, of) in [("a", "a"), ("r:5000/a", "r:5000/a"), ("r:5000/a:1@sha256:0", "r:5000/a")] {
            assert_eq!(repository(image), of);
        }
        for (image, is_loose) in
            [("a", true), ("r:5000/a:latest", true), ("a:1", false), ("a@sha256:0", false)]
        {
            assert_eq!(names_no_version(image), is_loose, "{image}");
        }
    }
}
