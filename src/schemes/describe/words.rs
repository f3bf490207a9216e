//! Numbers and lists as people say them.

use std::time::Duration;

/// `5 minutes`, `3 days`: in the largest unit that leaves nothing over.
pub(super) fn span(span: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute"), (1, "second")];
    let secs = span.as_secs();
    let (unit, name) =
        UNITS.into_iter().find(|(unit, _)| secs >= *unit && secs.is_multiple_of(*unit)).unwrap_or(UNITS[3]);
    let count = secs / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// `25 MiB`, `512 KiB`, `100 bytes`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

/// `POST`, `GET and POST`, `GET, HEAD and POST`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_largest_unit_that_fits() {
        for (secs, said) in
            [(1, "1 second"), (90, "90 seconds"), (300, "5 minutes"), (259_200, "3 days"), (0, "0 seconds")]
        {
            assert_eq!(span(Duration::from_secs(secs)), said);
        }
        for (bytes, said) in
            [(1 << 20, "1 MiB"), (25 << 20, "25 MiB"), (512 << 10, "512 KiB"), (1500, "1500 bytes")]
        {
            assert_eq!(size(bytes), said);
        }
    }

    #[test]
    fn lists_end_with_and() {
        let of = |items: &[&str]| list(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            (of(&["a"]), of(&["a", "b"]), of(&["a", "b", "c"])),
            ("a".into(), "a and b".into(), "a, b and c".into())
        );
    }
}
