//! A small HTTP client for loopback: one request on one fresh connection, no redirects, no TLS.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Received {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The address or a header can't be used.
    #[error("not a plain http address or not a valid header: {0}")]
    Unusable(String),
    #[error("not connected")]
    Connect(#[source] std::io::Error),
    /// The connection broke, or what came was not HTTP.
    #[error("no answer")]
    Broken(#[source] hyper::Error),
    #[error("no answer within {0:?}")]
    Late(Duration),
}

/// Sends one request and reads the whole answer within `limit`.
///
/// Names below `localhost` mean this machine, whatever the resolver thinks of them.
pub async fn send(
    method: Method,
    url: &str,
    headers: &[(String, String)],
    body: Bytes,
    limit: Duration,
) -> Result<Received, SendError> {
    let exchange = exchange(method, url, headers, body);
    tokio::time::timeout(limit, exchange).await.map_err(|_| SendError::Late(limit))?
}

async fn exchange(method: Method, url: &str, headers: &[(String, String)], body: Bytes) -> Result<Received, SendError> {
    let unusable = || SendError::Unusable(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| unusable())?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(unusable)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder().method(method).uri(path).header(HOST, authority.as_str());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.header(CONTENT_LENGTH, body.len()).body(Full::new(body));
    let request = request.map_err(|error| SendError::Unusable(error.to_string()))?;
    let stream = connect(authority.host(), authority.port_u16().unwrap_or(80)).await?;
    talk(stream, request).await.map_err(SendError::Broken)
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, SendError> {
    let host = if host.ends_with(".localhost") { "127.0.0.1" } else { host };
    TcpStream::connect((host, port)).await.map_err(SendError::Connect)
}

async fn talk(stream: TcpStream, request: Request<Full<Bytes>>) -> Result<Received, hyper::Error> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    let (mut sender, connection) = builder.title_case_headers(true).handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await;
    let (parts, body) = response?.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Received { status: parts.status, headers: parts.headers, body })
}
