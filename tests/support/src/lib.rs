//! What the tests of several crates share: the hub's world in memory, and what they begin with.
#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

pub mod figures;
pub mod fixtures;
mod memory;
mod script;
pub mod seeded_bugs;
mod world;

pub use memory::{Condition, Memory};
pub use script::{Kept, Script};
pub use world::{Hooks, World, WriteOrder};
