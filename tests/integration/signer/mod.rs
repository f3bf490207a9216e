//! The signer: from an app's plain request to a consumer's answer.

mod authorization;
mod consumer;
mod failures;
mod interop;
mod sign_through;
mod stand;
mod traces;
