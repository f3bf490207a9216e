//! What is dialled is what was judged.

use std::sync::Arc;

use super::consumer::Consumer;
use super::stand::{Fixed, config, fetch, post};
use crate::egress::{AddressKind, Egress, EgressError, Refusal, Route, RouteError};

fn refusal(outcome: Result<impl std::fmt::Debug, EgressError>) -> Refusal {
    match outcome {
        Err(EgressError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_and_nobody_is_called() {
    let consumer = Consumer::plain().await;
    for (addresses, kind) in [
        (&["127.0.0.1"][..], AddressKind::Loopback),
        (&["::ffff:127.0.0.1"], AddressKind::Loopback),
        (&["64:ff9b::7f00:1"], AddressKind::Loopback),
        (&["169.254.169.254"], AddressKind::LinkLocal),
        // Among public ones, in any place.
        (&["203.0.114.1", "10.0.0.1"], AddressKind::Private),
        (&["fd00:ec2::254", "203.0.114.1"], AddressKind::Private),
    ] {
        let mut config = config(&format!("http://consumer.example:{}", consumer.port));
        config.allow.clear();
        let route = Route::new(&config, Arc::new(Fixed::new([addresses]))).unwrap();
        let error = post(&Egress::new(Arc::new(route)), "/").await;
        assert!(!error.as_ref().unwrap_err().may_have_been_sent());
        assert_eq!(refusal(error).kind, kind);
    }
    assert_eq!(consumer.connections(), 0);
}

#[tokio::test]
async fn a_name_is_asked_for_once_a_connection_and_judged_each_time() {
    let consumer = Consumer::plain().await;
    // Rebinding: allowed at first, then the metadata service.
    let resolver = Arc::new(Fixed::new([&["127.0.0.1"][..], &["169.254.169.254"]]));
    let config = config(&format!("http://consumer.example:{}", consumer.port));
    let route = Arc::new(Route::new(&config, Arc::clone(&resolver) as _).unwrap());
    let egress = Egress::new(Arc::clone(&route));
    for _ in 0..3 {
        fetch(&egress).await;
    }
    assert_eq!(resolver.asked(), 1, "the connection is kept, and was dialled by what was judged");
    let refused = refusal(post(&Egress::new(route), "/").await);
    assert_eq!(
        (refused.address.to_string(), refused.kind),
        ("169.254.169.254".into(), AddressKind::LinkLocal)
    );
}

#[tokio::test]
async fn an_address_in_the_url_is_judged_at_start() {
    for url in [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest",
    ] {
        let mut config = config(url);
        config.allow.clear();
        let made = Route::new(&config, Arc::new(Fixed::new([])));
        assert!(matches!(made, Err(RouteError::Refused(_))), "{url}");
    }
}

#[tokio::test]
async fn addresses_are_tried_in_turn_and_none_is_unreachable() {
    let consumer = Consumer::plain().await;
    let config = config(&format!("http://consumer.example:{}", consumer.port));
    // The consumer listens on 127.0.0.1 only.
    for (addresses, reached) in
        [(&["127.0.0.2", "127.0.0.1"][..], true), (&["127.0.0.2"], false), (&[], false)]
    {
        let route = Route::new(&config, Arc::new(Fixed::new([addresses]))).unwrap();
        let outcome = post(&Egress::new(Arc::new(route)), "/").await;
        match outcome {
            Ok(_) => assert!(reached),
            Err(error) => assert!(!reached && matches!(error, EgressError::Unreachable(_)), "{error:?}"),
        }
    }
}
