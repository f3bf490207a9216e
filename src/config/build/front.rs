//! Proxies in front of the guard: who they are, and how they tell of clients.

use crate::config::problems::Report;
use crate::config::raw::FrontArgs;
use crate::config::values::{Switch, network, word};
use crate::config::{ClientAddressField, FrontConfig};

pub(super) fn read(args: &FrontArgs, report: &mut Report) -> Option<FrontConfig> {
    let proxy_protocol = report.read_each("--proxy-protocol", &args.proxy_protocol, network);
    let trusted = report.read_each("--trusted-proxy", &args.trusted_proxy, network);
    let field = args.client_address_header.as_deref();
    let field = report.read_optional("--client-address-header", field, word::<ClientAddressField>);
    let cert = report.read("--client-cert-header", &args.client_cert_header, word::<Switch>);
    let (field, cert) = (field?, cert? == Switch::On);
    for (flag, given) in [("--client-address-header", field.is_some()), ("--client-cert-header", cert)] {
        if given && args.trusted_proxy.is_empty() {
            report.lacking(flag, "has no meaning without --trusted-proxy: nobody would be believed");
        }
    }
    if !args.trusted_proxy.is_empty() && field.is_none() && !cert {
        report.lacking(
            "--trusted-proxy",
            "says whom to believe, and not what: give --client-address-header or --client-cert-header",
        );
    }
    Some(FrontConfig {
        proxy_protocol: proxy_protocol?,
        trusted_proxies: trusted?,
        client_address_field: field,
        client_cert_field: cert,
    })
}
