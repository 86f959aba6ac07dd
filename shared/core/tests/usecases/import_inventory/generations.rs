//! One test ID, sold, reclaimed and sold again while old news of it comes late: at
//! any time it has one owner.

use proptest::prelude::*;

use super::*;

const KEYS: [&str; 3] = ["first", "second", "third"];

/// Something that happens to one of the reservations, about one of two tests.
#[derive(Debug, Clone)]
enum Step {
    Confirmed,
    Reported(u8),
    Expired,
    Cancelled,
    // A file of that day has the test as this reservation's, or as free.
    Imported { day: i64, marked: bool },
    Reclaimed { day: i64, marked: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let day = || prop_oneof![80..100i64, Just(99)];
    prop_oneof![
        4 => Just(Step::Confirmed),
        4 => (0..6u8).prop_map(Step::Reported),
        3 => Just(Step::Expired),
        1 => Just(Step::Cancelled),
        2 => (day(), any::<bool>()).prop_map(|(day, marked)| Step::Imported { day, marked }),
        6 => (day(), any::<bool>()).prop_map(|(day, marked)| Step::Reclaimed { day, marked }),
    ]
}

fn says(kind: u8) -> ReportedStatus {
    match kind {
        0 => ReportedStatus::Ready,
        1 => ReportedStatus::InProgress,
        2 => ReportedStatus::AwaitingScore,
        3 => ReportedStatus::Completed(Box::default()),
        4 => ReportedStatus::Invalidated,
        _ => ReportedStatus::CompletedWithoutScores,
    }
}

fn happens(books: &World, (number, (key, test, step)): (usize, &(usize, &'static str, Step))) {
    let reservation = books.reservation_of(KEYS[*key]);
    let row = |marked: bool| {
        let assigned = if marked { of(&reservation) } else { Assigned::Nobody };
        vec![row(2, test, assigned)]
    };
    let imported = |day: i64, dry_run| Import { exported_at: Some(at(day * DAY)), dry_run, ..import() };
    let event = match step {
        Step::Confirmed => sold(1, test),
        Step::Reported(kind) => reported(crate::Report {
            receipt: Some(format!("r{number}").parse().unwrap()),
            digest: Digest::sha256(format!("{key}-{test}-{kind}").as_bytes()),
            ..report(VendorReference::itep(test), says(*kind), at(100 * DAY))
        }),
        Step::Expired => Event::ExpiryReached,
        Step::Cancelled => Event::Cancel,
        Step::Imported { day, marked } => {
            run(books, &imported(*day, false), row(*marked));
            return;
        }
        Step::Reclaimed { day, marked } => {
            let import = imported(*day, true);
            let report = run(books, &import, row(*marked));
            for finding in report.reclaimable() {
                wait(reclaim(books, &import, finding, "nobody came")).unwrap();
            }
            return;
        }
    };
    wait(usecases::commit::apply_and_commit(books, reservation, &event, &Source::VendorWebhook, None)).unwrap();
}

proptest! {
    #[test]
    fn a_test_id_has_one_owner_however_often_it_is_reclaimed(
        steps in prop::collection::vec((0..KEYS.len(), prop::sample::select(vec!["T1", "T1", "T1", "T2"]), step()), 1..40),
    ) {
        let books = books_with(KEYS.map(|key| reservation(key, &[])));
        for step in steps.iter().enumerate() {
            happens(&books, step);
            for test in ["T1", "T2"] {
                let holds = |r: &Reservation| {
                    r.reference.iter().chain(r.surplus.iter().map(|s| &s.reference)).any(|own| own.test() == test)
                };
                let holders: Vec<_> = KEYS.map(|key| books.reservation_of(key)).into_iter().filter(holds).collect();
                prop_assert!(holders.len() <= 1, "{test} after {step:?}");
                prop_assert_eq!(holders.first().map(|r| r.id().clone()), books.owner_of(test), "after {:?}", step);
            }
        }
    }
}
