use shared_core::domain::candidate::Candidate;
use shared_core::domain::ids::{Fingerprint, Vendor};
use shared_core::domain::order::Order;
use shared_core::domain::reservation::{Evidence, HistoryEntry, Lease, Reservation, State, Unknown};
use shared_core::domain::sensitive::Sensitive;
use shared_core::domain::test_result::{Scale, Score, TestResult};
use test_support::fixtures::order_at;

use super::*;

const PERSONAL: [&str; 5] = ["c-1001", "Mary", "Poppins", "mary@example.com", "1990-07-08"];

fn order(vendor: Vendor) -> Order {
    let order = order_at(vendor, "order-42");
    let (email, birth_date) = ("mary@example.com".into(), Sensitive::new("1990-07-08".parse().unwrap()));
    Order {
        fingerprint: Fingerprint::new("order-42", "request"),
        candidate: order.candidate.map(|it| Candidate { email: Some(email), birth_date: Some(birth_date), ..it }),
        registration: [("City".to_owned(), "Los Angeles".into())].into(),
        expires_at: "2027-01-31T00:00:00Z".parse().unwrap(),
        metadata: [("order".to_owned(), "42".to_owned())].into(),
        ..order
    }
}

fn calling(vendor: Vendor) -> Reservation {
    let lease = Lease { holder: "invocation-1".to_owned(), until: "2026-11-23T12:01:30.0001Z".parse().unwrap() };
    Reservation::calling(order(vendor), lease, "2026-11-23T12:00:00.123456789Z".parse().unwrap())
}

fn stored(reservation: &Reservation) -> Attributes {
    ReservationItem::encode(reservation, "write-1".to_owned()).unwrap()
}

/// An item as JSON, in a settled order.
fn plain(item: &Attributes) -> serde_json::Value {
    serde_dynamo::from_item(item.clone()).unwrap()
}

fn text<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    item.get(name).map(|value| value.as_s().unwrap().as_str())
}

#[test]
fn a_reservation_is_stored_in_this_form() {
    let mut reservation = calling(Vendor::Itep);
    let evidence = Evidence::without_answer(1, reservation.created_at, Unknown::TimedOut);
    reservation.evidence.push(evidence);
    insta::assert_json_snapshot!(plain(&stored(&reservation)));
}

#[test]
fn a_reservation_reads_back_as_it_was() {
    let reservation = calling(Vendor::Truenorth);
    let read = ReservationItem::decode(stored(&reservation)).unwrap();
    assert_eq!((read.doc, read.write.as_str()), (reservation, "write-1"));
}

#[test]
fn keys_hold_no_personal_data() {
    let reservation = calling(Vendor::Truenorth);
    for (name, value) in stored(&reservation).iter().filter(|(name, _)| name.as_str() != "doc") {
        let value = format!("{value:?}");
        assert!(PERSONAL.iter().all(|personal| !value.contains(personal)), "{name} holds {value}");
    }
}

#[test]
fn what_is_personal_can_be_taken_away_and_the_ledger_stays() {
    let mut reservation = calling(Vendor::Itep);
    let words = || Some("Mary must come in person".to_owned());
    reservation.password = Some("Mary's password".into());
    reservation.detail = words();
    reservation.recent = vec![HistoryEntry { detail: words(), ..reservation.reserved_entry() }];
    reservation.order.return_url = Some("https://company.example/Mary".to_owned());
    reservation.order.metadata.insert("note".to_owned(), "for Mary".to_owned());
    let (evidence, body) = (Evidence::without_answer(1, reservation.created_at, Unknown::TimedOut), words().unwrap());
    reservation.evidence.push(Evidence { body: Some(Sensitive::new(body)), ..evidence });
    let report_url = Some("https://www.iteptest.com/report-of-Mary".into());
    let overall = Some(Score::new(Scale::Itep, Some(4.5), None));
    reservation.attempts[0].result = Some(TestResult { overall, report_url, ..TestResult::default() });
    let before = plain(&stored(&reservation));
    reservation.erase_person();
    let item = stored(&reservation);
    let after = plain(&item);
    let personal = PERSONAL.into_iter().chain(["Los Angeles", "company.example", "iteptest.com"]);
    let (text_before, text_after) = (before.to_string(), after.to_string());
    for word in personal {
        assert!(text_before.contains(word), "{word} is planted");
        assert!(!text_after.contains(word), "{word} is still there: {text_after}");
    }
    assert_eq!(ReservationItem::decode(item).unwrap().doc, reservation, "it reads without a person");
    insta::assert_json_snapshot!(after);
}

#[test]
fn index_attributes_exist_only_where_they_apply() {
    let mut reservation = calling(Vendor::Truenorth);
    assert_eq!(text(&stored(&reservation), "due_at"), Some("2026-11-23T12:01:30.001Z"));
    assert_eq!(text(&stored(&reservation), "work_pk"), None);
    reservation.due_at = None;
    reservation.state = State::InDoubt { since: "2026-11-23T12:01:31Z".parse().unwrap() };
    let item = stored(&reservation);
    assert_eq!((text(&item, "due_pk"), text(&item, "due_at")), (None, None));
    assert_eq!(text(&item, "work_pk"), Some("in_doubt"));
    assert_eq!(text(&item, "work_sk"), Some(format!("2026-11-23T12:01:31.000Z#{}", reservation.id()).as_str()));
    reservation.state = State::Ready;
    assert_eq!(text(&stored(&reservation), "work_pk"), Some("open#truenorth#default"));
    reservation.order.account.vendor = Vendor::Itep;
    assert_eq!(text(&stored(&reservation), "work_pk"), None);
}

#[test]
fn nothing_absent_is_stored() {
    fn has_null(value: &AttributeValue) -> bool {
        match value {
            AttributeValue::Null(_) => true,
            AttributeValue::M(map) => map.values().any(has_null),
            AttributeValue::L(list) => list.iter().any(has_null),
            _ => false,
        }
    }
    assert!(!stored(&calling(Vendor::Itep)).values().any(has_null));
}

#[test]
fn an_item_of_a_later_version_is_not_misread() {
    let mut item = stored(&calling(Vendor::Itep));
    item.insert("v".to_owned(), AttributeValue::N("2".to_owned()));
    assert!(matches!(ReservationItem::decode(item), Err(ItemError::Version(2))));
}

#[test]
fn a_document_is_stored_beside_its_reservation_in_this_form() {
    let reservation = calling(Vendor::Itep);
    let item = Item::encode(Key::history(reservation.id(), 2), reservation.reserved_entry()).unwrap();
    insta::assert_json_snapshot!(plain(&item));
}

#[test]
fn an_attribute_of_a_later_release_is_written_back_as_it_was_or_not_read() {
    let with = |attribute: AttributeValue| {
        let mut item = stored(&calling(Vendor::Itep));
        let Some(AttributeValue::M(doc)) = item.get_mut("doc") else { panic!("no document") };
        let Some(AttributeValue::M(order)) = doc.get_mut("order") else { panic!("no order") };
        order.insert("later".to_owned(), attribute);
        item
    };
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let map = [("a".to_owned(), AttributeValue::Bool(true)), ("b".to_owned(), number("1"))].into();
    let list = AttributeValue::L(vec![AttributeValue::M(map), AttributeValue::S("Mary".to_owned())]);
    for attribute in [number("0.25"), number("-9223372036854775808"), number("18446744073709551615"), list] {
        let item = with(attribute);
        let read = ReservationItem::decode(item.clone()).unwrap();
        assert!(!format!("{read:?}").contains("Mary"));
        assert_eq!(stored(&read.doc), item);
    }
    let binary = AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(vec![0, 255]));
    assert!(ReservationItem::decode(with(binary)).is_err(), "bytes would be written back as numbers");
}
