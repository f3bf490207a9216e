//! What a role's deliveries are to or from, by name: the one word in which the
//! telemetry of the roles differs.

/// What the name of a delivery is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The guard: a sender that it accepts.
    Source,
    /// The signer: a consumer that it delivers to.
    Endpoint,
}

impl Subject {
    /// The label of metrics and the field of log lines.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Endpoint => "endpoint",
        }
    }

    /// Whom the delivery goes on to, in the names of metrics.
    pub(super) const fn peer(self) -> &'static str {
        match self {
            Self::Source => "upstream",
            Self::Endpoint => "consumer",
        }
    }

    /// The log field with the time that it took to answer.
    pub(super) const fn peer_time(self) -> &'static str {
        match self {
            Self::Source => "upstream_us",
            Self::Endpoint => "consumer_us",
        }
    }
}
