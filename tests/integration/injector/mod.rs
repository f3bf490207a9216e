//! The injector: from the API server's question to its answer, and what keeps
//! it able to answer, in front of an API server that is part of the test.

mod admissions;
mod bundle;
mod cluster;
mod doctor;
mod mounted;
mod outages;
mod rotation;
mod secret;
mod stand;
