//! Component identifiers: which part of a message a line of the base speaks of
//! (RFC 9421 section 2).

use http::HeaderName;
use sfv::{BareItem, Item, Key, Parser, String as Text};

use crate::schemes::refusal::Refusal;

/// One component of a request or response that can be covered here.
#[derive(Clone, Debug)]
pub(super) struct Component {
    pub(super) part: Part,
    /// As it stands in the list, to be written into the base.
    pub(super) identifier: Item,
}

/// What a component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `@method` (section 2.2.1).
    Method,
    /// `@target-uri` (section 2.2.2).
    TargetUri,
    /// `@authority` (section 2.2.3).
    Authority,
    /// `@scheme` (section 2.2.4).
    Scheme,
    /// `@request-target` (section 2.2.5).
    RequestTarget,
    /// `@path` (section 2.2.6).
    Path,
    /// `@query` (section 2.2.7).
    Query,
    /// `@query-param` with its name (section 2.2.8).
    QueryParam(String),
    /// `@status` of a response (section 2.2.9).
    Status,
    /// A field (section 2.1).
    Field(HeaderName, Form),
}

/// How a field's value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its lines, trimmed and joined.
    Lines,
    /// `sf`: as RFC 9651 writes what it says (section 2.1.1).
    Strict,
    /// `key`: one member of a dictionary (section 2.1.2).
    Member(Key),
    /// `bs`: each line as a byte sequence (section 2.1.3).
    Bytes,
}

impl Component {
    /// Reads an item of a list of covered components.
    ///
    /// `req` belongs to responses alone, and `tr` to trailers, which are dropped
    /// before they reach anyone: a message that covers them has no such part.
    pub(super) fn read(identifier: &Item) -> Result<Self, Refusal> {
        let name = identifier.bare_item.as_string().ok_or(Refusal::SignatureMalformed)?.as_str();
        let parameters = Parameters::read(identifier)?;
        let part = match name.strip_prefix('@') {
            Some(derived) => derived_part(derived, parameters),
            None => field_part(name, parameters),
        };
        Ok(Self { part: part?, identifier: identifier.clone() })
    }

    /// Reads a component as a source names it: `@method`, `content-type`, or in
    /// full with its parameters, `"@query-param";name="id"`.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let item: Item = if text.starts_with('"') {
            Parser::new(text).parse().map_err(|_| Refusal::SignatureMalformed)?
        } else {
            Item::new(Text::from_string(text.to_owned()).map_err(|_| Refusal::SignatureMalformed)?)
        };
        Self::read(&item)
    }

    /// The field `name`, as it is.
    pub(super) fn field(name: HeaderName) -> Self {
        let text = Text::from_string(name.as_str().to_owned()).expect("a field name is visible ASCII");
        Self { identifier: Item::new(text), part: Part::Field(name, Form::Lines) }
    }

    /// Whether it can be said only with the URL that the request was sent to.
    pub(super) fn needs_url(&self) -> bool {
        matches!(self.part, Part::TargetUri | Part::Authority | Part::Scheme)
    }
}

impl PartialEq for Component {
    /// The order of parameters does not tell two apart (section 2).
    fn eq(&self, other: &Self) -> bool {
        self.part == other.part
    }
}

/// The parameters that RFC 9421 section 6.5.2 registers, without `req` and `tr`.
#[derive(Default)]
struct Parameters {
    strict: bool,
    bytes: bool,
    member: Option<Key>,
    name: Option<String>,
}

impl Parameters {
    fn read(identifier: &Item) -> Result<Self, Refusal> {
        let mut parameters = Self::default();
        for (key, value) in &identifier.params {
            match (key.as_str(), value) {
                ("sf", BareItem::Boolean(true)) => parameters.strict = true,
                ("bs", BareItem::Boolean(true)) => parameters.bytes = true,
                ("key", BareItem::String(member)) => {
                    let member = Key::from_string(member.as_str().to_owned());
                    parameters.member = Some(member.map_err(|_| Refusal::SignatureMalformed)?);
                }
                ("name", BareItem::String(name)) => parameters.name = Some(name.as_str().to_owned()),
                ("tr", BareItem::Boolean(true)) => return Err(Refusal::ComponentMissing),
                _ => return Err(Refusal::SignatureMalformed),
            }
        }
        Ok(parameters)
    }
}

fn derived_part(name: &str, parameters: Parameters) -> Result<Part, Refusal> {
    let part = match (name, parameters) {
        ("query-param", Parameters { strict: false, bytes: false, member: None, name: Some(name) }) => {
            return Ok(Part::QueryParam(name));
        }
        (_, Parameters { strict: false, bytes: false, member: None, name: None }) => match name {
            "method" => Part::Method,
            "target-uri" => Part::TargetUri,
            "authority" => Part::Authority,
            "scheme" => Part::Scheme,
            "request-target" => Part::RequestTarget,
            "path" => Part::Path,
            "query" => Part::Query,
            "status" => Part::Status,
            _ => return Err(Refusal::SignatureMalformed),
        },
        _ => return Err(Refusal::SignatureMalformed),
    };
    Ok(part)
}

fn field_part(name: &str, parameters: Parameters) -> Result<Part, Refusal> {
    let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    let field = HeaderName::from_bytes(name.as_bytes()).ok().filter(|_| is_lower);
    let form = match parameters {
        Parameters { name: Some(_), .. } | Parameters { bytes: true, strict: true, .. } => None,
        Parameters { bytes: true, member, .. } => member.is_none().then_some(Form::Bytes),
        Parameters { member: Some(member), .. } => Some(Form::Member(member)),
        Parameters { strict: true, .. } => Some(Form::Strict),
        Parameters { strict: false, .. } => Some(Form::Lines),
    };
    field.zip(form).map(|(field, form)| Part::Field(field, form)).ok_or(Refusal::SignatureMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Result<Part, Refusal> {
        Component::parse(text).map(|component| component.part)
    }

    fn field(form: Form) -> Part {
        Part::Field(HeaderName::from_static("x-f"), form)
    }

    #[test]
    fn components_are_read_with_the_parameters_that_belong_to_them() {
        assert_eq!(part("@method"), Ok(Part::Method));
        assert_eq!(part("\"@target-uri\""), Ok(Part::TargetUri));
        assert_eq!(part("\"@query-param\";name=\"a b\""), Ok(Part::QueryParam("a b".to_owned())));
        assert_eq!(part("x-f"), Ok(field(Form::Lines)));
        assert_eq!(part("\"x-f\";sf"), Ok(field(Form::Strict)));
        assert_eq!(part("\"x-f\";bs"), Ok(field(Form::Bytes)));
        let member = || Key::from_string("a".to_owned()).expect("a key");
        assert_eq!(part("\"x-f\";key=\"a\""), Ok(field(Form::Member(member()))));
        assert_eq!(part("\"x-f\";sf;key=\"a\""), Ok(field(Form::Member(member()))));
    }

    #[test]
    fn what_rfc_9421_does_not_have_is_malformed() {
        for wrong in [
            "",
            "@",
            "@nonsense",
            "@signature-params",
            "Content-Type",
            "x f",
            "\"x-f\";bs;sf",
            "\"x-f\";bs;key=\"a\"",
            "\"x-f\";sf=?0",
            "\"x-f\";sf=1",
            "\"x-f\";key=a",
            "\"x-f\";key=\"A\"",
            "\"x-f\";name=\"a\"",
            "\"x-f\";other",
            "\"x-f\";req",
            "\"@method\";req",
            "\"@method\";sf",
            "\"@method\";name=\"a\"",
            "\"@query-param\"",
            "\"@query-param\";name=a",
            "\"@query-param\";name=\"a\";sf",
        ] {
            assert_eq!(part(wrong), Err(Refusal::SignatureMalformed), "{wrong}");
        }
        assert_eq!(part("\"x-f\";tr"), Err(Refusal::ComponentMissing));
    }

    #[test]
    fn the_order_of_parameters_makes_no_second_component() {
        let one = Component::parse("\"x-f\";sf;key=\"a\"").expect("a component");
        let two = Component::parse("\"x-f\";key=\"a\";sf").expect("a component");
        assert_eq!(one, two);
        assert_ne!(one, Component::parse("x-f").expect("a component"));
    }
}
