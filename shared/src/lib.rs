//! What every function of the English Test Hub uses: the vendors' connectors, the
//! AWS adapters, and the Lambda glue around the use cases of [`shared_core`].

pub mod aws;
pub mod lambda;
pub mod times;
pub mod urls;
pub mod vendors;

pub use shared_core as core;
