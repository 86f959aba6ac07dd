use shared_core::domain::ids::Vendor;

use super::*;
use crate::vendors::testing::order;

fn written(nested: Nested, kind: ProductKind, order: &Order) -> String {
    let mut profile = Profile::parse(include_str!("../samples/profile.json")).unwrap();
    profile.nested = nested;
    String::from_utf8(body(&profile, kind, order, order.candidate.as_ref().unwrap(), 3).unwrap()).unwrap()
}

#[test]
fn a_gtx_body_is_compact_and_has_its_nested_fields_as_objects() {
    let mut order = order(Vendor::Itep, "GTX-Academic-Plus");
    order.registration.insert("City".to_owned(), "Los Angeles".into());
    insta::assert_snapshot!(written(Nested::Object, ProductKind::Get, &order), @r#"{"product-code":"GTX-Academic-Plus","track":"RC","sequence":3,"assigned-to":{"reservation-id":"res_0123456789abcdefghjkmnpqrs","student-name":"Mary Poppins","email":"mary@example.com","customer-candidate-id":"c-1001","expire":"2027-01-31"},"registration":{"Birthday":"7/8/1990","City":"Los Angeles","Email":"mary@example.com","First_Name":"Mary","Last_Name":"Poppins","trExternal_ID":"res_0123456789abcdefghjkmnpqrs"}}"#);
}

#[test]
fn an_stx_body_names_where_the_mail_goes_and_can_have_its_nested_fields_as_strings() {
    let order = order(Vendor::Itep, "STX-Academic-Plus");
    insta::assert_snapshot!(written(Nested::String, ProductKind::Send, &order), @r#"{"product-code":"STX-Academic-Plus","email":"mary@example.com","bcc":"archive@example.com","track":"RC","sequence":3,"assigned-to":"{\"reservation-id\":\"res_0123456789abcdefghjkmnpqrs\",\"student-name\":\"Mary Poppins\",\"email\":\"mary@example.com\",\"customer-candidate-id\":\"c-1001\",\"expire\":\"2027-01-31\"}","registration":"{\"Birthday\":\"7/8/1990\",\"Email\":\"mary@example.com\",\"First_Name\":\"Mary\",\"Last_Name\":\"Poppins\",\"trExternal_ID\":\"res_0123456789abcdefghjkmnpqrs\"}"}"#);
}

#[test]
fn what_the_candidate_has_not_is_left_out() {
    let mut order = order(Vendor::Itep, "GTX-Academic-Plus");
    let candidate = order.candidate.as_mut().unwrap();
    (candidate.email, candidate.birth_date) = (None, None);
    insta::assert_snapshot!(written(Nested::Object, ProductKind::Get, &order), @r#"{"product-code":"GTX-Academic-Plus","track":"RC","sequence":3,"assigned-to":{"reservation-id":"res_0123456789abcdefghjkmnpqrs","student-name":"Mary Poppins","customer-candidate-id":"c-1001","expire":"2027-01-31"},"registration":{"First_Name":"Mary","Last_Name":"Poppins","trExternal_ID":"res_0123456789abcdefghjkmnpqrs"}}"#);
}

#[test]
fn a_repeated_field_is_sent_once_and_as_itep_wants_it() {
    let mut order = order(Vendor::Itep, "GTX-Academic-Plus");
    order.registration.insert("Birthday".to_owned(), "8-7-1990".into());
    let body = written(Nested::Object, ProductKind::Get, &order);
    assert_eq!(body.matches("Birthday").count(), 1);
    assert!(body.contains(r#""Birthday":"7/8/1990""#), "{body}");
}
