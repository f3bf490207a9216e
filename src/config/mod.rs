//! Text becomes trusted types, once.
//!
//! [`GuardArgs`], [`SignerArgs`] and [`InjectorArgs`] are the configuration as people write it,
//! `values` reads each kind of value, and [`GuardConfig::from_args`] and its like
//! (in `build/`) put the trusted form together. It never stops at the first problem: all of them are collected
//! ([`Problems`]), each with its key, its value and the form expected.
//! Nothing past this module sees a string that still needs reading.
//!
//! Secrets come from files or from a named environment variable, never from
//! arguments, and their bytes never reach a problem, a warning or the
//! [effective configuration](Effective).

mod advice;
mod build;
mod by_hand;
mod config_file;
mod effective;
mod egress;
mod engine;
mod environment;
mod files;
mod flag;
mod guard;
mod injector;
mod issuer;
pub(crate) mod material;
mod nearest;
mod problems;
mod raw;
mod raw_coverage;
mod raw_injector;
mod raw_signer;
mod raw_token;
mod schema;
mod scrutiny;
mod secrets;
mod signer;
mod stamps;
mod traces;
mod values;

pub(crate) use build::preset_named;
pub use by_hand::{ByHand, ByHandArgs};
pub use config_file::ConfigFile;
pub use effective::{Effective, EffectiveInjector, EffectiveSigner};
pub use egress::{ClientCertificate, ClientTls, EgressConfig};
pub use engine::{EngineConfig, FileEngineConfig, Fsync, OnStateLoss, RedisConfig, RedisServers, RedisTls};
pub use environment::{Environment, Role};
pub(crate) use flag::Flag;
pub use guard::{
    BootFence, Bounds, CaptureConfig, ClientAddressField, ClientAuth, ClientTrust, FrontConfig, GuardConfig,
    GuardedSecret, HandshakeConfig, Identity, LedgerConfig, LogConfig, LogFormat, Mode, OnUnknown,
    PathPattern, Policies, Rate, SecretSlot, SourceConfig, TlsConfig, TlsVersion, Transport, Upstream,
};
pub use injector::{CertificatesConfig, InjectorBounds, InjectorConfig, MountedPair, SelfManaged};
pub use issuer::{IssuerConfig, KeysAt};
pub(crate) use nearest::nearest;
pub use problems::{Problems, Remark};
pub use raw::GuardArgs;
pub use raw_injector::InjectorArgs;
pub use raw_signer::{ClientTlsArgs, SignerArgs, SigningArgs};
pub use schema::guard_schema;
pub use scrutiny::{Keying, Scrutinies, Scrutiny};
pub use signer::{Authorization, ClientCredentials, EndpointConfig, SignerBounds, SignerConfig};
pub use stamps::Stamps;
pub use traces::{SampleRatio, TraceConfig};
pub(crate) use values::duration as read_duration;
pub use values::{Authority, ControlAddress, Destination, Host, Protection, Proxy, PublicUrl, SpkiPin};
