//! "Did you mean": the known name that a misspelt one is nearest to.

/// The candidate most like `word`, if any is like it at all.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        // Most words are told apart by their length, which costs nothing.
        .filter(|candidate| word.len() <= candidate.len() * 2)
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// At most four letters in ten wrong.
const LIKENESS_MIN: f64 = 0.6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_noise_finds_none() {
        let schemes = ["github", "stripe", "standard-webhooks"];
        assert_eq!(nearest("gihtub", schemes.into_iter()), Some("github"));
        assert_eq!(nearest("standard_webhook", schemes.into_iter()), Some("standard-webhooks"));
        assert_eq!(nearest("paypal", schemes.into_iter()), None);
        assert_eq!(nearest(&"github".repeat(1 << 20), schemes.into_iter()), None);
    }
}
