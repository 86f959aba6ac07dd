//! Successful JSON answers, and the answer to a backend error.

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;
use shared::runtime::problem::{Problem, kinds};
use shared_core::ports::{BackendError, ErrorChain};

use crate::problems::Failure;

/// How a request was answered, or why it could not be.
pub(crate) type HandlerResult = Result<Response<Body>, Failure>;

/// A JSON answer. Nobody between the hub and the client may keep it.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> HandlerResult {
    let text = serde_json::to_string(body).map_err(|error| BackendError::corrupt("writing an answer", error))?;
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    /// Where the next begins; `None` on the last.
    pub(crate) next_cursor: Option<String>,
}

/// Sets a header whose value is known to be visible ASCII.
pub(crate) fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A failure as an answer. An outage is logged here, once, with its causes.
pub(crate) fn from_failure(failure: Failure) -> Response<Body> {
    match failure {
        Failure::Problem(problem) => problem.into_response(),
        Failure::Backend(error) => {
            tracing::error!(error = %ErrorChain(&error), "backend error");
            Problem::new(kinds::UNAVAILABLE)
                .detail("Send the same request again, with the same Idempotency-Key if it has one.")
                .retry_after(5)
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_answers_503_and_says_that_the_same_request_may_come_again() {
        let outage = BackendError::unavailable("reading", "the secret cause");
        let response = from_failure(outage.into());
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &HeaderValue::from(5)));
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(body.contains("Send the same request again") && !body.contains("secret cause"));
    }
}
