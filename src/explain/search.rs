//! Which known mistake explains a request that does not verify: each by itself,
//! then two together, within a bound of tries and of bytes.

use super::case::Case;
use super::mistakes::{Class, Mistake, Variant};
use crate::keys::Secret;

/// What came of a search.
#[derive(Debug, Default)]
pub struct Search {
    /// What explains the request, the simplest first. Empty where nothing does.
    pub findings: Vec<Finding>,
    /// How many variants of the request were judged.
    pub tries: usize,
    /// Whether a bound ended it before all was tried.
    pub cut_short: bool,
}

/// One or two mistakes that, undone, make the signature hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What happened, each with what exactly was changed.
    pub mistakes: Vec<(Mistake, String)>,
    /// The secret that made the signature, counted from 0.
    pub slot: usize,
}

/// Tries to explain `case`, whose signature does not hold. `others` are
/// secrets that the person has besides, each with the name of its place.
pub fn search(case: &Case, others: &[(String, Secret)]) -> Search {
    let mut search = Search::default();
    let mut bytes = 0;
    let singles: Vec<Variant> =
        Class::ALL.into_iter().flat_map(|class| class.variants(case, others)).collect();
    for single in &singles {
        search.judge(std::slice::from_ref(single), &mut bytes);
    }
    if search.findings.is_empty() {
        search.pairs(&singles, others, &mut bytes);
    }
    search
}

impl Search {
    /// The second change is made to what the first has left: a line end that
    /// was added goes before the JSON is written anew.
    fn pairs(&mut self, singles: &[Variant], others: &[(String, Secret)], bytes: &mut u64) {
        for first in singles {
            let later = Class::ALL.into_iter().skip_while(|class| *class != first.mistake.class()).skip(1);
            for class in later {
                for second in class.variants(&first.case, others) {
                    if self.cut_short || !self.findings.is_empty() {
                        return;
                    }
                    self.judge(&[first.clone(), second], bytes);
                }
            }
        }
    }

    /// `steps` leads from the case to its last variant, which is judged.
    fn judge(&mut self, steps: &[Variant], bytes: &mut u64) {
        let Some(last) = steps.last() else { return };
        let size = last.case.request.body.len() as u64 + HEAD_BYTES;
        if self.tries == TRIES_MAX || *bytes + size > BYTES_MAX {
            self.cut_short = true;
            return;
        }
        self.tries += 1;
        *bytes += size;
        let Some(proof) = last.case.holds() else { return };
        let mistakes: Vec<_> = steps.iter().map(|step| (step.mistake, step.detail.clone())).collect();
        // Of one class the first is the simplest, and says enough.
        let classes = |mistakes: &[(Mistake, String)]| -> Vec<Class> {
            mistakes.iter().map(|(mistake, _)| mistake.class()).collect()
        };
        let is_said = |finding: &Finding| classes(&finding.mistakes) == classes(&mistakes);
        if !self.findings.iter().any(is_said) {
            self.findings.push(Finding { mistakes, slot: proof.slot() });
        }
    }
}

/// A few seconds at the most, on any machine.
const TRIES_MAX: usize = 20_000;

/// The same for long bodies.
const BYTES_MAX: u64 = 512 << 20;

/// What a try costs beside its body.
const HEAD_BYTES: u64 = 1 << 10;
