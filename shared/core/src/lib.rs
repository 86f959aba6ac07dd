//! The pure heart of the English Test Hub: its domain, the ports through which
//! it reaches the world, and its use cases.
//!
//! Nothing here does I/O, reads a clock or draws a random number: the compiler
//! keeps it that way, since this crate depends on no runtime and no client.

pub mod domain;
mod error;
pub mod ports;
pub mod usecases;
