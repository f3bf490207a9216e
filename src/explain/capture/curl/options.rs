//! The options of `curl` that a capture may have, and what their values are.

/// What an option's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Url,
    Method,
    Field,
    Agent,
    Referer,
    Cookie,
    User,
    Data,
    DataRaw,
    DataBinary,
    Json,
    UrlEncode,
    /// It says nothing of the request.
    Ignored,
}

impl Takes {
    /// `None` for a switch.
    pub(super) fn long(name: &str) -> Result<Option<Self>, String> {
        if SWITCHES.contains(&name) {
            return Ok(None);
        }
        let known = OPTIONS.iter().find(|(long, ..)| *long == name).map(|(.., takes)| Some(*takes));
        known.ok_or_else(|| format!("the option --{name} is not known here"))
    }

    pub(super) fn short(letter: char) -> Result<Option<Self>, String> {
        if SWITCH_LETTERS.contains(letter) {
            return Ok(None);
        }
        let known =
            OPTIONS.iter().find(|(_, short, _)| *short == Some(letter)).map(|(.., takes)| Some(*takes));
        known.ok_or_else(|| format!("the option -{letter} is not known here"))
    }
}

/// Options with a value.
const OPTIONS: &[(&str, Option<char>, Takes)] = &[
    ("url", None, Takes::Url),
    ("request", Some('X'), Takes::Method),
    ("header", Some('H'), Takes::Field),
    ("user-agent", Some('A'), Takes::Agent),
    ("referer", Some('e'), Takes::Referer),
    ("cookie", Some('b'), Takes::Cookie),
    ("user", Some('u'), Takes::User),
    ("data", Some('d'), Takes::Data),
    ("data-ascii", None, Takes::Data),
    ("data-raw", None, Takes::DataRaw),
    ("data-binary", None, Takes::DataBinary),
    ("data-urlencode", None, Takes::UrlEncode),
    ("json", None, Takes::Json),
    ("output", Some('o'), Takes::Ignored),
    ("cacert", None, Takes::Ignored),
    ("cert", Some('E'), Takes::Ignored),
    ("key", None, Takes::Ignored),
    ("connect-timeout", None, Takes::Ignored),
    ("max-time", Some('m'), Takes::Ignored),
    ("proxy", Some('x'), Takes::Ignored),
    ("resolve", None, Takes::Ignored),
    ("connect-to", None, Takes::Ignored),
    ("retry", None, Takes::Ignored),
    ("write-out", Some('w'), Takes::Ignored),
    ("cookie-jar", Some('c'), Takes::Ignored),
    ("unix-socket", None, Takes::Ignored),
];

/// Options without one; `get` and `head` are the two that matter.
const SWITCHES: &[&str] = &[
    "get",
    "head",
    "silent",
    "show-error",
    "insecure",
    "location",
    "compressed",
    "verbose",
    "include",
    "fail",
    "fail-with-body",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "globoff",
    "path-as-is",
    "no-buffer",
    "tlsv1.2",
    "tlsv1.3",
    "no-progress-meter",
];

const SWITCH_LETTERS: &str = "GIsSkLvifgN#0";
