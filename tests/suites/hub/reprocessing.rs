//! Reports that an earlier release kept and could not read are read again.

use serde_json::{Value, json};
use shared_core::domain::ids::{Digest, VendorReference};
use shared_core::domain::reservation::{Decision, Event, Report, ReportedStatus, Source};
use shared_core::ports::{Clock, Quarantine, Quarantined, RawDocument, WriteOutcome};

use shared_core::usecases::commit::write;

use crate::in_process;
use crate::operating::{hubctl, refused};
use crate::webhooks::{form, grade, receipt};
use crate::world::{Answer, Vendor, World, reference};

/// Keeps iTEP's grade as a release would have kept it that could not read it.
async fn noted(bought: &Answer, status: ReportedStatus) -> Digest {
    let hub = in_process::hub();
    let test = reference(&bought.body);
    let bytes = grade(bought).into_bytes();
    let raw = RawDocument { digest: Digest::sha256(&bytes), bytes };
    let report = Report {
        receipt: Some(format!("kept-{}", &raw.digest.as_str()[..20]).parse().expect("a receipt id")),
        digest: raw.digest.clone(),
        reference: VendorReference::itep(&test),
        observed_at: hub.clock.now(),
        status,
        unreadable: Vec::new(),
    };
    let reservation = in_process::stored(&hub, &bought.id()).await;
    let event = Event::Reported(Box::new(report));
    let decision = reservation.apply(&event, Source::VendorWebhook, hub.clock.now(), &hub.settings.timeouts.policy);
    let Decision::Write(change) = decision else { panic!("it is noted") };
    assert_eq!(write(&hub.store, &change, Some(&raw)).await.expect("storage"), WriteOutcome::Done);
    raw.digest
}

fn unknown() -> ReportedStatus {
    ReportedStatus::UnknownStatus { text: "complete ".to_owned() }
}

fn row<'a>(said: &'a Value, digest: &Digest) -> &'a Value {
    let rows = said["data"].as_array().expect("rows");
    rows.iter().find(|row| row["document"] == json!(digest)).unwrap_or_else(|| panic!("no {digest} in {said:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_report_completes_its_test_once_it_can_be_read_in_the_operators_name() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let (id, digest) = (bought.id(), noted(&bought, unknown()).await);
    let reprocess = ["report", "reprocess", id.as_str()];
    let tried = hubctl(&[reprocess.as_slice(), &["--dry-run"]].concat()).await;
    assert_eq!(row(&tried, &digest)["outcome"], "would be applied: completed");
    assert_eq!(world.reservation(&id).await["status"], "ready", "a dry run writes nothing");
    assert!(refused(&reprocess).await.contains("--why"), "who decides says why");
    let why = ["--by", "ann", "--why", "the reader was mended"];
    let done = hubctl(&[reprocess.as_slice(), &why].concat()).await;
    assert_eq!(row(&done, &digest)["outcome"], "applied: completed");
    let completed = world.reservation(&id).await;
    assert_eq!((&completed["status"], &completed["result"]["overall"]["value"]), (&json!("completed"), &json!(4.5)));
    let history = world.history(&id).await;
    let entry = history.iter().find(|entry| entry["event"] == "report_reprocessed").expect("an entry");
    assert_eq!(entry["source"], json!("operator"), "{entry:#}");
    let again = hubctl(&[reprocess.as_slice(), &why].concat()).await;
    assert_eq!(row(&again, &digest)["outcome"], "nothing new");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_grade_amends_its_own_sitting_and_never_completes_the_newer_one() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let (id, test) = (bought.id(), reference(&bought.body));
    let digest = noted(&bought, ReportedStatus::CompletedWithoutScores).await;
    world.until_status(&id, "under_review").await;
    world.happens(Vendor::Itep, &test, "finish").await;
    world.happens(Vendor::Itep, &test, "reset").await;
    world.until_status(&id, "ready").await;
    let all = ["report", "reprocess", "--all", "unreadable-scores", "--by", "ann", "--why", "mended", "--yes"];
    let done = hubctl(&all).await;
    assert_eq!(row(&done, &digest)["outcome"], "applied: ready, earlier sitting");
    let reset = world.reservation(&id).await;
    assert_eq!((&reset["status"], &reset["result"]), (&json!("ready"), &Value::Null));
    assert_eq!(reset["attempts"][0]["result"]["overall"]["value"], 4.5);
    assert_eq!(reset["attempts"][1]["result"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_quarantined_as_unreadable_goes_round_once_it_can_be_read_and_nothing_else_does() {
    let world = World::new().await;
    let (readable, unreadable) = (world.buy(Vendor::Itep).await, world.reserve("other", &world.itep_order()).await);
    quarantine(&world, "readable", &grade(&readable)).await;
    quarantine(&world, "unreadable", &format!("{} and more", grade(&unreadable))).await;
    let all = ["report", "reprocess", "--all", "quarantined"];
    let tried = hubctl(&[all.as_slice(), &["--dry-run"]].concat()).await;
    assert!(tried["replayed"].to_string().contains(&world.account) && tried["dry_run"] == true, "{tried:#}");
    let done = hubctl(&[all.as_slice(), &["--by", "ann", "--why", "mended", "--yes"]].concat()).await;
    assert!(!done["replayed"].to_string().contains("-unreadable"), "{done:#}");
    world.until_status(&readable.id(), "completed").await;
    assert_eq!(world.reservation(&unreadable.id()).await["status"], "ready");
}

/// Keeps a verified report as a release would have kept it that could not read it.
async fn quarantine(world: &World, name: &str, data: &str) {
    let (hub, now) = (in_process::hub(), in_process::hub().clock.now());
    let receipt = receipt(world, &format!("{}-{name}", world.account), form(data));
    let why = "the field `data` is not a JSON object".to_owned();
    let item = Quarantined::new(receipt, why, now);
    hub.store.keep(&item).await.expect("storage");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_reports_of_a_reason_are_found_and_the_wrong_document_is_named() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let (id, digest) = (bought.id(), noted(&bought, unknown()).await);
    let tried = hubctl(&["report", "reprocess", "--all", "unknown-status", "--dry-run"]).await;
    assert_eq!(row(&tried, &digest)["reservation_id"], json!(id));
    let other = Digest::sha256(b"none of these");
    let missing = refused(&["report", "reprocess", &id, "--document", other.as_str(), "--dry-run"]).await;
    assert!(missing.contains("no document"), "{missing}");
}
