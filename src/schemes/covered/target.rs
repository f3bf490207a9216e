//! The request target of a URL.

/// Path and query of `url`, exactly as they stand in it.
pub(in crate::schemes) fn target_of(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(url, |at| &url[at + 3..]);
    let target = after_scheme.find(['/', '?']).map_or("/", |at| &after_scheme[at..]);
    target.split('#').next().unwrap_or(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_part_after_the_authority() {
        assert_eq!(target_of("https://example.com/in?x=http://y/"), "/in?x=http://y/");
        assert_eq!(target_of("https://example.com"), "/");
        assert_eq!(target_of("https://example.com?a"), "?a");
        assert_eq!(target_of("https://example.com/in#part"), "/in");
    }
}
