use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Document {
    Document::parse(text.as_bytes()).unwrap()
}

#[test]
fn invalid_escapes_are_repaired_and_valid_ones_stay() {
    let document = read(r#"{"TestDate":"6\10\2024","a":"\"\\\/\u0041\n","b":"\u12","c":"\x"}"#);
    assert_eq!(document.text("TestDate").as_deref(), Some(r"6\10\2024"));
    assert_eq!(document.text("a").as_deref(), Some("\"\\/A"));
    assert_eq!((document.text("b").as_deref(), document.text("c").as_deref()), (Some(r"\u12"), Some(r"\x")));
}

#[test]
fn numbers_come_as_texts_or_as_numbers_and_empty_is_absent() {
    let document = read(r#"{"a":"4.5","b":4.5,"c":"","d":"n/a","e":null,"f":"NaN","g":[1]}"#);
    let numbers = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|key| document.number(key));
    assert_eq!(numbers, [Some(4.5), Some(4.5), None, None, None, None, None, None]);
}

#[test]
fn the_day_is_read_from_its_parts_first() {
    let june = Date::new(2024, 6, 10).ok();
    for text in [
        r#"{"TestDate":"1/2/2003","TestMonth":"6","TestDay":10,"TestYear":"2024"}"#,
        r#"{"TestDate":"6/10/2024"}"#,
        r#"{"TestDate":"6\\10\\2024","TestMonth":""}"#,
        r#"{"TestDate":"6\/10\/2024","TestMonth":"13","TestDay":"1","TestYear":"2024"}"#,
    ] {
        assert_eq!(read(text).test_date(), june, "{text}");
    }
    assert_eq!(read(r#"{"TestDate":"10.6.2024"}"#).test_date(), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
        Document::parse(&bytes);
        let document = serde_json::json!({ "TestDate": text, "TestYear": text, "TestDay": 1e300, "TestMonth": -1 });
        read(&document.to_string()).test_date();
    }

    #[test]
    fn what_looks_like_a_document_never_panics(like in r#"\{"[a-z\\"u0-9é]{0,20}":"[\\a-z0-9/"é]{0,40}"?\}?"#) {
        Document::parse(like.as_bytes());
    }

    #[test]
    fn repairing_leaves_valid_json_as_it_is(text in any::<String>()) {
        let valid = serde_json::json!({ "a": text }).to_string();
        prop_assert_eq!(repaired(&valid), valid);
    }
}
