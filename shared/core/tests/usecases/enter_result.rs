use shared_core::usecases::enter_result::*;

use super::*;

fn result(value: f64) -> TestResult {
    TestResult { overall: Some(Score::new(Scale::Itep, Some(value), None)), ..TestResult::default() }
}

fn with_test() -> World {
    World::with([ready(order("a"), "A1")]).at(50)
}

fn enter(world: &World, reservation: &Reservation, value: f64) -> Result<Reservation, EnterError> {
    wait(enter_result(world, reservation, result(value), "ada".to_owned()))
}

#[test]
fn a_result_is_entered_in_the_operators_name_and_once() {
    let world = with_test();
    let entered = enter(&world, &world.reservation_of("a"), 3.5).unwrap();
    assert_eq!((entered.status(), entered.result()), (Status::Completed, Some(&result(3.5))));
    assert_eq!(world.reservation_of("a"), entered);
    assert_eq!(world.last_entry().source, Source::Operator { name: "ada".to_owned() });
    assert!(matches!(enter(&world, &entered, 4.0), Err(EnterError::HasResult)));
    assert_eq!(world.writes(), 1);
}

#[test]
fn a_result_is_entered_beside_a_grade_that_cannot_be_read_even_over_an_older_one() {
    let world = with_test();
    let graded = enter(&world, &world.reservation_of("a"), 3.5).unwrap();
    let world = world.at(55);
    let blank = report(graded.reference.clone().unwrap(), ReportedStatus::CompletedWithoutScores, at(55));
    let blank = reported(Report { receipt: Some("r1".parse().unwrap()), ..blank });
    let written = usecases::commit::apply_and_commit(&world, graded, &blank, &Source::VendorWebhook, None);
    assert!(matches!(wait(written).unwrap(), usecases::commit::CommitOutcome::Written(_)));
    let later = world.at(60);
    let entered = enter(&later, &later.reservation_of("a"), 4.0).unwrap();
    assert_eq!((entered.status(), entered.result()), (Status::Completed, Some(&result(4.0))));
}

#[test]
fn a_value_must_lie_on_its_scale_whose_ends_belong_to_it() {
    let Some((low, high)) = Scale::Itep.bounds() else { panic!("it has ends") };
    for (value, taken) in [(low, true), (high, true), (low - 0.1, false), (high + 0.1, false)] {
        let world = with_test();
        let entered = enter(&world, &world.reservation_of("a"), value);
        assert_eq!(entered.is_ok(), taken, "{value}");
        assert!(taken || matches!(entered, Err(EnterError::OffScale(l, h)) if (l, h) == (low, high)));
    }
    let world = with_test();
    let none = TestResult::default();
    assert!(wait(enter_result(&world, &world.reservation_of("a"), none, "ada".to_owned())).is_ok());
}

#[test]
fn nothing_is_entered_without_a_test_over_what_changed_or_where_it_is_refused() {
    let without = World::with([story(order("a"), at(1), &[])]);
    assert!(matches!(enter(&without, &without.reservation_of("a"), 3.5), Err(EnterError::NoTest)));
    let changed = with_test();
    changed.kept().overtaken = 1;
    assert!(matches!(enter(&changed, &changed.reservation_of("a"), 3.5), Err(EnterError::Changed)));
    assert_eq!((without.writes(), changed.writes()), (0, 0));
}
