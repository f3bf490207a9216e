//! The guard's configuration from the outside: what is refused and how it is
//! said, the reference, and the program itself.
#![allow(clippy::unwrap_used, missing_docs)]

mod captures;
mod explain;
mod file;
mod injector;
mod material;
mod pki;
mod presets;
mod problems;
mod program;
mod reference;
