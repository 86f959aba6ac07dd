use proptest::prelude::*;
use serde_json::json;

use super::*;
use shared_core::domain::test_result::Skill;

#[test]
fn what_is_certain_is_read() {
    for (value, expected) in [
        (json!(7.5), 7.5),
        (json!("7.5"), 7.5),
        (json!("3,5"), 3.5),
        (json!(" 4 "), 4.0),
        (json!("\u{a0}4.0\t"), 4.0),
        (json!("+4,25"), 4.25),
        (json!(".5"), 0.5),
        (json!("6,"), 6.0),
        (json!("4.500"), 4.5),
        (json!("825,00"), 825.0),
        (json!(-0.0), 0.0),
    ] {
        let read = number(Some(&value));
        assert_eq!(read.map(|n| n.map(f64::to_bits)), Ok(Some(f64::to_bits(expected))), "{value}");
    }
}

#[test]
fn what_is_not_certain_is_not_guessed() {
    for text in [
        "1,234", "1.234,5", "1,2,3", "3 5", "3, 5", "inf", "-inf", "NaN", "infinity", "*", "-", "n/a", "4.5e0",
        "1.24E+13", "٣٫٥", "३.५", "４.５", "−1", "0x4", "72%", ".", "+", "--1", "1'000", "1e400", "5 of 6", "\"3.5\"",
    ] {
        assert_eq!(number(Some(&json!(text))), Err(Uncertain), "{text}");
    }
    for value in [json!(true), json!({}), json!([4.5]), json!(1e-300), json!(1e300), json!("4.5\u{feff}")] {
        assert_eq!(number(Some(&value)), Err(Uncertain), "{value}");
    }
}

#[test]
fn nothing_is_absent() {
    for value in [json!(null), json!(""), json!(" \t\u{a0}")] {
        let mut reader = ScoreReader::default();
        assert_eq!(reader.number(ScoreField::Overall, Some(&value), None), None);
        assert_eq!(reader.cefr(ScoreField::Overall, Some(&value)), None);
        assert_eq!(reader.items(ScoreField::from(Skill::Reading), Some(&value)), None);
        reader.refuse(ScoreField::from(Skill::Writing), Some(&value));
        assert_eq!(reader.into_unreadable(), []);
    }
}

#[test]
fn a_score_beyond_its_bounds_is_named_once() {
    let mut reader = ScoreReader::default();
    for value in [10.5, -0.1] {
        assert_eq!(reader.number(ScoreField::Overall, Some(&json!(value)), Some((0.0, 10.0))), None);
    }
    assert_eq!(reader.number(ScoreField::Overall, Some(&json!(10)), Some((0.0, 10.0))), Some(10.0));
    assert_eq!(reader.into_unreadable(), [ScoreField::Overall]);
}

#[test]
fn items_are_whole_numbers_of_which_no_more_are_correct_than_there_are() {
    let read = |section: Value| {
        let mut reader = ScoreReader::default();
        let items = reader.items(ScoreField::from(Skill::Reading), Some(&section));
        (items, reader.into_unreadable().len())
    };
    assert_eq!(read(json!({ "correct": 13, "total": "20" })), (Some((Some(13), Some(20))), 0));
    assert_eq!(read(json!({ "correct": 0, "total": 0 })), (Some((None, None)), 0));
    assert_eq!(read(json!({ "total": 20.0 })), (Some((None, Some(20))), 0));
    for section in [
        json!({ "correct": 21, "total": 20 }),
        json!({ "correct": -1, "total": 20 }),
        json!({ "correct": 1.5, "total": 20 }),
        json!({ "correct": "many", "total": 20 }),
        json!({ "correct": 13, "total": true }),
        json!("13 of 20"),
        json!([13, 20]),
    ] {
        assert_eq!(read(section.clone()), (None, 1), "{section}");
    }
}

proptest! {
    #[test]
    fn a_text_is_read_as_the_number_that_it_writes_or_not_at_all(text in "[-+]?[0-9]{0,4}[.,]?[0-9]{0,4}") {
        if let Ok(Some(read)) = number(Some(&json!(text))) {
            prop_assert_eq!(Ok(read), text.replace(',', ".").parse());
        }
    }
}
