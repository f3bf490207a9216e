//! Flags to configuration in one step, for tests, examples and programs that
//! start a role themselves: it goes through the same checks as a person's
//! command line.

use std::ffi::OsString;

use crate::clock::{Clock as _, SystemClock};
use crate::config::{
    Environment, GuardArgs, GuardConfig, InjectorArgs, InjectorConfig, Problems, Remark, SignerArgs,
    SignerConfig,
};

/// What `countersign guard` would run on, given `flags`, with what is worth
/// knowing about it.
pub fn guard_config<T: Into<OsString> + Clone>(
    flags: impl IntoIterator<Item = T>,
    environment: &Environment,
) -> Result<(GuardConfig, Vec<Remark>), ConfigureError> {
    let args = GuardArgs::from_flags(flags, environment)?;
    Ok(GuardConfig::from_args(&args, environment, SystemClock.now())?)
}

/// What `countersign signer` would run on, given `flags`, with what is worth
/// knowing about it.
pub fn signer_config<T: Into<OsString> + Clone>(
    flags: impl IntoIterator<Item = T>,
    environment: &Environment,
) -> Result<(SignerConfig, Vec<Remark>), ConfigureError> {
    let args = SignerArgs::from_flags(flags, environment)?;
    Ok(SignerConfig::from_args(&args, environment)?)
}

/// What `countersign injector` would run on, given `flags`, with what is worth
/// knowing about it.
pub fn injector_config<T: Into<OsString> + Clone>(
    flags: impl IntoIterator<Item = T>,
    environment: &Environment,
) -> Result<(InjectorConfig, Vec<Remark>), ConfigureError> {
    let args = InjectorArgs::from_flags(flags, environment)?;
    Ok(InjectorConfig::from_args(&args, environment)?)
}

/// Why flags make no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// They cannot be told apart: a name is unknown, or a value is missing.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// They are understood, and wrong.
    #[error(transparent)]
    Problems(#[from] Problems),
}
