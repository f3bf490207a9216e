//! The same JSON in other bytes: what a framework makes of a body that it
//! parses and writes anew.
//!
//! Order, repeated names and the spelling of numbers are kept; only white
//! space, escapes and, in some variants, the order of names change.

use std::fmt;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// `body` written in each known way, with what the way is called. Empty where
/// it is no JSON.
pub(super) fn rewritten(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let Some(node) =
        str::from_utf8(body).ok().and_then(|text| Node::read(text.trim_start_matches('\u{feff}')))
    else {
        return Vec::new();
    };
    let sorted = node.sorted();
    let mut written = Vec::new();
    for (order, node) in [("", &node), (", with its names in order", &sorted)] {
        for layout in LAYOUTS {
            for escapes in ESCAPES {
                let mut text = String::with_capacity(body.len());
                Writer { text: &mut text, layout, escapes }.node(node, 0);
                written.push((format!("signed {}{}{order}", layout.said, escapes.said), text.into_bytes()));
            }
        }
    }
    written
}

/// A JSON value. Numbers and words stay as they are written.
#[derive(Clone)]
enum Node {
    Verbatim(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Depth is bounded by the parser's own limit.
    fn read(text: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let raw = raw.get();
        Some(match raw.as_bytes().first()? {
            b'{' => {
                let Pairs(pairs) = serde_json::from_str(raw).ok()?;
                let nodes = pairs.into_iter().map(|(name, value)| Some((name, Self::read(value.get())?)));
                Self::Map(nodes.collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
                Self::List(items.into_iter().map(|item| Self::read(item.get())).collect::<Option<_>>()?)
            }
            b'"' => Self::Text(serde_json::from_str(raw).ok()?),
            _ => Self::Verbatim(raw.to_owned()),
        })
    }

    fn sorted(&self) -> Self {
        match self {
            Self::Verbatim(_) | Self::Text(_) => self.clone(),
            Self::List(items) => Self::List(items.iter().map(Self::sorted).collect()),
            Self::Map(pairs) => {
                let mut pairs: Vec<_> =
                    pairs.iter().map(|(name, node)| (name.clone(), node.sorted())).collect();
                pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self::Map(pairs)
            }
        }
    }
}

/// The names and values of an object, in their order, repeated ones kept.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// The white space of a writer.
struct Layout {
    said: &'static str,
    comma: &'static str,
    colon: &'static str,
    /// One level; `None` keeps everything on one line.
    indent: Option<&'static str>,
}

const LAYOUTS: &[Layout] = &[
    Layout { said: "without white space", comma: ",", colon: ":", indent: None },
    Layout { said: "as Python's json.dumps spaces it", comma: ", ", colon: ": ", indent: None },
    Layout { said: "indented by 2 spaces", comma: ",", colon: ": ", indent: Some("  ") },
    Layout { said: "indented by 4 spaces", comma: ",", colon: ": ", indent: Some("    ") },
    Layout { said: "indented by tabs", comma: ",", colon: ": ", indent: Some("\t") },
];

/// Which characters a writer escapes beside those that it must.
struct Escapes {
    said: &'static str,
    beyond_ascii: bool,
    slash: bool,
    html: bool,
}

const ESCAPES: &[Escapes] = &[
    Escapes { said: "", beyond_ascii: false, slash: false, html: false },
    Escapes { said: ", in ASCII", beyond_ascii: true, slash: false, html: false },
    Escapes { said: ", with / escaped, in ASCII", beyond_ascii: true, slash: true, html: false },
    Escapes { said: ", with / escaped", beyond_ascii: false, slash: true, html: false },
    Escapes { said: ", with < > & escaped", beyond_ascii: false, slash: false, html: true },
];

struct Writer<'a> {
    text: &'a mut String,
    layout: &'a Layout,
    escapes: &'a Escapes,
}

impl Writer<'_> {
    fn node(&mut self, node: &Node, depth: usize) {
        match node {
            Node::Verbatim(text) => self.text.push_str(text),
            Node::Text(text) => self.string(text),
            Node::List(items) => {
                self.group(['[', ']'], items, depth, Self::node);
            }
            Node::Map(pairs) => self.group(['{', '}'], pairs, depth, |writer, (name, node), depth| {
                writer.string(name);
                writer.text.push_str(writer.layout.colon);
                writer.node(node, depth);
            }),
        }
    }

    fn group<T>(&mut self, marks: [char; 2], items: &[T], depth: usize, each: impl Fn(&mut Self, &T, usize)) {
        self.text.push(marks[0]);
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.text.push_str(self.layout.comma);
            }
            self.line(depth + 1);
            each(self, item, depth + 1);
        }
        if !items.is_empty() {
            self.line(depth);
        }
        self.text.push(marks[1]);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.layout.indent {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(indent, depth));
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                '/' if self.escapes.slash => self.text.push_str("\\/"),
                c if self.must_escape(c) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.text, "\\u{unit:04x}");
                    }
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    fn must_escape(&self, c: char) -> bool {
        c < ' '
            || (self.escapes.beyond_ascii && !c.is_ascii())
            || (self.escapes.html && matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(body: &str, written: &str) {
        let all = rewritten(body.as_bytes());
        assert!(
            all.iter().any(|(_, bytes)| bytes == written.as_bytes()),
            "{written:?} is not among {:?}",
            all.iter().map(|(said, bytes)| (said, String::from_utf8_lossy(bytes))).collect::<Vec<_>>()
        );
    }

    #[test]
    fn each_writer_is_known() {
        let body = "{\"b\":[1.0,{}],\"a\":\"\u{fc}/<\",\"b\":null}";
        has(body, "{\"b\": [1.0, {}], \"a\": \"\\u00fc/<\", \"b\": null}");
        has(body, "{\n  \"b\": [\n    1.0,\n    {}\n  ],\n  \"a\": \"\u{fc}/<\",\n  \"b\": null\n}");
        has(body, "{\"a\":\"\u{fc}/<\",\"b\":[1.0,{}],\"b\":null}");
        has(body, "{\"b\":[1.0,{}],\"a\":\"\\u00fc\\/<\",\"b\":null}");
        has(body, "{\"b\":[1.0,{}],\"a\":\"\u{fc}/\\u003c\",\"b\":null}");
        has("\"\u{1f600}\"", "\"\\ud83d\\ude00\"");
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        for body in [&b""[..], b"a=b", b"{", b"\xff", b"{} {}"] {
            assert!(rewritten(body).is_empty(), "{body:?}");
        }
    }
}
