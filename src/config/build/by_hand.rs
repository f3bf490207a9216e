//! An endpoint that is typed by hand, read as the signer reads its own.

use super::endpoint;
use crate::config::by_hand::{ByHand, ByHandArgs};
use crate::config::environment::Environment;
use crate::config::problems::{Problems, Remark, Report};
use crate::config::raw_signer::{ConsumerArgs, EndpointArgs};
use crate::config::values::{Destination, Host, Protection};

impl ByHand {
    /// Reads and checks everything, the files too, and connects to nobody.
    ///
    /// This machine's own addresses need no leave: a person typed the URL, and
    /// no stranger can.
    pub fn from_args(args: &ByHandArgs, environment: &Environment) -> Result<(Self, Vec<Remark>), Problems> {
        let mut report = Report::default();
        let Some(destination) = report.read("URL", &args.url, |url| Destination::read(url, true)) else {
            return report.conclude(None);
        };
        let here = is_here(destination.authority().host());
        if destination.protection() == Protection::Plain && !here && !args.allow_plain {
            report.wrong(
                "URL",
                &args.url,
                "expected https://: --allow-plain takes http:// of another machine",
            );
        }
        let own = LOOPBACK.iter().map(|network| (*network).to_owned());
        let consumer = ConsumerArgs {
            endpoint: Some(args.url.clone()),
            allow_destination: own.chain(args.allow_destination.iter().cloned()).collect(),
            allow_plain: Some("on".to_owned()),
            https_proxy: args.https_proxy.clone(),
            timeout: args.timeout.clone(),
            ..ConsumerArgs::default()
        };
        let (signing, tls) = (args.signing.clone(), args.tls.clone());
        let endpoint = EndpointArgs { consumer, signing, tls, ..EndpointArgs::default() };
        let endpoint = endpoint::read(&endpoint, |_| String::new(), environment, &mut report);
        report.conclude(endpoint.map(Self))
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.is_loopback(),
    }
}

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];
