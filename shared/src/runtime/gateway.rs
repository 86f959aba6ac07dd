//! Serving an HTTP API's requests. The gateway hands them over in a form of its own:
//! names of headers in lower case, repeated headers joined by commas, the path
//! decoded, and a body that is text decoded as UTF-8, whatever it was.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;

use super::invocation;
use super::problem::{Problem, kinds};

/// What the hub reads of an HTTP API's event (payload format 2.0), as it came. The
/// types of `aws_lambda_events` fail over a header that cannot be one, with its value
/// in their error.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpEvent {
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    cookies: Option<Vec<String>>,
    request_context: RequestContext,
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Default, Deserialize)]
struct RequestContext {
    http: HttpDescription,
}

#[derive(Default, Deserialize)]
struct HttpDescription {
    method: String,
}

/// Serves an HTTP API's function.
///
/// # Errors
/// The Lambda API cannot be reached.
pub async fn run<F: Future<Output = Response<Body>>>(handle: impl Fn(Request) -> F) -> Result<(), Error> {
    invocation::run(|event| serve(event, &handle)).await
}

/// Answers one request. One that cannot be read is a problem like any other.
///
/// # Errors
/// None: the type is what the runtime wants.
pub async fn serve<F: Future<Output = Response<Body>>>(
    event: LambdaEvent<HttpEvent>,
    handle: impl FnOnce(Request) -> F,
) -> Result<ApiGatewayV2httpResponse, Error> {
    let LambdaEvent { payload, context } = event;
    let response = match request(payload) {
        Ok(request) => handle(request.with_lambda_context(context)).await,
        Err(problem) => {
            tracing::warn!("refused a request that cannot be read");
            problem.into_response()
        }
    };
    Ok(answer(response))
}

/// The event as a request. Its path, which the gateway has decoded, is the raw path
/// alone: the URI has the query only.
///
/// # Errors
/// 400 for what no request can have.
pub fn request(event: HttpEvent) -> Result<Request, Problem> {
    let address = "The address contains a forbidden character.";
    let path = event.raw_path.unwrap_or_default();
    if path.contains(char::is_control) {
        return Err(malformed(address));
    }
    let query = event.raw_query_string.unwrap_or_default();
    let uri = Uri::try_from(format!("/?{query}")).map_err(|_| malformed(address))?;
    let method = Method::from_bytes(event.request_context.http.method.as_bytes());
    let mut headers = headers(event.headers.unwrap_or_default())?;
    if let Some(cookies) = event.cookies.filter(|cookies| !cookies.is_empty()) {
        append(&mut headers, "cookie", cookies.join("; "))?;
    }
    let mut request = Request::new(body(event.body, event.is_base64_encoded)?);
    *request.method_mut() = method.map_err(|_| malformed("The method is not valid."))?;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request.with_raw_http_path(path))
}

/// A header's value in the gateway's form, whether it came in one piece or in several.
/// `None` where there is none, or one that is not visible ASCII.
pub fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter().map(|value| value.to_str().ok());
    let first = values.next()??.to_owned();
    values.try_fold(first, |joined, value| Some(format!("{joined}, {}", value?)))
}

fn headers(raw: BTreeMap<String, String>) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::with_capacity(raw.len());
    for (name, value) in raw {
        append(&mut headers, &name, value)?;
    }
    Ok(headers)
}

/// Names a header that it refuses, and never its value.
fn append(headers: &mut HeaderMap, name: &str, value: String) -> Result<(), Problem> {
    let no_name = |_| malformed("A header's name contains a forbidden character.");
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(no_name)?;
    let no_value = |_| malformed(format!("The header `{name}` contains a forbidden character."));
    let value = HeaderValue::try_from(value).map_err(no_value)?;
    headers.append(name, value);
    Ok(())
}

fn body(text: Option<String>, is_base64: bool) -> Result<Body, Problem> {
    Ok(match text {
        None => Body::Empty,
        Some(text) if is_base64 => {
            Body::Binary(STANDARD.decode(text).map_err(|_| malformed("The body is not valid base64."))?)
        }
        Some(text) => Body::Text(text),
    })
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(kinds::MALFORMED).detail(detail)
}

/// Every body of the hub's own is text.
fn answer(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.body = (!matches!(body, Body::Empty)).then_some(body);
    answer
}

#[cfg(test)]
mod tests;
