//! Everything that the functions share: the vendors' connectors, the AWS adapters, and
//! the Lambda runtime around the use cases of [`shared_core`].

pub mod aws;
pub mod clock;
pub mod hub;
pub mod runtime;
pub mod settings;
pub mod telemetry;
pub mod timestamps;
pub mod urls;
pub mod vendors;
