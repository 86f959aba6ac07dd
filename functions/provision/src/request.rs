//! Parses the body of a request to reserve a test.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::runtime::problem::{Problem, kinds};
use shared_core::domain::json_pointer;
use shared_core::domain::order::Fault;
use shared_core::domain::sensitive::Sensitive;

use crate::pointer;

/// The longest body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A body of the right shape.
pub(crate) struct ParsedRequest {
    /// What is asked for.
    pub(crate) new: NewReservation,
    /// The body as it was sent.
    pub(crate) sent: Value,
}

/// What a client sends. The rules are not checked yet; `None` is absent or null.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(crate) struct NewReservation {
    pub(crate) vendor: String,
    pub(crate) product: String,
    pub(crate) account: Option<String>,
    pub(crate) candidate: NewCandidate,
    pub(crate) registration: Option<Map<Text>>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) return_url: Option<String>,
    pub(crate) expires_at: Option<String>,
    pub(crate) metadata: Option<Map<String>>,
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

impl NewReservation {
    /// Without the spaces around names, ids and what iTEP is told of a person.
    fn trimmed(mut self) -> Self {
        let candidate = &mut self.candidate;
        for text in [&mut candidate.external_id, &mut candidate.given_name, &mut candidate.family_name]
            .into_iter()
            .chain(&mut candidate.email)
            .chain(&mut candidate.birth_date)
            .chain(self.registration.iter_mut().flat_map(|map| map.0.values_mut()).map(|text| &mut text.0))
        {
            *text = text.expose().trim().into();
        }
        for text in [&mut self.vendor, &mut self.product]
            .into_iter()
            .chain(&mut self.account)
            .chain(self.groups.iter_mut().flatten())
            .chain(&mut self.return_url)
            .chain(&mut self.expires_at)
        {
            *text = text.trim().to_owned();
        }
        self
    }
}

/// A map. An empty array is one too: PHP writes an empty map so.
#[derive(Debug, Clone)]
pub(crate) struct Map<T>(pub(crate) BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Map<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for MapVisitor<T> {
            type Value = Map<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Map<T>, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(members)).map(Map)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Map<T>, A::Error> {
                match items.next_element::<IgnoredAny>()? {
                    None => Ok(Map(BTreeMap::new())),
                    Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
                }
            }
        }
        deserializer.deserialize_any(MapVisitor(PhantomData))
    }
}

/// A text that may be written as a number: then it is the number as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Text(pub(crate) Sensitive<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = <Box<RawValue>>::deserialize(deserializer)?;
        let met = match written.get().as_bytes() {
            [b'"', ..] => return serde_json::from_str(written.get()).map(Text).map_err(D::Error::custom),
            [b'-' | b'0'..=b'9', ..] => return Ok(Text(written.get().into())),
            [b'{', ..] => Unexpected::Map,
            [b'[', ..] => Unexpected::Seq,
            [b'n', ..] => Unexpected::Unit,
            word => Unexpected::Bool(word.starts_with(b"t")),
        };
        Err(D::Error::invalid_type(met, &"a string or a number"))
    }
}

/// Reads a body.
///
/// # Errors
/// 413 for a body that is too large, 400 for one of the wrong shape, with the
/// first fault.
pub(crate) fn parse(body: &[u8]) -> Result<ParsedRequest, Problem> {
    if body.len() > MAX_BODY {
        return Err(Problem::new(kinds::TOO_LARGE).detail(format!("The limit is {MAX_BODY} bytes.")));
    }
    // The gateway has decoded the body, and put U+FFFD for what was not UTF-8.
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let read = serde_json::from_str::<Value>(text).map_err(|error| syntax(&error));
    if text.contains('\u{fffd}') {
        return Err(not_utf8(read.ok().and_then(|sent| broken_text("#", &sent)).as_deref().unwrap_or("#")));
    }
    let sent = read.map_err(malformed)?;
    if let Some(pointer) = broken_text("#", &sent) {
        return Err(not_utf8(&pointer));
    }
    objects(&sent).map_err(malformed)?;
    let new = shape(text).map_err(malformed)?.trimmed();
    Ok(ParsedRequest { new, sent })
}

/// Where a document holds U+FFFD, in a name or a value: the first such place.
fn broken_text(pointer: &str, value: &Value) -> Option<String> {
    let is_broken = |text: &str| text.contains('\u{fffd}');
    match value {
        Value::String(text) => is_broken(text).then(|| pointer.to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| broken_text(&json_pointer::step(pointer, &i.to_string()), item)),
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let at = json_pointer::step(pointer, name);
            if is_broken(name) { Some(at) } else { broken_text(&at, value) }
        }),
        _ => None,
    }
}

fn not_utf8(pointer: &str) -> Problem {
    let fault = Fault::new(pointer, "is not valid UTF-8: send UTF-8");
    Problem::new(kinds::MALFORMED).detail("The body is not UTF-8: send UTF-8.").errors(vec![fault])
}

/// A reader of structures takes arrays for them; the API does not.
fn objects(document: &Value) -> Result<(), Fault> {
    let (pointer, value) = match document.get("candidate") {
        Some(candidate) if document.is_object() => ("#/candidate", candidate),
        _ => ("#", document),
    };
    let is_array = value.is_array().then(|| Fault::new(pointer, "invalid type: array, expected an object"));
    is_array.map_or(Ok(()), Err)
}

fn shape(text: &str) -> Result<NewReservation, Fault> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer::from_path(error.path());
        let text = error.into_inner().to_string();
        Fault::new(pointer, in_words_of_json(text.rsplit_once(" at line ").map_or(&text, |(fault, _)| fault)))
    })
}

fn syntax(error: &serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    let what = if error.is_eof() { "ends too early" } else { "is not JSON" };
    Fault::new("#", format!("{what}: line {line}, column {column}"))
}

/// What a reader says of a wrong shape, in JSON's words, and without the value that it
/// met: it may be somebody's name.
fn in_words_of_json(text: &str) -> String {
    let parts = text.split_once(": ").and_then(|(fault, rest)| Some((fault, rest.rsplit_once(", expected ")?)));
    match parts {
        Some((fault @ ("invalid type" | "invalid value"), (met, expected))) => {
            let kind = match met.split(['`', '"']).next().unwrap_or_default().trim_end() {
                "map" => "object",
                "sequence" => "array",
                "integer" | "floating point" => "number",
                "unit" => "null",
                kind => kind,
            };
            let expected = if expected == "a sequence" { "an array" } else { expected };
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
        let problem = fixtures::body(&parse(body.as_bytes()).err().unwrap().into_response());
        let fault = &problem["errors"][0];
        format!("{}: {}", fault["pointer"].as_str().unwrap(), fault["detail"].as_str().unwrap())
    }

    fn changed(from: &str, to: &str) -> String {
        let body = fixtures::ITEP_REQUEST.replacen(from, to, 1);
        assert_ne!(body, fixtures::ITEP_REQUEST, "{from} is not in the request");
        body
    }

    #[test]
    fn the_documented_request_reads() {
        let asked = parse(fixtures::ITEP_REQUEST.as_bytes()).ok().unwrap();
        assert_eq!((asked.new.vendor.as_str(), asked.new.product.as_str()), ("itep", "GTX-Academic-Plus"));
        assert_eq!(asked.new.metadata.unwrap().0["order"], "42");
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
            changed("\"Los Angeles\"", "[]"),
            changed("{ \"City\": \"Los Angeles\" }", "[1]"),
            changed("{ \"order\": \"42\" }", "true"),
            changed("{ \"order\": \"42\" }", "{ \"order\": {} }"),
            changed("\"groups\": []", "\"groups\": {}"),
            changed("\"account\": \"default\"", "\"account\": []"),
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
            assert_eq!(parse(array.to_string().as_bytes()).err().unwrap().into_response().status(), 400, "{array}");
        }
    }

    #[test]
    fn registration_takes_numbers_as_texts_just_as_they_are_written() {
        let text = |json: &str| serde_json::from_str::<Text>(json).unwrap().0.into_inner();
        for number in ["7", "-7", "1.50", "12345678901234567890123", "1e5"] {
            assert_eq!(text(number), number);
        }
        assert_eq!(text("\"7\""), "7");
    }

    #[test]
    fn text_that_was_broken_on_its_way_is_refused_and_its_place_named() {
        let latin1 = |text: &str, byte: u8| {
            let body = fixtures::ITEP_REQUEST.replacen(text, "\u{1}", 1);
            body.into_bytes().into_iter().map(|b| if b == 1 { byte } else { b }).collect::<Vec<_>>()
        };
        let bodies = [
            (latin1("Mary", 0xe9), "#/candidate/given_name"),
            (changed("Mary", "Ren\u{fffd}").into_bytes(), "#/candidate/given_name"),
            (changed("Mary", "Ren\\ufffd").into_bytes(), "#/candidate/given_name"),
            (changed("City", "Citt\u{fffd}").into_bytes(), "#/registration/Citt%EF%BF%BD"),
            (changed("\"groups\": []", "\"groups\": [\"a\", \"\u{fffd}\"]").into_bytes(), "#/groups/1"),
            (latin1("\"itep\"", 0xe9), "#"),
        ];
        for (body, pointer) in bodies {
            let problem = fixtures::body(&parse(&body).err().unwrap().into_response());
            assert_eq!((&problem["status"], &problem["errors"][0]["pointer"]), (&json!(400), &json!(pointer)));
            assert!(problem["detail"].as_str().unwrap().contains("send UTF-8"), "{problem}");
        }
    }

    #[test]
    fn what_stands_around_a_text_or_before_the_body_does_not_count() {
        let body = changed("\"Mary\"", "\" Mary\\u00a0\"").replacen("{ \"order\": \"42\" }", "[]", 1);
        let asked = parse(format!("\u{feff}{body}").as_bytes()).ok().unwrap();
        assert_eq!(asked.new.candidate.given_name.expose(), "Mary");
        assert!(asked.new.metadata.unwrap().0.is_empty());
    }

    #[test]
    fn a_body_may_have_64_kib_and_no_more() {
        let padded =
            |size: usize| format!("{}{}", fixtures::ITEP_REQUEST, " ".repeat(size - fixtures::ITEP_REQUEST.len()));
        assert!(parse(padded(MAX_BODY).as_bytes()).is_ok());
        let problem = parse(padded(MAX_BODY + 1).as_bytes()).err().unwrap();
        assert_eq!(problem.into_response().status(), 413);
    }

    #[test]
    fn nothing_of_a_candidate_is_printed() {
        let printed = format!("{:?}", parse(fixtures::ITEP_REQUEST.as_bytes()).ok().unwrap().new);
        for canary in ["Mary", "Poppins", "mary@", "1990", "c-1001", "Los Angeles"] {
            assert!(!printed.contains(canary), "{canary}");
        }
    }
}
