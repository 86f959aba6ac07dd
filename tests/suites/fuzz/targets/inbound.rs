//! Who sends to the webhooks, and the profiles that say who may.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::RequestExt;
use serde_json::{Value, json};
use shared::runtime::webhook;
use shared::vendors::bounds::WEBHOOK_BODY_MAX;
use shared::vendors::webhook_auth::WebhookAuth;
use shared::vendors::{itep, truenorth};
use shared_core::ports::AuthOutcome;

use crate::wire::RawRequest;

const TOKENS: [&str; 2] = ["right-token", "older~token"];

/// A request to a webhook's address: its path, its headers and its body.
pub(crate) fn senders(input: &[u8]) {
    let Some(raw) = RawRequest::read(input) else { return };
    let Some(request) = raw.lambda() else { return };
    let receipt = "fuzzed".parse().expect("a receipt's id");
    let Ok(delivery) = webhook::parse(&request, &receipt) else { return };
    assert!(raw.method == "POST" && delivery.body == raw.body && delivery.body.len() <= WEBHOOK_BODY_MAX);
    assert!(delivery.credentials.headers.len() <= 40);
    let token = request.raw_http_path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let kept = serde_json::to_string(&delivery.credentials).expect("JSON");
    assert!(token.len() < 12 || !kept.contains(token), "a token is kept in clear");
    let is_token = TOKENS.contains(&token);
    let any = rules(json!([])).authenticate(&receipt, &delivery.credentials);
    assert_eq!(any, if is_token { AuthOutcome::Verified } else { AuthOutcome::WrongToken });
    let strict = json!([{ "basic": { "user": "itep", "password": "pass:word" } }, { "bearer": "s3cret" },
        { "header": { "name": "X-Hub-Key", "value": "v4lue" } }]);
    let outcome = rules(strict).authenticate(&receipt, &delivery.credentials);
    assert_eq!(outcome == AuthOutcome::WrongToken, !is_token);
    let headers: Vec<_> =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    if headers.len() <= 40 {
        assert_eq!(outcome == AuthOutcome::Verified, is_token && headers.iter().any(proves));
    }
}

fn rules(auth: Value) -> WebhookAuth {
    let profile = json!({ "inbound": { "tokens": TOKENS, "auth": auth } });
    WebhookAuth::parse(&profile.to_string()).expect("rules")
}

/// The rule of the second credential, in other words than the hub's.
fn proves((name, value): &(&str, &str)) -> bool {
    let value = value.trim();
    if name.eq_ignore_ascii_case("x-hub-key") {
        return value == "v4lue";
    }
    let Some((scheme, rest)) = value.split_once(' ').filter(|_| name.eq_ignore_ascii_case("authorization")) else {
        return false;
    };
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => rest.trim() == STANDARD.encode("itep:pass:word"),
        "bearer" => rest.trim() == "s3cret",
        _ => false,
    }
}

/// A profile: what is accepted is complete, and what is refused is not quoted.
pub(crate) fn profiles(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (itep, truenorth) = (itep::profile::Profile::parse(&text), truenorth::profile::Profile::parse(&text));
    let inbound = WebhookAuth::parse(&text);
    let document: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let is_given = |pointer| document.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if let Ok(profile) = &itep {
        assert!(is_given("/api_key") && is_given("/track") && !profile.products.is_empty());
        assert!(!profile.answer.test_id.is_empty() && (1..=3650).contains(&profile.default_expiry_days));
    }
    assert!(truenorth.is_err() || is_given("/api_key"));
    let printed = format!("{itep:?} {truenorth:?} {inbound:?}");
    let mut secrets = Vec::new();
    gather(&document, &mut secrets);
    let is_only_secret = |secret: &&String| text.matches(secret.as_str()).count() == 1;
    let quoted = secrets.iter().filter(is_only_secret).find(|secret| printed.contains(secret.as_str()));
    assert_eq!(quoted, None, "a secret is printed: {printed}");
}

/// The profile's own secrets, where they are long enough to be told from other text.
fn gather(document: &Value, secrets: &mut Vec<String>) {
    let lists = ["/inbound/tokens"].iter().filter_map(|at| document.pointer(at)?.as_array()).flatten();
    let single = ["/api_key", "/bcc"].iter().filter_map(|at| document.pointer(at));
    let texts = lists.chain(single).filter_map(Value::as_str).filter(|text| text.contains("S3CRET"));
    secrets.extend(texts.map(str::to_owned));
}
