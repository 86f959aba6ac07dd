//! The pure core of the English Test Hub: domain, ports and use cases.
//!
//! Nothing here does I/O, reads a clock or draws a random number; the crate depends on
//! no runtime and no client.

pub mod domain;
mod error;
pub mod ports;
pub mod usecases;
