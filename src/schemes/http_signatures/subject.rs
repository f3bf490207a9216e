//! The message that a signature is over, and its derived components.

use http::{HeaderMap, Method, StatusCode, Uri, uri};

use super::component::{Component, Part};
use super::{field, query};
use crate::schemes::covered::target_of;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::Head;

/// A message: what has components.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    line: Line<'a>,
    fields: &'a HeaderMap,
}

/// The first line of a message.
#[derive(Clone, Copy)]
enum Line<'a> {
    Request { method: &'a Method, target: &'a str, public_url: Option<&'a str> },
    Response(StatusCode),
}

/// The head of a response, for programs that verify answers.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The status.
    pub status: StatusCode,
    /// The header fields, repeated ones kept.
    pub fields: &'a HeaderMap,
}

impl<'a> Subject<'a> {
    /// A request whose target can stand in a line of the base. Where the sender
    /// knows it by another URL, that is the one it signed.
    pub(super) fn request(head: &Head<'a>) -> Result<Self, Refusal> {
        let Head { method, target, fields, public_url } = *head;
        let target = public_url.map_or(target, target_of);
        if !target.bytes().all(|byte| byte > b' ' && byte != 0x7f) {
            return Err(Refusal::SignatureMalformed);
        }
        Ok(Self { line: Line::Request { method, target, public_url }, fields })
    }

    pub(super) fn response(response: &Response<'a>) -> Self {
        Self { line: Line::Response(response.status), fields: response.fields }
    }

    pub(super) fn fields(&self) -> &'a HeaderMap {
        self.fields
    }

    /// The value of `component`. What the other kind of message has is
    /// malformed, as the sender cannot have signed this one.
    pub(super) fn value(&self, component: &Component) -> Result<Vec<u8>, Refusal> {
        if let Part::Field(name, form) = &component.part {
            return field::value(self.fields, name, form);
        }
        match (self.line, &component.part) {
            (Line::Response(status), Part::Status) => Ok(status.as_str().into()),
            (Line::Response(_), _) | (Line::Request { .. }, Part::Status) => Err(Refusal::SignatureMalformed),
            (Line::Request { method, target, public_url }, part) => {
                of_request(part, method, target, public_url)
            }
        }
    }
}

fn of_request(
    part: &Part,
    method: &Method,
    target: &str,
    public_url: Option<&str>,
) -> Result<Vec<u8>, Refusal> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let text = match part {
        Part::Method => method.as_str().to_owned(),
        Part::RequestTarget => target.to_owned(),
        Part::Path if path.is_empty() => "/".to_owned(),
        Part::Path => path.to_owned(),
        Part::Query => format!("?{}", query.unwrap_or_default()),
        Part::QueryParam(name) => query::parameter(query.unwrap_or_default(), name)?,
        Part::TargetUri => {
            let Origin { scheme, authority } = Origin::of(public_url)?;
            format!("{scheme}://{authority}{target}")
        }
        Part::Authority => Origin::of(public_url)?.authority,
        Part::Scheme => Origin::of(public_url)?.scheme,
        Part::Status | Part::Field(..) => return Err(Refusal::SignatureMalformed),
    };
    Ok(text.into_bytes())
}

/// Where requests are sent to. From configuration, never from `Host`: whoever
/// sends a message on to another receiver also chooses that field, so the
/// signature would hold there too.
struct Origin {
    scheme: String,
    authority: String,
}

impl Origin {
    /// Without a public URL the message has no such component.
    fn of(public_url: Option<&str>) -> Result<Self, Refusal> {
        let url: Uri = public_url.and_then(|url| url.parse().ok()).ok_or(Refusal::ComponentMissing)?;
        let (scheme, authority) = url.scheme().zip(url.authority()).ok_or(Refusal::ComponentMissing)?;
        let host = authority.host().to_ascii_lowercase();
        let default = if *scheme == uri::Scheme::HTTP { 80 } else { 443 };
        let authority = match authority.port_u16() {
            // RFC 9110 section 4.2.3: the default port is left out.
            Some(port) if port != default => format!("{host}:{port}"),
            _ => host,
        };
        Ok(Self { scheme: scheme.as_str().to_ascii_lowercase(), authority })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(component: &str, target: &str, public_url: Option<&str>) -> Result<String, Refusal> {
        let public_url = public_url.map(|url| format!("{url}{target}"));
        let public_url = public_url.as_deref();
        let (method, fields) = (Method::POST, HeaderMap::new());
        let head = Head { method: &method, target, fields: &fields, public_url };
        let value = Subject::request(&head)?.value(&Component::parse(component)?)?;
        Ok(String::from_utf8(value).expect("text"))
    }

    #[test]
    fn derived_components_are_those_of_the_examples_of_the_rfc() {
        // RFC 9421 section 2.2.
        let url = Some("https://WWW.Example.com:443");
        for (component, expected) in [
            ("@method", "POST"),
            ("@target-uri", "https://www.example.com/path?param=value"),
            ("@authority", "www.example.com"),
            ("@scheme", "https"),
            ("@request-target", "/path?param=value"),
            ("@path", "/path"),
            ("@query", "?param=value"),
            ("\"@query-param\";name=\"param\"", "value"),
        ] {
            assert_eq!(value(component, "/path?param=value", url).as_deref(), Ok(expected), "{component}");
        }
        assert_eq!(value("@query", "/path", url).as_deref(), Ok("?"));
        assert_eq!(value("@query", "/path?", url).as_deref(), Ok("?"));
        assert_eq!(value("@path", "?a", url).as_deref(), Ok("/"));
    }

    #[test]
    fn a_port_that_is_not_the_default_belongs_to_the_authority() {
        let authority = |url| value("@authority", "/", Some(url));
        assert_eq!(authority("https://h:8443").as_deref(), Ok("h:8443"));
        assert_eq!(authority("https://h:80").as_deref(), Ok("h:80"));
        assert_eq!(authority("http://h:80").as_deref(), Ok("h"));
        assert_eq!(authority("https://[2001:DB8::1]").as_deref(), Ok("[2001:db8::1]"));
        assert_eq!(authority("https://user@h").as_deref(), Ok("h"));
    }

    #[test]
    fn without_a_public_url_there_is_nothing_that_it_would_say() {
        for component in ["@target-uri", "@authority", "@scheme"] {
            assert_eq!(value(component, "/", None), Err(Refusal::ComponentMissing), "{component}");
            assert_eq!(value(component, "/", Some("/in")), Err(Refusal::ComponentMissing), "{component}");
            assert_eq!(value(component, "/", Some("no url")), Err(Refusal::ComponentMissing), "{component}");
        }
    }

    #[test]
    fn the_path_is_the_one_that_the_sender_knows() {
        let (method, fields) = (Method::POST, HeaderMap::new());
        let public_url = Some("https://h/public/in?a=1");
        let head = Head { method: &method, target: "/in?a=1", fields: &fields, public_url };
        let subject = Subject::request(&head).expect("a target");
        let path = Component::parse("@path").and_then(|component| subject.value(&component));
        assert_eq!(path, Ok(b"/public/in".to_vec()));
    }

    #[test]
    fn no_target_makes_a_second_line() {
        for target in ["/\n\"@method\": GET", "/ ", "/\r", "/\u{7f}"] {
            assert_eq!(value("@path", target, None), Err(Refusal::SignatureMalformed), "{target:?}");
        }
    }

    #[test]
    fn requests_and_responses_have_components_of_their_own() {
        let fields = HeaderMap::new();
        let response = Subject::response(&Response { status: StatusCode::OK, fields: &fields });
        let of_response = |text| response.value(&Component::parse(text).expect("a component"));
        assert_eq!(of_response("@status"), Ok(b"200".to_vec()));
        assert_eq!(of_response("@method"), Err(Refusal::SignatureMalformed));
        assert_eq!(value("@status", "/", None), Err(Refusal::SignatureMalformed));
    }
}
