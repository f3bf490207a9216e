//! Words of a POSIX shell, and of the one extension that browsers write when
//! they copy a request: `$'...'`.

/// The words of `command`, quotes and backslashes resolved. Nothing is expanded.
pub(super) fn words(command: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let plain = posix(command)?;
    let mut lexer = shlex::bytes::Shlex::new(&plain);
    let words: Vec<Vec<u8>> = lexer.by_ref().take(WORDS_MAX).collect();
    if lexer.had_error {
        return Err(UNCLOSED.to_owned());
    }
    if words.len() == WORDS_MAX {
        return Err(format!("it has {WORDS_MAX} words or more"));
    }
    Ok(words)
}

/// `command` without what only some shells know: `$'...'` becomes `'...'`, and
/// a line that goes on behind a backslash becomes one line.
fn posix(command: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(command.len());
    let mut rest = command;
    while let Some((first, tail)) = rest.split_first() {
        let length = match (first, tail) {
            (b'\\', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => {
                rest = after;
                continue;
            }
            (b'$', [b'\'', quoted @ ..]) => {
                rest = ansi_c(quoted, &mut plain)?;
                continue;
            }
            (b'\\', [_, ..]) => 2,
            (b'\'', _) => 2 + tail.iter().position(|byte| *byte == b'\'').ok_or(UNCLOSED)?,
            (b'"', _) => 2 + double_quoted(tail).ok_or(UNCLOSED)?,
            _ => 1,
        };
        plain.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    Ok(plain)
}

/// How many bytes stand before the closing mark.
fn double_quoted(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Reads `$'...'` from behind its opening mark, writes it as POSIX has it and
/// returns what follows.
fn ansi_c<'c>(mut rest: &'c [u8], plain: &mut Vec<u8>) -> Result<&'c [u8], String> {
    plain.push(b'\'');
    loop {
        let bytes = match rest {
            [b'\'', after @ ..] => {
                plain.push(b'\'');
                return Ok(after);
            }
            [b'\\', after @ ..] => {
                let (bytes, after) = escape(after).ok_or(UNCLOSED)?;
                rest = after;
                bytes
            }
            [byte, after @ ..] => {
                rest = after;
                vec![*byte]
            }
            [] => return Err(UNCLOSED.to_owned()),
        };
        for byte in bytes {
            match byte {
                b'\'' => plain.extend_from_slice(b"'\\''"),
                byte => plain.push(byte),
            }
        }
    }
}

/// What the escape at the start of `text` stands for, and what follows it
/// (POSIX.1-2024, "Dollar-Single-Quotes").
fn escape(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (kind, after) = text.split_first()?;
    let one = |byte: u8| Some((vec![byte], after));
    match kind {
        b'n' => one(b'\n'),
        b'r' => one(b'\r'),
        b't' => one(b'\t'),
        b'a' => one(7),
        b'b' => one(8),
        b'e' | b'E' => one(0x1b),
        b'f' => one(0x0c),
        b'v' => one(0x0b),
        b'x' => number(after, 16, 2).map(|(code, after)| (vec![code.to_le_bytes()[0]], after)),
        b'u' => unicode(after, 4),
        b'U' => unicode(after, 8),
        b'0'..=b'7' => number(text, 8, 3).map(|(code, after)| (vec![code.to_le_bytes()[0]], after)),
        byte => one(*byte),
    }
}

fn unicode(text: &[u8], digits_max: usize) -> Option<(Vec<u8>, &[u8])> {
    let (code, after) = number(text, 16, digits_max)?;
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((character.to_string().into_bytes(), after))
}

fn number(text: &[u8], radix: u32, digits_max: usize) -> Option<(u32, &[u8])> {
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let length = text.iter().take(digits_max).take_while(is_digit).count();
    let (digits, after) = text.split_at(length);
    Some((u32::from_str_radix(str::from_utf8(digits).ok()?, radix).ok()?, after))
}

const UNCLOSED: &str = "a quotation mark is not closed";

const WORDS_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str) -> Vec<String> {
        words(command.as_bytes())
            .unwrap()
            .into_iter()
            .map(|word| String::from_utf8_lossy(&word).into_owned())
            .collect()
    }

    #[test]
    fn words_are_those_of_a_shell() {
        for (command, expected) in [
            ("curl -d 'a b' \\\n  -H \"c: \\\"d\\\"\" ''", &["curl", "-d", "a b", "-H", "c: \"d\"", ""][..]),
            ("curl \\\r\n -s", &["curl", "-s"]),
            ("a'b'\"c\"\\ d", &["abc d"]),
            ("$'it\\'s\\n\\x41\\101\\u00fc' x", &["it's\nAA\u{fc}", "x"]),
            ("'$\\'", &["$\\"]),
            ("\"a\\\"$'b\"", &["a\"$'b"]),
        ] {
            assert_eq!(of(command), expected, "{command}");
        }
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        for command in ["'a", "\"a", "$'a", "\"a\\\"", "a\\", "$'\\", "$'\\x'"] {
            assert!(words(command.as_bytes()).is_err(), "{command}");
        }
    }
}
