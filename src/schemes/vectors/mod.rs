//! Conformance vectors: requests with the verdict that each must get, as
//! files, so that other languages can run them too.
//!
//! A [`VectorFile`] belongs to one scheme, whose preset has its name with
//! hyphens for underscores; tokens have one preset and a file for each algorithm. [`run`] judges each case at the case's own clock,
//! with its own tolerance and secrets. Fields of the format that do not bear on
//! a verdict (notes, what libraries said) are ignored.

mod credentials;
mod judge;
mod options;

use std::fmt;

use serde::Deserialize;

use super::Preset;

pub use judge::run;
pub use options::Params;

/// One file: a scheme and its cases.
#[derive(Debug, Deserialize)]
pub struct VectorFile {
    /// The scheme, with underscores: `standard_webhooks`.
    pub scheme: String,
    /// How many cases of each verdict the file says it has.
    pub counts: Option<Counts>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// How many cases of each verdict a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Counts {
    /// To be accepted.
    pub accept: usize,
    /// To be refused.
    pub reject: usize,
}

/// One request and its verdict.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its name within the file.
    pub name: String,
    /// The method.
    pub method: String,
    /// The URL as the sender used it.
    pub url: String,
    /// Names in any letter case and values, in order, repeated ones kept.
    pub headers: Vec<(String, String)>,
    /// The body, base64.
    pub body_b64: String,
    /// What is configured for the endpoint.
    pub secrets: Vec<CaseSecret>,
    /// What the source chose, where a scheme leaves it to the source.
    pub params: Option<Params>,
    /// The clock, Unix time in seconds.
    pub now: u64,
    /// The tolerance in seconds; the preset's when absent.
    pub tolerance_s: Option<u64>,
    /// The verdict.
    pub expect: Expect,
    /// Why it must be refused. Advice: the verdict alone binds.
    pub reason: Option<String>,
    /// Reasons of a verifier that checks in another order.
    #[serde(default)]
    pub reason_alt: Vec<String>,
}

/// One secret of a case.
#[derive(Deserialize)]
pub struct CaseSecret {
    /// What it is: `hmac` and others.
    pub kind: String,
    /// It, as the provider shows it.
    pub value: String,
    /// `base64` or `hex` where it is to be decoded before anything else.
    pub encoding: Option<String>,
    /// The name by which messages choose it.
    pub keyid: Option<String>,
    /// Which of the sender's keys it is, where they have names: `primary`.
    pub role: Option<String>,
    /// Tokens: the id of the key.
    pub kid: Option<String>,
    /// Tokens: the only algorithm that it is for.
    pub alg: Option<String>,
}

impl fmt::Debug for CaseSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseSecret({}, redacted)", self.kind)
    }
}

/// The verdict that a case must get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// The request is genuine.
    Accept,
    /// It is not.
    Reject,
}

/// The verdict that a case got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A proof was given.
    Accepted,
    /// It was refused: a code, or a sentence where it could not even be asked
    /// of the scheme (an empty secret, a header that HTTP cannot carry).
    Refused(String),
    /// It could not be judged, which is a failure whatever was expected.
    Unjudged(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accept"),
            Self::Refused(reason) => write!(f, "reject ({reason})"),
            Self::Unjudged(why) => write!(f, "not judged ({why})"),
        }
    }
}

/// What became of a file.
#[derive(Debug)]
pub struct Report<'f> {
    /// The scheme that the file names.
    pub scheme: &'f str,
    /// The preset of that name; without one every case failed.
    pub preset: Option<&'static Preset>,
    /// The cases, in order.
    pub cases: Vec<Judged<'f>>,
}

/// One case and the verdict it got.
#[derive(Debug)]
pub struct Judged<'f> {
    /// The case.
    pub case: &'f Case,
    /// The verdict it got.
    pub verdict: Verdict,
}

impl Report<'_> {
    /// How many cases got their verdict.
    pub fn passed(&self) -> usize {
        self.cases.iter().filter(|judged| judged.passed()).count()
    }

    /// How many did not.
    pub fn failed(&self) -> usize {
        self.cases.len() - self.passed()
    }
}

impl Judged<'_> {
    /// Whether the verdict is the expected one, for whatever reason.
    pub fn passed(&self) -> bool {
        match self.verdict {
            Verdict::Accepted => self.case.expect == Expect::Accept,
            Verdict::Refused(_) => self.case.expect == Expect::Reject,
            Verdict::Unjudged(_) => false,
        }
    }

    /// Whether the reason of a refusal is one that the case names. A case that
    /// names none leaves it open.
    pub fn reason_agrees(&self) -> bool {
        match (&self.verdict, &self.case.reason) {
            (Verdict::Refused(found), Some(reason)) => {
                found == reason || self.case.reason_alt.contains(found)
            }
            _ => true,
        }
    }
}
