//! The cluster: how the injector talks to its API server.
//!
//! One thread has all of it (`thread`): the connections, the watches and what
//! certificates need. Workers read what it knows (`namespaces`), and ask by its
//! client what it does not know yet. `call` is what every call has in common.

mod call;
mod namespaces;
mod thread;
mod version;

pub(crate) use call::{CALL_TIMEOUT, Retry, describe, describe_watch, unless_conflict};
pub(crate) use namespaces::Namespaces;
pub(crate) use thread::ClusterThread;
pub use thread::ConnectError;
pub use version::TooOld;
pub(crate) use version::{ask, until_known};
