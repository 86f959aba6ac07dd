use shared_core::usecases::correct_reference::*;

use super::*;

fn correction(test: &str) -> Correction {
    let (reason, operator) = ("misread".to_owned(), "ada".to_owned());
    Correction { reference: VendorReference::itep(test), reason, operator }
}

fn correct(world: &World, test: &str) -> Result<Reservation, CorrectError> {
    wait(correct_reference(world, &world.reservation_of("a"), &correction(test)))
}

#[test]
fn a_correction_moves_the_claim_in_the_operators_name() {
    let world = World::with([ready(order("a"), "'A1")]).at(100);
    let corrected = correct(&world, "A1").unwrap();
    assert_eq!((corrected.status(), &corrected), (Status::Ready, &world.reservation_of("a")));
    assert_eq!((world.owner_of("'A1"), world.owner_of("A1")), (None, Some(order("a").id)));
    assert_eq!(world.last_entry().source, Source::Operator { name: "ada".to_owned() });
}

#[test]
fn a_test_of_another_reservations_or_the_same_or_none_to_correct_changes_nothing() {
    let world = World::with([ready(order("a"), "A1"), ready(order("b"), "B1")]).at(100);
    assert!(matches!(correct(&world, "B1"), Err(CorrectError::ReferenceTaken)));
    assert!(matches!(correct(&world, "A1"), Err(CorrectError::Unchanged)));
    let doubtful = World::with([in_doubt(order("a"))]).at(100);
    assert!(matches!(correct(&doubtful, "A1"), Err(CorrectError::Refused(Some(NoteReason::PurchaseInProgress)))));
    let graded = World::with([ready(order("a"), "A1")]).at(50);
    let (ungraded, ada) = (graded.reservation_of("a"), "ada".to_owned());
    wait(usecases::enter_result::enter_result(&graded, &ungraded, TestResult::default(), ada)).unwrap();
    correct(&graded, "A2").unwrap();
    assert!(matches!(correct(&graded, "A1"), Err(CorrectError::GoesBack)));
    let changed = World::with([ready(order("a"), "A1")]).at(100);
    changed.kept().overtaken = 1;
    assert!(matches!(correct(&changed, "A2"), Err(CorrectError::Changed)));
    assert_eq!((world.writes(), doubtful.writes()), (0, 0));
}
