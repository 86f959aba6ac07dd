use shared_core::domain::ids::Vendor;

use super::*;
use crate::vendors::testing::{TestSecrets, account};

fn inbound(auth: &str) -> WebhookAuth {
    let auth = format!(r#"{{"inbound":{{"tokens":["new","old"],"auth":{auth}}}}}"#);
    WebhookAuth::parse(&auth).unwrap()
}

fn admit(inbound: &WebhookAuth, token: &str, headers: &[(&str, &str)]) -> AuthOutcome {
    let webhook = "receipt-1".parse().unwrap();
    inbound.authenticate(&webhook, &SenderCredentials::new(&webhook, token, headers.iter().copied()))
}

fn header<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("accept", "*/*"), (name, value)]
}

#[test]
fn each_of_the_listed_tokens_is_valid_and_no_other() {
    let inbound = inbound("[]");
    assert_eq!(admit(&inbound, "new", &[]), AuthOutcome::Verified);
    assert_eq!(admit(&inbound, "old", &[]), AuthOutcome::Verified);
    assert_eq!(admit(&inbound, "older", &[]), AuthOutcome::WrongToken);
    assert_eq!(admit(&inbound, "", &[]), AuthOutcome::WrongToken);
}

#[test]
fn any_one_of_the_second_credentials_is_enough() {
    let auth =
        r#"[{"basic":{"user":"itep","password":"pa:ss"}},{"bearer":"b"},{"header":{"name":"X-Key","value":"v"}}]"#;
    let inbound = inbound(auth);
    for right in
        [header("Authorization", "Basic aXRlcDpwYTpzcw=="), header("authorization", "bearer  b "), header("x-key", "v")]
    {
        assert_eq!(admit(&inbound, "new", &right), AuthOutcome::Verified);
    }
    for wrong in [header("Authorization", "Bearer aXRlcDpwYTpzcw=="), header("X-Other", "v"), Vec::new()] {
        assert_eq!(admit(&inbound, "new", &wrong), AuthOutcome::WrongCredential);
        assert_eq!(admit(&inbound, "no", &wrong), AuthOutcome::WrongToken);
    }
}

#[test]
fn a_credential_that_cannot_be_read_lets_nobody_in() {
    for auth in [r#"[{"barer":"b"}]"#, r#"[{"bearer":""}]"#, r#"[{"basic":{"user":"u"}}]"#, r#""none""#] {
        let profile = format!(r#"{{"inbound":{{"tokens":["t"],"auth":{auth}}}}}"#);
        assert!(WebhookAuth::parse(&profile).is_err(), "{auth}");
    }
    assert!(WebhookAuth::parse(r#"{"inbound":{"tokens":[]}}"#).is_err());
    assert!(WebhookAuth::parse(r#"{"inbound":{"tokens":[""]}}"#).is_err());
}

#[tokio::test]
async fn a_sender_is_authenticated_by_a_profile_that_cannot_buy() {
    let (account, id) = (account(Vendor::Itep), "receipt-1".parse().unwrap());
    let presented = SenderCredentials::new(&id, "t", []);
    let secrets = TestSecrets::with("hub/itep/default", r#"{"inbound":{"tokens":["t"]}}"#);
    let outcome = async |secrets: &TestSecrets| authenticate(secrets, &account, &id, &presented).await;
    assert_eq!(outcome(&secrets).await.unwrap(), AuthOutcome::Verified);
    assert_eq!(outcome(&TestSecrets::default()).await.unwrap(), AuthOutcome::WrongToken, "there is no such account");
    let down = outcome(&TestSecrets::with("down", "")).await;
    assert!(matches!(down, Err(WebhookAuthError::Unreachable(_))));
}

#[test]
fn secrets_do_not_show_when_printed() {
    let printed = format!("{:?}", inbound(r#"[{"bearer":"canary"}]"#));
    assert!(!printed.contains("canary") && !printed.contains("new"), "{printed}");
}
