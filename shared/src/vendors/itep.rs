//! iTEP International: buying a test ID, and reading what its webhook reports.
//!
//! iTEP documents neither the name of the signature's header nor its encoding,
//! nor any answer to a purchase. All of that comes from the account's
//! [`profile`]; nothing of it is guessed here.

pub(crate) mod client;
mod convert;
pub mod inventory;
mod json;
pub mod profile;
pub(crate) mod registration;
pub(crate) mod sign;
pub mod webhook;
pub(crate) mod wire;
