//! Simulated vendors, and the fault campaign.

pub mod campaign;
pub mod sim;
