//! AWS clients without `aws-config`'s chain of providers: region, credentials and
//! endpoint come from the environment, as Lambda sets it, and ring is the only TLS
//! provider. Both keep cold starts short.

use std::env;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{Intercept, SharedHttpClient, SharedInterceptor};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// An environment variable that is needed and not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct MissingVariable(pub &'static str);

/// Reads an environment variable that is needed; empty counts as not set.
pub fn variable(name: &'static str) -> Result<String, MissingVariable> {
    env::var(name).ok().filter(|value| !value.is_empty()).ok_or(MissingVariable(name))
}

/// The clients of AWS's services: built at their first use, with one pool of
/// connections between them. Clones share everything.
#[derive(Debug, Clone)]
pub struct AwsClients(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: AwsClientsBuilder,
    http: OnceLock<SharedHttpClient>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
}

/// Where AWS is, who asks, and who watches.
#[derive(Debug, Clone)]
pub struct AwsClientsBuilder {
    region: String,
    credentials: Credentials,
    endpoint: Option<String>,
    interceptors: Vec<SharedInterceptor>,
}

/// How long one kind of client may take.
struct Timeouts {
    attempt: Duration,
    operation: Duration,
}

/// Three tries of an operation must fit into what a function has beside a vendor's call.
const STORAGE: Timeouts = Timeouts { attempt: Duration::from_secs(4), operation: Duration::from_secs(9) };
/// `truenorth-webhook` has 5 s for a secret and a message, and its sender no more.
const HASTY: Timeouts = Timeouts { attempt: Duration::from_millis(1_500), operation: Duration::from_millis(2_200) };
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 3;

macro_rules! client {
    ($sdk:ident, $clients:expr, $times:expr) => {{
        use $sdk::config::{BehaviorVersion, Config, Region, retry::RetryConfig, timeout::TimeoutConfig};
        let place = &$clients.0.place;
        let times = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout($times.attempt)
            .operation_timeout($times.operation)
            .build();
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(place.region.clone()))
            .credentials_provider(place.credentials.clone())
            .http_client($clients.http().clone())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(times);
        config.set_endpoint_url(place.endpoint.clone());
        config.set_interceptors(place.interceptors.iter().cloned());
        $sdk::Client::from_conf(config.build())
    }};
}

impl AwsClientsBuilder {
    /// AWS at a region.
    pub fn new(region: impl Into<String>, credentials: Credentials) -> Self {
        Self { region: region.into(), credentials, endpoint: None, interceptors: Vec::new() }
    }

    /// Reads `AWS_REGION` (or `AWS_DEFAULT_REGION`), `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, and where set `AWS_SESSION_TOKEN` and
    /// `AWS_ENDPOINT_URL`. Lambda sets them once for an instance's whole life.
    pub fn from_env() -> Result<Self, MissingVariable> {
        let region = variable("AWS_REGION").or_else(|unset| variable("AWS_DEFAULT_REGION").map_err(|_| unset))?;
        let (id, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
        let credentials = Credentials::from_keys(id, secret, variable("AWS_SESSION_TOKEN").ok());
        let builder = Self::new(region, credentials);
        Ok(match variable("AWS_ENDPOINT_URL") {
            Ok(url) => builder.endpoint(url),
            Err(MissingVariable(_)) => builder,
        })
    }

    /// An endpoint that stands in for AWS.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Lets something watch every call, such as a [`CallCounter`](super::CallCounter).
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl Intercept + 'static) -> Self {
        self.interceptors.push(SharedInterceptor::new(interceptor));
        self
    }

    /// The clients, none of which is built yet.
    pub fn build(self) -> AwsClients {
        AwsClients(Arc::new(Inner {
            place: self,
            http: OnceLock::new(),
            dynamodb: OnceLock::new(),
            sqs: OnceLock::new(),
            secrets: OnceLock::new(),
        }))
    }
}

impl AwsClients {
    /// The clients that the environment describes; see [`AwsClientsBuilder::from_env`].
    pub fn from_env() -> Result<Self, MissingVariable> {
        Ok(AwsClientsBuilder::from_env()?.build())
    }

    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        self.0.dynamodb.get_or_init(|| client!(aws_sdk_dynamodb, self, STORAGE))
    }

    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.0.sqs.get_or_init(|| client!(aws_sdk_sqs, self, HASTY))
    }

    /// The Secrets Manager client.
    pub fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.0.secrets.get_or_init(|| client!(aws_sdk_secretsmanager, self, HASTY))
    }

    /// A plain `http` endpoint needs no TLS, nor the time to load its roots.
    fn http(&self) -> &SharedHttpClient {
        self.0.http.get_or_init(|| {
            let builder = aws_smithy_http_client::Builder::new();
            if self.0.place.endpoint.as_ref().is_some_and(|url| url.starts_with("http://")) {
                builder.build_http()
            } else {
                builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
            }
        })
    }
}
