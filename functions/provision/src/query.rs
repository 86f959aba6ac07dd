//! Query parameters. Unknown ones are refused: ignoring a misspelt filter would return
//! too much.

use std::str::FromStr;

use lambda_http::Request;
use shared::runtime::problem::Problem;

use crate::problems::PARAMETER_INVALID;

/// How many entries a page has.
const LIMIT: usize = 20;
const LIMIT_MAX: usize = 100;

/// A request's query parameters, each at most once.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a request's query.
    ///
    /// # Errors
    /// 400 for a parameter that is not among those allowed, or comes twice.
    pub(crate) fn parse(request: &Request, allowed: &[&str]) -> Result<Self, Problem> {
        let query = request.uri().query().unwrap_or_default();
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            if !allowed.contains(&name.as_str()) {
                let known = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                return Err(invalid(format!("Unknown query parameter. This address takes: {known}.")));
            }
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(invalid(format!("`{name}` came more than once: send it once.")));
            }
            if value.contains('\u{fffd}') {
                return Err(invalid(format!("`{name}` is not valid UTF-8: send UTF-8, percent-encoded.")));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// A parameter as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter in its type.
    ///
    /// # Errors
    /// 400 with the rule where it is no such value.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, rule: &str) -> Result<Option<T>, Problem> {
        let value = self.text(name).map(str::parse).transpose();
        value.map_err(|_| invalid(format!("`{name}` must be {rule}.")))
    }

    /// The size of a page.
    ///
    /// # Errors
    /// 400 where it is no number within bounds.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.parsed("limit", "a whole number")?.unwrap_or(LIMIT);
        if (1..=LIMIT_MAX).contains(&limit) {
            Ok(limit)
        } else {
            Err(invalid(format!("`limit` must be 1 to {LIMIT_MAX}.")))
        }
    }
}

/// A parameter that cannot be used.
pub(crate) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(PARAMETER_INVALID).detail(detail)
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn query(text: &str) -> Option<Query> {
        let uri = format!("https://hub.example/v1/reservations?{text}");
        let request = lambda_http::http::Request::builder().uri(uri).body(Body::Empty).unwrap();
        Query::parse(&request, &["external_id", "limit"]).ok()
    }

    #[test]
    fn parameters_are_decoded() {
        assert_eq!(query("external_id=c%2F1+2").unwrap().text("external_id"), Some("c/1 2"));
        assert_eq!(query("").unwrap().text("external_id"), None);
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused() {
        assert!(query("externalid=1").is_none());
        assert!(query("limit=1&limit=2").is_none());
        assert!(query("external_id=Ren%E9").is_none(), "that is Latin-1");
    }

    #[test]
    fn a_page_has_20_entries_unless_1_to_100_are_asked_for() {
        let limit = |text: &str| query(text).unwrap().limit().ok();
        assert_eq!([limit(""), limit("limit=1"), limit("limit=100")], [Some(20), Some(1), Some(100)]);
        for text in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit="] {
            assert_eq!(limit(text), None, "{text}");
        }
    }
}
