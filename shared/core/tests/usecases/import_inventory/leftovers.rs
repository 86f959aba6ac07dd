//! What is missing from a file, what is taken back by it, and how much is left.

use super::*;

fn expired(n: &str, test_id: &str) -> Reservation {
    reservation(n, &[sold(1, test_id), Event::ExpiryReached])
}

fn missing(report: &Report) -> Vec<&str> {
    report.perhaps_sat.iter().map(|missing| missing.test_id.as_str()).collect()
}

/// Reclaims everything that a file shows reclaimable.
fn reclaim(books: &World, rows: Vec<Row>) -> Vec<ReclaimOutcome> {
    let import = Import { dry_run: true, ..import() };
    let report = run(books, &import, rows);
    let outcome =
        |finding: &Finding| wait(usecases::import_inventory::reclaim(books, &import, finding, "nobody came")).unwrap();
    report.reclaimable().map(outcome).collect()
}

#[test]
fn what_expired_here_and_is_missing_from_a_later_file_was_perhaps_sat() {
    let (gone, ready, selling) = (expired("a", "A1"), expired("b", "B1"), confirmed("c", "C1"));
    let withdrawn = reservation("d", &[sold(1, "D1"), Event::Cancel]);
    let books = books_with([&gone, &ready, &selling, &withdrawn].map(Clone::clone));
    let rows = || vec![row(2, "B1", of(&ready))];
    let report = run(&books, &import(), rows());
    let mut found = missing(&report);
    found.sort_unstable();
    assert_eq!(found, ["A1", "D1"]);
    let of_a = report.perhaps_sat.iter().find(|missing| missing.test_id == "A1").unwrap();
    assert_eq!((&of_a.reservation_id, of_a.status, of_a.expired_at), (gone.id(), Status::Expired, at(90 * DAY)));
    assert_eq!(books.writes(), 0);
    let before_expiry = Import { exported_at: Some(at(90 * DAY - 1)), ..import() };
    assert_eq!(missing(&run(&books, &before_expiry, rows())), [""; 0], "it may have been begun since");
    assert_eq!(missing(&run(&books, &Import { exported_at: None, ..import() }, rows())), [""; 0]);
    let elsewhere = Import { account: Account { name: "other".parse().unwrap(), ..import().account }, ..import() };
    assert_eq!(missing(&run(&books, &elsewhere, rows())), [""; 0]);
}

#[test]
fn what_was_sat_late_or_given_up_is_missing_from_the_file_for_a_reason() {
    let books = books_with([expired("a", "A1")]);
    assert_eq!(reclaim(&books, vec![row(2, "A1", Assigned::Nobody)]), [ReclaimOutcome::Done]);
    assert_eq!(missing(&run(&books, &import(), vec![])), [""; 0]);
}

#[test]
fn a_reclaimed_test_is_free_for_its_next_reservation_and_no_old_file_brings_it_back() {
    let (old, next) = (expired("old", "A1"), in_doubt("next"));
    let books = books_with([old.clone(), next.clone()]);
    let rows = |to: &Reservation| vec![row(2, "A1", of(to))];
    assert_eq!(kinds(&run(&books, &import(), rows(&next))), [Kind::ReferenceTaken], "not while it is another's");
    assert_eq!(reclaim(&books, rows(&old)), [ReclaimOutcome::Done]);
    let entry = books.last_entry();
    assert_eq!(entry.source, Source::Operator { name: "ada".to_owned() });
    assert_eq!(entry.detail.as_deref(), Some("A1: nobody came"));
    assert_eq!(reclaim(&books, rows(&old)), [], "once is enough");
    let again = run(&books, &import(), rows(&old));
    assert_eq!((kinds(&again), books.reservation_of("old").reference), (vec![Kind::Reclaimed], None));
    let sold = run(&books, &import(), rows(&next));
    assert_eq!(kinds(&sold), [Kind::Settled]);
    assert_eq!(books.reservation_of("next").reference, Some(VendorReference::itep("A1")));
    assert_eq!(kinds(&run(&books, &import(), rows(&old))), [Kind::Reclaimed], "nor once it is sold");
    assert_eq!(books.owner_of("A1"), Some(next.id().clone()));
}

#[test]
fn what_was_sat_since_the_file_was_read_is_not_reclaimed() {
    let old = expired("old", "A1");
    let books = books_with([old.clone()]);
    let import = Import { dry_run: true, ..import() };
    let imported = run(&books, &import, vec![row(2, "A1", of(&old))]);
    let begun = report(VendorReference::itep("A1"), ReportedStatus::InProgress, at(99 * DAY));
    let begun = reported(crate::Report { receipt: Some("r1".parse().unwrap()), ..begun });
    let books = books_with([reservation("old", &[sold(1, "A1"), Event::ExpiryReached, begun])]);
    let outcome =
        wait(usecases::import_inventory::reclaim(&books, &import, &imported.findings[0], "nobody came")).unwrap();
    assert_eq!(outcome, ReclaimOutcome::Refused(NoteReason::Begun));
    assert_eq!(books.owner_of("A1"), Some(old.id().clone()));
}

#[test]
fn a_product_with_fewer_free_tests_than_the_account_wants_is_told() {
    let free =
        |line, version: &str| Row { version: version.to_owned(), ..row(line, &format!("F{line}"), Assigned::Nobody) };
    let rows =
        || vec![free(2, "Academic-Plus"), free(3, "academic plus"), row(4, "X1", Assigned::Another), free(5, "Other")];
    let watch = |below| {
        let products = ["GTX-Academic-Plus", "STX-Academic-Plus", "GTX-Business-Core"].map(str::to_owned).into();
        Import { watch: Some(StockWatch { below, products }), ..import() }
    };
    let low = |version: &str, free, below| LowStock { version: version.to_owned(), free, below };
    for (below, told) in [
        (0, vec![]),
        (2, vec![low("Business-Core", 0, 2)]),
        (3, vec![low("Academic-Plus", 2, 3), low("Business-Core", 0, 3)]),
    ] {
        let books = books_with([]);
        assert_eq!(run(&books, &watch(below), rows()).low_stock, told);
        assert_eq!(books.raised(), vec![Alert::LowStock; usize::from(!told.is_empty())], "one bell for all");
        let books = books_with([]);
        assert_eq!(run(&books, &Import { dry_run: true, ..watch(below) }, rows()).low_stock, told);
        assert_eq!(books.raised(), [], "a dry run rings nothing");
    }
}
