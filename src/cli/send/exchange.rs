//! Deliveries on their way, one after the other.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Uri};
use http_body_util::Full;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::delivery::{Delivery, Wanted};
use super::report::{Answer, Summary};
use super::{Prepared, SendArgs, role, say};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Rate;
use crate::egress::{Egress, Route, SystemResolver};
use crate::signer::Rejection;

/// Sends all of them; the exit code says whether each got a 2xx.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(args: &SendArgs, prepared: &Prepared) -> ExitCode {
    match send_all(args, prepared).await {
        Ok(summary) if summary.all_taken() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(reason) => super::wrong(&reason),
    }
}

async fn send_all(args: &SendArgs, prepared: &Prepared) -> Result<Summary, String> {
    let Prepared { endpoint, wanted } = prepared;
    let route =
        Route::new(&endpoint.egress, Arc::new(SystemResolver)).map_err(|error| role::chain(&error))?;
    let egress = Egress::new(Arc::new(route));
    let mut pace = args.rate.map(pace);
    let mut summary = Summary::default();
    for _ in 0..args.count {
        let delivery = Delivery::sign(&endpoint.schemes, wanted, SystemClock.now())?;
        for _ in 0..args.repeat {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let answer = exchange(&egress, &delivery, wanted).await;
            let shown = summary.add(&answer, args.json);
            say(&mut io::stdout(), shown);
        }
    }
    if args.count > 1 || args.repeat > 1 {
        say(&mut io::stdout(), summary.shown(args.json));
    }
    Ok(summary)
}

async fn exchange(egress: &Egress, delivery: &Delivery, wanted: &Wanted) -> Answer {
    let began = Instant::now();
    match egress.send(request(delivery, wanted), began.into()).await {
        Ok(answer) => Answer::of(&answer, began.elapsed()),
        Err(error) => Answer::none(Rejection::from(&error).code(), role::chain(&error), began.elapsed()),
    }
}

/// Host is set by the way out, which knows the protocol.
fn request(delivery: &Delivery, wanted: &Wanted) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(delivery.body.clone()));
    *request.method_mut() = wanted.method.clone();
    *request.uri_mut() = Uri::from(wanted.target.clone());
    for (name, value) in &delivery.fields {
        request.headers_mut().append(name, value.clone());
    }
    request.headers_mut().insert(CONTENT_LENGTH, delivery.body.len().into());
    request
}

fn pace(rate: Rate) -> Interval {
    let mut pace = interval(rate.per.div_f64(rate.events.get().into()).max(Duration::from_nanos(1)));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}
