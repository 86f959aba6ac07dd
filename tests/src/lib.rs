//! Simulated vendors and the test world.

pub mod sim;
