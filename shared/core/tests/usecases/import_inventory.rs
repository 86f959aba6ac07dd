mod generations;
mod leftovers;

use shared_core::usecases::import_inventory::{Report, *};

use super::*;

/// One reservation's story so far, by what was said of its first call.
fn reservation(n: &str, events: &[Event]) -> Reservation {
    story(order(n), at(100 * DAY), events)
}

fn books_with(reservations: impl IntoIterator<Item = Reservation>) -> World {
    let books = World::with(reservations).at(100 * DAY);
    books.kept().page = Some(1);
    books
}

fn in_doubt(n: &str) -> Reservation {
    fixtures::in_doubt(order(n))
}

fn confirmed(n: &str, test_id: &str) -> Reservation {
    reservation(n, &[sold(1, test_id)])
}

fn sold(call_no: u32, test_id: &str) -> Event {
    fixtures::sold(call_no, VendorReference::itep(test_id))
}

fn row(line: u64, test_id: &str, assigned: Assigned) -> Row {
    Row { line, test_id: test_id.to_owned(), version: "Academic-Plus".to_owned(), assigned }
}

fn of(reservation: &Reservation) -> Assigned {
    Assigned::Ours(reservation.id().clone())
}

fn import() -> Import {
    Import {
        account: order("").account,
        operator: "ada".to_owned(),
        exported_at: Some(at(97 * DAY)),
        grace: Duration::from_secs(7 * 24 * 3600),
        watch: None,
        dry_run: false,
    }
}

/// Imports rows and says of each finding what it is.
fn run(books: &World, import: &Import, rows: Vec<Row>) -> Report {
    let listing = Listing { rows, unreadable: Vec::new() };
    let mut steps = 0;
    let (report, done) = wait(import_inventory(books, import, &listing, || steps += 1));
    assert!(done.is_ok());
    assert_eq!(steps, report.rows);
    report
}

fn kinds(report: &Report) -> Vec<Kind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn a_reservation_in_doubt_gets_the_test_that_is_assigned_to_it_and_importing_again_changes_nothing() {
    let doubtful = in_doubt("a");
    let books = books_with([doubtful.clone()]);
    let report = run(&books, &import(), vec![row(2, "A1", of(&doubtful))]);
    let settled = books.reservation_of("a");
    assert_eq!((settled.status(), settled.reference), (Status::Ready, Some(VendorReference::itep("A1"))));
    let finding = &report.findings[0];
    assert_eq!(finding.kind, Kind::Settled);
    assert_eq!((finding.was, finding.status), (Some(Status::InDoubt), Some(Status::Ready)));
    let entry = books.last_entry();
    assert_eq!((entry.event, entry.call_no), (EventName::CallConfirmed, Some(1)));
    assert_eq!(entry.source, Source::Operator { name: "ada".to_owned() });
    let again = run(&books, &import(), vec![row(2, "A1", of(&doubtful))]);
    assert_eq!((again.count(Kind::Known), again.findings.len(), books.writes()), (1, 0, 1));
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let (doubtful, taken) = (in_doubt("a"), in_doubt("b"));
    let rows = || vec![row(2, "A1", of(&doubtful)), row(3, "C1", of(&taken)), row(4, "F1", Assigned::Nobody)];
    let make = || books_with([doubtful.clone(), taken.clone(), confirmed("c", "C1")]);
    let (dry, wet) = (make(), make());
    let foreseen = run(&dry, &Import { dry_run: true, ..import() }, rows());
    assert_eq!((dry.writes(), dry.reservation_of("a").status()), (0, Status::InDoubt));
    assert_eq!(foreseen, run(&wet, &import(), rows()));
    assert_eq!(kinds(&foreseen), [Kind::Settled, Kind::ReferenceTaken]);
}

#[test]
fn whatever_has_no_test_yet_takes_the_one_that_was_sold_to_it() {
    let refusal = Refusal { vendor_reason: "no".to_owned(), out_of_tests: false };
    let refused = Event::CallEnded { call_no: 1, outcome: CallOutcome::Refused(refusal) };
    let doubt = Event::LeaseLapsed { call_no: 1 };
    for (n, events, after) in [
        ("calling", vec![], Status::Ready),
        ("queued-again", vec![doubt.clone(), Event::NothingSold], Status::Ready),
        ("refused", vec![refused], Status::Ready),
        ("given-up", vec![doubt.clone(), Event::GivenUp], Status::Ready),
        ("cancelled", vec![doubt, Event::NothingSold, Event::Cancel], Status::Cancelled),
    ] {
        let before = reservation(n, &events);
        let books = books_with([before.clone()]);
        let report = run(&books, &import(), vec![row(2, "A1", of(&before))]);
        let after_import = books.reservation_of(n);
        assert_eq!((kinds(&report), after_import.status()), (vec![Kind::Settled], after), "{n}");
        assert_eq!(after_import.reference, Some(VendorReference::itep("A1")), "{n}");
    }
}

#[test]
fn a_reservation_takes_one_test_however_many_rows_name_it() {
    let doubtful = in_doubt("a");
    for dry_run in [true, false] {
        let books = books_with([doubtful.clone()]);
        let rows = vec![row(2, "A1", of(&doubtful)), row(3, "A2", of(&doubtful))];
        let report = run(&books, &Import { dry_run, ..import() }, rows);
        assert_eq!(kinds(&report), [Kind::Settled, Kind::ReferenceDiffers]);
        assert_eq!(report.findings[1].known_test.is_some(), !dry_run);
    }
}

#[test]
fn a_reservation_that_gets_another_test_in_this_moment_has_the_files_as_surplus() {
    let doubtful = in_doubt("a");
    let books = books_with([doubtful.clone()]);
    books.kept().overtaken_by = Some(fixtures::after(doubtful.clone(), &sold(1, "B1"), at(100 * DAY)));
    let report = run(&books, &import(), vec![row(2, "A1", of(&doubtful))]);
    let reservation = books.reservation_of("a");
    assert_eq!((kinds(&report), reservation.reference), (vec![Kind::Surplus], Some(VendorReference::itep("B1"))));
    assert_eq!(reservation.surplus[0].reference, VendorReference::itep("A1"));
}

#[test]
fn what_contradicts_the_books_is_told_and_left_alone() {
    let (known, unmarked) = (confirmed("known", "K1"), confirmed("unmarked", "U1"));
    let surplus = reservation("surplus", &[sold(1, "S1"), sold(2, "S2")]);
    let mut elsewhere = in_doubt("elsewhere");
    elsewhere.order.account.name = "other".parse().unwrap();
    let mut truenorth = in_doubt("truenorth");
    truenorth.order.account.vendor = Vendor::Truenorth;
    let books = books_with([&known, &unmarked, &surplus, &elsewhere, &truenorth].map(Clone::clone));
    let rows = vec![
        row(2, "K1", of(&known)),
        row(3, "K2", of(&known)),
        row(4, "S2", of(&surplus)),
        row(5, "U1", Assigned::Nobody),
        row(6, "E1", of(&elsewhere)),
        row(7, "T1", of(&truenorth)),
        row(8, "N1", Assigned::Ours(order("nobody").id)),
        row(9, "X1", Assigned::Another),
    ];
    let report = run(&books, &import(), rows);
    use Kind::{NotInBooks, OtherAccount, ReferenceDiffers, Unmarked};
    let told = [ReferenceDiffers, Kind::Surplus, Unmarked, OtherAccount, OtherAccount, NotInBooks];
    assert_eq!(kinds(&report), told);
    assert_eq!(report.findings[0].known_test.as_deref(), Some("K1"));
    assert_eq!((report.count(Kind::Known), report.count(Kind::Another), books.writes()), (1, 1, 0));
}

#[test]
fn the_stock_is_counted_by_version_as_itep_has_it() {
    let known = confirmed("known", "K1");
    let books = books_with([known.clone()]);
    let business = Row { version: "Business-Core".to_owned(), ..row(5, "B1", Assigned::Nobody) };
    let rows =
        vec![row(2, "K1", of(&known)), row(3, "F1", Assigned::Nobody), row(4, "X1", Assigned::Another), business];
    let report = run(&books, &import(), rows);
    assert_eq!(report.stock["Academic-Plus"], Stock { free: 1, ours: 1, others: 1 });
    assert_eq!(report.stock["Business-Core"], Stock { free: 1, ..Stock::default() });
    let counts = [Kind::Free, Kind::Known, Kind::Another, Kind::Settled].map(|kind| report.count(kind));
    assert_eq!((report.rows, counts), (4, [2, 1, 1, 0]));
}

#[test]
fn a_test_that_stands_twice_is_reconciled_once_and_lines_of_no_use_are_told_in_the_files_order() {
    let unreadable = vec![Unreadable { line: 7, why: "it has no test ID".to_owned() }];
    let rows = vec![row(2, "F1", Assigned::Nobody), row(5, "F1", Assigned::Another)];
    let (report, _) = wait(import_inventory(&books_with([]), &import(), &Listing { rows, unreadable }, || {}));
    let told: Vec<_> = report.unreadable.iter().map(|told| (told.line, told.why.as_str())).collect();
    assert_eq!(told, [(5, "its test ID stands on line 2 already"), (7, "it has no test ID")]);
    assert_eq!(report.rows, 1);
}

#[test]
fn reclaimable_is_what_expired_here_and_stands_ready_after_the_grace() {
    let expired = reservation("a", &[sold(1, "A1"), Event::ExpiryReached]);
    assert_eq!((expired.status(), expired.order.expires_at), (Status::Expired, at(90 * DAY)));
    let ready = confirmed("b", "B1");
    let count = |exported_at: Option<Timestamp>, assigned: Assigned| {
        let books = books_with([expired.clone(), ready.clone()]);
        let rows = vec![row(2, "A1", assigned), row(3, "B1", of(&ready))];
        run(&books, &Import { exported_at, ..import() }, rows).reclaimable().count()
    };
    let soon = at(97 * DAY) - SignedDuration::from_secs(1);
    assert_eq!(count(Some(at(97 * DAY)), of(&expired)), 1);
    assert_eq!(count(Some(at(97 * DAY)), Assigned::Nobody), 1, "iTEP has it free already; our claim is left");
    assert_eq!(count(Some(at(97 * DAY)), Assigned::Another), 0, "somebody has it");
    assert_eq!(count(Some(soon), of(&expired)), 0, "the grace is not over");
    assert_eq!(count(None, of(&expired)), 0, "nobody knows how old the file is");
}

#[test]
fn an_expired_reservation_that_finds_its_test_may_have_it_reclaimed_at_once() {
    let expired = reservation("a", &[Event::LeaseLapsed { call_no: 1 }, Event::NothingSold, Event::ExpiryReached]);
    let books = books_with([expired.clone()]);
    let report = run(&books, &import(), vec![row(2, "A1", of(&expired))]);
    assert_eq!((kinds(&report), report.reclaimable().count()), (vec![Kind::Settled], 1));
    assert_eq!(books.reservation_of("a").status(), Status::Expired);
}

#[test]
fn where_storage_fails_the_report_ends_with_what_was_done() {
    let (first, second) = (in_doubt("a"), in_doubt("b"));
    let books = books_with([first.clone(), second.clone()]);
    books.kept().writes_at_most = Some(1);
    let rows = vec![row(2, "A1", of(&first)), row(3, "B1", of(&second))];
    let listing = Listing { rows, unreadable: Vec::new() };
    let (report, done) = wait(import_inventory(&books, &import(), &listing, || {}));
    assert_eq!((kinds(&report), report.rows, done.is_err()), (vec![Kind::Settled], 1, true));
}
