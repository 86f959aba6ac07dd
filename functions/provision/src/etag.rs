//! Strong entity tags, and conditional requests.

use lambda_http::http::{HeaderMap, StatusCode, header};
use lambda_http::{Body, Response};
use shared_core::domain::ids::Digest;

use crate::answer;

/// Tags an answer by the SHA-256 of its body, and answers 304 without a body to
/// who has it already.
pub(crate) fn tagged(response: Response<Body>, request: &HeaderMap) -> Response<Body> {
    let tag = format!("\"{}\"", Digest::sha256(response.body()));
    let mut response = if has_it(request, &tag) { not_modified() } else { response };
    answer::set(&mut response, "etag", &tag);
    response
}

fn not_modified() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    answer::set(&mut response, "cache-control", "no-store");
    response
}

/// Whether `If-None-Match` names the tag. It compares weakly (RFC 9110, 13.1.2).
fn has_it(request: &HeaderMap, tag: &str) -> bool {
    let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // Our tags hold no comma, so one inside another's tag can't make a match.
    let mut named = values.flat_map(|value| value.split(',')).map(str::trim);
    named.any(|name| name == "*" || name.strip_prefix("W/").unwrap_or(name) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(if_none_match: Option<&str>) -> Response<Body> {
        let mut request = HeaderMap::new();
        if let Some(value) = if_none_match {
            request.insert("if-none-match", value.parse().unwrap());
        }
        tagged(Response::new(Body::from("{}")), &request)
    }

    #[test]
    fn an_answer_carries_the_digest_of_its_body_as_a_strong_tag() {
        let tag = answered(None).headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(tag, "\"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"");
    }

    #[test]
    fn who_names_the_tag_is_told_that_nothing_changed() {
        let tag = answered(None).headers()["etag"].to_str().unwrap().to_owned();
        for names in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let response = answered(Some(&names));
            assert_eq!(response.status(), 304, "{names}");
            assert_eq!(response.headers()["etag"], tag);
            assert!(response.body().is_empty());
        }
        assert_eq!(answered(Some("\"x\"")).status(), 200);
    }
}
