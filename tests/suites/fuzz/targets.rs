//! The targets' checks, by what they read.

pub(crate) mod api;
pub(crate) mod inbound;
pub(crate) mod inventory;
pub(crate) mod items;
pub(crate) mod itep;
pub(crate) mod purchases;
pub(crate) mod queues;
pub(crate) mod times;
pub(crate) mod tokens;
pub(crate) mod truenorth;
