//! The parameters of a signature: `keyId="k",created=1,headers="date"`.

use smallvec::SmallVec;

use http::HeaderMap;

use super::dialect::{Dialect, Place};
use crate::schemes::fields;
use crate::schemes::refusal::Refusal;

/// Parameters by name, each once.
pub(super) struct Parameters<'h>(SmallVec<[(&'h str, &'h str); 8]>);

impl<'h> Parameters<'h> {
    /// Finds the signature in the one place where it is.
    ///
    /// `Authorization` may be there for something else, so a place of another
    /// authentication scheme is passed over; two signatures are refused,
    /// whichever is good.
    pub(super) fn find(dialect: &Dialect, fields: &'h HeaderMap) -> Result<Self, Refusal> {
        let mut found = None;
        let mut refusal = Refusal::SignatureMissing;
        for Place { header, word } in dialect.places {
            let value = match fields::only(fields, header, Refusal::SignatureMissing) {
                Ok(value) => value.to_str().map_err(|_| Refusal::SignatureMalformed)?,
                Err(Refusal::SignatureMissing) => continue,
                Err(repeated) => return Err(repeated),
            };
            match after_word(value, *word) {
                Some(parameters) if found.replace(parameters).is_some() => {
                    return Err(Refusal::HeaderRepeated);
                }
                Some(_) => {}
                None => refusal = Refusal::SignatureMalformed,
            }
        }
        Self::parse(found.ok_or(refusal)?).ok_or(Refusal::SignatureMalformed)
    }

    /// `name="value"` or `name=digits`, with commas and white space between.
    fn parse(text: &'h str) -> Option<Self> {
        let mut parameters = SmallVec::<[(&str, &str); 8]>::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find([',', ' ']).unwrap_or(after.len())),
            };
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let is_new = parameters.iter().all(|(earlier, _)| *earlier != name);
            // No dialect has escapes: with a backslash two readers would differ.
            if !is_name || !is_new || value.contains('\\') || parameters.len() == PARAMETERS_MAX {
                return None;
            }
            parameters.push((name, value));
            rest = after.trim_start();
            if let Some(next) = rest.strip_prefix(',') {
                rest = next.trim_start();
                if rest.is_empty() {
                    return None;
                }
            } else if !rest.is_empty() {
                return None;
            }
        }
        Some(Self(parameters))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'h str> {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}

/// What follows the authentication scheme, if it is that one.
fn after_word<'h>(value: &'h str, word: Option<&str>) -> Option<&'h str> {
    let Some(word) = word else { return Some(value) };
    let (found, parameters) = value.trim_start().split_once(' ')?;
    found.eq_ignore_ascii_case(word).then_some(parameters)
}

/// No dialect has more than seven.
const PARAMETERS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Vec<(&str, &str)>> {
        Parameters::parse(text).map(|parameters| parameters.0.to_vec())
    }

    #[test]
    fn parameters_are_quoted_or_bare_with_or_without_space_between() {
        let expected = Some(vec![("keyId", "a, b"), ("created", "1"), ("signature", "AA==")]);
        assert_eq!(parse("keyId=\"a, b\",created=1,signature=\"AA==\""), expected);
        assert_eq!(parse(" keyId=\"a, b\" , created=1 ,  signature=\"AA==\" "), expected);
        assert_eq!(parse("signature=\"\""), Some(vec![("signature", "")]));
        assert_eq!(parse(""), Some(vec![]));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let many: Vec<_> = (0..=PARAMETERS_MAX).map(|name| format!("p{name}=1")).collect();
        for wrong in [
            "a",
            "=\"1\"",
            "a=\"1",
            "a=\"1\"b=\"2\"",
            "a=\"1\" b=\"2\"",
            "a=\"1\",",
            "a=\"1\",,b=\"2\"",
            ",a=\"1\"",
            "a=\"1\",a=\"1\"",
            "a=\"1\\\"\"",
            "a b=\"1\"",
            &many.join(","),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_word_before_the_parameters_has_any_letter_case() {
        assert_eq!(after_word("HMAC a=1", Some("hmac")), Some("a=1"));
        assert_eq!(after_word("Basic a=1", Some("hmac")), None);
        assert_eq!(after_word("hmac", Some("hmac")), None);
        assert_eq!(after_word("a=1", None), Some("a=1"));
    }
}
