//! What a message says of its signature: `Signature-Input` and `Signature` (RFC
//! 9421 sections 4.1 and 4.2).

use std::fmt;

use base64ct::{Base64, Encoding as _};
use http::{HeaderMap, HeaderName};
use sfv::visitor::{DictionaryVisitor, EntryVisitor};
use sfv::{BareItem, Dictionary, InnerList, Key, KeyRef, ListEntry, Parser};

use super::component::Component;
use super::{COMPONENTS_MAX, LABELS_MAX};
use crate::clock::UnixTime;
use crate::schemes::covered::joined;
use crate::schemes::refusal::Refusal;

/// One signature and what it is over, parsed and not believed.
pub(super) struct Input {
    pub(super) components: Vec<Component>,
    /// The list as it was parsed, for the last line of the base.
    pub(super) list: InnerList,
    pub(super) parameters: Parameters,
    pub(super) signature: Vec<u8>,
}

/// The parameters of a signature (section 2.3) that are read. `nonce` and `tag`
/// are signed as they are and say nothing to a verifier.
pub(super) struct Parameters {
    pub(super) created: UnixTime,
    pub(super) expires: Option<UnixTime>,
    pub(super) key_id: Option<String>,
    pub(super) algorithm: Option<String>,
}

/// Reads the signature called `label`, or without one the only one there is:
/// which of several is the sender's, the message cannot say.
pub(super) fn read(fields: &HeaderMap, label: Option<&Key>) -> Result<Input, Refusal> {
    let mut inputs = dictionary(&lines(fields, &SIGNATURE_INPUT)?)?;
    let signature_lines = lines(fields, &SIGNATURE)?;
    let mut signatures = dictionary(&signature_lines)?;
    let label = match label {
        Some(label) => label.clone(),
        None if inputs.len() > 1 => return Err(Refusal::SignatureMalformed),
        None => inputs.keys().next().cloned().ok_or(Refusal::SignatureMissing)?,
    };
    let list = match inputs.swap_remove(&label).ok_or(Refusal::SignatureMissing)? {
        ListEntry::InnerList(list) => list,
        ListEntry::Item(_) => return Err(Refusal::SignatureMalformed),
    };
    let signature = match signatures.swap_remove(&label).ok_or(Refusal::SignatureMissing)? {
        ListEntry::Item(item) => match item.bare_item {
            BareItem::ByteSequence(signature) if is_spelled(&signature, &signature_lines) => signature,
            _ => return Err(Refusal::SignatureMalformed),
        },
        ListEntry::InnerList(_) => return Err(Refusal::SignatureMalformed),
    };
    let (components, parameters) = (components(&list)?, Parameters::read(&list)?);
    Ok(Input { components, list, parameters, signature })
}

pub(super) const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");

pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("signature");

impl Parameters {
    fn read(list: &InnerList) -> Result<Self, Refusal> {
        let text = |name| match list.params.get(name) {
            Some(BareItem::String(text)) => Ok(Some(text.as_str().to_owned())),
            Some(_) => Err(Refusal::SignatureMalformed),
            None => Ok(None),
        };
        let time = |name| match list.params.get(name) {
            Some(BareItem::Integer(seconds)) => match u64::try_from(i64::from(*seconds)) {
                Ok(seconds) => Ok(Some(UnixTime::from_secs(seconds))),
                Err(_) => Err(Refusal::TimestampMalformed),
            },
            Some(_) => Err(Refusal::TimestampMalformed),
            None => Ok(None),
        };
        text("nonce")?;
        text("tag")?;
        Ok(Self {
            created: time("created")?.ok_or(Refusal::TimestampMissing)?,
            expires: time("expires")?,
            key_id: text("keyid")?,
            algorithm: text("alg")?,
        })
    }
}

/// The covered components, each once (section 2): of two, which one an app goes
/// by is its own affair.
fn components(list: &InnerList) -> Result<Vec<Component>, Refusal> {
    if list.items.len() > COMPONENTS_MAX {
        return Err(Refusal::SignatureMalformed);
    }
    let mut components = Vec::with_capacity(list.items.len());
    for item in &list.items {
        let component = Component::read(item)?;
        if components.contains(&component) {
            return Err(Refusal::SignatureMalformed);
        }
        components.push(component);
    }
    Ok(components)
}

/// Every line of a field that must be there.
fn lines(fields: &HeaderMap, name: &HeaderName) -> Result<Vec<u8>, Refusal> {
    let lines = joined(fields, name).map_err(|_| Refusal::SignatureMissing)?;
    if lines.is_empty() { Err(Refusal::SignatureMissing) } else { Ok(lines) }
}

/// Whether `lines` spell `signature` as every sender does, with padding and
/// without spare bits. RFC 9651 lets a parser take other spellings, and whoever
/// compares texts would see a copy as new.
fn is_spelled(signature: &[u8], lines: &[u8]) -> bool {
    let spelling = format!(":{}:", Base64::encode_string(signature));
    str::from_utf8(lines).is_ok_and(|lines| lines.contains(&spelling))
}

fn dictionary(lines: &[u8]) -> Result<Dictionary, Refusal> {
    let mut dictionary = Dictionary::new();
    Parser::new(lines)
        .parse_dictionary_with_visitor(Distinct(&mut dictionary))
        .map_err(|_| Refusal::SignatureMalformed)?;
    Ok(dictionary)
}

/// Takes a dictionary of few members, each once. RFC 9651 lets the last of two
/// win; an intermediary that lets the first one would be told another thing.
struct Distinct<'d>(&'d mut Dictionary);

impl<'de> DictionaryVisitor<'de> for Distinct<'_> {
    type Out = ();
    type Error = Repeated;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Repeated> {
        if self.0.contains_key(key) || self.0.len() == LABELS_MAX {
            return Err(Repeated);
        }
        let Ok(entry) = DictionaryVisitor::entry(&mut self.0, key);
        Ok(entry)
    }

    fn finish(self) -> Result<(), Repeated> {
        Ok(())
    }
}

#[derive(Debug)]
struct Repeated;

impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label occurs twice, or there are too many")
    }
}

impl std::error::Error for Repeated {}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(label: Option<&str>, inputs: &[&str], signatures: &[&str]) -> Result<Input, Refusal> {
        let mut fields = HeaderMap::new();
        for (name, lines) in [(SIGNATURE_INPUT, inputs), (SIGNATURE, signatures)] {
            for line in lines {
                fields.append(&name, HeaderValue::from_str(line).expect("a line"));
            }
        }
        let label = label.map(|label| Key::from_string(label.to_owned()).expect("a key"));
        super::read(&fields, label.as_ref())
    }

    fn refusal(label: Option<&str>, inputs: &[&str], signatures: &[&str]) -> Option<Refusal> {
        read(label, inputs, signatures).err()
    }

    const ONE: &str = "a=(\"@method\");created=1";
    const TWO: &str = "b=(\"@path\");created=2";

    #[test]
    fn a_signature_is_taken_by_its_label_or_as_the_only_one() {
        let created = |input: Result<Input, Refusal>| input.map(|input| input.parameters.created.as_secs());
        assert_eq!(created(read(None, &[ONE], &["a=:AA==:, b=:AA==:"])), Ok(1));
        assert_eq!(created(read(Some("b"), &[ONE, TWO], &["a=:AA==:", "b=:AA==:"])), Ok(2));
        assert_eq!(refusal(None, &[ONE, TWO], &["a=:AA==:, b=:AA==:"]), Some(Refusal::SignatureMalformed));
        assert_eq!(refusal(Some("c"), &[ONE], &["a=:AA==:"]), Some(Refusal::SignatureMissing));
        assert_eq!(refusal(None, &[ONE], &["b=:AA==:"]), Some(Refusal::SignatureMissing));
        assert_eq!(refusal(None, &[], &["a=:AA==:"]), Some(Refusal::SignatureMissing));
        assert_eq!(refusal(None, &[ONE], &[""]), Some(Refusal::SignatureMissing));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_malformed() {
        let many: Vec<_> = (0..=LABELS_MAX).map(|label| format!("l{label}=();created=1")).collect();
        let covered: Vec<_> = (0..=COMPONENTS_MAX).map(|field| format!("\"x-{field}\"")).collect();
        let covered = format!("a=({});created=1", covered.join(" "));
        for inputs in [
            &["a=();created=1, a=();created=1"][..],
            &["a=();created=1", "a=();created=1"],
            &["a=(\"@method\" \"@method\");created=1"],
            &["a=(\"x\";sf;key=\"k\" \"x\";key=\"k\");created=1"],
            &[&many.join(", ")],
            &[&covered],
            &["a=(@method);created=1"],
            &["a=1;created=1"],
            &["a=("],
            &["a=();created=1;keyid=k"],
            &["a=();created=1;nonce=1"],
            &["a=();created=1;tag=t"],
            &["a=();created=1;alg=hmac-sha256"],
        ] {
            assert_eq!(
                refusal(Some("a"), inputs, &["a=:AA==:"]),
                Some(Refusal::SignatureMalformed),
                "{inputs:?}"
            );
        }
        for signature in
            ["a=AA", "a=\"AA==\"", "a=(:AA==:)", "a", "a=:AA", "a=:AA==:, a=:AA==:", "a=:AB==:", "a=:AA:"]
        {
            assert_eq!(refusal(None, &[ONE], &[signature]), Some(Refusal::SignatureMalformed), "{signature}");
        }
    }

    #[test]
    fn times_are_whole_seconds_since_1970() {
        assert_eq!(refusal(None, &["a=()"], &["a=:AA==:"]), Some(Refusal::TimestampMissing));
        for time in ["\"1\"", "1.5", "-1", "@1", "now", "?1"] {
            for input in [format!("a=();created={time}"), format!("a=();created=1;expires={time}")] {
                assert_eq!(
                    refusal(None, &[&input], &["a=:AA==:"]),
                    Some(Refusal::TimestampMalformed),
                    "{input}"
                );
            }
        }
    }
}
