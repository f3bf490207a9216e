//! The URL that a sender knows the guard by: `https://hooks.example/in/twilio`.
//!
//! Some senders sign it. It is never put together from what a client says of
//! host and scheme: whoever writes those would choose what is verified. Only
//! the query comes from the request, and where no path is given, the path.

use std::fmt;

use super::Fault;

/// A public URL, as text: the sender signs its very bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    has_path: bool,
}

impl PublicUrl {
    /// The URL of a request whose path and query are `target`, as received.
    ///
    /// Without a path of its own it is followed by the target; with one, which
    /// then stands for the path of every request, by the query alone.
    pub(crate) fn of(&self, target: &str) -> String {
        let from = if self.has_path { target.find('?').unwrap_or(target.len()) } else { 0 };
        [&self.text, &target[from..]].concat()
    }
}

impl std::str::FromStr for PublicUrl {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(FORM)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let graphic = text.len() <= URL_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !graphic || authority.is_empty() || text.contains(['?', '#', '@', '\\']) {
            return Err(FORM.into());
        }
        Ok(Self { text: text.to_owned(), has_path: !path.is_empty() })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const FORM: &str =
    "expected the URL as the sender has it, https://host or https://host/path, without query and fragment";

const URL_BYTES_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, target: &str) -> String {
        url.parse::<PublicUrl>().expect(url).of(target)
    }

    #[test]
    fn an_origin_is_followed_by_the_target_as_received() {
        assert_eq!(of("https://h.example", "/hooks?a=%2F&b"), "https://h.example/hooks?a=%2F&b");
        assert_eq!(of("https://h.example:8443", "/"), "https://h.example:8443/");
    }

    #[test]
    fn a_path_of_its_own_stands_for_the_path_and_keeps_the_query() {
        assert_eq!(of("https://h.example/in/twilio", "/hooks/twilio?a=b"), "https://h.example/in/twilio?a=b");
        assert_eq!(of("https://h.example/in/twilio", "/hooks/twilio"), "https://h.example/in/twilio");
        assert_eq!(of("https://h.example/", "/hooks"), "https://h.example/");
    }

    #[test]
    fn urls_with_a_second_reading_are_refused() {
        for text in [
            "",
            "h.example",
            "ftp://h.example",
            "https://",
            "https:///path",
            "https://h.example/?a",
            "https://h.example#a",
            "https://user@h.example",
            "https://h.example/a b",
            "https://h.example\\a",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
