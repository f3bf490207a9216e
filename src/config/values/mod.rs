//! One kind of value per file: text in, a value or the form expected out.
//!
//! Every reader refuses what it does not fully understand. Units are written:
//! a bare `300` is no duration and no size, because nobody can tell which.

mod address;
mod authority;
mod control;
mod destination;
mod duration;
mod identity;
mod instant;
mod lifetime;
mod name;
mod network;
mod number;
mod object_name;
mod path;
mod proxy;
mod public_url;
mod rate;
mod size;
mod spki_pin;
mod state;
mod upstream;
mod word;

use std::borrow::Cow;
use std::fmt;

pub(super) use address::socket_address;
pub use authority::{Authority, Host};
pub use control::ControlAddress;
pub use destination::{Destination, Protection};
pub(super) use duration::Span;
pub(crate) use duration::duration;
pub(super) use instant::{Instant, instant};
pub(super) use lifetime::{Lifetime, lifetime};
pub(super) use name::name;
pub(super) use network::network;
pub(super) use number::number;
pub(super) use object_name::{dns_label, object_name};
pub use proxy::Proxy;
pub use public_url::PublicUrl;
pub(super) use size::ByteSize;
pub use spki_pin::SpkiPin;
pub(super) use state::{PASSWORD, StateUrl, has_password};
pub(super) use word::{Switch, Word, word};

/// What is wrong with a value, as a person reads it: the form expected, or why
/// the value is refused. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(Cow<'static, str>);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl From<&'static str> for Fault {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

/// `sun_path` holds 108 bytes, the last of them zero (unix(7)).
const UNIX_PATH_BYTES_MAX: usize = 107;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::OnUnknown;
    use crate::config::{Identity, PathPattern, Rate, Upstream};

    proptest! {
        #[test]
        fn arbitrary_text_panics_no_reader(text in "\\PC*|[0-9a-zA-Z:/.%*+-]{0,40}") {
            let _ = (socket_address(&text), duration(&text), network(&text), number(&text, 1..=9));
            let _ = (text.parse::<ByteSize>(), text.parse::<Rate>(), text.parse::<Identity>());
            let _ = (text.parse::<PathPattern>(), text.parse::<Upstream>(), word::<OnUnknown>(&text));
            let _ = text.parse::<ControlAddress>();
            let _ = (text.parse::<StateUrl>(), format!("redis+sentinel://{text}").parse::<StateUrl>());
        }

        #[test]
        fn what_is_read_and_shown_is_read_again(text in "[0-9a-zA-Z:/.*+-]{0,24}|[0-9]{1,6}/[smh]|[0-9]{1,6}(B|KiB|MiB|kB|MB)") {
            fn round_trip<T>(text: &str) -> Result<(), TestCaseError>
            where
                T: std::str::FromStr<Err = Fault> + fmt::Display + fmt::Debug + PartialEq,
            {
                if let Ok(value) = text.parse::<T>() {
                    prop_assert_eq!(value.to_string().parse::<T>(), Ok(value));
                }
                Ok(())
            }
            round_trip::<ByteSize>(&text)?;
            round_trip::<Rate>(&text)?;
            round_trip::<Identity>(&format!("URI:{text}"))?;
            round_trip::<Identity>(&format!("DNS:{text}"))?;
            round_trip::<PathPattern>(&format!("/{text}"))?;
            round_trip::<Upstream>(&format!("http://{text}"))?;
            round_trip::<Upstream>(&format!("unix:/{text}"))?;
        }

        #[test]
        fn a_duration_is_shown_as_it_is_read(millis in 1_u64..=30 * 24 * 3600 * 1000) {
            let span = std::time::Duration::from_millis(millis);
            prop_assert_eq!(duration(&Span(span).to_string()), Ok(span));
        }

        #[test]
        fn a_network_is_shown_as_it_is_read(bits in any::<u32>(), prefix in 0_u8..=32) {
            let net = ipnet::Ipv4Net::new(bits.into(), prefix).expect("the prefix is in range").trunc();
            prop_assert_eq!(network(&net.to_string()), Ok(net.into()));
        }
    }
}
