use shared_core::usecases::record_report::*;

use super::*;

fn record(world: &World, receipt: InboundWebhook, report: ParsedReport) -> RecordOutcome {
    wait(record_report(world, receipt, report)).unwrap()
}

/// A delivery that came at second 100.
fn receipt() -> InboundWebhook {
    inbound_webhook("delivery-1", at(100), b"{}")
}

fn report(key: Option<&str>, test_id: &str) -> ParsedReport {
    let bytes = format!("{key:?} {test_id}").into_bytes();
    ParsedReport {
        reservation_id: key.map(|key| order(key).id),
        reference: VendorReference::itep(test_id),
        status: ReportedStatus::InProgress,
        unreadable: Vec::new(),
        raw: RawDocument { digest: Digest::sha256(&bytes), bytes },
    }
}

fn quarantined(world: &World) -> Vec<String> {
    world.kept().quarantined.iter().map(|item| item.why.clone()).collect()
}

#[test]
fn a_report_reaches_the_reservation_that_it_names_or_whose_test_it_is_about() {
    for key in [Some("a"), None] {
        let world = World::with([ready(order("a"), "A1")]).at(100);
        assert!(matches!(record(&world, receipt(), report(key, "A1")), RecordOutcome::Written(_)));
        assert_eq!(world.status_of("a"), Status::InProgress);
        assert_eq!(record(&world, receipt(), report(key, "A1")), RecordOutcome::Duplicate);
    }
}

#[test]
fn a_report_settles_the_doubt_about_the_test_that_it_names() {
    let doubtful = in_doubt(order("a"));
    let world = World::with([doubtful]).at(100);
    record(&world, receipt(), report(Some("a"), "A1"));
    assert_eq!((world.status_of("a"), world.owner_of("A1")), (Status::InProgress, Some(order("a").id)));
}

#[test]
fn a_report_that_contradicts_itself_or_names_what_is_not_the_accounts_is_kept_for_the_operator() {
    let mut elsewhere = ready(order("a"), "A1");
    elsewhere.order.account.name = "other".parse().unwrap();
    let at_truenorth = story(order_at_truenorth("a"), at(1), &[]);
    let strangers = "the report names a reservation of another account";
    for (reservation, test_id, why) in [
        (ready(order("a"), "A1"), "B1", "its OID and its TestID belong to different tests"),
        (elsewhere, "A1", strangers),
        (at_truenorth, "A1", strangers),
    ] {
        let world = World::with([reservation.clone()]).at(100);
        assert_eq!(record(&world, receipt(), report(Some("a"), test_id)), RecordOutcome::Quarantined);
        assert_eq!((quarantined(&world), world.writes()), (vec![why.to_owned()], 0));
        assert_eq!(world.kept().alerts, [(Alert::Quarantined, receipt().id.to_string())]);
    }
}

#[test]
fn a_test_that_is_anothers_is_not_taken_from_it() {
    let doubtful = in_doubt(order("a"));
    let world = World::with([doubtful, ready(order("b"), "B1")]).at(100);
    assert_eq!(record(&world, receipt(), report(Some("a"), "B1")), RecordOutcome::Quarantined);
    assert_eq!(quarantined(&world), ["its TestID belongs to another reservation"]);
    assert_eq!((world.status_of("a"), world.owner_of("B1")), (Status::InDoubt, Some(order("b").id)));
}

#[test]
fn a_report_whose_reservation_gets_another_test_in_this_moment_is_kept_for_the_operator() {
    let doubtful = in_doubt(order("a"));
    let world = World::with([doubtful.clone()]).at(100);
    world.kept().overtaken_by = Some(after(doubtful, &sold(1, VendorReference::itep("B1")), at(100)));
    assert_eq!(record(&world, receipt(), report(Some("a"), "A1")), RecordOutcome::Quarantined);
    assert_eq!(quarantined(&world), ["its OID and its TestID belong to different tests"]);
    assert_eq!(world.status_of("a"), Status::Ready);
}

#[test]
fn a_report_of_nobodys_is_tried_again_for_a_while_and_then_kept() {
    for (key, second, recorded) in [
        (None, 100, RecordOutcome::Deferred),
        (Some("a"), 999, RecordOutcome::Deferred),
        (None, 1000, RecordOutcome::Quarantined),
        (Some("a"), 1001, RecordOutcome::Quarantined),
        (None, 50, RecordOutcome::Deferred),
    ] {
        let world = World::with([]).at(second);
        let (told, is_deferred) = (record(&world, receipt(), report(key, "A1")), recorded == RecordOutcome::Deferred);
        assert_eq!(told, recorded, "{second}");
        let again = (ResultMessage::InboundWebhook(receipt()), Duration::from_secs(60));
        assert_eq!(world.kept().results, if is_deferred { vec![again] } else { vec![] });
        assert_eq!(quarantined(&world).len(), usize::from(!is_deferred));
    }
}

#[test]
fn a_report_that_an_operator_answers_for_is_theirs_in_the_history() {
    let world = World::with([ready(order("a"), "A1")]).at(100);
    let authenticated = AuthOutcome::Trusted { by: "ada".to_owned(), why: "iTEP confirmed it".to_owned() };
    record(&world, InboundWebhook { authenticated, ..receipt() }, report(Some("a"), "A1"));
    let entry = world.last_entry();
    assert_eq!((world.status_of("a"), entry.source), (Status::InProgress, Source::Operator { name: "ada".to_owned() }));
    assert_eq!(entry.detail.as_deref(), Some("trusted unchecked: iTEP confirmed it"));
}
