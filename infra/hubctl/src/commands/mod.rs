//! One module per noun.

pub(crate) mod client;
pub(crate) mod doubt;
pub(crate) mod key;
pub(crate) mod quarantine;
