use serde_json::{Value, json};

use super::*;
use crate::fixtures::{self, NOW};

fn accounts(itep: &[&str]) -> Accounts {
    [(Vendor::Itep, itep.iter().map(|name| name.parse().unwrap()).collect())].into()
}

fn request(change: impl FnOnce(&mut Value)) -> NewReservation {
    let mut request = serde_json::from_str(fixtures::ITEP_REQUEST).unwrap();
    change(&mut request);
    serde_json::from_value(request).unwrap()
}

fn checked(change: impl FnOnce(&mut Value)) -> Result<ValidRequest, (String, Vec<String>)> {
    check(request(change), &accounts(&["default"]), NOW.parse().unwrap()).map_err(told)
}

/// The last part of a problem's type, and the pointers of its errors.
fn told(problem: Problem) -> (String, Vec<String>) {
    let problem = fixtures::body(&problem.into_response());
    let kind = problem["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    (kind, errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect())
}

fn invalid(pointers: &[&str]) -> (String, Vec<String>) {
    ("invalid-request".to_owned(), pointers.iter().map(|pointer| (*pointer).to_owned()).collect())
}

#[test]
fn the_documented_request_keeps_the_rules() {
    let checked = checked(|_| {}).unwrap();
    assert_eq!(checked.account.to_string(), "itep#default");
    assert_eq!(checked.expires_at, Some("2027-01-31T00:00:00Z".parse().unwrap()));
    assert_eq!(checked.candidate.birth_date.map(Sensitive::into_inner), Some("1990-07-08".parse().unwrap()));
}

#[test]
fn a_body_that_breaks_rules_is_told_all_of_them() {
    let told = checked(|r| {
        r["vendor"] = json!("etip");
        r["candidate"]["given_name"] = json!("");
        r["candidate"]["email"] = json!("mary");
        r["candidate"]["birth_date"] = json!("08/07/1990");
        r["return_url"] = json!("/back");
        r["expires_at"] = json!("tomorrow");
        r["metadata"]["a/b"] = json!("x".repeat(501));
    });
    let pointers = [
        "#/candidate/given_name",
        "#/candidate/email",
        "#/candidate/birth_date",
        "#/return_url",
        "#/expires_at",
        "#/metadata/a~1b",
        "#/vendor",
    ];
    assert_eq!(told.unwrap_err(), invalid(&pointers));
}

#[test]
fn each_text_has_its_bounds() {
    let cases: [(&str, usize); 4] = [
        ("/product", 200),
        ("/candidate/external_id", 128),
        ("/candidate/given_name", 100),
        ("/candidate/family_name", 100),
    ];
    for (at, max) in cases {
        let with = |text: String| checked(|r| *r.pointer_mut(at).unwrap() = json!(text));
        assert!(with("ä".repeat(max)).is_ok(), "{at}");
        for text in [String::new(), " ".to_owned(), "ä".repeat(max + 1), "a\u{7}b".to_owned(), "a\nb".to_owned()] {
            assert_eq!(with(text.clone()).unwrap_err(), invalid(&[&format!("#{at}")]), "{text:?}");
        }
    }
}

#[test]
fn emails_are_plausible_or_refused() {
    for email in ["mary@example.com", "m.p+test@mail.example.co.uk", "märy@exämple.de"] {
        assert!(is_email(email), "{email}");
    }
    let long = format!("{}@example.com", "m".repeat(243));
    for email in ["", "mary", "@example.com", "mary@", "mary@local", "m@a@b.c", "mary @b.c", "a@b..c", &long, "<a@b.c>"]
    {
        assert!(!is_email(email), "{email}");
    }
}

#[test]
fn birth_dates_are_iso_days_of_the_past() {
    let with = |date: &str| checked(|r| r["candidate"]["birth_date"] = json!(date)).is_ok();
    assert!(with("1900-01-01") && with("2026-11-22"));
    for date in ["1899-12-31", "2026-11-23", "1990-02-30", "19900708", "1990-7-8", "1990-07-08T00:00:00", ""] {
        assert!(!with(date), "{date}");
    }
}

#[test]
fn an_expiry_lies_in_the_future_and_within_two_years() {
    let with = |time: &str| checked(|r| r["expires_at"] = json!(time)).is_ok();
    assert!(with("2026-11-23T12:00:01Z") && with("2028-11-23T12:00:00Z") && with("2026-11-24T00:00:00+02:00"));
    for time in ["2026-11-23T12:00:00Z", "2029-01-01T00:00:00Z", "2027-01-31", "2027-01-31T00:00:00", ""] {
        assert!(!with(time), "{time}");
    }
}

#[test]
fn maps_and_lists_are_bounded() {
    let map = |n: usize| Value::Object((0..n).map(|i| (format!("k{i}"), json!("v"))).collect());
    assert!(checked(|r| (r["metadata"], r["registration"]) = (map(50), map(50))).is_ok());
    let told = checked(|r| {
        (r["metadata"], r["registration"]) = (map(51), map(51));
        r["groups"] = json!(vec!["g"; 51]);
    });
    assert_eq!(told.unwrap_err(), invalid(&["#/registration", "#/groups", "#/metadata"]));
    let told = checked(|r| r["metadata"] = json!({ "k".repeat(41): "v" }));
    assert_eq!(told.unwrap_err(), invalid(&[&format!("#/metadata/{}", "k".repeat(41))]));
    assert_eq!(checked(|r| r["groups"] = json!(["a", ""])).unwrap_err(), invalid(&["#/groups/1"]));
}

#[test]
fn a_return_url_is_an_absolute_web_address() {
    let with = |url: &str| checked(|r| r["return_url"] = json!(url)).is_ok();
    assert!(with("https://example.com/back?a=b") && with("http://127.0.0.1:8080"));
    let long = format!("https://example.com/{}", "x".repeat(2000));
    for url in [
        "/back",
        "ftp://example.com",
        "https://",
        "javascript:alert(1)",
        "https://a b/",
        "https://u:p@a.example",
        &long,
    ] {
        assert!(!with(url), "{url}");
    }
}

#[test]
fn an_account_that_is_not_named_is_the_default_or_the_only_one() {
    let choose = |named: Option<&str>, own: &[&str]| {
        account(Vendor::Itep, named, &accounts(own)).map(|account| account.name.to_string()).ok()
    };
    assert_eq!(choose(None, &["a", "default"]), Some("default".to_owned()));
    assert_eq!(choose(None, &["a"]), Some("a".to_owned()));
    assert_eq!(choose(None, &["a", "b"]), None);
    assert_eq!(choose(None, &[]), None);
    assert_eq!(choose(Some("b"), &["a", "b"]), Some("b".to_owned()));
    assert_eq!(choose(Some("c"), &["a", "b"]), None);
}

#[test]
fn an_account_of_somebody_elses_is_unknown() {
    let told = checked(|r| r["account"] = json!("other")).unwrap_err();
    assert_eq!(told, ("unknown-account".to_owned(), vec!["#/account".to_owned()]));
    let told = checked(|r| r["vendor"] = json!("truenorth")).unwrap_err();
    assert_eq!(told, ("unknown-account".to_owned(), vec!["#/account".to_owned()]));
}
