//! Routes a request by path and method to its handler.

use std::sync::LazyLock;
use std::time::Instant;

use lambda_http::http::{HeaderMap, Method, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use serde_json::json;
use shared::hub::{Hub, Vendors};
use shared::runtime::gateway;
use shared::runtime::problem::{Problem, kinds};
use shared_core::ports::Clock;
use shared_core::usecases::Invocation;

use crate::answer::{self, HandlerResult};
use crate::client_rate::{self, Limiter};
use crate::context::RequestContext;
use crate::{actions, products, read, reserve};

/// Paces the clients. It lives as long as the instance and is not shared, so a
/// client's true allowance grows with the instances that serve it.
static LIMITER: LazyLock<Limiter> = LazyLock::new(Limiter::default);

/// An address of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'a> {
    Health,
    Products,
    Reservations,
    Reservation(&'a str),
    History(&'a str),
    Cancel(&'a str),
    Launch(&'a str),
}

impl<'a> Route<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let parts: Vec<_> = path.strip_prefix('/')?.split('/').collect();
        Some(match parts[..] {
            ["health"] => Route::Health,
            ["v1", "products"] => Route::Products,
            ["v1", "reservations"] => Route::Reservations,
            ["v1", "reservations", ""] => return None,
            ["v1", "reservations", id] => Route::Reservation(id),
            ["v1", "reservations", id, "history"] => Route::History(id),
            ["v1", "reservations", id, "cancel"] => Route::Cancel(id),
            ["v1", "reservations", id, "launch"] => Route::Launch(id),
            _ => return None,
        })
    }

    fn methods(self) -> &'static [Method] {
        match self {
            Route::Health | Route::Products | Route::Reservation(_) | Route::History(_) => &[Method::GET, Method::HEAD],
            Route::Reservations => &[Method::GET, Method::HEAD, Method::POST],
            Route::Cancel(_) | Route::Launch(_) => &[Method::POST],
        }
    }

    /// The place in logs: without ids.
    fn name(self) -> &'static str {
        match self {
            Route::Health => "health",
            Route::Products => "products",
            Route::Reservations => "reservations",
            Route::Reservation(_) => "reservation",
            Route::History(_) => "history",
            Route::Cancel(_) => "cancel",
            Route::Launch(_) => "launch",
        }
    }
}

/// Answers a request and writes one line about it.
pub(crate) async fn answer(hub: &Hub<Vendors>, request: &Request, invocation: &Invocation) -> Response<Body> {
    let began = Instant::now();
    let place = Route::parse(path(request));
    let response = match place {
        Some(Route::Health) => health(request.method()),
        _ => admitted(hub, request, invocation, place).await,
    };
    let mut response = response.unwrap_or_else(answer::from_failure);
    if request.method() == Method::HEAD {
        *response.body_mut() = Body::Empty;
    }
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let place = place.map_or("unknown", Route::name);
    tracing::info!(place, method = %request.method(), status = response.status().as_u16(), milliseconds, "answered");
    response
}

/// Lambda's own path has no stage in front of it.
fn path(request: &Request) -> &str {
    match request.raw_http_path() {
        "" => request.uri().path(),
        raw => raw,
    }
}

fn health(method: &Method) -> HandlerResult {
    if !Route::Health.methods().contains(method) {
        return Ok(not_allowed(Route::Health));
    }
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Serves those who may call, at their pace.
async fn admitted(
    hub: &Hub<Vendors>,
    request: &Request,
    invocation: &Invocation,
    place: Option<Route<'_>>,
) -> HandlerResult {
    let client = match bearer(request.headers()) {
        Ok(token) => hub.access.authenticate(&token, hub.clock.now()).await?,
        Err(detail) => return Ok(unauthorized(detail)),
    };
    let Some(client) = client else { return Ok(unauthorized(INVALID_KEY)) };
    tracing::Span::current().record("client", client.id.as_str());
    if let Err(wait) = LIMITER.take(&client.id, hub.clock.now()) {
        return Ok(client_rate::refused(wait));
    }
    let context = RequestContext { hub, client: &client, request, invocation };
    match place {
        None => Err(Problem::new(kinds::NOT_FOUND).detail("The API has no such address.").into()),
        Some(place) => dispatch(&context, place).await,
    }
}

async fn dispatch(context: &RequestContext<'_>, place: Route<'_>) -> HandlerResult {
    let method = context.request.method();
    if !place.methods().contains(method) {
        return Ok(not_allowed(place));
    }
    match place {
        Route::Health => health(method),
        Route::Products => products::list(context).await,
        Route::Reservations if method == Method::POST => reserve::reserve(context).await,
        Route::Reservations => read::list(context).await,
        Route::Reservation(id) => read::get(context, id).await,
        Route::History(id) => read::history(context, id).await,
        Route::Cancel(id) => actions::cancel(context, id).await,
        Route::Launch(id) => actions::launch(context, id).await,
    }
}

const INVALID_KEY: &str = "Send `Authorization: Bearer thk_…` with a valid key.";

/// The token of `Authorization: Bearer …`, or why there is none; the scheme's case does
/// not matter.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<String, &'static str> {
    let value = gateway::joined(headers, "authorization").ok_or(INVALID_KEY)?;
    if value.contains(',') {
        return Err("The `Authorization` header came more than once: send it once.");
    }
    let (scheme, token) = value.split_once(' ').ok_or(INVALID_KEY)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim().to_owned()) } else { Err(INVALID_KEY) }
}

fn unauthorized(detail: &str) -> Response<Body> {
    let mut response = Problem::new(kinds::UNAUTHORIZED).detail(detail).into_response();
    answer::set(&mut response, "www-authenticate", "Bearer");
    response
}

fn not_allowed(place: Route<'_>) -> Response<Body> {
    let methods = place.methods().iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    Problem::method_not_allowed(&methods).into_response()
}

#[cfg(test)]
mod tests {
    use lambda_http::http::header;

    use super::*;

    #[test]
    fn a_path_leads_to_its_place_and_nothing_else_does() {
        let places = ["/v1/reservations", "/v1/reservations/res_1", "/v1/reservations/res_1/history", "/health"];
        let found: Vec<_> = places.into_iter().map(Route::parse).collect();
        let (list, one, history) = (Route::Reservations, Route::Reservation("res_1"), Route::History("res_1"));
        assert_eq!(found, [Some(list), Some(one), Some(history), Some(Route::Health)]);
        for path in [
            "",
            "/",
            "/v1",
            "/v1/reservations/",
            "/v1/reservations/res_1/launch/x",
            "/V1/products",
            "/v2/products",
            "//health",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }

    #[test]
    fn each_sample_event_leads_to_its_place() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let names = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("provision-");
        let samples: Vec<_> = files.filter(names).collect();
        assert!(!samples.is_empty());
        for sample in samples {
            let event = serde_json::from_str(&std::fs::read_to_string(&sample).unwrap()).unwrap();
            let request = gateway::request(event).unwrap();
            let place = Route::parse(path(&request)).unwrap();
            assert!(place.methods().contains(request.method()), "{}", sample.display());
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let response = not_allowed(Route::Reservations);
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET, HEAD, POST");
        assert_eq!(health(&Method::POST).unwrap().status(), 405);
        assert_eq!(health(&Method::HEAD).unwrap().status(), 200);
    }

    #[test]
    fn only_a_bearer_token_is_taken_and_only_one() {
        let with = |value: &str| bearer(&[(header::AUTHORIZATION, value.parse().unwrap())].into_iter().collect());
        assert_eq!(with("Bearer thk_live_x"), Ok("thk_live_x".to_owned()));
        assert_eq!(with("bearer  thk_live_x "), Ok("thk_live_x".to_owned()));
        assert_eq!(with("Basic dXNlcg=="), Err(INVALID_KEY));
        assert_eq!(with("thk_live_x"), Err(INVALID_KEY));
        for twice in ["Bearer thk_live_x,Bearer thk_live_x", "Bearer a, Basic b", "Bearer a, b"] {
            assert!(with(twice).unwrap_err().contains("more than once"), "{twice}");
        }
    }

    #[test]
    fn an_unknown_caller_is_told_how_to_authenticate() {
        let response = unauthorized(INVALID_KEY);
        assert_eq!(
            (response.status().as_u16(), &response.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
    }
}
