//! The known mistakes: one closed list, and what undoes each.
//!
//! A mistake of the sender's, of the configuration or of whatever stood in
//! between. Each class has a file with a function that takes a [`Case`] and
//! gives it back with one thing changed, in each way that is known; all of
//! them are pure and bounded. What holds after a change names its mistake.

mod body;
mod fields;
mod preset;
mod secret;
mod url;

use crate::explain::case::Case;

/// What a mistake is about. Two of one class are never tried together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The scheme itself.
    Preset,
    /// How the secret is read.
    Secret,
    /// The fields that carry signature, time and id.
    Fields,
    /// The URL, for schemes that sign it.
    Url,
    /// The bytes of the body.
    Body,
}

/// One way to change a case.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    pub(super) mistake: Mistake,
    /// What exactly was changed, as a phrase; empty where the mistake says all.
    pub(super) detail: String,
    pub(super) case: Case,
}

impl Class {
    /// Every class, the cheapest to explain first.
    pub const ALL: [Self; 5] = [Self::Preset, Self::Secret, Self::Fields, Self::Url, Self::Body];

    /// `case` in every way of this class. `others` are secrets that the person
    /// has besides, each with the name of its place.
    pub(super) fn variants(self, case: &Case, others: &[(String, crate::keys::Secret)]) -> Vec<Variant> {
        match self {
            Self::Preset => preset::variants(case),
            Self::Secret => secret::variants(case, others),
            Self::Fields => fields::variants(case),
            Self::Url => url::variants(case),
            Self::Body => body::variants(case),
        }
    }
}

/// Writes the enum and what is said of each from one table, so that none can be
/// forgotten.
macro_rules! mistakes {
    ($($name:ident = $code:literal, $class:ident: $said:literal, $todo:literal;)+) => {
        /// Why a signature that is genuine does not hold as it was judged.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Mistake {
            $(#[doc = $said] $name,)+
        }

        impl Mistake {
            /// Every mistake, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What it is about.
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)+ }
            }

            /// What happened, in a sentence.
            pub const fn said(self) -> &'static str {
                match self { $(Self::$name => $said,)+ }
            }

            /// What to do about it, in a sentence.
            pub const fn todo(self) -> &'static str {
                match self { $(Self::$name => $todo,)+ }
            }
        }
    };
}

mistakes! {
    OtherPreset = "other_preset", Preset:
        "It is signed as another scheme says.",
        "Configure --scheme for the sender that it comes from.";
    OtherSecret = "other_secret", Secret:
        "It is signed with another of your secrets.",
        "Configure the secret of this endpoint and mode; add it beside the old one while secrets rotate.";
    SecretReading = "secret_reading", Secret:
        "The sender reads its secret in another way than the scheme says.",
        "Have the sender read it as the scheme says, or give the guard a secret that makes the sender's key.";
    SecretPrefix = "secret_prefix", Secret:
        "The sender's key is the secret without the label in front of it.",
        "Store the secret without its label here, or have the sender use all of it.";
    SecretLineEnd = "secret_line_end", Secret:
        "The sender's secret ends with a line end that the configured one has not.",
        "Take the line end out of the sender's secret (`printf %s` instead of `echo`).";
    SecretSpace = "secret_space", Secret:
        "The configured secret has white space around it that the sender's has not.",
        "Take the white space out of the secret's file or variable.";
    SecretQuoted = "secret_quoted", Secret:
        "The configured secret stands in quotation marks that are not part of it.",
        "Take the quotation marks out of the secret's file or variable.";
    FieldRepeated = "field_repeated", Fields:
        "A field that is verified came twice, and one of the two is right.",
        "Find what adds the second copy: often a proxy, or a client that signs twice.";
    FieldElsewhere = "field_elsewhere", Fields:
        "What belongs into one field is in another.",
        "Have the sender use the field that the scheme names; look for a proxy that renames it.";
    SignatureSpelling = "signature_spelling", Fields:
        "The signature is right, but it is spelled in another way than the scheme says.",
        "Have the sender spell it as the scheme says; there is one spelling, so that a copy cannot look new.";
    TimestampUnit = "timestamp_unit", Fields:
        "The time that is sent is in another unit than the one that was signed.",
        "Have the sender send exactly the text of the time that it signs.";
    UrlScheme = "url_scheme", Url:
        "The signed URL has the other scheme: http or https.",
        "Configure the public URL with the scheme that the sender calls.";
    UrlHost = "url_host", Url:
        "The signed URL has another host.",
        "Configure the public URL with the host that the sender calls, not the one behind a proxy.";
    UrlPort = "url_port", Url:
        "The signed URL differs in its port.",
        "Configure the public URL with the port as the sender has it, written or left out.";
    UrlPath = "url_path", Url:
        "The signed URL has another path.",
        "Configure the public URL with the sender's path; look for a proxy that rewrites it.";
    UrlSlash = "url_slash", Url:
        "The signed URL differs by a slash at its end.",
        "Configure the public URL with the slash as the sender has it.";
    UrlQuery = "url_query", Url:
        "The signed URL differs in its query.",
        "Configure the public URL with the query as the sender has it; look for a proxy that drops it.";
    UrlSeveral = "url_several", Url:
        "The signed URL differs in more than one place.",
        "Configure the public URL exactly as it is entered at the sender.";
    BodyLineEndAdded = "body_line_end_added", Body:
        "The body has a line end at its end that was not signed.",
        "Capture and forward the bytes as they arrive: editors, `echo` and `curl -d @file` change them.";
    BodyLineEndLost = "body_line_end_lost", Body:
        "The signed body has a line end at its end that is missing here.",
        "Capture and forward the bytes as they arrive; look for what trims the body.";
    BodyLineEnds = "body_line_ends", Body:
        "The line ends within the body are not those that were signed.",
        "Capture and forward the body in binary; look for a conversion between CRLF and LF.";
    BodySpace = "body_space", Body:
        "The body has white space around it that was not signed.",
        "Capture and forward the bytes as they arrive.";
    BodyBom = "body_bom", Body:
        "A byte order mark was added to the body or taken from it.",
        "Look for an editor or a framework that reads the body as text.";
    BodyJson = "body_json", Body:
        "The body was parsed and written anew: the same JSON in other bytes.",
        "Verify the bytes before anything parses them; `express.raw()`, `request.get_data()` and the like give them.";
    BodyForm = "body_form", Body:
        "The form in the body was decoded and encoded anew.",
        "Verify the bytes before anything parses the form.";
    BodyEncoded = "body_encoded", Body:
        "The body was encoded once more on its way.",
        "Undo it before verifying; look for a gateway that wraps bodies as text.";
    BodyLonger = "body_longer", Body:
        "The capture has more bytes than Content-Length says, and the first ones are what was signed.",
        "Capture the body alone, without what follows it.";
    BodyEmpty = "body_empty", Body:
        "The signature is over an empty body.",
        "Look at what the sender signs: it may have read its body to the end before it signed.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_what_is_said_is_a_sentence() {
        let codes: HashSet<_> = Mistake::ALL.iter().map(|mistake| mistake.code()).collect();
        assert_eq!(codes.len(), Mistake::ALL.len());
        for mistake in Mistake::ALL {
            assert!(mistake.said().ends_with('.') && mistake.todo().ends_with('.'), "{mistake:?}");
        }
    }
}
