//! The operator looks at what there is, and mends what was taken down wrongly.

use serde_json::json;

use crate::operating::{closed, hubctl, refused};
use crate::webhooks::{deliver, quarantined, sample_with};
use crate::world::{Vendor, World, reference};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_test_is_corrected_once_by_name_and_reason_and_its_own_report_applies() {
    let world = World::new().await;
    let id = world.in_doubt(Vendor::Itep, "5xx-after").await;
    let sold = world.sales(Vendor::Itep).await;
    let test = sold[0]["reference"].as_str().expect("a sold test").to_owned();
    hubctl(&["doubt", "settle", &id, "--is", "WR0NG", "--by", "ann", "--yes"]).await;
    let report = sample_with(json!({ "OID": id, "TestID": test }));
    assert_eq!(deliver(&world, &report).await.status, 200);
    let item = quarantined(&world).await;
    let correct = ["reservation", "correct-reference", id.as_str(), "--to", test.as_str(), "--why", "misread"];
    let planned = hubctl(&[correct.as_slice(), &["--dry-run"]].concat()).await;
    assert_eq!((&planned["from"], &planned["to"]), (&json!("WR0NG"), &json!(test)));
    let by = [correct.as_slice(), &["--by", "ann"]].concat();
    assert!(refused(&by).await.contains("--yes"), "nobody sits at the terminal");
    hubctl(&[by.as_slice(), &["--yes"]].concat()).await;
    assert_eq!(reference(&world.reservation(&id).await), test);
    assert!(refused(&[by.as_slice(), &["--yes"]].concat()).await.contains("has this test already"));
    hubctl(&["quarantine", "replay", item.receipt.id.as_str()]).await;
    world.until_status(&id, "completed").await;
    let other = world.reserve("other", &world.itep_order()).await.id();
    let taken = ["reservation", "correct-reference", &other, "--to", &test, "--why", "so", "--by", "ann", "--yes"];
    assert!(refused(&taken).await.contains("another reservation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_found_and_shown_without_the_person_unless_asked_for() {
    let world = World::new().await;
    let bought = world.buy(Vendor::Itep).await;
    let (id, test) = (bought.id(), reference(&bought.body));
    assert_eq!(deliver(&world, &sample_with(json!({ "OID": id, "TestID": test }))).await.status, 200);
    world.until_status(&id, "completed").await;
    let account = format!("itep/{}", world.account);
    let found = hubctl(&["reservation", "find", "--reference", &test, "--account", &account]).await;
    let client = found["data"][0]["client_id"].as_str().expect("a client").to_owned();
    let candidates = hubctl(&["reservation", "find", "--client", &client, "--external-id", "c-1001"]).await;
    for found in [&found, &candidates, &hubctl(&["reservation", "find", &id]).await] {
        assert_eq!(found["data"][0]["reservation_id"], id.as_str(), "{found:#}");
    }
    for what in ["show", "history", "raw"] {
        let shown = hubctl(&["reservation", what, &id]).await.to_string();
        assert!(!shown.contains("Poppins") && !shown.contains("ScoreReport"), "{shown}");
    }
    assert!(hubctl(&["reservation", "show", &id, "--show-person"]).await.to_string().contains("Poppins"));
    let documents = hubctl(&["reservation", "raw", &id]).await;
    let digest = documents["data"][0]["digest"].as_str().expect("a digest").to_owned();
    assert!(refused(&["reservation", "raw", &id, &digest]).await.contains("--show-person"));
    let document = hubctl(&["reservation", "raw", &id, &digest, "--show-person"]).await;
    assert!(document["document"].as_str().is_some_and(|text| text.contains(&test)), "{document:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_report_is_shown_filtered_and_dismissed_and_is_listed_no_longer() {
    let world = World::new().await;
    deliver(&world, "not a document").await;
    let id = quarantined(&world).await.receipt.id;
    let list = ["quarantine", "list", "--account", &world.account];
    let listed = hubctl(&[list.as_slice(), &["--why-contains", "json"]].concat()).await;
    assert_eq!(listed["data"][0]["receipt_id"], id.as_str());
    assert_eq!(hubctl(&[list.as_slice(), &["--why-contains", "nothing"]].concat()).await["data"], json!([]));
    let shown = hubctl(&["quarantine", "show", id.as_str()]).await;
    assert_eq!((&shown["authenticated"], &shown["body"]), (&json!("verified"), &json!(null)));
    let all = ["quarantine", "replay", "--all", "--account", &world.account];
    let planned = hubctl(&[all.as_slice(), &["--dry-run"]].concat()).await;
    assert_eq!(planned["replayed"], json!([id.as_str()]));
    assert!(quarantined(&world).await.replayed_at.is_none(), "a dry run marks nothing");
    hubctl(&["quarantine", "dismiss", id.as_str(), "--by", "ann", "--why", "a test of ours"]).await;
    assert_eq!(hubctl(&list).await["data"], json!([]));
    assert_eq!(hubctl(&all).await["replayed"], json!([]));
    let handled = hubctl(&[list.as_slice(), &["--handled"]].concat()).await;
    assert_eq!(handled["data"][0]["dismissed"]["why"], "a test of ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_no_further_has_read_enough() {
    let output = closed(&["reservation", "find", "--client", "nobody"]).await;
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_entered_with_its_sections_and_its_day_on_the_vendors_own_scale() {
    let world = World::new().await;
    let id = world.buy(Vendor::Itep).await.id();
    let enter = ["result", "enter", &id, "--overall", "4.5", "--cefr", "C1", "--by", "ann", "--yes"];
    for (wrong, told) in [
        (&["--skill", "speaking=NaN"][..], "scale"),
        (&["--skill", "speaking=7"], "scale"),
        (&["--skill", "speaking=4:Z9"], "CEFR"),
        (&["--skill", "juggling=4"], "skill"),
        (&["--skill", "speaking=4", "--skill", "speaking=5"], "twice"),
        (&["--scale", "webcape"], "no such scale"),
        (&["--finished-on", "2999-01-01"], "future"),
        (&["--report-url", "javascript:alert(1)"], "address"),
    ] {
        let said = refused(&[enter.as_slice(), wrong].concat()).await;
        assert!(said.contains(told), "{wrong:?}: {said}");
    }
    let right = ["--skill", "speaking=4.5:B2", "--finished-on", "2026-11-01", "--report-url", "https://r.example/1"];
    hubctl(&[enter.as_slice(), &right].concat()).await;
    let result = world.reservation(&id).await["result"].clone();
    assert_eq!((&result["skills"][0]["value"], &result["skills"][0]["skill"]), (&json!(4.5), &json!("speaking")));
    assert_eq!(result["finished_on"], "2026-11-01", "{result:#}");
}
