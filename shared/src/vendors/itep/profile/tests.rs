use super::*;

const PROFILE: &str = include_str!("../samples/profile.json");

fn lacks(edit: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(PROFILE).unwrap();
    edit(&mut value);
    Profile::parse(&value.to_string()).unwrap_err().what
}

#[test]
fn a_whole_profile_is_usable() {
    let profile = Profile::parse(PROFILE).unwrap();
    assert_eq!((profile.track.as_str(), profile.default_expiry_days, profile.low_stock), ("RC", 60, 10));
    assert_eq!(profile.get.as_ref().map(|s| s.header.as_str()), Some("x-sim-get"));
    assert_eq!(profile.send.as_ref().map(|s| s.encoding), Some(Encoding::Base64));
    assert_eq!(profile.sells("STX-Academic-Plus"), Some(ProductKind::Send));
    assert_eq!(profile.sells("GTX-Business-Core"), None);
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let error = Profile::parse(r#"{"products":["GTX-Academic-Plus"],"get":{"header":""},"answer":{}}"#).unwrap_err();
    insta::assert_snapshot!(error, @"the profile lacks api_key, track, nested_json, get.header, get.encoding, answer.test_id");
}

#[test]
fn repeating_needs_to_know_how_a_repetition_is_refused() {
    let what = lacks(|p| {
        p["resend_identical"] = true.into();
        p["answer"]["replay_if"] = serde_json::json!([]);
    });
    assert!(what.contains("answer.replay_if"), "{what}");
}

#[test]
fn only_the_signatures_that_the_products_need_must_be_there() {
    let mut value: Value = serde_json::from_str(PROFILE).unwrap();
    value["products"] = serde_json::json!(["GTX-Academic-Plus"]);
    value.as_object_mut().unwrap().remove("send");
    assert!(Profile::parse(&value.to_string()).is_ok());
}

#[test]
fn what_is_wrong_is_named_without_its_value() {
    let what = lacks(|p| {
        p["api_key"] = serde_json::json!(["canary"]);
        p["get"]["header"] = "not a header".into();
        p["send"]["encoding"] = "base32".into();
        p["nested_json"] = "both".into();
        p["url"] = "canary".into();
        p["default_expiry_days"] = 0.into();
    });
    insta::assert_snapshot!(what, @"api_key must be a string; url must be an absolute https URL without user information (http only for loopback hosts); default_expiry_days must be a whole number from 1 to 3650; nested_json must be `object` or `string`; get.header must be the name of an HTTP header; send.encoding must be `hex` or `base64`");
}

#[test]
fn a_matcher_that_would_match_too_much_is_refused() {
    for matcher in [r#"{}"#, r#"{"statos":422}"#, r#"{"equals":1}"#, r#"{"status":"422"}"#, r#"{"contains":""}"#] {
        let matcher: Value = serde_json::from_str(matcher).unwrap();
        let what = lacks(|p| p["answer"]["refused_if"] = Value::Array(vec![matcher.clone()]));
        assert!(what.starts_with("answer.refused_if must be"), "{matcher}: {what}");
    }
}

#[test]
fn a_profile_that_is_no_json_is_said_to_be_none() {
    let error = Profile::parse("{\"api_key\": canary").unwrap_err();
    insta::assert_snapshot!(error, @"the profile is not JSON: line 1, column 13");
    assert!(Profile::parse("[]").is_err());
}

#[test]
fn all_given_conditions_of_a_matcher_must_hold() {
    let of = |text: &str| Matcher::parse(&serde_json::from_str(text).unwrap()).unwrap();
    let json: Value = serde_json::from_str(r#"{"error":"Invalid Gender","n":{"a":1},"nil":null}"#).unwrap();
    let fits = |matcher: &str, status| of(matcher).fits(status, Some(&json), &json.to_string());
    assert!(fits(r#"{"status":422,"pointer":"/error","contains":"Gender"}"#, 422));
    assert!(!fits(r#"{"status":422,"pointer":"/error","contains":"Gender"}"#, 400));
    assert!(!fits(r#"{"pointer":"/error","contains":"gender"}"#, 422));
    assert!(fits(r#"{"pointer":"/n","contains":"\"a\":1"}"#, 200));
    assert!(fits(r#"{"contains":"Invalid"}"#, 200));
    assert!(fits(r#"{"pointer":"/nil","equals":null}"#, 200));
    assert!(!fits(r#"{"pointer":"/nil"}"#, 200));
    assert!(!fits(r#"{"pointer":"/none"}"#, 200));
}
