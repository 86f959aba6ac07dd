//! Who sends to the webhooks, and the profiles that say who may.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::core::domain::sensitive::Sensitive;
use shared::lambda::webhook;
use shared::vendors::inbound::{Admission, Inbound};
use shared::vendors::{itep, truenorth};

use crate::wire::RawRequest;

const TOKENS: [&str; 2] = ["right-token", "older~token"];

/// A request to a webhook's address: its path, its headers and its body.
pub(crate) fn senders(input: &[u8]) {
    let Some(raw) = RawRequest::read(input) else { return };
    let Some(request) = raw.lambda() else { return };
    let Ok(delivery) = webhook::read(&request) else { return };
    let (token, headers) = (delivery.proof.token.expose(), &delivery.proof.headers);
    assert!(raw.method == "POST" && delivery.body == raw.body && delivery.body.len() <= itep::webhook::BODY_MAX);
    assert!(headers.len() <= 40 && headers.iter().all(|(_, value)| value.expose().len() <= 1024));
    let printed = format!("{:?}", delivery.proof);
    assert!(token.len() < 12 || !printed.contains(token.as_str()), "a token is printed");
    let is_token = TOKENS.contains(&token.as_str());
    let any = rules(json!([])).admit(token, headers);
    assert_eq!(any, if is_token { Admission::Admitted } else { Admission::WrongToken });
    let strict = json!([{ "basic": { "user": "itep", "password": "pass:word" } }, { "bearer": "s3cret" },
        { "header": { "name": "X-Hub-Key", "value": "v4lue" } }]);
    let admission = rules(strict).admit(token, headers);
    assert_eq!(admission == Admission::WrongToken, !is_token);
    assert_eq!(admission == Admission::Admitted, is_token && headers.iter().any(proves));
}

fn rules(auth: Value) -> Inbound {
    let profile = json!({ "inbound": { "tokens": TOKENS, "auth": auth } });
    Inbound::parse(&profile.to_string()).expect("rules")
}

/// The rule of the second credential, in other words than the hub's.
fn proves((name, value): &(String, Sensitive<String>)) -> bool {
    let value = value.expose().trim();
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
    let inbound = Inbound::parse(&text);
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
