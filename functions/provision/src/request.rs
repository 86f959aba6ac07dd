//! A request to reserve a test: from bytes to a document of the right shape.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::Value;
use shared::core::domain::ids::Digest;
use shared::core::domain::order::Fault;
use shared::core::domain::sensitive::Sensitive;
use shared::lambda::problem::{Problem, kinds};

use crate::{fingerprint, pointer};

/// The longest body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A body of the right shape, and its fingerprint.
pub(crate) struct Asked {
    /// What is asked for.
    pub(crate) new: NewReservation,
    /// The digest of the body's canonical form.
    pub(crate) fingerprint: Digest,
}

/// What a client sends. The rules are not checked yet; `None` is absent or null.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewReservation {
    pub(crate) vendor: String,
    pub(crate) product: String,
    pub(crate) account: Option<String>,
    pub(crate) candidate: NewCandidate,
    pub(crate) registration: Option<BTreeMap<String, Text>>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) return_url: Option<String>,
    pub(crate) expires_at: Option<String>,
    pub(crate) metadata: Option<BTreeMap<String, String>>,
}

/// The candidate in a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewCandidate {
    pub(crate) external_id: Sensitive<String>,
    pub(crate) given_name: Sensitive<String>,
    pub(crate) family_name: Sensitive<String>,
    pub(crate) email: Option<Sensitive<String>>,
    pub(crate) birth_date: Option<Sensitive<String>>,
}

/// A text that may be written as a number.
#[derive(Debug, Clone)]
pub(crate) struct Text(pub(crate) Sensitive<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.into()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(Sensitive::new(number.to_string())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(Sensitive::new(number.to_string())))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Text, E> {
                let number = serde_json::Number::from_f64(number).ok_or_else(|| E::custom("a number out of range"))?;
                Ok(Text(Sensitive::new(number.to_string())))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Reads a body.
///
/// # Errors
/// 413 for a body that is too large, 400 for one of the wrong shape, with the
/// first fault.
pub(crate) fn read(body: &[u8]) -> Result<Asked, Problem> {
    if body.len() > MAX_BODY {
        return Err(Problem::new(kinds::TOO_LARGE).detail(format!("The limit is {MAX_BODY} bytes.")));
    }
    let new = shape(body).map_err(malformed)?;
    let document: Value = serde_json::from_slice(body).map_err(|e| malformed(Fault::new("#", e.to_string())))?;
    objects(&document).map_err(malformed)?;
    Ok(Asked { new, fingerprint: fingerprint::of(&document) })
}

/// A reader of structures takes arrays for them; the API does not.
fn objects(document: &Value) -> Result<(), Fault> {
    let candidate = document.get("candidate").filter(|candidate| candidate.is_object());
    let pointer = if document.is_object() { "#/candidate" } else { "#" };
    candidate.map(drop).ok_or_else(|| Fault::new(pointer, "invalid type: array, expected an object"))
}

fn shape(body: &[u8]) -> Result<NewReservation, Fault> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let new = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer::of_path(error.path());
        Fault::new(pointer, without_value(&error.into_inner().to_string()))
    })?;
    reader.end().map_err(|error| Fault::new("#", error.to_string()))?;
    Ok(new)
}

/// What a reader says of a wrong shape, without the value that it met: it may be
/// somebody's name.
fn without_value(text: &str) -> String {
    let parts = text.split_once(": ").and_then(|(fault, rest)| Some((fault, rest.rsplit_once(", expected ")?)));
    match parts {
        Some((fault @ ("invalid type" | "invalid value"), (met, expected))) => {
            let kind = met.split(['`', '"']).next().unwrap_or_default().trim_end();
            format!("{fault}: {kind}, expected {expected}")
        }
        _ => text.to_owned(),
    }
}

fn malformed(fault: Fault) -> Problem {
    Problem::new(kinds::MALFORMED).detail("The body is not JSON of the documented shape.").errors(vec![fault])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures;

    fn fault(body: &str) -> String {
        let fault = shape(body.as_bytes()).err().unwrap();
        format!("{}: {}", fault.pointer, fault.detail)
    }

    fn changed(from: &str, to: &str) -> String {
        let body = fixtures::ITEP_REQUEST.replacen(from, to, 1);
        assert_ne!(body, fixtures::ITEP_REQUEST, "{from} is not in the request");
        body
    }

    #[test]
    fn the_documented_request_reads() {
        let asked = read(fixtures::ITEP_REQUEST.as_bytes()).ok().unwrap();
        assert_eq!((asked.new.vendor.as_str(), asked.new.product.as_str()), ("itep", "GTX-Academic-Plus"));
        assert_eq!(asked.new.metadata.unwrap()["order"], "42");
    }

    #[test]
    fn a_body_of_the_wrong_shape_names_its_first_fault_and_where_it_is() {
        let bodies = [
            "{".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            changed("\"Mary\"", "5"),
            changed("\"given_name\"", "\"givenname\""),
            changed("\"groups\": []", "\"groups\": [\"a\", 5]"),
            changed("\"Los Angeles\"", "null"),
            changed("\"product\"", "\"vendor\""),
            format!("{} x", fixtures::ITEP_REQUEST),
        ];
        insta::assert_snapshot!(bodies.map(|body| fault(&body)).join("\n"));
    }

    #[test]
    fn a_fault_does_not_quote_the_value_that_it_is_about() {
        for value in ["5", "-5.5", "true", "\"Mary, expected `Poppins`\""] {
            let fault = fault(&changed("\"groups\": []", &format!("\"groups\": {value}")));
            let quotes = ["5,", "true", "Mary", "Poppins"].iter().any(|part| fault.contains(part));
            assert!(fault.starts_with("#/groups: invalid type: ") && !quotes, "{fault}");
        }
    }

    #[test]
    fn an_array_is_no_object_whatever_is_in_it() {
        let candidate = json!(["c-1001", "Mary", "Poppins", null, null]);
        let document = json!({ "vendor": "itep", "product": "GTX", "candidate": candidate });
        let body = json!(["itep", "GTX", null, candidate, null, null, null, null, null]);
        for array in [document, body] {
            assert_eq!(read(array.to_string().as_bytes()).err().unwrap().into_response().status(), 400, "{array}");
        }
    }

    #[test]
    fn registration_takes_numbers_as_texts() {
        let text = |json: &str| serde_json::from_str::<Text>(json).unwrap().0.into_inner();
        assert_eq!([text("7"), text("-7"), text("1.5"), text("\"7\"")], ["7", "-7", "1.5", "7"]);
    }

    #[test]
    fn a_body_may_have_64_kib_and_no_more() {
        let padded =
            |size: usize| format!("{}{}", fixtures::ITEP_REQUEST, " ".repeat(size - fixtures::ITEP_REQUEST.len()));
        assert!(read(padded(MAX_BODY).as_bytes()).is_ok());
        let problem = read(padded(MAX_BODY + 1).as_bytes()).err().unwrap();
        assert_eq!(problem.into_response().status(), 413);
    }

    #[test]
    fn nothing_of_a_candidate_is_printed() {
        let printed = format!("{:?}", read(fixtures::ITEP_REQUEST.as_bytes()).ok().unwrap().new);
        for canary in ["Mary", "Poppins", "mary@", "1990", "c-1001", "Los Angeles"] {
            assert!(!printed.contains(canary), "{canary}");
        }
    }
}
