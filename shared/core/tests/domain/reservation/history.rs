//! What the history and the API say, word for word.

use super::*;

fn told(event: &Event) -> (Option<u32>, Option<String>) {
    let mut life = Life::calling(ITEP);
    life.hears(event);
    let entry = life.history.pop().unwrap();
    (entry.call_no, entry.detail)
}

#[test]
fn a_line_about_a_call_says_which_and_how_it_ended() {
    let busy = CallOutcome::NotProcessed {
        why: NotProcessed::Busy,
        retry_after: None,
        detail: Some("429 Too Many Requests".to_owned()),
    };
    let mut unclear = Evidence::without_answer(7, at(0), Unknown::UnclearStatus);
    unclear.http_status = Some(502);
    for (event, call_no, detail) in [
        (ended(7, confirmed(reference(ITEP, 1))), Some(7), None),
        (ended(7, refused()), Some(7), Some("no such product")),
        (ended(7, busy), Some(7), Some("429 Too Many Requests")),
        (ended(7, unknown(7, Unknown::TimedOut)), Some(7), Some("no answer in time")),
        (ended(7, CallOutcome::Unknown(unclear)), Some(7), Some("an answer that says neither yes nor no (HTTP 502)")),
        (Event::LeaseLapsed { call_no: 7 }, Some(7), None),
        (webhook("receipt", "paused", unheard_of()), None, Some("status \"Paused\"")),
        (Event::Cancel, None, None),
    ] {
        assert_eq!(told(&event), (call_no, detail.map(str::to_owned)), "{event:?}");
    }
}

#[test]
fn a_status_is_spelled_to_clients_as_it_is_stored() {
    for status in Status::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
}

#[test]
fn an_alerts_metric_has_its_name() {
    use Alert::*;
    let troubles = [InDoubt, Quarantined, ResultOverdue, UnknownStatus, CompleteWithoutScores, Surplus, ReferenceTaken];
    let accounts = [OutOfTests, AccountUnavailable, VendorCredentialsRefused, RefusedYetSold, AccountPaused, LowStock];
    for alert in troubles.into_iter().chain(accounts).chain([ScoreUnreadable, ReportTooLarge, ResetRepeated]) {
        assert_eq!(alert.metric(), format!("{alert:?}"));
    }
}

#[test]
fn the_vendor_may_still_change_what_is_assigned_and_not_graded() {
    let mut life = Life::calling(ITEP);
    assert!(!life.reservation.is_open());
    life.hears(&ended(1, confirmed(reference(ITEP, 1))));
    for (document, status) in [("begun", InProgress), ("finished", AwaitingScore), ("review", REVIEW)] {
        assert!(life.reservation.is_open());
        life.itep(document, status);
    }
    assert!(life.reservation.is_open());
    life.itep("graded", completed(9));
    assert!(!life.reservation.is_open());
}
