//! A `curl` command line, as people keep them in notes and browsers copy them.
//!
//! Nothing is run. The options that make the request are read; those that only
//! say how curl behaves are skipped; any other is refused by name, because it
//! might change what was sent.

mod options;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use self::options::Takes;
use super::{
    Capture, CaptureError, Format, ReadFile, absolute, date, field, host, lossy_note, shell, target,
};
use crate::explain::case::Request;

pub(super) fn read(bytes: &[u8], read_file: ReadFile<'_>) -> Result<Capture, CaptureError> {
    let command = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let command = command.strip_prefix(b"$ ").unwrap_or(command);
    let words = shell::words(command).map_err(CaptureError::Curl)?;
    let line = Line::read(&words, read_file).map_err(CaptureError::Curl)?;
    line.capture().map_err(CaptureError::Curl)
}

/// What the options say.
#[derive(Default)]
struct Line {
    method: Option<String>,
    url: Option<String>,
    fields: HeaderMap,
    /// Fields that were taken out of what curl sends by itself (`-H 'Accept:'`).
    removed: Vec<HeaderName>,
    data: Option<Vec<u8>>,
    from_file: bool,
    json: bool,
    in_query: bool,
}

impl Line {
    fn read(words: &[Vec<u8>], read_file: ReadFile<'_>) -> Result<Self, String> {
        let mut words = words.iter();
        match words.next().map(Vec::as_slice) {
            Some(b"curl") => {}
            _ => return Err("it does not begin with the word curl".to_owned()),
        }
        let mut line = Self::default();
        while let Some(word) = words.next() {
            let text = str::from_utf8(word).map_err(|_| "an option is not UTF-8")?;
            let mut next = || words.next().ok_or_else(|| format!("{text} has no value"));
            match text.strip_prefix("--") {
                Some("") => {}
                Some(name) => match Takes::long(name)? {
                    Some(option) => line.take(option, next()?, read_file)?,
                    None => line.switch(name),
                },
                None if text.starts_with('-') && text.len() > 1 => {
                    line.short(&text[1..], &word[1..], &mut next, read_file)?;
                }
                None => line.set_url(text)?,
            }
        }
        Ok(line)
    }

    /// `-sSXPOST`: switches, of which the last may have a value behind it.
    fn short<'w>(
        &mut self,
        letters: &str,
        bytes: &'w [u8],
        next: &mut dyn FnMut() -> Result<&'w Vec<u8>, String>,
        read_file: ReadFile<'_>,
    ) -> Result<(), String> {
        for (at, letter) in letters.char_indices() {
            match Takes::short(letter)? {
                Some(option) => {
                    let attached = &bytes[at + letter.len_utf8()..];
                    let value = if attached.is_empty() { next()?.as_slice() } else { attached };
                    return self.take(option, value, read_file);
                }
                None => self.short_switch(letter),
            }
        }
        Ok(())
    }

    fn switch(&mut self, name: &str) {
        match name {
            "get" => self.in_query = true,
            "head" => self.set_head(),
            _ => {}
        }
    }

    fn short_switch(&mut self, letter: char) {
        match letter {
            'G' => self.in_query = true,
            'I' => self.set_head(),
            _ => {}
        }
    }

    /// A method that is given by name counts more, before or behind.
    fn set_head(&mut self) {
        self.method.get_or_insert_with(|| "HEAD".to_owned());
    }

    fn take(&mut self, option: Takes, value: &[u8], read_file: ReadFile<'_>) -> Result<(), String> {
        let text = || str::from_utf8(value).map_err(|_| "an option's value is not UTF-8".to_owned());
        match option {
            Takes::Ignored => {}
            Takes::Url => self.set_url(text()?)?,
            Takes::Method => self.method = Some(text()?.to_owned()),
            Takes::Field => self.field(value)?,
            Takes::Agent => self.set(&USER_AGENT, value)?,
            Takes::Referer => self.set(&REFERER, value)?,
            Takes::Cookie => self.set(&COOKIE, value)?,
            Takes::User => {
                let basic = format!("Basic {}", Base64::encode_string(value));
                self.set(&AUTHORIZATION, basic.as_bytes())?;
            }
            // curl(1), "--data": a file loses its line ends and NULs.
            Takes::Data => {
                let (bytes, is_file) = self.content(value, read_file)?;
                let keep = |byte: &u8| !is_file || !b"\r\n\0".contains(byte);
                self.append(b"&", &bytes.into_iter().filter(keep).collect::<Vec<_>>());
            }
            Takes::DataRaw => self.append(b"&", value),
            Takes::DataBinary => {
                let (bytes, _) = self.content(value, read_file)?;
                self.append(b"&", &bytes);
            }
            Takes::Json => {
                let (bytes, _) = self.content(value, read_file)?;
                self.append(b"", &bytes);
                self.json = true;
            }
            Takes::UrlEncode => {
                let encoded = url_encoded(text()?)?;
                self.append(b"&", encoded.as_bytes());
            }
        }
        Ok(())
    }

    fn set_url(&mut self, url: &str) -> Result<(), String> {
        match self.url.replace(url.to_owned()) {
            Some(_) => Err("it has more than one URL".to_owned()),
            None => Ok(()),
        }
    }

    /// `name: value`; `name;` for an empty value; `name:` to take one away.
    fn field(&mut self, line: &[u8]) -> Result<(), String> {
        if line.first() == Some(&b'@') {
            return Err("-H @file is not read: give the fields themselves".to_owned());
        }
        let text = String::from_utf8_lossy(line);
        if let Some(name) = text.strip_suffix(';').filter(|name| !name.contains(':')) {
            return self.add(name, b"");
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or("a field has no colon")?;
        let (name, value) = (String::from_utf8_lossy(&line[..colon]), line[colon + 1..].trim_ascii());
        if value.is_empty() {
            let (name, _) = field(&name, b"")?;
            self.removed.push(name);
            return Ok(());
        }
        self.add(&name, value)
    }

    fn add(&mut self, name: &str, value: &[u8]) -> Result<(), String> {
        let (name, value) = field(name, value)?;
        self.fields.append(name, value);
        Ok(())
    }

    fn set(&mut self, name: &HeaderName, value: &[u8]) -> Result<(), String> {
        self.add(name.as_str(), value)
    }

    fn content(&mut self, value: &[u8], read_file: ReadFile<'_>) -> Result<(Vec<u8>, bool), String> {
        match value.strip_prefix(b"@") {
            None => Ok((value.to_vec(), false)),
            Some(b"-") => {
                Err("its body came from standard input (@-): save it to a file and name that".to_owned())
            }
            Some(path) => {
                self.from_file = true;
                let path = str::from_utf8(path).map_err(|_| "a file's name is not UTF-8")?;
                Ok((read_file(path).map_err(|error| format!("@{path}: {error}"))?, true))
            }
        }
    }

    fn append(&mut self, between: &[u8], bytes: &[u8]) {
        match &mut self.data {
            Some(data) => {
                data.extend_from_slice(between);
                data.extend_from_slice(bytes);
            }
            data @ None => *data = Some(bytes.to_vec()),
        }
    }

    fn capture(mut self) -> Result<Capture, String> {
        let mut url = self.url.take().ok_or("it has no URL")?;
        if !url.contains("://") {
            url = format!("http://{url}");
        }
        if self.in_query
            && let Some(data) = self.data.take()
        {
            let query = String::from_utf8(data).map_err(|_| "the query is not UTF-8")?;
            url = format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' });
        }
        let method = match (&self.method, &self.data) {
            (Some(method), _) => {
                Method::from_bytes(method.as_bytes()).map_err(|_| "the method cannot be read")?
            }
            (None, Some(_)) => Method::POST,
            (None, None) => Method::GET,
        };
        self.add_defaults(&url);
        let body = Bytes::from(self.data.unwrap_or_default());
        let note = if self.from_file { None } else { lossy_note(&body, "A command line") };
        let (target, received) = (target(&url), date(&self.fields));
        let request = Request { method, target, fields: self.fields, body, url: absolute(&url) };
        Ok(Capture { format: Format::Curl, request, received, code: None, notes: note.into_iter().collect() })
    }

    /// What curl adds by itself, as far as a scheme may sign it.
    fn add_defaults(&mut self, url: &str) {
        let json = HeaderValue::from_static("application/json");
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let content_type = self.data.is_some().then(|| if self.json { json.clone() } else { form });
        let accept = self.json.then_some(json);
        for (name, value) in [(HOST, host(url)), (CONTENT_TYPE, content_type), (ACCEPT, accept)] {
            if let Some(value) =
                value.filter(|_| !self.fields.contains_key(&name) && !self.removed.contains(&name))
            {
                self.fields.insert(name, value);
            }
        }
    }
}

/// `content`, `=content` and `name=content` (curl(1), "--data-urlencode").
fn url_encoded(text: &str) -> Result<String, String> {
    let encode = |text: &str| -> String {
        let plain: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        plain.replace('+', "%20").replace('*', "%2A").replace("%7E", "~")
    };
    match text.split_once('=') {
        Some(("", content)) => Ok(encode(content)),
        Some((name, content)) => Ok(format!("{name}={}", encode(content))),
        None if text.contains('@') => Err("--data-urlencode with a file is not read".to_owned()),
        None => Ok(encode(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(command: &str) -> Capture {
        let files = |path: &str| match path {
            "body" => Ok(b"{\"a\": 1}\r\n".to_vec()),
            _ => Err("no such file".to_owned()),
        };
        read(command.as_bytes(), &files).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn body(command: &str) -> String {
        String::from_utf8(capture(command).request.body.to_vec()).unwrap()
    }

    #[test]
    fn bodies_are_what_curl_would_send() {
        for (command, sent) in [
            ("curl http://a -d x -d y", "x&y"),
            ("curl http://a -d @body", "{\"a\": 1}"),
            ("curl http://a --data-binary @body", "{\"a\": 1}\r\n"),
            ("curl http://a --data-raw @body", "@body"),
            ("curl http://a --json '{' --json '}'", "{}"),
            ("curl http://a --data-urlencode 'a=b c&'", "a=b%20c%26"),
            ("curl http://a -d $'a\\nb'", "a\nb"),
            ("curl http://a", ""),
        ] {
            assert_eq!(body(command), sent, "{command}");
        }
    }

    #[test]
    fn method_url_and_fields_are_what_curl_would_send() {
        let request =
            capture("curl -sSXPUT 'https://a.example:8443/b?c' -H'X-A: 1' -H 'X-B;' -H 'Accept:' -d ''")
                .request;
        assert_eq!((request.method.as_str(), request.target.as_str()), ("PUT", "/b?c"));
        assert_eq!(request.fields["x-a"], "1");
        assert_eq!(request.fields["x-b"], "");
        assert_eq!(request.fields["host"], "a.example:8443");
        assert_eq!(request.fields["content-type"], "application/x-www-form-urlencoded");
        let request = capture("curl -G a.example/b -d c=d").request;
        assert_eq!((request.method, request.target.as_str()), (Method::GET, "/b?c=d"));
        assert_eq!(capture("curl a --json 1").request.fields["content-type"], "application/json");
    }

    #[test]
    fn what_might_change_the_request_is_refused_by_name() {
        for (command, why) in [
            ("curl a --form x=y", "--form"),
            ("curl a -F x", "-F"),
            ("curl a b", "more than one URL"),
            ("curl -s", "no URL"),
            ("curl a -H", "-H has no value"),
            ("curl a -d @absent", "@absent: no such file"),
            ("curl a -d @-", "standard input"),
            ("wget a", "the word curl"),
        ] {
            let error =
                read(command.as_bytes(), &|_| Err("no such file".to_owned())).unwrap_err().to_string();
            assert!(error.contains(why), "{command}: {error}");
        }
    }
}
