//! The schemes from the outside, without the proxy: the vectors of providers,
//! and what holds whatever is signed.

mod components;
mod properties;
mod subject;
mod vectors;
