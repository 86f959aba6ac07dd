use shared_core::domain::ids::Vendor;
use shared_core::domain::sensitive::Sensitive;

use super::*;
use crate::vendors::testing::order;

fn found(fields: &[(&str, &str)]) -> Vec<String> {
    let mut order = order(Vendor::Itep, "GTX-Academic-Plus");
    let given = fields.iter().map(|(name, value)| ((*name).to_owned(), Sensitive::from(*value)));
    order.registration = given.collect();
    faults(&order, ProductKind::Get).into_iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect()
}

#[test]
fn the_documents_own_sample_is_answered_as_its_table_says() {
    let mut order = order(Vendor::Itep, "STX-Academic-Plus");
    let candidate = order.candidate.as_mut().unwrap();
    (candidate.birth_date, candidate.email) = (None, Some("m.poppins@disney.com".into()));
    let sample = [
        ("Last_Name", "Poppins"),
        ("First_Name", "Mary"),
        ("Email", "m.poppins@disney.com"),
        ("Birthday", "1955-07-08"),
        ("OIN", "123-456-7890"),
        ("OIN_Country", "US"),
        ("OIN_Type", "1"),
        ("Address", "10119 Popular Lane"),
        ("City", "Los Angeles"),
        ("Field_Of_Study", "Biology"),
    ];
    order.registration = sample.map(|(name, value)| (name.to_owned(), value.into())).into();
    let found =
        faults(&order, ProductKind::Send).into_iter().map(|fault| format!("{} {}", fault.pointer, fault.detail));
    insta::assert_snapshot!(found.collect::<Vec<_>>().join("\n"), @r"
    #/registration/Birthday Out of range Birth Day [1955].
    #/registration/Birthday Out of range Birth Year [08].
    #/registration/Field_Of_Study Invalid Study Field [Biology].
    ");
    order.registration.insert("Birthday".to_owned(), "7/8/1955".into());
    order.registration.insert("Field_Of_Study".to_owned(), "science".into());
    assert_eq!(faults(&order, ProductKind::Send), []);
}

#[test]
fn each_rule_of_the_table_has_its_own_words() {
    let broken = [
        ("Birthday", "July 8"),
        ("DOB_Day", "0"),
        ("DOB_Month", "13"),
        ("DOB_Year", "1900"),
        ("Education", "Kindergarten"),
        ("Gender", "F"),
        ("Shoe/Size", "43"),
        ("trExternal_ID", "mine"),
    ];
    insta::assert_snapshot!(found(&broken).join("\n"), @r"
    #/registration/Birthday Unable to parse Birth Date [July 8].
    #/registration/DOB_Day Out of range Birth Day [0].
    #/registration/DOB_Month Out of range Birth Month [13].
    #/registration/DOB_Year Out of range Birth Year [1900].
    #/registration/Education Invalid Education [Kindergarten].
    #/registration/Gender Invalid Gender [F].
    #/registration/Shoe~1Size iTEP has no registration field of this name.
    #/registration/trExternal_ID trExternal_ID is reserved for the hub.
    ");
}

#[test]
fn values_of_the_lists_are_taken_in_any_case() {
    let right = [("Gender", "FEMALE"), ("Education", "bachelor's degree"), ("Field_Of_Study", "Other languages")];
    assert_eq!(found(&right), Vec::<String>::new());
}

#[test]
fn birthdays_are_taken_in_both_orders_and_in_no_other() {
    for right in ["7/8/1990", "07/08/1990", "8-7-1990", "08-07-1990"] {
        assert_eq!(found(&[("Birthday", right)]), Vec::<String>::new(), "{right}");
    }
    for wrong in ["7/8-1990", "7/8", "+7/8/1990", "7/8/1990/1", r"7\8\1990", "", "7 /8/1990"] {
        let told = format!("#/registration/Birthday Unable to parse Birth Date [{wrong}].");
        assert_eq!(found(&[("Birthday", wrong)]), [told]);
    }
    assert_eq!(found(&[("Birthday", "13/32/90")]).len(), 3);
}

#[test]
fn what_the_hub_fills_itself_may_be_repeated_but_not_contradicted() {
    let fields = [
        ("First_Name", "Mary", "Jane"),
        ("Last_Name", "Poppins", "poppins"),
        ("Email", "Mary@example.com", "jane@example.com"),
        ("Birthday", "8-7-1990", "7-8-1990"),
        ("DOB_Day", "08", "9"),
        ("DOB_Month", "7", "8"),
        ("DOB_Year", "1990", "1991"),
    ];
    assert_eq!(found(&fields.map(|(name, same, _)| (name, same))), Vec::<String>::new());
    for (name, _, other) in fields {
        assert_eq!(found(&[(name, other)]), [format!("#/registration/{name} {name} differs from `candidate`.")]);
    }
}

#[test]
fn an_stx_product_needs_the_candidates_email_itself() {
    let mut order = order(Vendor::Itep, "STX-Academic-Plus");
    order.candidate.as_mut().unwrap().email = None;
    order.registration.insert("Email".to_owned(), "mary@example.com".into());
    let pointers = |kind| faults(&order, kind).into_iter().map(|fault| fault.pointer).collect::<Vec<_>>();
    assert_eq!(pointers(ProductKind::Send), ["#/candidate/email"]);
    assert_eq!(pointers(ProductKind::Get), Vec::<String>::new());
}

#[test]
fn what_only_truenorth_knows_is_refused() {
    let mut order = order(Vendor::Itep, "GTX-Academic-Plus");
    order.groups = vec!["80843e92-5be1-46aa-9472-2862d11413b3".to_owned()];
    order.return_url = Some("https://example.com".to_owned());
    order.candidate.as_mut().unwrap().birth_date = Some(Sensitive::new("1900-12-31".parse().unwrap()));
    let pointers: Vec<_> = faults(&order, ProductKind::Get).into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(pointers, ["#/candidate/birth_date", "#/groups", "#/return_url"]);
}
