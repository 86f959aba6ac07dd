//! One module per noun of the command line.

pub(crate) mod account;
pub(crate) mod client;
pub(crate) mod dlq;
pub(crate) mod doubt;
pub(crate) mod inventory;
pub(crate) mod key;
pub(crate) mod quarantine;
pub(crate) mod report;
pub(crate) mod reservation;
pub(crate) mod result;
pub(crate) mod settle;
