//! Serving an HTTP API's requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_runtime::{Error, LambdaEvent};

use super::problem::{Problem, kinds};

/// Answers one request. `lambda_http` would panic over a body that claims to be
/// base64 and is not; here that is a problem like any other.
///
/// # Errors
/// None: the type is what the runtime wants.
pub async fn serve<F: Future<Output = Response<Body>>>(
    event: LambdaEvent<ApiGatewayV2httpRequest>,
    handle: impl FnOnce(Request) -> F,
) -> Result<ApiGatewayV2httpResponse, Error> {
    let LambdaEvent { mut payload, context } = event;
    let response = match take_body(&mut payload) {
        Ok(body) => {
            let mut request = Request::from(LambdaRequest::ApiGatewayV2(payload));
            *request.body_mut() = body;
            handle(request.with_lambda_context(context)).await
        }
        Err(_) => Problem::new(kinds::MALFORMED).detail("The body is not base64 as announced.").into_response(),
    };
    Ok(answer(response))
}

fn take_body(request: &mut ApiGatewayV2httpRequest) -> Result<Body, base64::DecodeError> {
    let is_base64 = std::mem::take(&mut request.is_base64_encoded);
    Ok(match request.body.take() {
        None => Body::Empty,
        Some(text) if is_base64 => Body::Binary(STANDARD.decode(text)?),
        Some(text) => Body::Text(text),
    })
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
